// The loops in which the time goes. A processor's variant replaces them, equal bit for bit.
#ifndef CVL_PRIMITIVES_H
#define CVL_PRIMITIVES_H

#include <stdint.h>
#include "placement.h"

// Keeps a hot loop in a function of its own, so that the compiler has all registers for it.
#if defined(__GNUC__)
#define CVL_NOINLINE __attribute__((noinline))
#else
#define CVL_NOINLINE
#endif

// Adds the products of x with two weight vectors to two sums, which halves the loads of x.
// x, w0, w1: int8[count]; sums: int32[2].
CVL_HOT void cvl_dot2_s8(
    const int8_t *x, const int8_t *w0, const int8_t *w1, uint32_t count, int32_t sums[2]);

// Adds value * (sum of w0) and value * (sum of w1): cvl_dot2_s8 with a constant x.
CVL_HOT void cvl_dot2_constant_s8(
    int32_t value, const int8_t *w0, const int8_t *w1, uint32_t count, int32_t sums[2]);

// Keeps the greater of out[i] and x[i]; both int8[count].
CVL_HOT void cvl_keep_greater_s8(int8_t *out, const int8_t *x, uint32_t count);

// The same with the greater of two: x and the values that lie `apart` behind them.
CVL_HOT void cvl_keep_greater2_s8(int8_t *out, const int8_t *x, uint32_t apart, uint32_t count);

// The averages of windows of 2x2 pixels of `channels` values: out int8[count, channels]. `top` and
// `bottom` are the first window's pixels on the left, `step` bytes lie from window to window.
CVL_HOT void cvl_average4_s8(int8_t *out, const int8_t *top, const int8_t *bottom,
    uint32_t channels, uint32_t step, uint32_t count);

// Filters of one column on four neighbouring channels.
typedef struct {
    const int8_t *const *rows;     // of the window, at least one
    const int8_t *const *rows_end; // behind the last
    const int8_t *weights;         // of the first row and channel
    uint32_t at;                   // where the first channel's value lies in each row
    uint32_t step;                 // from the weights of a row to those of the next
} cvl_column_t;

// sums[i]: sum over the rows of row[at + i] * weights[i].
CVL_HOT void cvl_sum_column(const cvl_column_t *column, int32_t sums[4]);

// Of the sum of four values, to nearest, halves away from 0.
static inline int8_t cvl_quarter(int32_t sum) {
    return (int8_t)((sum + 2 + (sum >> 31)) >> 2);
}

// Sum of `count` values that lie `stride` apart, modulo 2^32.
static inline uint32_t cvl_sum_s8(const int8_t *x, uint32_t count, uint32_t stride) {
    uint32_t sum = 0;
    for (; count > 0; count--, x += stride) {
        sum += (uint32_t)*x;
    }
    return sum;
}

// Copies a few bytes, for which a call of memcpy would cost more than the copy.
static inline void cvl_copy_s8(int8_t *to, const int8_t *from, uint32_t count) {
    volatile int8_t *kept = to; // else the compiler makes the loop a call of memcpy
    for (uint32_t i = 0; i < count; i++) {
        kept[i] = from[i];
    }
}

// `value` between `low` and `high`, which lie in the range of int8.
static inline int8_t cvl_clamp_s8(int32_t value, int32_t low, int32_t high) {
#if defined(__ARM_FEATURE_SAT)
    if (low == INT8_MIN && high == INT8_MAX) { // mostly, and the compiler takes it out of loops
        __asm__("ssat %0, #8, %0" : "+r"(value));
        return (int8_t)value;
    }
#endif
    value = value < low ? low : value;
    return (int8_t)(value > high ? high : value);
}

// (a * b + 2^30) >> 31, for processors that multiply 32 x 32 bits to 64.
static inline int32_t cvl_multiply_wide(int32_t a, int32_t b) {
    return (int32_t)(((int64_t)a * b + (1 << 30)) >> 31);
}

// The same from four products of 16-bit halves, for those that do not.
CVL_HOT static inline int32_t cvl_multiply_narrow(int32_t a, int32_t b) {
    int32_t a_high = a >> 16;
    int32_t b_high = b >> 16;
    uint32_t a_low = (uint16_t)a;
    uint32_t b_low = (uint16_t)b;
    uint32_t low = a_low * b_low;
    // Neither sum leaves 32 bits: 32768 * 65535 + 65535 < 2^31.
    int32_t middle = a_high * (int32_t)b_low + (int32_t)(low >> 16);
    int32_t other = (int32_t)a_low * b_high + (int32_t)(uint16_t)middle;
    uint32_t high = (uint32_t)(a_high * b_high + (middle >> 16) + (other >> 16));
    uint32_t next_two_bits = (uint32_t)(uint16_t)other >> 14;
    return (int32_t)(2 * high + ((next_two_bits + 1) >> 1));
}

#if defined(__ARM_ARCH_6M__)
#define cvl_multiply_high cvl_multiply_narrow
#else
#define cvl_multiply_high cvl_multiply_wide
#endif

#endif
