// Sums of products with two products from one multiplication.
//
// Two values x0, x1 are kept in one word x0 + (x1 << 16), their weights in w1 + (w0 << 16). Then
// bits 16 to 31 of the words' product are x0 * w0 + x1 * w1, less 1 if x0 * w1, which lies below
// them, is negative: that is bit 15. It holds for values of int8 and weights of -127 to 127, since
// 128 * (127 + 127) < 2^15 and 128 * 127 < 2^15.
//
// Processors with SMLADX, which does the same with halves of words, keep the values as such: the
// upper half is x1 whatever the sign of x0. The weights lie in the file as above.
#ifndef CVL_PAIRS_H
#define CVL_PAIRS_H

#include "format.h"
#include "placement.h"

// Which of the files for processors has cvl_make_pairs: pairs_armv6m.c, pairs_dsp.c,
// pairs_xtensa.c or the portable pairs.c. A test that pretends to be another processor says so
// itself.
#ifndef CVL_HAS_ARMV6M
#if defined(__ARM_ARCH_6M__) && defined(__thumb__)
#define CVL_HAS_ARMV6M 1
#else
#define CVL_HAS_ARMV6M 0
#endif
#endif
#ifndef CVL_HAS_DSP
#if defined(__ARM_FEATURE_DSP) && defined(__ARM_ARCH_7EM__) + defined(__ARM_ARCH_8M_MAIN__) > 0
#define CVL_HAS_DSP 1
#else
#define CVL_HAS_DSP 0
#endif
#endif
#ifndef CVL_HAS_XTENSA
#if defined(__XTENSA__)
#define CVL_HAS_XTENSA 1
#else
#define CVL_HAS_XTENSA 0
#endif
#endif

// The windows of one row. Output channels are made in pairs: for each word of a window there is
// one of the first channel's weights and one of the second's. pairs_armv6m.c reads it in this
// order.
typedef struct {
    const uint32_t *x;         // the first window's values, two in a word
    const uint32_t *x_end;     // where the window behind the last one would begin
    uint32_t step;             // words from one window to the next
    uint32_t words;            // of a window, an even number
    const uint8_t *weights;    // uint32[pairs, words, 2], or int8 of which each 4 become two words
    uint32_t *room;            // for int8 weights: uint32[words, 2]; else NULL
    const cvl_scale_t *scales; // of each channel; with an odd number of them, one more
    int8_t *out;
    uint32_t out_step; // bytes from window to window
    uint32_t channels;
    int32_t zero_point; // this and the clamps are for scales that have no short form
    int32_t clamp_min;
    int32_t clamp_max;
    uint32_t is_3x3; // of cvl_make_pooled: 3x3 windows side by side on an input of one channel
} cvl_pairs_t;

// Makes the values of all windows, of which there is at least one. The weights lie aligned, and
// all scales have a short form.
CVL_HOT void cvl_make_pairs(const cvl_pairs_t *pairs);

// The same for any scales, and for a file at any alignment.
CVL_HOT void cvl_make_any_pairs(const cvl_pairs_t *pairs);

// The same channel by channel, in half the room. The weights are int8[channels, words, 2], of
// which each 4 become two words of one channel; all scales have a short form.
CVL_HOT void cvl_make_singles(const cvl_pairs_t *pairs);

// The same with half the room whatever the processor.
CVL_HOT void cvl_make_singles_apart(const cvl_pairs_t *pairs);

// One window at `x` of those with weights that are words, at any alignment, without clamps: faster
// than cvl_make_pairs where weights are not worth a copy, or too many for one, as those of dense
// layers. Only for processors with the DSP extension.
CVL_HOT void cvl_make_dense_window(const cvl_pairs_t *pairs, const uint32_t *x, int8_t *out);

// Whether the processor has cvl_make_fives.
#define CVL_HAS_FIVES CVL_HAS_DSP
#define CVL_FIVE 5

// cvl_make_pairs for windows of one pixel each, and a multiple of 5 of them: with int8 weights and
// without clamps. The values, a multiple of 4, lie in `pixels`, each pixel's pixel_step bytes
// behind those of the one before it. `x` is scratch: uint32[words, CVL_FIVE].
CVL_HOT void cvl_make_fives(const cvl_pairs_t *pairs, const int8_t *pixels, uint32_t pixel_step);

// cvl_make_pairs for a multiple of 5 windows, without clamps, whose weights are words that lie
// aligned. `side_by_side` is scratch: uint32[words, CVL_FIVE].
CVL_HOT void cvl_make_fives_of_words(const cvl_pairs_t *pairs, uint32_t *side_by_side);

// The same for a convolution and the MAX_POOL_2D of 2x2 pixels behind it, at once: the first of
// each two sums is of the upper row of windows, the second of the lower one, and the greatest of
// those of two neighbouring windows becomes a value. Since no requantisation ever falls, that is
// the greatest of their values. The weights are uint32[channels, words, 2], and the step is that
// between neighbouring windows; all scales have a short form, and what the weights and the scales
// point to lies aligned.
CVL_HOT void cvl_make_pooled(const cvl_pairs_t *pairs);

#if CVL_HAS_DSP
CVL_HOT void cvl_make_pooled_3x3(const cvl_pairs_t *pairs);
#endif

// The same for a file at any alignment. A window has at most CVL_MOST_POOLED_WORDS.
CVL_HOT void cvl_make_any_pooled(const cvl_pairs_t *pairs);

// The windows of one row and one channel. pairs_armv6m.c reads it in this order.
typedef struct {
    const uint32_t *x;
    const uint32_t *w; // uint32[words]
    const uint32_t *w_end;
    uint32_t step; // words
    const uint32_t *x_end;
    const cvl_scale_t *scale;
    int8_t *out;
    uint32_t out_step;
} cvl_single_t;

CVL_HOT void cvl_make_single(const cvl_single_t *single);

#endif
