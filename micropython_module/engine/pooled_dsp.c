// cvl_make_pooled of 3x3 windows on an input of one channel, for Cortex-M processors with the DSP
// extension: the filter stays in registers for a whole row. 51 instructions for a value of the
// pool, which has 36 products.
#include <stddef.h>
#include "dsp.h"
#include "pairs.h"

#if CVL_HAS_DSP

#define AT(field, place) offsetof(cvl_pairs_t, field) == (place)
_Static_assert(AT(x, 0) && AT(x_end, 4) && AT(weights, 16) && AT(scales, 24) && AT(out, 28) &&
                   AT(out_step, 32) && AT(channels, 36) && AT(zero_point, 40),
    "cvl_make_pooled_3x3 reads these");
_Static_assert(offsetof(cvl_scale_t, bias) == 0 && offsetof(cvl_scale_t, right) == 25 &&
                   offsetof(cvl_scale_t, multiplier) == 28 && sizeof(cvl_scale_t) == 32,
    "cvl_make_pooled_3x3 reads these");

// clang-format off

// A column of four values x0 to x3 comes to r6 and r7. Of the filter's column w0 to w2 register
// `upper` has w1 + (w0 << 16), and `lower` w2 + (w1 << 16).
#define COLUMN(place) "ldrd r6, r7, [r0, #" place "]\n"

// The sum of the upper window, x0 * w0 + x1 * w1 + x2 * w2, and that of the one a row below.
#define BEGIN_SUMS(sum, sum_below, upper, lower)                                                  \
    "smuadx " sum ", r6, " upper "\n"                                                             \
    "smultt " sum_below ", r6, " upper "\n"                                                       \
    ADD_LOWER(sum, sum_below, lower)
#define ADD_SUMS(sum, sum_below, upper, lower)                                                    \
    "smladx " sum ", r6, " upper ", " sum "\n"                                                    \
    "smlatt " sum_below ", r6, " upper ", " sum_below "\n"                                        \
    ADD_LOWER(sum, sum_below, lower)
#define ADD_LOWER(sum, sum_below, lower)                                                          \
    "smlabb " sum ", r7, " lower ", " sum "\n"                                                    \
    "smladx " sum_below ", r7, " lower ", " sum_below "\n"

// The words of the file are sums: where the lower half is negative, the upper one lacks 1.
#define LOAD_WEIGHTS(word, place)                                                                 \
    "ldr " word ", [r7, #" place "]\n"                                                            \
    "and r2, " word ", #0x8000\n"                                                                 \
    "add " word ", " word ", r2, lsl #1\n"

// r0 x, r1 out, r2 to r5 the sums, r8 to r10 and r11, r12, lr the filter. On the stack: 0 bias,
// 4 factor, 8 one less than `right`, 12 zero_point, 16 out_step, 20 x_end; 24 x; of the next
// channel 28 weights, 32 scale, 36 out; 40 channels left.
__attribute__((naked)) void cvl_make_pooled_3x3(const cvl_pairs_t *pairs __attribute__((unused))) {
    __asm__ volatile(
        "push {r4, r5, r6, r7, r8, r9, r10, r11, lr}\n"
        "sub sp, sp, #44\n"
        "ldrd r1, r2, [r0]\n" // x, x_end
        "str r1, [sp, #24]\n"
        "str r2, [sp, #20]\n"
        "ldrd r1, r2, [r0, #28]\n" // out, out_step
        "str r1, [sp, #36]\n"
        "str r2, [sp, #16]\n"
        "ldrd r1, r2, [r0, #36]\n" // channels, zero_point
        "str r1, [sp, #40]\n"
        "str r2, [sp, #12]\n"
        "ldr r7, [r0, #16]\n"
        "ldr r6, [r0, #24]\n"
        "1: ldr r2, [r6]\n" // a channel: r6 scale, r7 weights
        "ldr r3, [r6, #28]\n"
        "ldrb r4, [r6, #25]\n"
        "lsls r3, r3, #1\n" // twice the multiplier, less 2^32
        "subs r4, r4, #1\n"
        "stm sp, {r2, r3, r4}\n"
        LOAD_WEIGHTS("r8", "0")
        LOAD_WEIGHTS("r11", "12")
        LOAD_WEIGHTS("r9", "16")
        LOAD_WEIGHTS("r12", "28")
        LOAD_WEIGHTS("r10", "32")
        LOAD_WEIGHTS("lr", "44")
        "adds r6, r6, #32\n"
        "adds r7, r7, #48\n"
        "strd r7, r6, [sp, #28]\n"
        "ldr r1, [sp, #36]\n"
        "adds r0, r1, #1\n"
        "str r0, [sp, #36]\n"
        "ldr r0, [sp, #24]\n"
        "2:\n"
        COLUMN("0")
        BEGIN_SUMS("r2", "r3", "r8", "r11")
        COLUMN("8")
        ADD_SUMS("r2", "r3", "r9", "r12")
        BEGIN_SUMS("r4", "r5", "r8", "r11")
        COLUMN("16")
        ADD_SUMS("r2", "r3", "r10", "lr")
        ADD_SUMS("r4", "r5", "r9", "r12")
        COLUMN("24")
        ADD_SUMS("r4", "r5", "r10", "lr")
        CVL_DSP_KEEP_GREATER("r2", "r3")
        CVL_DSP_KEEP_GREATER("r4", "r5")
        CVL_DSP_KEEP_GREATER("r2", "r4")
        "ldm sp, {r3, r4, r5, r6, r7}\n"
        "add r2, r2, r3\n"
        "smmlar r2, r2, r4, r2\n" // as CVL_DSP_VALUE
        "add r2, r2, r2, asr #31\n"
        "asrs r2, r5\n"
        "adds r2, r2, #1\n"
        "add r2, r6, r2, asr #1\n"
        "ssat r2, #8, r2\n"
        "strb r2, [r1]\n"
        "add r1, r1, r7\n"
        "ldr r3, [sp, #20]\n"
        "adds r0, r0, #16\n"
        "cmp r0, r3\n"
        "bne 2b\n"
        "ldrd r7, r6, [sp, #28]\n"
        "ldr r2, [sp, #40]\n"
        "subs r2, r2, #1\n"
        "str r2, [sp, #40]\n"
        "bne 1b\n"
        "add sp, sp, #44\n"
        "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}\n");
}

// clang-format on

#else

typedef int cvl_no_pooled_dsp; // a C file needs a declaration

#endif
