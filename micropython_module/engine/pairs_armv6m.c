// cvl_make_pairs for ARMv6-M (Cortex-M0, M0+), which has eight registers that it can compute with:
// 15 instructions for 8 products, where the compiler takes 29.
#include <stddef.h>
#include "armv6m.h"
#include "pairs.h"

#if CVL_HAS_ARMV6M

#define AT(field, place) offsetof(cvl_pairs_t, field) == (place)
_Static_assert(AT(x, 0) && AT(x_end, 4) && AT(step, 8) && AT(words, 12) && AT(weights, 16) &&
                   AT(room, 20) && AT(scales, 24) && AT(out, 28) && AT(out_step, 32) &&
                   AT(channels, 36),
    "cvl_make_pairs reads these");
#undef AT
#define AT(field, place) offsetof(cvl_single_t, field) == (place)
_Static_assert(AT(x, 0) && AT(w, 4) && AT(w_end, 8) && AT(step, 12) && AT(x_end, 16) &&
                   AT(scale, 20) && AT(out, 24) && AT(out_step, 28),
    "cvl_make_single reads these");
_Static_assert(offsetof(cvl_scale_t, bias) == 0 && offsetof(cvl_scale_t, least) == 4 &&
                   offsetof(cvl_scale_t, most) == 8 && offsetof(cvl_scale_t, high) == 12 &&
                   offsetof(cvl_scale_t, low) == 16 && offsetof(cvl_scale_t, offset) == 20 &&
                   offsetof(cvl_scale_t, shift) == 24 && sizeof(cvl_scale_t) == 32,
    "cvl_make_pairs reads these");

// clang-format off

// One product of two words, added to `sum`. The shift leaves bit 15 in the carry.
#define PRODUCT(sum, x, w)                                                                        \
    "muls " w ", " x "\n"                                                                         \
    "asrs " w ", " w ", #16\n"                                                                    \
    "adcs " sum ", " w "\n"

// Two words of x: 30 bytes of code.
#define GROUP                                                                                     \
    "ldm r0!, {r2, r3}\n"                                                                         \
    "ldm r1!, {r4, r5}\n"                                                                         \
    PRODUCT("r6", "r2", "r4")                                                                     \
    PRODUCT("r7", "r2", "r5")                                                                     \
    "ldm r1!, {r4, r5}\n"                                                                         \
    PRODUCT("r6", "r3", "r4")                                                                     \
    PRODUCT("r7", "r3", "r5")

// The same for one sum: 16 bytes of code.
#define GROUP_OF_ONE                                                                              \
    "ldm r0!, {r2, r3}\n"                                                                         \
    "ldm r1!, {r4, r5}\n"                                                                         \
    PRODUCT("r6", "r2", "r4")                                                                     \
    PRODUCT("r6", "r3", "r5")

// Makes a value of the sum in register `sum`; register `scale` points behind the bias of its
// scale. The last shift takes the lowest byte of its register.
#define SCALED(sum, scale)                                                                        \
    "mov r5, " scale "\n"                                                                         \
    SCALED_BY_R5(sum)
#define SCALED_BY_R5(sum)                                                                         \
    "ldm r5!, {r1, r2}\n" /* least, most */                                                       \
    "cmp " sum ", r1\n"                                                                           \
    "bge 1f\n"                                                                                    \
    "mov " sum ", r1\n"                                                                           \
    "1: cmp " sum ", r2\n"                                                                        \
    "ble 2f\n"                                                                                    \
    "mov " sum ", r2\n"                                                                           \
    "2: ldm r5!, {r1, r2, r3, r4}\n" /* high, low, offset, shift */                               \
    "asrs r5, " sum ", #3\n"                                                                      \
    "muls r5, r2\n"                                                                               \
    "asrs r5, r5, #13\n"                                                                          \
    "lsrs r2, " sum ", #18\n"                                                                     \
    "muls " sum ", r1\n"                                                                          \
    "adds " sum ", r5\n"                                                                          \
    "subs " sum ", r2\n"                                                                          \
    "adds " sum ", r3\n"                                                                          \
    "asrs " sum ", r4\n"

