// What the portable ways of making pairs share.
#ifndef CVL_PAIRS_INLINE_H
#define CVL_PAIRS_INLINE_H

#include "pairs.h"
#include "requantize.h"

static inline uint32_t cvl_pair_of(int32_t x0, int32_t x1) {
    return (uint32_t)x0 + ((uint32_t)x1 << 16);
}

// The sum of both products.
static inline uint32_t cvl_products_of(uint32_t x, uint32_t w) {
    // Adding bit 15 to bits 16 to 31 is rounding to nearest.
    return (uint32_t)((int32_t)(x * w + 0x8000u) >> 16);
}

static inline bool cvl_has_short_form(const cvl_scale_t *scale) {
    return scale->shift != CVL_NO_SHORT_SCALE;
}

// The value of a sum, with the bias in it, by the short form. Unsigned, because a damaged file may
// hold any numbers.
static inline int8_t cvl_scale_shortly(const cvl_scale_t *scale, uint32_t sum) {
    int32_t s = (int32_t)sum;
    s = s < scale->least ? scale->least : s;
    s = s > scale->most ? scale->most : s;
    uint32_t low = (uint32_t)(s >> 3) * (uint32_t)scale->low;
    uint32_t all = (uint32_t)s * (uint32_t)scale->high + (uint32_t)((int32_t)low >> 13);
    all += (uint32_t)scale->offset - ((uint32_t)s >> 18);
    return (int8_t)((int32_t)all >> scale->shift);
}

#endif
