// cvl_make_dense_window for Cortex-M processors with the DSP extension: a window whose weights are
// read once, where they lie in the file. 10 instructions for 8 products.
#include <stddef.h>
#include "dsp.h"
#include "pairs_inline.h"

#if CVL_HAS_DSP

// One window and all channels. make_channels reads it in this order.
typedef struct {
    const uint32_t *x;
    uint32_t pair_bytes; // of two channels
    int32_t offset;      // see cvl_dsp_offset
    uint32_t channels;
    const uint8_t *w;     // uint32[words, 2] of each two channels
    const uint8_t *scale; // of the first channel
    int8_t *out;
    const uint32_t *x_end;
} dense_t;

#define AT(field, place) offsetof(dense_t, field) == (place)
_Static_assert(AT(x, 0) && AT(pair_bytes, 4) && AT(offset, 8) && AT(channels, 12) && AT(w, 16) &&
                   AT(scale, 20) && AT(out, 24) && AT(x_end, 28),
    "make_channels reads these");
_Static_assert(offsetof(cvl_scale_t, bias) == 0 && offsetof(cvl_scale_t, right) == 25 &&
                   offsetof(cvl_scale_t, multiplier) == 28 && sizeof(cvl_scale_t) == 32,
    "make_channels reads these");

// clang-format off

#define PRODUCTS                                                                                  \
    "ldm r2!, {r8, r9, r10, r11}\n"                                                               \
    "ldrd r6, r7, [r1], #8\n"                                                                     \
    "add r8, r8, #128\n"                                                                          \
    "add r9, r9, #128\n"                                                                          \
    "add r10, r10, #128\n"                                                                        \
    "add r11, r11, #128\n"                                                                        \
    "smladx r4, r6, r8, r4\n"                                                                     \
    "smladx r5, r6, r9, r5\n"                                                                     \
    "smladx r4, r7, r10, r4\n"                                                                    \
    "smladx r5, r7, r11, r5\n"

// A word in the file has 1 less in its upper half where the lower one is below 0. With 128 more
// none is, and the carry puts the upper half right. What that adds to a sum is the same for all
// channels: 128 times the sum of those values of the window that meet lower halves, which are in
// upper ones.
//
// While sums are made: r0 scale, r1 window, r2 weights, r3 their end, r4 and r5 the sums, r12
// groups of two words beyond a multiple of 4, which come first, lr out. On the stack: x,
// pair_bytes, offset, channels that are left, what the sums have too much.
__attribute__((naked, noinline)) static void make_channels(
    const dense_t *dense __attribute__((unused))) {
    __asm__ volatile(
        "push {r4, r5, r6, r7, r8, r9, r10, r11, lr}\n"
        "ldm r0, {r1, r2, r3, r4, r5, r6, r7, r8}\n"
        "mov r9, r1\n"
        "mov r12, #0\n"
        "1: ldrd r10, r11, [r9], #8\n"
        "add r12, r12, r10, asr #16\n"
        "add r12, r12, r11, asr #16\n"
        "cmp r9, r8\n"
        "bne 1b\n"
        "lsl r12, r12, #7\n"
        "push {r1, r2, r3, r4, r12}\n"
        "ubfx r12, r2, #4, #2\n"
        "mov r0, r6\n"
        "mov lr, r7\n"
        "mov r2, r5\n"
        "2: ldr r4, [r0]\n"
        "ldr r5, [r0, #32]\n"
        "ldrd r1, r3, [sp]\n"
        "ldr r6, [sp, #16]\n"
        "add r3, r3, r2\n"
        "sub r4, r4, r6\n"
        "sub r5, r5, r6\n"
        "tbb [pc, r12]\n"
        "9: .byte (10f - 9b) / 2, (13f - 9b) / 2, (12f - 9b) / 2, (11f - 9b) / 2\n"
        "10:\n"
        PRODUCTS
        "11:\n"
        PRODUCTS
        "12:\n"
        PRODUCTS
        "13:\n"
        PRODUCTS
        "cmp r2, r3\n"
        "bne 10b\n"
        "ldr r8, [r0, #28]\n"
        "ldr r9, [r0, #60]\n"
        "ldrb r10, [r0, #25]\n"
        "ldrb r11, [r0, #57]\n"
        "ldrd r6, r7, [sp, #8]\n"
        "add r0, r0, #64\n"
        "lsl r8, r8, #1\n"
        "lsl r9, r9, #1\n"
        "sub r10, r10, #1\n"
        "sub r11, r11, #1\n"
        CVL_DSP_SCALE("r4", "r8")
        CVL_DSP_SCALE("r5", "r9")
        CVL_DSP_SIGN("r4")
        CVL_DSP_SIGN("r5")
        CVL_DSP_VALUE("r4", "r10", "r6")
        CVL_DSP_VALUE("r5", "r11", "r6")
        "strb r4, [lr], #1\n"
        "subs r7, r7, #2\n"
        "bmi 3f\n"
        "strb r5, [lr], #1\n"
        "str r7, [sp, #12]\n"
        "bne 2b\n"
        "3: add sp, sp, #20\n"
        "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}\n");
}

// clang-format on

// The same as CVL_DSP_SCALE, CVL_DSP_SIGN and CVL_DSP_VALUE.
static inline int8_t value_of(uint32_t sum, const uint8_t *scale, int32_t offset) {
    int32_t high = (int32_t)sum;
    uint32_t multiplier = cvl_word_at(scale + offsetof(cvl_scale_t, multiplier));
    __asm__("smmlar %0, %0, %1, %0" : "+r"(high) : "r"(multiplier << 1));
    high += high >> 31;
    int32_t value = (high >> (scale[offsetof(cvl_scale_t, right)] - 1)) + offset;
    __asm__("ssat %0, #8, %0, asr #1" : "+r"(value));
    return (int8_t)value;
}

// The same for weights at any alignment, one channel after the other.
static void make_channels_anywhere(const dense_t *dense) {
    const uint8_t *scale = dense->scale;
    for (uint32_t c = 0; c < dense->channels; c++, scale += sizeof(cvl_scale_t)) {
        const uint8_t *w = dense->w + c / 2 * dense->pair_bytes + c % 2 * sizeof(uint32_t);
        uint32_t sum = cvl_word_at(scale);
        for (const uint32_t *x = dense->x; x != dense->x_end; x++, w += 2 * sizeof(uint32_t)) {
            sum = cvl_add_products(sum, *x, cvl_weights_of(cvl_word_at(w)));
        }
        dense->out[c] = value_of(sum, scale, dense->offset);
    }
}

void cvl_make_dense_window(const cvl_pairs_t *pairs, const uint32_t *x, int8_t *out) {
    dense_t dense = {
        .x = x,
        .pair_bytes = 8 * pairs->words,
        .offset = cvl_dsp_offset(pairs->zero_point),
        .channels = pairs->channels,
        .w = pairs->weights,
        .scale = (const uint8_t *)pairs->scales,
        .out = out,
        .x_end = x + pairs->words,
    };
    if ((uintptr_t)dense.w % sizeof(uint32_t) == 0) {
        make_channels(&dense);
    } else {
        make_channels_anywhere(&dense);
    }
}

#else

typedef int cvl_no_dense_dsp; // a C file needs a declaration

#endif
