// What the portable ways of making pairs share.
#ifndef CVL_PAIRS_INLINE_H
#define CVL_PAIRS_INLINE_H

#include "pairs.h"
#include "requantize.h"

// The word of two values.
static inline uint32_t cvl_pair_of(int32_t x0, int32_t x1) {
    return (CVL_HAS_DSP ? (uint32_t)x0 & 0xffff : (uint32_t)x0) + ((uint32_t)x1 << 16);
}

// The word of two weights, as cvl_add_products takes it, from that in the file.
static inline uint32_t cvl_weights_of(uint32_t word) {
    return CVL_HAS_DSP ? word + ((word & 0x8000u) << 1) : word;
}

// Adds both products.
static inline uint32_t cvl_add_products(uint32_t sum, uint32_t x, uint32_t w) {
#if CVL_HAS_DSP
    __asm__("smladx %0, %1, %2, %0" : "+r"(sum) : "r"(x), "r"(w));
    return sum;
#else
    // Adding bit 15 to bits 16 to 31 is rounding to nearest.
    return sum + (uint32_t)((int32_t)(x * w + 0x8000u) >> 16);
#endif
}

// Xtensa can subtract 2^15 in one instruction, but lacks a register for adding it: there each
// product is one too small, and the sum begins so much higher.
#if defined(__XTENSA__)
#define CVL_LESS 1
#else
#define CVL_LESS 0
#endif

// A sum with its bias, for cvl_add_in_turn of as many words.
static inline uint32_t cvl_first_sum(const cvl_scale_t *scale, uint32_t words) {
    return (uint32_t)scale->bias + (CVL_LESS ? words : 0);
}

// As cvl_add_products, and the compiler does not load first what comes after it: it would lack
// registers.
static inline uint32_t cvl_add_in_turn(uint32_t sum, uint32_t x, uint32_t w) {
    if (CVL_LESS) {
        sum += (uint32_t)((int32_t)(x * w - 0x8000u) >> 16);
    } else {
        sum = cvl_add_products(sum, x, w);
    }
    __asm__ volatile("" : "+r"(sum)::"memory");
    return sum;
}

static inline bool cvl_has_short_form(const cvl_scale_t *scale) {
    return scale->shift != CVL_NO_SHORT_SCALE;
}

// Of a scale, whose copy in the arena somebody may have written to.
static inline uint32_t cvl_shift_of(uint32_t shift) {
    return CVL_WITH_COPIES ? shift % 32 : shift;
}

// The value of a sum, with the bias in it, by the short form. Unsigned, because a damaged file may
// hold any numbers.
static inline int8_t cvl_scale_shortly(const cvl_scale_t *scale, uint32_t sum) {
    int32_t s = (int32_t)sum;
#if CVL_HAS_XTENSA // where the compiler takes three to six instructions instead of two
    __asm__("bge %0, %1, 1f \n mov %0, %1 \n 1: bge %2, %0, 1f \n mov %0, %2 \n 1:"
        : "+r"(s)
        : "r"(scale->least), "r"(scale->most));
#else
    s = s < scale->least ? scale->least : s;
    s = s > scale->most ? scale->most : s;
#endif
    uint32_t low = (uint32_t)(s >> 3) * (uint32_t)scale->low;
    uint32_t all = (uint32_t)s * (uint32_t)scale->high + (uint32_t)((int32_t)low >> 13);
    all += (uint32_t)scale->offset - ((uint32_t)s >> 18);
    return (int8_t)((int32_t)all >> cvl_shift_of(scale->shift));
}

// Windows that share the loads of their weights: so many that their sums stay in registers.
#if defined(__riscv)
#define CVL_WINDOWS 4
#else
#define CVL_WINDOWS 2
#endif

// The values of one channel in neighbouring windows, out_step bytes apart.
CVL_HOT void cvl_put_two(
    const cvl_scale_t *scale, int8_t *out, uint32_t out_step, uint32_t sum0, uint32_t sum1);
CVL_HOT void cvl_put_four(const cvl_scale_t *scale, int8_t *out, uint32_t out_step, uint32_t sum0,
    uint32_t sum1, uint32_t sum2, uint32_t sum3);

// The same as TFLM does it. Processors that multiply to 64 bits do so fast.
static inline int8_t cvl_scale_twice(
    const cvl_scale_t *scale, uint32_t sum, int32_t zero_point, int32_t least, int32_t most) {
    int32_t scaled =
        cvl_requantize((int32_t)sum, scale->multiplier, -(int32_t)cvl_shift_of(scale->right));
    int32_t value = (int32_t)((uint32_t)scaled + (uint32_t)zero_point);
    return cvl_clamp_s8(value, least, most);
}

// The portable cvl_make_pairs for one pair of channels, of which the second may not be wanted.
void cvl_make_pair(const cvl_pairs_t *pairs, const uint32_t *weights, uint32_t c, bool has_second);

static inline int32_t cvl_greater(uint32_t a, uint32_t b) {
    return (int32_t)a > (int32_t)b ? (int32_t)a : (int32_t)b;
}

// The greatest of the sums of the window at x and of its neighbour, which begin with `first`.
typedef int32_t cvl_greatest_t(
    const cvl_pairs_t *pairs, const uint32_t *w, const uint32_t *x, uint32_t first);

// cvl_make_pooled with such a function.
static CVL_INLINE void cvl_make_pooled_with(const cvl_pairs_t *pairs, cvl_greatest_t *greatest) {
    const uint32_t *w = (const uint32_t *)(const void *)pairs->weights;
    const cvl_scale_t *scale = pairs->scales;
    for (uint32_t c = 0; c < pairs->channels; c++, scale++, w += 2 * pairs->words) {
        int8_t *out = pairs->out + c;
        for (const uint32_t *x = pairs->x; x != pairs->x_end; x += 2 * pairs->step) {
            int32_t sum = greatest(pairs, w, x, cvl_first_sum(scale, pairs->words));
            *out = cvl_scale_shortly(scale, (uint32_t)sum);
            out += pairs->out_step;
        }
    }
}

#endif
