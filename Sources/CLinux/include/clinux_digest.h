/* SHA-256 (FIPS 180-4): what sha256sum(1) prints of a file. Here, because the C library has none, and because a build without
   optimisation takes a hundred times as long over it in Swift. */
#ifndef CLINUX_DIGEST_H
#define CLINUX_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct clinux_digest {
    uint32_t state[8];
    uint64_t count;
    uint8_t pending[64];
} clinux_digest;

void clinux_digest_begin(clinux_digest *digest);

/* Takes in more bytes. */
void clinux_digest_add(clinux_digest *digest, const void *bytes, size_t count);

/* Stores the 32 bytes of the digest of all that was taken in. */
void clinux_digest_end(clinux_digest *digest, uint8_t result[32]);

/* Whether the processor's own instructions for it may be used, where it has any, as they are unless told otherwise. For tests. */
void clinux_digest_use_instructions(bool use);

#endif
