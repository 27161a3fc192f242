// Division and 64-bit products for native modules of Xtensa made with Debian's compiler. ESP32, S2
// and S3 divide, the processor that it is for does not. The names are libgcc's.
#include <stdint.h>

uint32_t __udivsi3(uint32_t a, uint32_t b);
uint32_t __umodsi3(uint32_t a, uint32_t b);
int32_t __divsi3(int32_t a, int32_t b);
int32_t __modsi3(int32_t a, int32_t b);
uint64_t __muldi3(uint64_t a, uint64_t b);

uint32_t __udivsi3(uint32_t a, uint32_t b) {
    __asm__("quou %0, %0, %1" : "+r"(a) : "r"(b));
    return a;
}

uint32_t __umodsi3(uint32_t a, uint32_t b) {
    __asm__("remu %0, %0, %1" : "+r"(a) : "r"(b));
    return a;
}

int32_t __divsi3(int32_t a, int32_t b) {
    __asm__("quos %0, %0, %1" : "+r"(a) : "r"(b));
    return a;
}

int32_t __modsi3(int32_t a, int32_t b) {
    __asm__("rems %0, %0, %1" : "+r"(a) : "r"(b));
    return a;
}

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
