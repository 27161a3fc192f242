// Division of floats as IEEE 754 has it, for native modules of ARMv6-M: that of its libgcc has
// tables of absolute addresses, which a native module cannot have.
#include <stdbool.h>
#include <stdint.h>

float __aeabi_fdiv(float a, float b);

#define SIGN (1u << 31)
#define MANTISSA_BITS 23
#define LEADING_ONE (1u << MANTISSA_BITS)
#define GREATEST_EXPONENT 255
#define INFINITE ((uint32_t)GREATEST_EXPONENT << MANTISSA_BITS)

typedef union {
    float value;
    uint32_t bits;
} float_bits_t;

typedef struct {
    int32_t exponent;
    uint32_t mantissa; // with the leading one, unless it is zero
} parts_t;

static parts_t parts_of(uint32_t bits) {
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

// The bits of quotient * 2^(exponent - 127), rounded to nearest, halves to even. quotient: 26 bits
// with its point behind the first of them, and a lowest bit that says whether there is a rest.
static uint32_t rounded(int32_t exponent, uint32_t quotient) {
    unsigned dropped = 3;
    for (; exponent < 1; exponent++) { // too small for a leading one
        quotient = quotient >> 1 | (quotient & 1);
    }
    uint32_t kept = quotient >> dropped;
    uint32_t rest = quotient & ((1u << dropped) - 1);
    uint32_t half = 1u << (dropped - 1);
    kept += rest > half || (rest == half && (kept & 1)) ? 1 : 0;
    uint32_t bits = ((uint32_t)(exponent - 1) << MANTISSA_BITS) + kept;
    bool overflows = exponent >= GREATEST_EXPONENT || bits >= INFINITE;
    return overflows ? INFINITE : bits;
}

float __aeabi_fdiv(float a, float b) {
    float_bits_t x = {.value = a}, y = {.value = b}, result;
    uint32_t sign = (x.bits ^ y.bits) & SIGN;
    uint32_t x_size = x.bits & ~SIGN, y_size = y.bits & ~SIGN;
    if (x_size > INFINITE || y_size > INFINITE || x_size == y_size) {
        bool no_number =
            x_size > INFINITE || y_size > INFINITE || x_size == 0 || x_size == INFINITE;
        result.bits = no_number ? INFINITE | LEADING_ONE >> 1 : sign | 127u << MANTISSA_BITS;
        return result.value;
    }
    if (x_size == INFINITE || y_size == 0) {
        result.bits = sign | INFINITE;
        return result.value;
    }
    if (x_size == 0 || y_size == INFINITE) {
        result.bits = sign;
        return result.value;
    }
    parts_t top = parts_of(x_size), bottom = parts_of(y_size);
    int32_t exponent = top.exponent - bottom.exponent + 127;
    uint32_t rest = top.mantissa, quotient = 0;
    if (rest < bottom.mantissa) {
        rest <<= 1;
        exponent--;
    }
    for (unsigned bit = 0; bit < 26; bit++) {
        bool fits = rest >= bottom.mantissa;
        quotient = quotient << 1 | fits;
        rest = (fits ? rest - bottom.mantissa : rest) << 1;
    }
    result.bits = sign | rounded(exponent, quotient << 1 | (rest != 0));
    return result.value;
}
