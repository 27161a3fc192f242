// Division for native modules of Xtensa made with Debian's compiler. ESP32, S2 and S3 have
// instructions for it, the processor that it is for has not. The names are libgcc's.
#include "../libgcc.h"

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
