#include "pairs_inline.h"

#if !CVL_HAS_ARMV6M

void cvl_make_pairs(const cvl_pairs_t *pairs) {
    const uint32_t *windows = pairs->x;
    int8_t *out = pairs->out;
    const cvl_scale_t *scales = pairs->scales;
    for (uint32_t i = pairs->count; i > 0; i--, windows += pairs->step, out += pairs->out_step) {
        const uint32_t *x = windows;
        const uint32_t *w = pairs->w;
        uint32_t sum0 = (uint32_t)scales[0].bias;
        uint32_t sum1 = (uint32_t)scales[1].bias;
        for (uint32_t g = pairs->groups; g > 0; g--, x += 2, w += 4) {
            sum0 += cvl_products_of(x[0], w[0]) + cvl_products_of(x[1], w[1]);
            sum1 += cvl_products_of(x[0], w[2]) + cvl_products_of(x[1], w[3]);
        }
        out[pairs->second] = cvl_scaled(pairs, &scales[1], sum1);
        out[0] = cvl_scaled(pairs, &scales[0], sum0);
    }
}

#endif