// While a window is made: r0 x, r1 w, r6 and r7 the sums; r8 where to begin in the unrolled loop,
// r9 the weights, r10 from the end of one window to the next, r11 and lr the scales behind their
// biases, r12 the end of the weights. On the stack: 0 out, 4 how far behind the second value lies
// (0: it is made first and lost), 8 out_step, 12 x_end, 16 and 20 the biases, 24 x; of the next
// pair 28 weights, 32 scales, 36 out; 40 channels left, 44 room, 48 words.
__attribute__((naked)) void cvl_make_pairs(const cvl_pairs_t *pairs __attribute__((unused))) {
    __asm__ volatile(
        ".syntax unified\n"
        CVL_PUSH_ALL
        "sub sp, #52\n"
        "ldm r0!, {r1, r2, r3, r4, r5, r6, r7}\n" // x, x_end, step, words, weights, room, scales
        "str r1, [sp, #24]\n"
        "str r2, [sp, #12]\n"
        "str r4, [sp, #48]\n"
        "str r5, [sp, #28]\n"
        "str r6, [sp, #44]\n"
        "str r7, [sp, #32]\n"
        "subs r3, r3, r4\n"
        "lsls r3, r3, #2\n"
        "mov r10, r3\n"
        "negs r4, r4\n" // two words for each group; those beyond a multiple of 8 are skipped
        "movs r3, #14\n"
        "ands r4, r3\n"
        "movs r3, #15\n"
        "muls r4, r3\n"
        "adr r3, 5f\n"
        "adds r3, r4\n"
        "adds r3, #1\n" // Thumb
        "mov r8, r3\n"
        "ldm r0!, {r1, r2, r3}\n" // out, out_step, channels
        "str r1, [sp, #36]\n"
        "str r2, [sp, #8]\n"
        "movs r2, #1\n"
        "str r2, [sp, #4]\n"
        "11: subs r3, #2\n" // a pair; r3: channels
        "str r3, [sp, #40]\n"
        "bpl 12f\n"
        "movs r2, #0\n"
        "str r2, [sp, #4]\n"
        "12: ldr r1, [sp, #28]\n"
        "ldr r2, [sp, #48]\n"
        "lsls r3, r2, #2\n"
#if CVL_WITH_BYTE_WEIGHTS
        "ldr r0, [sp, #44]\n"
        "cmp r0, #0\n"
        "beq 3f\n"
        "adds r3, r1\n"
        "str r3, [sp, #28]\n"
        "mov r9, r0\n"
        "bl cvl_widen_words\n" // leaves in r0 the end of what it wrote
        "mov r12, r0\n"
        "b 4f\n"
#endif
        "3: lsls r3, r3, #1\n"
        "adds r3, r1\n"
        "str r3, [sp, #28]\n"
        "mov r9, r1\n"
        "mov r12, r3\n"
        "4: ldr r3, [sp, #32]\n"
        "ldm r3!, {r6}\n"
        "mov r11, r3\n"
        "adds r3, #28\n"
        "ldm r3!, {r7}\n"
        "mov lr, r3\n"
        "adds r3, #28\n"
        "ldr r2, [sp, #36]\n"
        "str r2, [sp]\n"
        "adds r2, #2\n"
        "str r2, [sp, #36]\n"
        "str r3, [sp, #32]\n"
        "str r6, [sp, #16]\n"
        "str r7, [sp, #20]\n"
        "ldr r0, [sp, #24]\n"
        "mov r1, r9\n"
        "bx r8\n"
        ".balign 4\n"
        "5:\n"
        GROUP GROUP GROUP GROUP GROUP GROUP GROUP GROUP
        "cmp r1, r12\n"
        "bne 5b\n"
        "add r0, r10\n"
        SCALED("r7", "lr")
        SCALED("r6", "r11")
        "mov r2, sp\n"
        "ldm r2!, {r1, r3, r4, r5}\n" // out, second, out_step, x_end
        "strb r7, [r1, r3]\n"
        "strb r6, [r1]\n"
        "adds r1, r4\n"
        "str r1, [sp]\n"
        "cmp r0, r5\n"
        "beq 6f\n"
        "ldm r2!, {r6, r7}\n"
        "mov r1, r9\n"
        "bx r8\n"
        "6: ldr r3, [sp, #40]\n"
        "cmp r3, #0\n"
        "ble 7f\n"
        "b 11b\n" // too far for a conditional branch
        "7: add sp, #52\n"
        CVL_POP_ALL);
}

