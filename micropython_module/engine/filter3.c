#include "filter3.h"
#include "pairs_inline.h"

void cvl_pad_filter3(const cvl_filter3_t *filter) {
    int32_t zero_point = filter->zero_in;
    uint32_t after = filter->before + filter->span / filter->step;
    uint32_t *to = filter->scratch;
    for (uint32_t i = 0; i < filter->columns; i++, to += 2) {
        if (i < filter->before || i >= after) {
            to[0] = cvl_pair_of(zero_point, zero_point);
            to[1] = (uint32_t)zero_point;
        }
    }
}

#if !CVL_HAS_ARMV6M

// Value number `i` of a row, or the zero point.
static inline int32_t value_of(uintptr_t row, uint32_t i, bool missing) {
    return missing ? (int32_t)row : ((const int8_t *)row)[i];
}

static inline __attribute__((always_inline)) void gather_rows(
    const cvl_filter3_t *filter, uint32_t first, bool no_top, bool no_bottom) {
    uint32_t *to = filter->scratch + 2 * filter->before;
    uint32_t step = filter->step, end = first + filter->span;
    uintptr_t upper = filter->rows[0], middle = filter->rows[1], lower = filter->rows[2];
    for (uint32_t i = first; i != end; i += step, to += 2) {
        int32_t top = value_of(upper, i, no_top);
        to[0] = cvl_pair_of(top, value_of(middle, i, false));
        to[1] = (uint32_t)value_of(lower, i, no_bottom);
    }
}

// The columns of one channel that lie inside the image, two words each.
static void gather(const cvl_filter3_t *filter, uint32_t first) {
    if (filter->missing == CVL_NO_TOP_ROW) {
        gather_rows(filter, first, true, false);
    } else if (filter->missing == CVL_NO_BOTTOM_ROW) {
        gather_rows(filter, first, false, true);
    } else {
        gather_rows(filter, first, false, false);
    }
}

// The weights of one channel: for each column a word of two and a single one.
typedef struct {
    uint32_t pairs[3];
    uint32_t singles[3];
} weights_t;

static weights_t weights_of(const cvl_filter3_t *filter, uint32_t channel) {
    const int8_t *all = filter->weights + channel / CVL_FILTER3_CHANNELS * CVL_FILTER3_BYTES;
    uint32_t c = channel % CVL_FILTER3_CHANNELS;
    const int8_t *upper = all + c / 2 * 4 + c % 2;
    const int8_t *lower = all + 6 * CVL_FILTER3_CHANNELS + c;
    weights_t weights;
    for (unsigned kx = 0; kx < 3; kx++, upper += 8, lower += 4) {
        uint32_t pair = (uint32_t)upper[0] + ((uint32_t)upper[2] << 16);
        weights.pairs[kx] = cvl_weights_of(pair);
        weights.singles[kx] = (uint32_t)lower[0];
    }
    return weights;
}

#if CVL_HAS_XTENSA

// The values of one channel's windows.
static void put_sums(const cvl_scale_t *scale, int8_t *out, uint32_t out_step,
    const uint32_t *sums, const uint32_t *end) {
    const cvl_scale_t copy = *scale; // out might lie in it, as far as the compiler knows
    for (; sums != end; sums++, out += out_step) {
        *out = cvl_scale_shortly(&copy, *sums);
    }
}

// All sums first: a loop that needs the weights and the scale lacks registers.
static void make_channel(const cvl_filter3_t *filter, uint32_t channel) {
    const weights_t w = weights_of(filter, channel);
    const cvl_scale_t *scale = &filter->scales[channel - filter->channel];
    uint32_t first = cvl_first_sum(scale, 3);
    const uint32_t *x = filter->scratch;
    uint32_t step = 2 * filter->stride;
    uint32_t *sums = filter->scratch + 2 * filter->columns;
    uint32_t *end = sums + filter->count;
    for (uint32_t *to = sums; to != end; to++, x += step) {
        uint32_t sum = cvl_add_in_turn(first + x[1] * w.singles[0], x[0], w.pairs[0]);
        sum = cvl_add_in_turn(sum + x[3] * w.singles[1], x[2], w.pairs[1]);
        *to = cvl_add_in_turn(sum + x[5] * w.singles[2], x[4], w.pairs[2]);
    }
    put_sums(scale, filter->out + channel, filter->out_step, sums, end);
}

#else

static void make_channel(const cvl_filter3_t *filter, uint32_t channel) {
    const weights_t w = weights_of(filter, channel);
    const cvl_scale_t *scale = &filter->scales[channel - filter->channel];
    uint32_t bias = (uint32_t)scale->bias;
    const uint32_t *x = filter->scratch;
    uint32_t step = 2 * filter->stride, out_step = filter->out_step;
    int8_t *out = filter->out + channel;
    for (uint32_t left = filter->count; left > 0; left--) {
        uint32_t sum = bias + x[1] * w.singles[0] + x[3] * w.singles[1] + x[5] * w.singles[2];
        sum = cvl_add_products(sum, x[0], w.pairs[0]);
        sum = cvl_add_products(sum, x[2], w.pairs[1]);
        sum = cvl_add_products(sum, x[4], w.pairs[2]);
        *out = cvl_scale_shortly(scale, sum);
        out += out_step;
        x += step;
    }
}

#endif

void cvl_make_filter3_singly(const cvl_filter3_t *filter) {
    cvl_pad_filter3(filter);
    for (uint32_t c = filter->channel; c < filter->end; c++) {
        gather(filter, filter->first + c);
        make_channel(filter, c);
    }
}

#if !CVL_HAS_DSP

void cvl_make_filter3(const cvl_filter3_t *filter) {
    cvl_make_filter3_singly(filter);
}

#endif
#endif
