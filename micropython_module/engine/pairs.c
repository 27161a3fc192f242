#include "pairs_inline.h"

#if !CVL_HAS_ARMV6M

void cvl_make_pairs(const cvl_pairs_t *pairs) {
    const uint32_t *windows = pairs->x;
    const uint32_t *w_end = pairs->w_end;
    const cvl_scale_t *scales = pairs->scales;
    int8_t *out = pairs->out;
    do {
        const uint32_t *x = windows;
        uint32_t sum0 = (uint32_t)scales[0].bias;
        uint32_t sum1 = (uint32_t)scales[1].bias;
        for (const uint32_t *w = pairs->w; w < w_end; w += 4, x += 2) {
            sum0 += cvl_products_of(x[0], w[0]) + cvl_products_of(x[1], w[2]);
            sum1 += cvl_products_of(x[0], w[1]) + cvl_products_of(x[1], w[3]);
        }
        out[pairs->second] = cvl_scale_shortly(&scales[1], sum1);
        out[0] = cvl_scale_shortly(&scales[0], sum0);
        out += pairs->out_step;
        windows += pairs->step;
    } while (windows != pairs->x_end);
}

#endif
