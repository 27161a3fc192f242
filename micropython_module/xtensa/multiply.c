// 64-bit products for Xtensa: Debian's libgcc lacks them, since an ESP8266 has them in its ROM.
// The name is libgcc's.
#include "../libgcc.h"

// Modulo 2^64, from products of 16-bit halves.
uint64_t __muldi3(uint64_t a, uint64_t b) {
    uint32_t a_low = (uint16_t)a, b_low = (uint16_t)b;
    uint32_t a_high = (uint32_t)a >> 16, b_high = (uint32_t)b >> 16;
    uint32_t middle = a_high * b_low + (a_low * b_low >> 16);
    uint32_t other = a_low * b_high + (uint16_t)middle;
    uint32_t high = a_high * b_high + (middle >> 16) + (other >> 16);
    high += (uint32_t)a * (uint32_t)(b >> 32) + (uint32_t)(a >> 32) * (uint32_t)b;
    return (uint64_t)high << 32 | (uint32_t)a * (uint32_t)b;
}
