// With musl: functions of the C library that hardly anything but its own search for host names calls here, in short forms.
// Its own sort smoothly, search in linear time, read numbers from streams and look for the kernel's clock, in 10 KiB; what
// they get here is a line of a configuration file or a few addresses.

#define _GNU_SOURCE
#include <features.h>

#ifndef __GLIBC__

#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *time) {
    return (int)syscall(SYS_clock_gettime, clock, time);
}

/// Sorts by insertion, and so keeps the order of what compares equal.
void qsort(void *base, size_t count, size_t size, int (*compare)(const void *, const void *)) {
    char *first = base;
    for (size_t sorted = 1; sorted < count; sorted++) {
        for (char *item = first + sorted * size; item > first && compare(item - size, item) > 0; item -= size) {
            for (size_t index = 0; index < size; index++) {
                char byte = item[index];
                item[index] = item[index - size];
                item[index - size] = byte;
            }
        }
    }
}

char *strstr(const char *text, const char *wanted) {
    size_t count = strlen(wanted);
    while (strncmp(text, wanted, count) != 0) {
        if (*text++ == '\0') {
            return NULL;
        }
    }
    return (char *)text;
}

static unsigned digit_value(char character) {
    unsigned lower = (unsigned char)character | 32;
    return isdigit((unsigned char)character) ? (unsigned)(character - '0')
        : lower >= 'a' && lower <= 'z'       ? lower - 'a' + 10
                                             : UINT_MAX;
}

unsigned long strtoul(const char *text, char **end, int base) {
    const char *start = text, *digits = text;
    while (isspace((unsigned char)*digits)) {
        digits++;
    }
    int is_negative = *digits == '-';
    digits += *digits == '-' || *digits == '+';
    if (base == 0 || base == 16) {
        int is_prefixed = digits[0] == '0' && (digits[1] | 32) == 'x' && digit_value(digits[2]) < 16;
        base = is_prefixed || base == 16 ? 16 : digits[0] == '0' ? 8 : 10;
        digits += is_prefixed ? 2 : 0;
    }
    unsigned long number = 0;
    int is_too_large = 0;
    for (unsigned value; (value = digit_value(*digits)) < (unsigned)base; start = ++digits) {
        is_too_large |= __builtin_mul_overflow(number, (unsigned long)base, &number)
            || __builtin_add_overflow(number, (unsigned long)value, &number);
    }
    if (end != NULL) {
        *end = (char *)start;
    }
    return is_too_large ? ULONG_MAX : is_negative ? -number : number;
}

unsigned long long strtoull(const char *text, char **end, int base) {
    return strtoul(text, end, base);
}

/// In the C locale, the only one that this program has, every byte is a character.
size_t mbstowcs(wchar_t *characters, const char *text, size_t count) {
    size_t index = 0;
    for (; (characters == NULL || index < count) && text[index] != '\0'; index++) {
        if (characters != NULL) {
            characters[index] = (unsigned char)text[index];
        }
    }
    if (characters != NULL && index < count) {
        characters[index] = 0;
    }
    return index;
}
#else
typedef int nothing_here;
#endif
