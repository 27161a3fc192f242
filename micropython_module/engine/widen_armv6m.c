// Widening for ARMv6-M (Cortex-M0, M0+): 1.9 instructions for each value of cvl_widen_words.
#include "pairs.h"
#include "widen.h"

#if CVL_HAS_ARMV6M

// clang-format off

// Of the bytes of a word those with even numbers stay in `even`, those with odd ones go to `odd`.
// With their signs turned, all are above 0 and can be masked; lr then takes 128 from each.
#define SPLIT(even, odd)                                                                          \
    "eors " even ", r6\n"                                                                         \
    "lsrs " odd ", " even ", #8\n"                                                                \
    "ands " even ", r7\n"                                                                         \
    "ands " odd ", r7\n"                                                                          \
    "add " even ", lr\n"                                                                          \
    "add " odd ", lr\n"

#define TWO_WORDS                                                                                 \
    "ldm r1!, {r2, r4}\n"                                                                         \
    SPLIT("r2", "r3")                                                                             \
    SPLIT("r4", "r5")                                                                             \
    "stm r0!, {r2, r3, r4, r5}\n"

__attribute__((naked)) void cvl_widen_words(uint32_t *to __attribute__((unused)),
    const uint32_t *from __attribute__((unused)), uint32_t count __attribute__((unused))) {
    __asm__ volatile(
        ".syntax unified\n"
        "push {r4, r5, r6, r7, lr}\n"
        "lsls r4, r2, #2\n"
        "adds r4, r1\n"
        "mov r12, r4\n" // the end
        "adr r3, 9f\n"
        "ldm r3!, {r5, r6, r7}\n"
        "mov lr, r5\n"
        "lsls r5, r2, #31\n"
        "beq 1f\n"
        "ldm r1!, {r4}\n"
        SPLIT("r4", "r5")
        "stm r0!, {r4, r5}\n"
        "cmp r1, r12\n"
        "beq 4f\n"
        "1: lsls r5, r2, #30\n"
        "bmi 3f\n"
        "2:\n"
        TWO_WORDS
        "3:\n"
        TWO_WORDS
        "cmp r1, r12\n"
        "bne 2b\n"
        "4: pop {r4, r5, r6, r7, pc}\n"
        ".balign 4\n"
        "9: .word 0xff7fff80, 0x80808080, 0x00ff00ff\n");
}

// r2 and r5: behind the pixel, which r4 counts up to; lr: pixels left.
__attribute__((naked)) void cvl_widen_even(uint32_t *to __attribute__((unused)),
    uint32_t step __attribute__((unused)), const int8_t *from __attribute__((unused)),
    uint32_t channels __attribute__((unused)), uint32_t count __attribute__((unused))) {
    __asm__ volatile(
        ".syntax unified\n"
        "push {r4, r5, r6, r7, lr}\n"
        "ldr r6, [sp, #20]\n"
        "cmp r6, #0\n"
        "beq 3f\n"
        "lsls r1, r1, #2\n"
        "mov r12, r1\n"
        "1: mov lr, r6\n"
        "adds r2, r2, r3\n"
        "adds r5, r2, #1\n"
        "mov r1, r0\n"
        "negs r4, r3\n"
        "2: ldrsb r6, [r2, r4]\n"
        "ldrsb r7, [r5, r4]\n"
        "lsls r7, r7, #16\n"
        "adds r6, r6, r7\n"
        "stm r1!, {r6}\n"
        "adds r4, #2\n"
        "bne 2b\n"
        "add r0, r12\n"
        "mov r6, lr\n"
        "subs r6, #1\n"
        "bne 1b\n"
        "3: pop {r4, r5, r6, r7, pc}\n");
}

// clang-format on

#else

typedef int cvl_no_widen_armv6m; // a C file needs a declaration

#endif
