// The functions of libgcc that an ESP8266 has in its ROM, and that Debian's libgcc for it leaves
// out for that reason; those of them that the engine calls for a row or a proof.
#include <stdint.h>

uint32_t __udivsi3(uint32_t a, uint32_t b);
uint32_t __umodsi3(uint32_t a, uint32_t b);
int32_t __divsi3(int32_t a, int32_t b);
uint64_t __muldi3(uint64_t a, uint64_t b);
float __floatsisf(int32_t value);

typedef struct {
    uint32_t quotient;
    uint32_t rest;
} division_t;

// A bit of the quotient at a time, from where the highest bits of both lie one over the other.
static inline division_t divide(uint32_t a, uint32_t b) {
    division_t result = {0, a};
    if (b == 0 || a < b) {
        return result;
    }
    for (int32_t i = __builtin_clz(b) - __builtin_clz(a); i >= 0; i--) {
        result.quotient <<= 1;
        if (result.rest >= b << i) {
            result.rest -= b << i;
            result.quotient |= 1;
        }
    }
    return result;
}

uint32_t __udivsi3(uint32_t a, uint32_t b) {
    return divide(a, b).quotient;
}

uint32_t __umodsi3(uint32_t a, uint32_t b) {
    return divide(a, b).rest;
}

int32_t __divsi3(int32_t a, int32_t b) {
    uint32_t magnitude_a = a < 0 ? -(uint32_t)a : (uint32_t)a;
    uint32_t magnitude_b = b < 0 ? -(uint32_t)b : (uint32_t)b;
    uint32_t quotient = divide(magnitude_a, magnitude_b).quotient;
    return (int32_t)((a ^ b) < 0 ? -quotient : quotient);
}

// Modulo 2^64, from products of 16-bit halves: the processor gives the lower 32 bits of a product.
uint64_t __muldi3(uint64_t a, uint64_t b) {
    uint32_t a_low = (uint16_t)a;
    uint32_t b_low = (uint16_t)b;
    uint32_t a_high = (uint32_t)a >> 16;
    uint32_t b_high = (uint32_t)b >> 16;
    uint32_t middle = a_high * b_low + (a_low * b_low >> 16);
    uint32_t other = a_low * b_high + (uint16_t)middle;
    uint32_t high = a_high * b_high + (middle >> 16) + (other >> 16);
    high += (uint32_t)a * (uint32_t)(b >> 32) + (uint32_t)(a >> 32) * (uint32_t)b;
    return (uint64_t)high << 32 | (uint32_t)a * (uint32_t)b;
}

// Of integers below 2^24, which lose nothing.
float __floatsisf(int32_t value) {
    union {
        uint32_t bits;
        float real;
    } made = {0};
    uint32_t magnitude = value < 0 ? -(uint32_t)value : (uint32_t)value;
    if (magnitude != 0) {
        uint32_t exponent = 31 - (uint32_t)__builtin_clz(magnitude);
        made.bits = ((magnitude << (23 - exponent)) & 0x7fffff) | (exponent + 127) << 23;
    }
    made.bits |= value < 0 ? 1u << 31 : 0;
    return made.real;
}
