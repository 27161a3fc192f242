// cvl_make_pairs for ARMv6-M (Cortex-M0, M0+), which has eight registers that it can compute with:
// 15 instructions for 8 products, where the compiler takes 29.
#include "pairs.h"
#include <stddef.h>

#if CVL_HAS_ARMV6M

_Static_assert(offsetof(cvl_pairs_t, x) == 0 && offsetof(cvl_pairs_t, w) == 4 &&
                   offsetof(cvl_pairs_t, groups) == 8 && offsetof(cvl_pairs_t, step) == 12 &&
                   offsetof(cvl_pairs_t, out) == 16 && offsetof(cvl_pairs_t, out_step) == 20 &&
                   offsetof(cvl_pairs_t, count) == 24 && offsetof(cvl_pairs_t, second) == 28 &&
                   offsetof(cvl_pairs_t, scales) == 32 && offsetof(cvl_pairs_t, clamp_min) == 36 &&
                   offsetof(cvl_pairs_t, clamp_max) == 40,
    "cvl_make_pairs reads these");
_Static_assert(offsetof(cvl_scale_t, bias) == 0 && offsetof(cvl_scale_t, high) == 4 &&
                   offsetof(cvl_scale_t, low) == 8 && offsetof(cvl_scale_t, offset) == 12 &&
                   offsetof(cvl_scale_t, shift) == 16 && sizeof(cvl_scale_t) == 20,
    "cvl_make_pairs reads these");

// One product of two words, added to `sum`. The shift leaves bit 15 in the carry.
#define PRODUCT(sum, x, w)                                                                        \
    "muls " w ", " x "\n"                                                                         \
    "asrs " w ", " w ", #16\n"                                                                    \
    "adcs " sum ", " w "\n"

// 30 bytes of code.
#define GROUP                                                                                     \
    "ldm r0!, {r2, r3}\n"                                                                         \
    "ldm r1!, {r4, r5}\n" PRODUCT("r6", "r2", "r4")                                               \
        PRODUCT("r6", "r3", "r5") "ldm r1!, {r4, r5}\n" PRODUCT("r7", "r2", "r4")                 \
            PRODUCT("r7", "r3", "r5")

// Makes a value of the sum in register `sum`; the place of its scale is at `sp + at`. The rest is
// what pairs.c has in `scaled` and cvl_requantize: the product of 64 bits comes from four of
// halves (see cvl_multiply_narrow), the second rounding from the carry of the last shift.
#define SCALED(sum, at)                                                                           \
    "ldr r5, [sp, #" at "]\n"                                                                     \
    "ldm r5!, {r1, r2, r3, r4}\n" /* high, low, offset, shift */                                  \
    "cmp r4, #32\n"                                                                               \
    "bhs 1f\n"                                                                                    \
    "asrs r5, " sum ", #6\n"                                                                      \
    "muls r5, r2\n"                                                                               \
    "asrs r5, r5, #10\n"                                                                          \
    "muls " sum ", r1\n"                                                                          \
    "adds " sum ", r5\n"                                                                          \
    "adds " sum ", r3\n"                                                                          \
    "asrs " sum ", r4\n"                                                                          \
    "b 2f\n"                                                                                      \
    "1: push {r0, r3, r4}\n"                                                                      \
    "uxth r2, r1\n"                                                                               \
    "asrs r1, r1, #16\n"                                                                          \
    "uxth r0, " sum "\n"                                                                          \
    "asrs " sum ", " sum ", #16\n"                                                                \
    "movs r3, r0\n"                                                                               \
    "muls r3, r2\n"                                                                               \
    "lsrs r3, r3, #16\n"                                                                          \
    "muls r2, " sum "\n"                                                                          \
    "adds r2, r3\n"                                                                               \
    "muls r0, r1\n"                                                                               \
    "uxth r3, r2\n"                                                                               \
    "adds r0, r3\n"                                                                               \
    "movs r3, #64\n"                                                                              \
    "lsls r3, r3, #8\n"                                                                           \
    "adds r0, r3\n"                                                                               \
    "asrs r2, r2, #16\n"                                                                          \
    "muls " sum ", r1\n"                                                                          \
    "adds " sum ", r2\n"                                                                          \
    "lsls " sum ", " sum ", #1\n"                                                                 \
    "asrs r0, r0, #15\n"                                                                          \
    "adds " sum ", r0\n"                                                                          \
    "pop {r0, r3, r4}\n"                                                                          \
    "subs r4, #32\n"                                                                              \
    "asrs r2, " sum ", #31\n"                                                                     \
    "adds " sum ", r2\n"                                                                          \
    "movs r2, #0\n"                                                                               \
    "asrs " sum ", r4\n"                                                                          \
    "adcs " sum ", r2\n"                                                                          \
    "adds " sum ", r3\n"                                                                          \
    "2: cmp " sum ", r11\n"                                                                       \
    "bge 3f\n"                                                                                    \
    "mov " sum ", r11\n"                                                                          \
    "3: cmp " sum ", lr\n"                                                                        \
    "ble 4f\n"                                                                                    \
    "mov " sum ", lr\n"                                                                           \
    "4:\n"

