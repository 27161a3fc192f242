// cvl_widen_words for Cortex-M processors with the DSP extension: SXTB16 widens two values at
// once.
#include "pairs.h"
#include "widen.h"

#if CVL_HAS_DSP

// clang-format off

#define SPLIT(even, odd)                                                                          \
    "sxtb16 " odd ", " even ", ror #8\n"                                                          \
    "sxtb16 " even ", " even "\n"

__attribute__((naked)) void cvl_widen_words(uint32_t *to __attribute__((unused)),
    const uint32_t *from __attribute__((unused)), uint32_t count __attribute__((unused))) {
    __asm__ volatile(
        "push {r4, r5, r6, r7, r8, r9, r10, r11, lr}\n"
        "add r12, r1, r2, lsl #2\n"
        "ands r3, r2, #3\n"
        "beq 2f\n"
        "1: ldr r4, [r1], #4\n"
        SPLIT("r4", "r5")
        "strd r4, r5, [r0], #8\n"
        "subs r3, #1\n"
        "bne 1b\n"
        "cmp r1, r12\n"
        "beq 3f\n"
        "2: ldm r1!, {r4, r6, r8, r10}\n"
        SPLIT("r4", "r5")
        SPLIT("r6", "r7")
        SPLIT("r8", "r9")
        SPLIT("r10", "r11")
        "stm r0!, {r4, r5, r6, r7, r8, r9, r10, r11}\n"
        "cmp r1, r12\n"
        "bne 2b\n"
        "3: pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}\n");
}

// clang-format on

#else

typedef int cvl_no_widen_dsp; // a C file needs a declaration

#endif
