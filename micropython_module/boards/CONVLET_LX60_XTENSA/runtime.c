// Functions of libgcc that MicroPython needs beside those of native modules.
#include "libgcc.h"
#include "native_float.h"

int __unordsf2(float a, float b);
int __eqsf2(float a, float b);
int __nesf2(float a, float b);
int __lesf2(float a, float b);
int __gesf2(float a, float b);
uint32_t __fixunssfsi(float a);
float __floatunsisf(uint32_t value);
double __extendsfdf2(float a);
float __truncdfsf2(double a);
double __floatsidf(int32_t value);

typedef union {
    double value;
    struct {
        uint32_t low;
        uint32_t high;
    } words;
} double_bits_t;

enum { DOUBLE_BIAS = 1023, DOUBLE_INFINITE = 0x7ff, HIGH_BITS = 20 };

static uint32_t size_of(float a) {
    return (float_bits_t){.value = a}.bits & ~SIGN;
}

static double double_of(uint32_t sign, int32_t exponent, uint32_t high, uint32_t low) {
    double_bits_t result = {.words = {low, sign | (uint32_t)exponent << HIGH_BITS | high}};
    return result.value;
}

int __unordsf2(float a, float b) {
    return size_of(a) > INFINITE || size_of(b) > INFINITE;
}

int __nesf2(float a, float b) {
    uint32_t x = (float_bits_t){.value = a}.bits, y = (float_bits_t){.value = b}.bits;
    bool are_zero = size_of(a) == 0 && size_of(b) == 0;
    return __unordsf2(a, b) || !(x == y || are_zero);
}

int __eqsf2(float a, float b) {
    return __nesf2(a, b);
}

int __lesf2(float a, float b) {
    return __unordsf2(a, b) ? 1 : __gtsf2(a, b);
}

int __gesf2(float a, float b) {
    return __unordsf2(a, b) ? -1 : __ltsf2(a, b);
}

// C leaves open what becomes of a number that is too great or negative.
uint32_t __fixunssfsi(float a) {
    uint32_t bits = size_of(a);
    bool is_great = bits >> MANTISSA_BITS == BIAS + 31;
    return is_great ? (bits | LEADING_ONE) << 8 : (uint32_t)__fixsfsi(a);
}

// The lowest bit stays, halved numbers round as whole ones do.
float __floatunsisf(uint32_t value) {
    if (value >> 31 == 0) {
        return __floatsisf((int32_t)value);
    }
    float half = __floatsisf((int32_t)(value >> 1 | (value & 1)));
    return __addsf3(half, half);
}

double __extendsfdf2(float a) {
    uint32_t bits = (float_bits_t){.value = a}.bits, size = bits & ~SIGN;
    if (size == 0) {
        return double_of(bits & SIGN, 0, 0, 0);
    }
    parts_t parts = parts_of(size);
    int32_t exponent = size >= INFINITE ? DOUBLE_INFINITE : parts.exponent - BIAS + DOUBLE_BIAS;
    uint32_t mantissa = parts.mantissa & (LEADING_ONE - 1);
    return double_of(bits & SIGN, exponent, mantissa >> 3, mantissa << 29);
}

float __truncdfsf2(double a) {
    double_bits_t x = {.value = a};
    uint32_t sign = x.words.high & SIGN, high = x.words.high & ((1u << HIGH_BITS) - 1);
    int32_t exponent = (int32_t)((x.words.high & ~SIGN) >> HIGH_BITS);
    float_bits_t result = {.bits = sign};
    if (exponent == DOUBLE_INFINITE) {
        result.bits |= high != 0 || x.words.low != 0 ? NO_NUMBER : INFINITE;
    } else if (exponent > DOUBLE_BIAS - BIAS - 2 * MANTISSA_BITS) {
        uint32_t rest = x.words.low << 6 != 0;
        uint32_t mantissa = 1u << HIGH_BITS << 6 | high << 6 | x.words.low >> 26 | rest;
        result.bits |= rounded(exponent - DOUBLE_BIAS + BIAS, mantissa);
    }
    return result.value;
}

double __floatsidf(int32_t value) {
    uint32_t size = value < 0 ? -(uint32_t)value : (uint32_t)value;
    int32_t exponent = DOUBLE_BIAS + 31;
    if (size == 0) {
        return double_of(0, 0, 0, 0);
    }
    for (; size >> 31 == 0; exponent--) {
        size <<= 1;
    }
    size <<= 1; // without the leading one
    return double_of(value < 0 ? SIGN : 0, exponent, size >> 12, size << 20);
}
