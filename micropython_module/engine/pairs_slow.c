// For a file that does not lie where words may lie, and for scales without a short form.
#include <string.h>
#include "pairs_inline.h"

// As TFLM does it. The sum of the zero point is unsigned because a damaged file may hold any
// numbers.
static int8_t scaled(const cvl_pairs_t *pairs, const cvl_scale_t *scale, uint32_t sum) {
    if (cvl_has_short_form(scale)) {
        return cvl_scale_shortly(scale, sum);
    }
    int32_t scaled = cvl_requantize((int32_t)sum, scale->multiplier, -(int32_t)scale->right);
    int32_t value = (int32_t)((uint32_t)scaled + (uint32_t)pairs->zero_point);
    value = value < pairs->clamp_min ? pairs->clamp_min : value;
    return (int8_t)(value > pairs->clamp_max ? pairs->clamp_max : value);
}

void cvl_make_pairs_slowly(const cvl_pairs_t *pairs) {
    int8_t *out = pairs->out;
    for (const uint32_t *x = pairs->x; x != pairs->x_end; x += pairs->step) {
        uint32_t sums[2] = {(uint32_t)pairs->scales[0].bias, (uint32_t)pairs->scales[1].bias};
        for (uint32_t i = 0; i < pairs->words; i++) {
            uint32_t w[2];
            memcpy(w, pairs->weights + i * sizeof w, sizeof w);
            sums[0] += cvl_products_of(x[i], w[0]);
            sums[1] += cvl_products_of(x[i], w[1]);
        }
        for (uint32_t c = 0; c < pairs->channels; c++) {
            out[c] = scaled(pairs, &pairs->scales[c], sums[c]);
        }
        out += pairs->out_step;
    }
}
