// Sums, products, comparisons and conversions of floats as IEEE 754 has them, for native modules
// of Xtensa made with Debian's compiler, whose libgcc lacks most and has the others for another
// call convention. The names are libgcc's.
#include "../libgcc.h"
#include "../native_float.h"

static uint32_t bits_of(float value) {
    return (float_bits_t){.value = value}.bits;
}

static float with_bits(uint32_t bits) {
    return (float_bits_t){.bits = bits}.value;
}

// What is shifted out leaves a lowest bit of one.
static uint32_t shifted_right(uint32_t value, uint32_t bits) {
    if (bits > 31) {
        return value != 0;
    }
    return value >> bits | ((value & ((1u << bits) - 1)) != 0);
}

// Of finite numbers, whose sizes are greater >= less.
static uint32_t sum(uint32_t greater, uint32_t less, bool subtracts) {
    parts_t x = parts_of(greater), y = parts_of(less);
    uint32_t mantissa = x.mantissa << GUARD_BITS;
    uint32_t other = shifted_right(y.mantissa << GUARD_BITS, (uint32_t)(x.exponent - y.exponent));
    mantissa = subtracts ? mantissa - other : mantissa + other;
    uint32_t one = LEADING_ONE << GUARD_BITS;
    if (mantissa >= 2 * one) {
        return rounded(x.exponent + 1, shifted_right(mantissa, 1));
    }
    while (mantissa != 0 && mantissa < one) {
        mantissa <<= 1;
        x.exponent--;
    }
    return mantissa == 0 ? 0 : rounded(x.exponent, mantissa);
}

float __addsf3(float a, float b) {
    uint32_t x = bits_of(a), y = bits_of(b);
    if ((x & ~SIGN) < (y & ~SIGN)) {
        uint32_t less = x;
        x = y;
        y = less;
    }
    bool subtracts = (x ^ y) >> 31;
    uint32_t greater = x & ~SIGN, less = y & ~SIGN;
    if (greater >= INFINITE) {
        bool is_number = greater == INFINITE && !(subtracts && less == INFINITE);
        return with_bits(is_number ? x : NO_NUMBER);
    }
    uint32_t bits = sum(greater, less, subtracts);
    return with_bits(bits == 0 && subtracts ? 0 : bits | (x & SIGN));
}

float __subsf3(float a, float b) {
    return __addsf3(a, with_bits(bits_of(b) ^ SIGN));
}

float __mulsf3(float a, float b) {
    uint32_t x = bits_of(a) & ~SIGN, y = bits_of(b) & ~SIGN;
    uint32_t sign = (bits_of(a) ^ bits_of(b)) & SIGN;
    if (x >= INFINITE || y >= INFINITE) {
        bool is_number = x <= INFINITE && y <= INFINITE && x != 0 && y != 0;
        return with_bits(is_number ? sign | INFINITE : NO_NUMBER);
    }
    if (x == 0 || y == 0) {
        return with_bits(sign);
    }
    parts_t left = parts_of(x), right = parts_of(y);
    // Both begin at bit 31: the product's upper half does at bit 31 or 30.
    uint64_t product = (uint64_t)(left.mantissa << 8) * (right.mantissa << 8);
    uint32_t upper = (uint32_t)(product >> 32) | ((uint32_t)product != 0);
    uint32_t carry = upper >> 31;
    int32_t exponent = left.exponent + right.exponent - BIAS + (int32_t)carry;
    return with_bits(sign | rounded(exponent, shifted_right(upper, 4 + carry)));
}

static bool is_less(float a, float b) {
    uint32_t x = bits_of(a), y = bits_of(b);
    if ((x & ~SIGN) > INFINITE || (y & ~SIGN) > INFINITE || ((x | y) & ~SIGN) == 0) {
        return false;
    }
    if (x >> 31 != y >> 31) {
        return x >> 31;
    }
    return x >> 31 ? x > y : x < y;
}

int __ltsf2(float a, float b) {
    return is_less(a, b) ? -1 : 0;
}

int __gtsf2(float a, float b) {
    return is_less(b, a) ? 1 : 0;
}

// Towards zero. C leaves open what becomes of a number that is too great.
int32_t __fixsfsi(float a) {
    uint32_t bits = bits_of(a);
    int32_t exponent = (int32_t)(bits >> MANTISSA_BITS & 0xff) - BIAS;
    if (exponent < 0 || exponent > 30) {
        return 0;
    }
    uint32_t mantissa = (bits & (LEADING_ONE - 1)) | LEADING_ONE;
    uint32_t size = exponent < MANTISSA_BITS ? mantissa >> (MANTISSA_BITS - exponent)
                                             : mantissa << (exponent - MANTISSA_BITS);
    return (int32_t)(bits >> 31 ? -size : size);
}

float __floatsisf(int32_t value) {
    uint32_t size = value < 0 ? -(uint32_t)value : (uint32_t)value;
    int32_t exponent = BIAS + MANTISSA_BITS + GUARD_BITS;
    for (; size != 0 && size < LEADING_ONE << GUARD_BITS; exponent--) {
        size <<= 1;
    }
    for (; size >= LEADING_ONE << (GUARD_BITS + 1); exponent++) {
        size = shifted_right(size, 1);
    }
    uint32_t sign = value < 0 ? SIGN : 0;
    return with_bits(size == 0 ? 0 : sign | rounded(exponent, size));
}
