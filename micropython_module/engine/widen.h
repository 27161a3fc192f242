// Values of int8 become words of two, x0 + (x1 << 16): see pairs.h.
#ifndef CVL_WIDEN_H
#define CVL_WIDEN_H

#include <stdint.h>
#include "placement.h"

// 4 * count values at any alignment become words (x0, x2), (x1, x3) and so on.
CVL_HOT void cvl_widen_quads(uint32_t *to, const int8_t *from, uint32_t count);

// The same for values that lie aligned, at least 4.
CVL_HOT void cvl_widen_words(uint32_t *to, const uint32_t *from, uint32_t count);

// One value of each of two rows becomes the first word of each of `count` columns, which lie
// `step` words apart. A row that is NULL has `fill`.
CVL_HOT void cvl_widen_rows(uint32_t *to, uint32_t step, const int8_t *top, const int8_t *bottom,
    int32_t fill, uint32_t count);

// The same for two rows that are there.
CVL_HOT void cvl_widen_two_rows(
    uint32_t *to, uint32_t step, const int8_t *top, const int8_t *bottom, uint32_t count);

// `count` pixels of an even number of values become columns of `step` words.
CVL_HOT void cvl_widen_even(
    uint32_t *to, uint32_t step, const int8_t *from, uint32_t channels, uint32_t count);

// `count` pixels of `channels` values become columns of `step` words, of which they are values
// number `first` on; pixels NULL: all are `fill`.
CVL_HOT void cvl_widen_pixels(uint32_t *to, uint32_t step, uint32_t first, const int8_t *pixels,
    int8_t fill, uint32_t channels, uint32_t count);

#endif