// While a window is made: r0 x, r1 w, r6 and r7 the sums; r8 where to begin in the unrolled loop,
// r9 the weights, r10 from the end of one window to the next, r11 clamp_min, r12 the end of the
// weights, lr clamp_max. On the stack: 0 out, 4 second, 8 out_step, 12 the end of x, 16 and 20 the
// scales behind their biases, 24 and 28 the biases.
__attribute__((naked)) void cvl_make_pairs(const cvl_pairs_t *pairs __attribute__((unused))) {
    __asm__ volatile(
        ".syntax unified\n"
        "push {r4, r5, r6, r7, lr}\n"
        "mov r4, r8\n"
        "mov r5, r9\n"
        "mov r6, r10\n"
        "mov r7, r11\n"
        "push {r4, r5, r6, r7}\n"
        "sub sp, #32\n"
        "ldm r0!, {r5, r6}\n" // x, w
        "mov r9, r6\n"
        "ldm r0!, {r2, r3}\n" // groups, step
        "lsls r4, r2, #4\n"
        "adds r4, r6\n"
        "mov r12, r4\n"
        "movs r1, #7\n"
        "negs r4, r2\n"
        "ands r4, r1\n"
        "movs r1, #30\n"
        "muls r4, r1\n"
        "adr r1, 5f\n"
        "adds r1, r4\n"
        "adds r1, #1\n" // Thumb
        "mov r8, r1\n"
        "lsls r3, r3, #2\n"
        "lsls r2, r2, #3\n"
        "subs r2, r3, r2\n"
        "mov r10, r2\n"
        "ldm r0!, {r1, r2, r4, r6}\n" // out, out_step, count, second
        "str r1, [sp, #0]\n"
        "str r6, [sp, #4]\n"
        "str r2, [sp, #8]\n"
        "muls r4, r3\n"
        "adds r4, r5\n"
        "str r4, [sp, #12]\n"
        "ldm r0!, {r1, r2, r3}\n" // scales, clamps
        "mov r11, r2\n"
        "mov lr, r3\n"
        "ldr r6, [r1, #0]\n"
        "ldr r7, [r1, #20]\n"
        "adds r1, #4\n"
        "str r1, [sp, #16]\n"
        "adds r1, #20\n"
        "str r1, [sp, #20]\n"
        "str r6, [sp, #24]\n"
        "str r7, [sp, #28]\n"
        "mov r0, r5\n"
        "mov r1, r9\n"
        "bx r8\n"
        ".balign 4\n"
        "5:\n" GROUP GROUP GROUP GROUP GROUP GROUP GROUP GROUP "cmp r1, r12\n"
        "bne 5b\n"
        "add r0, r10\n" SCALED("r7", "20") SCALED("r6", "16") "ldr r1, [sp, #0]\n"
                                                              "ldr r2, [sp, #4]\n"
                                                              "strb r7, [r1, r2]\n"
                                                              "strb r6, [r1]\n"
                                                              "ldr r2, [sp, #8]\n"
                                                              "adds r1, r2\n"
                                                              "str r1, [sp, #0]\n"
                                                              "ldr r2, [sp, #12]\n"
                                                              "cmp r0, r2\n"
                                                              "beq 6f\n"
                                                              "ldr r6, [sp, #24]\n"
                                                              "ldr r7, [sp, #28]\n"
                                                              "mov r1, r9\n"
                                                              "bx r8\n"
                                                              "6: add sp, #32\n"
                                                              "pop {r4, r5, r6, r7}\n"
                                                              "mov r8, r4\n"
                                                              "mov r9, r5\n"
                                                              "mov r10, r6\n"
                                                              "mov r11, r7\n"
                                                              "pop {r4, r5, r6, r7, pc}\n");
}

#else

typedef int cvl_no_armv6m; // a C file needs a declaration

#endif
