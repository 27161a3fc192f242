// Division and 64-bit products for native modules of Xtensa made with Debian's compiler: ESP32, S2
// and S3 have instructions for them, which its processor lacks. The names are libgcc's.
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

// Modulo 2^64.
uint64_t __muldi3(uint64_t a, uint64_t b) {
    uint32_t a_low = (uint32_t)a, b_low = (uint32_t)b, high;
    __asm__("muluh %0, %1, %2" : "=r"(high) : "r"(a_low), "r"(b_low));
    high += a_low * (uint32_t)(b >> 32) + (uint32_t)(a >> 32) * b_low;
    return (uint64_t)high << 32 | a_low * b_low;
}
