// Division as an ESP8266 has it in its ROM: Debian's libgcc for it leaves it out for that reason.
#include "../libgcc.h"

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