// As above, but: r6 the sum, r7 out, lr x_end. On the stack: out_step, the bias.
__attribute__((naked)) void cvl_make_single(const cvl_single_t *single __attribute__((unused))) {
    __asm__ volatile(
        ".syntax unified\n"
        CVL_PUSH_ALL
        "ldm r0!, {r1, r2, r3, r4, r5, r6, r7}\n" // x, w, w_end, step, x_end, scale, out
        "mov r9, r2\n"
        "mov r12, r3\n"
        "mov lr, r5\n"
        "ldr r0, [r0]\n"
        "subs r3, r3, r2\n" // 8 bytes for each group
        "lsls r4, r4, #2\n"
        "subs r4, r4, r3\n"
        "mov r10, r4\n"
        "ldm r6!, {r5}\n"
        "mov r11, r6\n"
        "push {r0, r5}\n"
        "movs r2, #56\n"
        "negs r3, r3\n"
        "ands r3, r2\n"
        "lsls r3, r3, #1\n"
        "adr r2, 5f\n"
        "adds r2, r3\n"
        "adds r2, #1\n" // Thumb
        "mov r8, r2\n"
        "mov r6, r5\n"
        "mov r0, r1\n"
        "mov r1, r9\n"
        "bx r8\n"
        ".balign 4\n"
        "5:\n"
        GROUP_OF_ONE GROUP_OF_ONE GROUP_OF_ONE GROUP_OF_ONE
        GROUP_OF_ONE GROUP_OF_ONE GROUP_OF_ONE GROUP_OF_ONE
        "cmp r1, r12\n"
        "bne 5b\n"
        "add r0, r10\n"
        SCALED("r6", "r11")
        "strb r6, [r7]\n"
        "ldr r2, [sp]\n"
        "adds r7, r2\n"
        "cmp r0, lr\n"
        "beq 6f\n"
        "ldr r6, [sp, #4]\n"
        "mov r1, r9\n"
        "bx r8\n"
        "6: add sp, #8\n"
        CVL_POP_ALL);
}

// While a window is made: r0 x, r1 w, r6 and r7 the sums; r8 where to begin in the unrolled loop,
// r9 the weights, r10 from the end of one window to the next, r11 the greater sum of the first of
// two windows, r12 the end of the weights. On the stack: 0 out, 4 out_step, 8 x_end, 12 the bias,
// 16 the scale behind it, 20 x, 24 out of the next channel, 28 channels left, 32 bytes of the
// weights of one.
__attribute__((naked)) void cvl_make_pooled(const cvl_pairs_t *pairs __attribute__((unused))) {
    __asm__ volatile(
        ".syntax unified\n"
        CVL_PUSH_ALL
        "sub sp, #36\n"
        "ldm r0!, {r1, r2, r3, r4, r5, r6, r7}\n" // x, x_end, step, words, weights, room, scales
        "str r1, [sp, #20]\n"
        "str r2, [sp, #8]\n"
        "mov r12, r5\n"
        "str r7, [sp, #16]\n"
        "subs r3, r3, r4\n"
        "lsls r3, r3, #2\n"
        "mov r10, r3\n"
        "lsls r3, r4, #3\n"
        "str r3, [sp, #32]\n"
        "negs r4, r4\n" // as in cvl_make_pairs, for a multiple of 4
        "movs r3, #6\n"
        "ands r4, r3\n"
        "movs r3, #15\n"
        "muls r4, r3\n"
        "adr r3, 5f\n"
        "adds r3, r4\n"
        "adds r3, #1\n" // Thumb
        "mov r8, r3\n"
        "ldm r0!, {r1, r2, r3}\n" // out, out_step, channels
        "str r1, [sp, #24]\n"
        "str r2, [sp, #4]\n"
        "11: str r3, [sp, #28]\n" // a channel
        "ldr r1, [sp, #24]\n"
        "str r1, [sp]\n"
        "adds r1, #1\n"
        "str r1, [sp, #24]\n"
        "ldr r1, [sp, #16]\n"
        "ldm r1!, {r2}\n"
        "str r2, [sp, #12]\n"
        "str r1, [sp, #16]\n"
        "mov r1, r12\n"
        "mov r9, r1\n"
        "ldr r2, [sp, #32]\n"
        "add r12, r2\n"
        "ldr r0, [sp, #20]\n"
        "12: bl 4f\n" // two windows
        "mov r11, r6\n"
        "bl 4f\n"
        "cmp r6, r11\n"
        "bge 3f\n"
        "mov r6, r11\n"
        "3: ldr r5, [sp, #16]\n"
        SCALED_BY_R5("r6")
        "mov r2, sp\n"
        "ldm r2!, {r1, r3, r4}\n" // out, out_step, x_end
        "strb r6, [r1]\n"
        "adds r1, r3\n"
        "str r1, [sp]\n"
        "cmp r0, r4\n"
        "bne 12b\n"
        "ldr r1, [sp, #16]\n"
        "adds r1, #28\n"
        "str r1, [sp, #16]\n"
        "ldr r3, [sp, #28]\n"
        "subs r3, #1\n"
        "bne 11b\n"
        "add sp, #36\n"
        CVL_POP_ALL
        "4: ldr r6, [sp, #12]\n" // the greater of the two sums of a window, in r6
        "mov r7, r6\n"
        "mov r1, r9\n"
        "bx r8\n"
        ".balign 4\n"
        "5:\n"
        GROUP GROUP GROUP GROUP
        "cmp r1, r12\n"
        "bne 5b\n"
        "add r0, r10\n"
        "cmp r6, r7\n"
        "bge 6f\n"
        "mov r6, r7\n"
        "6: bx lr\n");
}

// clang-format on

#else

typedef int cvl_no_armv6m; // a C file needs a declaration

#endif
