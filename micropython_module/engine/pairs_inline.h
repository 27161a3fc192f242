// What the portable ways of making pairs share.
#ifndef CVL_PAIRS_INLINE_H
#define CVL_PAIRS_INLINE_H

#include "pairs.h"
#include "requantize.h"

// The sum of both products.
static inline uint32_t cvl_products_of(uint32_t x, uint32_t w) {
    uint32_t product = x * w;
    return (uint32_t)((int32_t)product >> 16) + ((product >> 15) & 1);
}

// The value of a sum, with the bias in it. Unsigned, because a damaged file may hold any numbers.
static inline int8_t cvl_scaled(const cvl_pairs_t *pairs, const cvl_scale_t *scale, uint32_t sum) {
    int32_t value;
    if (scale->shift < 32) {
        uint32_t low = (uint32_t)((int32_t)sum >> 6) * scale->low;
        uint32_t all = sum * scale->high + (uint32_t)((int32_t)low >> 10);
        value = (int32_t)(all + (uint32_t)scale->offset) >> scale->shift;
    } else {
        int32_t shift = 32 - (int32_t)scale->shift;
        uint32_t scaled = (uint32_t)cvl_requantize((int32_t)sum, (int32_t)scale->high, shift);
        value = (int32_t)(scaled + (uint32_t)scale->offset);
    }
    value = value < pairs->clamp_min ? pairs->clamp_min : value;
    return (int8_t)(value > pairs->clamp_max ? pairs->clamp_max : value);
}

#endif
