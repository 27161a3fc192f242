#include "pairs_inline.h"
#include "widen.h"

#if !CVL_HAS_ARMV6M && !CVL_HAS_DSP

// One pair of channels, of which the second may not be wanted.
static CVL_NOINLINE void make_pair(
    const cvl_pairs_t *pairs, const uint32_t *weights, uint32_t c, bool has_second) {
    const cvl_scale_t *scales = pairs->scales + c;
    const uint32_t *w_end = weights + 2 * pairs->words;
    int8_t *out = pairs->out + c;
    for (const uint32_t *window = pairs->x; window != pairs->x_end; window += pairs->step) {
        const uint32_t *x = window;
        uint32_t sum0 = (uint32_t)scales[0].bias;
        uint32_t sum1 = (uint32_t)scales[1].bias;
        for (const uint32_t *w = weights; w < w_end; w += 4, x += 2) {
            sum0 = cvl_add_products(cvl_add_products(sum0, x[0], w[0]), x[1], w[2]);
            sum1 = cvl_add_products(cvl_add_products(sum1, x[0], w[1]), x[1], w[3]);
        }
        out[0] = cvl_scale_shortly(&scales[0], sum0);
        if (has_second) {
            out[1] = cvl_scale_shortly(&scales[1], sum1);
        }
        out += pairs->out_step;
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
