#include "pairs_inline.h"

#if !CVL_HAS_ARMV6M && !CVL_HAS_DSP && !CVL_HAS_XTENSA

// The greatest of the sums of the window at x and of its neighbour.
static CVL_INLINE int32_t greatest(
    const cvl_pairs_t *pairs, const uint32_t *w, const uint32_t *x, uint32_t first) {
    const uint32_t *y = x + pairs->step;
    const uint32_t *w_end = w + 2 * pairs->words;
    uint32_t x0 = first, x1 = first, y0 = first, y1 = first;
    for (; w != w_end; w += 4, x += 2, y += 2) {
        x0 = cvl_add_products(cvl_add_products(x0, x[0], w[0]), x[1], w[2]);
        x1 = cvl_add_products(cvl_add_products(x1, x[0], w[1]), x[1], w[3]);
        y0 = cvl_add_products(cvl_add_products(y0, y[0], w[0]), y[1], w[2]);
        y1 = cvl_add_products(cvl_add_products(y1, y[0], w[1]), y[1], w[3]);
    }
    return cvl_greater((uint32_t)cvl_greater(x0, x1), (uint32_t)cvl_greater(y0, y1));
}

void cvl_make_pooled(const cvl_pairs_t *pairs) {
    cvl_make_pooled_with(pairs, greatest);
}

#else

typedef int cvl_no_pooled; // a C file needs a declaration

#endif
