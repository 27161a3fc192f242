#include "filter3.h"
#include "pairs_inline.h"

#if !CVL_HAS_ARMV6M

// Value number `i` of a row, or the zero point.
static inline int32_t value_of(
    const cvl_filter3_t *filter, unsigned row, uint32_t i, bool missing) {
    uintptr_t at = filter->rows[row];
    return missing ? (int32_t)at : ((const int8_t *)at)[i];
}

static inline __attribute__((always_inline)) void gather_rows(
    const cvl_filter3_t *filter, uint32_t first, bool no_top, bool no_bottom) {
    uint32_t *to = filter->inside;
    for (uint32_t i = first; i < first + filter->span; i += filter->step, to += 2) {
        int32_t top = value_of(filter, 0, i, no_top);
        int32_t middle = value_of(filter, 1, i, false);
        to[0] = cvl_pair_of(top, middle);
        to[1] = (uint32_t)value_of(filter, 2, i, no_bottom);
    }
}

static void gather(const cvl_filter3_t *filter, uint32_t first) {
    if (filter->missing == CVL_NO_TOP_ROW) {
        gather_rows(filter, first, true, false);
    } else if (filter->missing == CVL_NO_BOTTOM_ROW) {
        gather_rows(filter, first, false, true);
    } else {
        gather_rows(filter, first, false, false);
    }
}

static void make_channel(
    const cvl_filter3_t *filter, const uint32_t *w, const cvl_scale_t *scale, int8_t *out) {
    uint32_t pair0 = cvl_weights_of(w[0]), pair1 = cvl_weights_of(w[1]),
             pair2 = cvl_weights_of(w[2]);
    uint32_t single0 = (uint32_t)(int8_t)w[3], single1 = (uint32_t)(int8_t)(w[3] >> 8),
             single2 = (uint32_t)(int8_t)(w[3] >> 16);
    uint32_t bias = (uint32_t)scale->bias;
    const uint32_t *x = filter->columns;
    uint32_t step = 2 * filter->stride;
    uint32_t out_step = filter->out_step;
    for (uint32_t count = (uint32_t)(filter->sums_end - filter->sums); count > 0; count--) {
        uint32_t sum = bias + x[1] * single0 + x[3] * single1 + x[5] * single2;
        sum = cvl_add_products(sum, x[0], pair0);
        sum = cvl_add_products(sum, x[2], pair1);
        sum = cvl_add_products(sum, x[4], pair2);
        *out = CVL_HAS_DSP ? cvl_scale_twice(scale, sum, filter->zero_point, filter->clamp_min,
                                 filter->clamp_max)
                           : cvl_scale_shortly(scale, sum);
        out += out_step;
        x += step;
    }
}

void cvl_make_filter3(const cvl_filter3_t *filter) {
    for (uint32_t c = 0; c < filter->channels; c++) {
        gather(filter, filter->first + c);
        make_channel(
            filter, filter->w + c * CVL_FILTER3_WORDS, filter->scales + c, filter->out + c);
    }
}

#endif
