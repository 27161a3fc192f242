// Division of floats as IEEE 754 has it, for native modules of ARMv6-M: that of its libgcc has
// tables of absolute addresses, which a native module cannot have. With another name of those of
// Xtensa too.
#include "libgcc.h"
#include "native_float.h"

float __aeabi_fdiv(float a, float b) {
    float_bits_t x = {.value = a}, y = {.value = b}, result;
    uint32_t sign = (x.bits ^ y.bits) & SIGN;
    uint32_t x_size = x.bits & ~SIGN, y_size = y.bits & ~SIGN;
    if (x_size > INFINITE || y_size > INFINITE || x_size == y_size) {
        bool no_number =
            x_size > INFINITE || y_size > INFINITE || x_size == 0 || x_size == INFINITE;
        result.bits = no_number ? NO_NUMBER : sign | (uint32_t)BIAS << MANTISSA_BITS;
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
    int32_t exponent = top.exponent - bottom.exponent + BIAS;
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
