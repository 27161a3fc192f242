// The parts of a float as IEEE 754 has it, for native modules whose compiler's runtime cannot be
// linked.
#ifndef NATIVE_FLOAT_H
#define NATIVE_FLOAT_H

#include <stdbool.h>
#include <stdint.h>

#define SIGN (1u << 31)
#define MANTISSA_BITS 23
#define LEADING_ONE (1u << MANTISSA_BITS)
#define BIAS 127
#define GREATEST_EXPONENT 255
#define INFINITE ((uint32_t)GREATEST_EXPONENT << MANTISSA_BITS)
#define NO_NUMBER (INFINITE | LEADING_ONE >> 1)
#define GUARD_BITS 3 // below a mantissa, until it is rounded; the lowest: whether there is a rest

typedef union {
    float value;
    uint32_t bits;
} float_bits_t;

typedef struct {
    int32_t exponent;
    uint32_t mantissa; // with the leading one, unless it is zero
} parts_t;

// Of a finite number without its sign.
static inline parts_t parts_of(uint32_t bits) {
    parts_t parts = {(int32_t)(bits >> MANTISSA_BITS & 0xff), bits & (LEADING_ONE - 1)};
    if (parts.exponent != 0) {
        parts.mantissa |= LEADING_ONE;
        return parts;
    }
    parts.exponent = 1;
    while (parts.mantissa != 0 && parts.mantissa < LEADING_ONE) {
        parts.mantissa <<= 1;
        parts.exponent--;
    }
    return parts;
}

// The bits of mantissa * 2^(exponent - BIAS), rounded to nearest, halves to even. mantissa: with
// GUARD_BITS and its point behind the leading one.
static inline uint32_t rounded(int32_t exponent, uint32_t mantissa) {
    for (; exponent < 1; exponent++) { // too small for a leading one
        mantissa = mantissa >> 1 | (mantissa & 1);
    }
    uint32_t kept = mantissa >> GUARD_BITS;
    uint32_t rest = mantissa & ((1u << GUARD_BITS) - 1);
    uint32_t half = 1u << (GUARD_BITS - 1);
    kept += rest > half || (rest == half && (kept & 1)) ? 1 : 0;
    uint32_t bits = ((uint32_t)(exponent - 1) << MANTISSA_BITS) + kept;
    bool overflows = exponent >= GREATEST_EXPONENT || bits >= INFINITE;
    return overflows ? INFINITE : bits;
}

#endif
