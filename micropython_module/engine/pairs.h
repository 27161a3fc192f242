// Sums of products with two products from one multiplication.
//
// Two values x0, x1 are kept in one word x0 + (x1 << 16), their weights in w1 + (w0 << 16). Then
// bits 16 to 31 of the words' product are x0 * w0 + x1 * w1, less 1 if x0 * w1, which lies below
// them, is negative: that is bit 15. It holds for values of int8 and weights of -127 to 127, since
// 128 * (127 + 127) < 2^15 and 128 * 127 < 2^15.
#ifndef CVL_PAIRS_H
#define CVL_PAIRS_H

#include "format.h"

// Whether pairs_armv6m.c has cvl_make_pairs. Not for a test that pretends to be such a processor.
#ifndef CVL_HAS_ARMV6M
#if defined(__ARM_ARCH_6M__) && defined(__thumb__)
#define CVL_HAS_ARMV6M 1
#else
#define CVL_HAS_ARMV6M 0
#endif
#endif

// Two output channels of the windows of one row.
typedef struct {
    const uint32_t *x; // the first window's values, uint32[groups, 2], two in a word
    const uint32_t *w; // uint32[groups, 2, 2]: of each channel two words, for the two words of x
    uint32_t groups;   // at least 1
    uint32_t step;     // words from one window to the next
    int8_t *out;
    uint32_t out_step; // bytes
    uint32_t count;    // of windows, at least 1
    uint32_t
        second; // how far behind the first channel's value the second's lies; 0: it is dropped
    const cvl_scale_t *scales; // of the two channels
    int32_t clamp_min;
    int32_t clamp_max;
} cvl_pairs_t;

// Makes the values of all windows.
void cvl_make_pairs(const cvl_pairs_t *pairs);

// The same with weights at any alignment instead of pairs->w.
void cvl_make_pairs_unaligned(const cvl_pairs_t *pairs, const uint8_t *weights);

#endif
