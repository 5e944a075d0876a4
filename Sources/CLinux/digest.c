#include "clinux_digest.h"

#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

static const uint32_t constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotate(uint32_t word, int count) { return word >> count | word << (32 - count); }

static void compress_plainly(uint32_t state[8], const uint8_t *block) {
    uint32_t words[64];
    for (int i = 0; i < 16; i++) {
        const uint8_t *bytes = block + i * 4;
        words[i] = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
    }
    for (int i = 16; i < 64; i++) {
        uint32_t early = words[i - 15], late = words[i - 2];
        uint32_t first = rotate(early, 7) ^ rotate(early, 18) ^ early >> 3;
        uint32_t second = rotate(late, 17) ^ rotate(late, 19) ^ late >> 10;
        words[i] = words[i - 16] + first + words[i - 7] + second;
    }
    uint32_t v[8];
    memcpy(v, state, sizeof v);
    for (int i = 0; i < 64; i++) {
        uint32_t sum1 = rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25);
        uint32_t choice = (v[4] & v[5]) ^ (~v[4] & v[6]);
        uint32_t first = v[7] + sum1 + choice + constants[i] + words[i];
        uint32_t sum0 = rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22);
        uint32_t second = sum0 + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
        memmove(v + 1, v, 7 * sizeof *v);
        v[4] += first;
        v[0] = first + second;
    }
    for (int i = 0; i < 8; i++) state[i] += v[i];
}

#if defined(__x86_64__)
/* With the instructions that most processors have for it: a library is digested whenever it is loaded, and this takes a tenth of the
   time. They want the eight words of the state as two vectors, A B E F and C D G H, the first word highest. */
__attribute__((target("sha,sse4.1"))) static void compress_by_instruction(uint32_t state[8], const uint8_t *block) {
    const __m128i big_endian = _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3);
    __m128i cdab = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)state), 0xB1);
    __m128i efgh = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(state + 4)), 0x1B);
    __m128i abef = _mm_alignr_epi8(cdab, efgh, 8), cdgh = _mm_blend_epi16(efgh, cdab, 0xF0);
    __m128i first_abef = abef, first_cdgh = cdgh, words[4];
    for (int i = 0; i < 16; i++) {
        __m128i *now = &words[i % 4], *last = &words[(i + 3) % 4];
        if (i < 4) {
            *now = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)block + i), big_endian);
        } else {
            __m128i sum = _mm_sha256msg1_epu32(*now, words[(i + 1) % 4]);
            sum = _mm_add_epi32(sum, _mm_alignr_epi8(*last, words[(i + 2) % 4], 4));
            *now = _mm_sha256msg2_epu32(sum, *last);
        }
        __m128i sum = _mm_add_epi32(*now, _mm_loadu_si128((const __m128i *)constants + i));
        cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
        abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0E));
    }
    __m128i feba = _mm_shuffle_epi32(_mm_add_epi32(abef, first_abef), 0x1B);
    __m128i dchg = _mm_shuffle_epi32(_mm_add_epi32(cdgh, first_cdgh), 0xB1);
    _mm_storeu_si128((__m128i *)state, _mm_blend_epi16(feba, dchg, 0xF0));
    _mm_storeu_si128((__m128i *)(state + 4), _mm_alignr_epi8(dchg, feba, 8));
}

/* Whether the processor has them: bit 29 of EBX in leaf 7, and SSE 4.1, bit 19 of ECX in leaf 1 (Intel's manual, CPUID). */
static int has_instructions(void) {
    unsigned a, b, c, d;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(b >> 29 & 1)) return 0;
    return __get_cpuid(1, &a, &b, &c, &d) && (c >> 19 & 1);
}

/* 0 where it is not known yet: whichever thread finds out finds the same. */
static _Atomic int usable;

static void compress(uint32_t state[8], const uint8_t *block) {
    if (!usable) usable = has_instructions() ? 1 : -1;
    if (usable > 0) {
        compress_by_instruction(state, block);
    } else {
        compress_plainly(state, block);
    }
}

void clinux_digest_use_instructions(bool use) { usable = use ? 0 : -1; }
#else
static void compress(uint32_t state[8], const uint8_t *block) { compress_plainly(state, block); }

void clinux_digest_use_instructions(bool use) { (void)use; }
#endif

void clinux_digest_begin(clinux_digest *digest) {
    static const uint32_t first[8] = {
        0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
    };
    memcpy(digest->state, first, sizeof first);
    digest->count = 0;
}

void clinux_digest_add(clinux_digest *digest, const void *bytes, size_t count) {
    const uint8_t *place = bytes;
    while (count > 0) {
        size_t held = digest->count % 64;
        size_t taken = 64 - held < count ? 64 - held : count;
        memcpy(digest->pending + held, place, taken);
        digest->count += taken;
        place += taken;
        count -= taken;
        if (held + taken == 64) compress(digest->state, digest->pending);
    }
}

void clinux_digest_end(clinux_digest *digest, uint8_t result[32]) {
    uint64_t bits = digest->count * 8;
    uint8_t padding[72] = {0x80};
    size_t held = digest->count % 64;
    size_t count = (held < 56 ? 56 : 120) - held;
    for (int i = 0; i < 8; i++) padding[count + (size_t)i] = (uint8_t)(bits >> (56 - 8 * i));
    clinux_digest_add(digest, padding, count + 8);
    for (int i = 0; i < 32; i++) result[i] = (uint8_t)(digest->state[i / 4] >> (24 - 8 * (i % 4)));
}
