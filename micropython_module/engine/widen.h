// Values of int8 become words of two, x0 + (x1 << 16): see pairs.h.
#ifndef CVL_WIDEN_H
#define CVL_WIDEN_H

#include <stdint.h>

// 4 * count values at any alignment become words (x0, x2), (x1, x3) and so on.
void cvl_widen_quads(uint32_t *to, const int8_t *from, uint32_t count);

// Puts values into a column, from its value number `first` on; step 0 repeats one value.
void cvl_widen_pairs(
    uint32_t *column, uint32_t first, const int8_t *from, uint32_t count, uint32_t step);

// Puts one value into each of `count` columns, as their value number `first`; values lie `step`
// apart.
void cvl_widen_single(uint32_t *column, uint32_t column_words, uint32_t first, const int8_t *from,
    uint32_t count, uint32_t step);

#endif
