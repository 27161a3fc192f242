#include "pairs_inline.h"

#if !CVL_HAS_ARMV6M && !CVL_HAS_DSP && !CVL_HAS_XTENSA

static inline int32_t greater(uint32_t a, uint32_t b) {
    return (int32_t)a > (int32_t)b ? (int32_t)a : (int32_t)b;
}

// The greatest of the sums of the window at x and of its neighbour.
static inline int32_t greatest(
    const cvl_pairs_t *pairs, const uint32_t *w, const uint32_t *x, uint32_t bias) {
    const uint32_t *y = x + pairs->step;
    const uint32_t *w_end = w + 2 * pairs->words;
    uint32_t x0 = bias, x1 = bias, y0 = bias, y1 = bias;
    for (; w != w_end; w += 4, x += 2, y += 2) {
        x0 = cvl_add_products(cvl_add_products(x0, x[0], w[0]), x[1], w[2]);
        x1 = cvl_add_products(cvl_add_products(x1, x[0], w[1]), x[1], w[3]);
        y0 = cvl_add_products(cvl_add_products(y0, y[0], w[0]), y[1], w[2]);
        y1 = cvl_add_products(cvl_add_products(y1, y[0], w[1]), y[1], w[3]);
    }
    return greater((uint32_t)greater(x0, x1), (uint32_t)greater(y0, y1));
}

void cvl_make_pooled(const cvl_pairs_t *pairs) {
    const uint32_t *w = (const uint32_t *)(const void *)pairs->weights;
    const cvl_scale_t *scale = pairs->scales;
    for (uint32_t c = 0; c < pairs->channels; c++, scale++, w += 2 * pairs->words) {
        int8_t *out = pairs->out + c;
        for (const uint32_t *x = pairs->x; x != pairs->x_end; x += 2 * pairs->step) {
            int32_t sum = greatest(pairs, w, x, (uint32_t)scale->bias);
            *out = cvl_scale_shortly(scale, (uint32_t)sum);
            out += pairs->out_step;
        }
    }
}

#else

typedef int cvl_no_pooled; // a C file needs a declaration

#endif
