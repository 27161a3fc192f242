#include "pairs_inline.h"
#include "widen.h"

#if !CVL_HAS_ARMV6M && !CVL_HAS_DSP

// One pair of channels, of which the second may not be wanted.
typedef struct {
    const cvl_scale_t *scales;
    int8_t *out;
    bool has_second;
} pair_t;

// The sums of one window.
typedef struct {
    uint32_t first;
    uint32_t second;
} sums_t;

static CVL_INLINE sums_t biases_of(const cvl_pairs_t *pairs, const pair_t *pair) {
    return (sums_t){cvl_first_sum(&pair->scales[0], pairs->words),
        cvl_first_sum(&pair->scales[1], pairs->words)};
}

// Adds a word of the window times those of both channels.
static CVL_INLINE void add(sums_t *sums, uint32_t values, uint32_t w0, uint32_t w1) {
    sums->first = cvl_add_in_turn(sums->first, values, w0);
    sums->second = cvl_add_in_turn(sums->second, values, w1);
}

static CVL_INLINE void make_window(
    const cvl_pairs_t *pairs, const uint32_t *w, pair_t *pair, const uint32_t *x) {
    const uint32_t *w_end = w + 2 * pairs->words;
    sums_t sums = biases_of(pairs, pair);
    for (; w != w_end; w += 4, x += 2) {
        add(&sums, x[0], w[0], w[1]);
        add(&sums, x[1], w[2], w[3]);
    }
    pair->out[0] = cvl_scale_shortly(&pair->scales[0], sums.first);
    if (pair->has_second) {
        pair->out[1] = cvl_scale_shortly(&pair->scales[1], sums.second);
    }
    pair->out += pairs->out_step;
}

static CVL_INLINE void make_windows(
    const cvl_pairs_t *pairs, const uint32_t *w, pair_t *pair, const uint32_t *x) {
    const uint32_t *w_end = w + 2 * pairs->words;
    const uint32_t *x1 = x + pairs->step;
    sums_t sums0 = biases_of(pairs, pair), sums1 = sums0;
#if CVL_WINDOWS == 4
    const uint32_t *x2 = x1 + pairs->step, *x3 = x2 + pairs->step;
    sums_t sums2 = sums0, sums3 = sums0;
#endif
    for (; w != w_end; w += 4) {
        uint32_t w0 = w[0], w1 = w[1];
        add(&sums0, x[0], w0, w1);
        add(&sums1, x1[0], w0, w1);
#if CVL_WINDOWS == 4
        add(&sums2, x2[0], w0, w1);
        add(&sums3, x3[0], w0, w1);
#endif
        w0 = w[2], w1 = w[3];
        add(&sums0, x[1], w0, w1);
        add(&sums1, x1[1], w0, w1);
        x += 2, x1 += 2;
#if CVL_WINDOWS == 4
        add(&sums2, x2[1], w0, w1);
        add(&sums3, x3[1], w0, w1);
        x2 += 2, x3 += 2;
#endif
    }
#if CVL_WINDOWS == 4
    cvl_put_four(&pair->scales[0], pair->out, pairs->out_step, sums0.first, sums1.first,
        sums2.first, sums3.first);
    if (pair->has_second) {
        cvl_put_four(&pair->scales[1], pair->out + 1, pairs->out_step, sums0.second, sums1.second,
            sums2.second, sums3.second);
    }
#else
    cvl_put_two(&pair->scales[0], pair->out, pairs->out_step, sums0.first, sums1.first);
    if (pair->has_second) {
        cvl_put_two(&pair->scales[1], pair->out + 1, pairs->out_step, sums0.second, sums1.second);
    }
#endif
    pair->out += CVL_WINDOWS * pairs->out_step;
}

static CVL_NOINLINE void make_pair(
    const cvl_pairs_t *pairs, const uint32_t *weights, uint32_t c, bool has_second) {
    pair_t pair = {pairs->scales + c, pairs->out + c, has_second};
    const uint32_t *x = pairs->x;
    uint32_t many = CVL_WINDOWS * pairs->step;
    for (; (uint32_t)(pairs->x_end - x) >= many; x += many) {
        make_windows(pairs, weights, &pair, x);
    }
    for (; x != pairs->x_end; x += pairs->step) {
        make_window(pairs, weights, &pair, x);
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
