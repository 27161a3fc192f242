#include "pairs_inline.h"
#include "widen.h"

#if !CVL_HAS_ARMV6M && !CVL_HAS_DSP

// One pair of channels, of which the second may not be wanted.
typedef struct {
    const cvl_scale_t *scales;
    int8_t *out;
    bool has_second;
} pair_t;

static inline void put(pair_t *pair, uint32_t sum0, uint32_t sum1, uint32_t out_step) {
    pair->out[0] = cvl_scale_shortly(&pair->scales[0], sum0);
    if (pair->has_second) {
        pair->out[1] = cvl_scale_shortly(&pair->scales[1], sum1);
    }
    pair->out += out_step;
}

// Two windows share the loads of their weights.
static inline void make_two_windows(
    const cvl_pairs_t *pairs, const uint32_t *w, pair_t *pair, const uint32_t *x) {
    const uint32_t *y = x + pairs->step;
    const uint32_t *w_end = w + 2 * pairs->words;
    uint32_t x0 = (uint32_t)pair->scales[0].bias, x1 = (uint32_t)pair->scales[1].bias;
    uint32_t y0 = x0, y1 = x1;
    for (; w != w_end; w += 4, x += 2, y += 2) {
        x0 = cvl_add_products(cvl_add_products(x0, x[0], w[0]), x[1], w[2]);
        x1 = cvl_add_products(cvl_add_products(x1, x[0], w[1]), x[1], w[3]);
        y0 = cvl_add_products(cvl_add_products(y0, y[0], w[0]), y[1], w[2]);
        y1 = cvl_add_products(cvl_add_products(y1, y[0], w[1]), y[1], w[3]);
    }
    put(pair, x0, x1, pairs->out_step);
    put(pair, y0, y1, pairs->out_step);
}

static inline void make_window(
    const cvl_pairs_t *pairs, const uint32_t *w, pair_t *pair, const uint32_t *x) {
    const uint32_t *w_end = w + 2 * pairs->words;
    uint32_t x0 = (uint32_t)pair->scales[0].bias, x1 = (uint32_t)pair->scales[1].bias;
    for (; w != w_end; w += 4, x += 2) {
        x0 = cvl_add_products(cvl_add_products(x0, x[0], w[0]), x[1], w[2]);
        x1 = cvl_add_products(cvl_add_products(x1, x[0], w[1]), x[1], w[3]);
    }
    put(pair, x0, x1, pairs->out_step);
}

static CVL_NOINLINE void make_pair(
    const cvl_pairs_t *pairs, const uint32_t *weights, uint32_t c, bool has_second) {
    pair_t pair = {pairs->scales + c, pairs->out + c, has_second};
    const uint32_t *x = pairs->x;
    for (; x != pairs->x_end; x += pairs->step) {
        if (x + pairs->step != pairs->x_end) {
            make_two_windows(pairs, weights, &pair, x);
            x += pairs->step;
        } else {
            make_window(pairs, weights, &pair, x);
        }
    }
}

void cvl_make_pairs(const cvl_pairs_t *pairs) {
    const uint32_t *weights = (const uint32_t *)(const void *)pairs->weights;
    for (uint32_t c = 0; c < pairs->channels; c += 2) {
        if (pairs->room != NULL) {
            cvl_widen_words(pairs->room, weights, pairs->words);
            make_pair(pairs, pairs->room, c, c + 1 < pairs->channels);
            weights += pairs->words;
        } else {
            make_pair(pairs, weights, c, c + 1 < pairs->channels);
            weights += 2 * pairs->words;
        }
    }
}

#endif
