#include "pairs_inline.h"
#include "widen.h"

#if !CVL_HAS_ARMV6M && !CVL_HAS_DSP

#if !CVL_HAS_XTENSA

// One pair of channels, of which the second may not be wanted.
typedef struct {
    const cvl_scale_t *scales;
    int8_t *out;
    bool has_second;
} pair_t;

// A window, how far the loop has come in it, and its sums of both channels.
typedef struct {
    const uint32_t *x;
    uint32_t first;
    uint32_t second;
} window_t;

static CVL_INLINE window_t window_at(
    const cvl_pairs_t *pairs, const pair_t *pair, const uint32_t *x) {
    return (window_t){x, cvl_first_sum(&pair->scales[0], pairs->words),
        cvl_first_sum(&pair->scales[1], pairs->words)};
}

// Adds the next word times those of both channels.
static CVL_INLINE void add(window_t *window, uint32_t w0, uint32_t w1) {
    uint32_t values = *window->x++;
    window->first = cvl_add_in_turn(window->first, values, w0);
    window->second = cvl_add_in_turn(window->second, values, w1);
}

static CVL_INLINE void make_window(
    const cvl_pairs_t *pairs, const uint32_t *w, pair_t *pair, const uint32_t *x) {
    const uint32_t *w_end = w + 2 * pairs->words;
    window_t window = window_at(pairs, pair, x);
    if (pairs->words % 4 != 0) {
        add(&window, w[0], w[1]);
        add(&window, w[2], w[3]);
        w += 4;
    }
    for (; w != w_end; w += 8) {
        add(&window, w[0], w[1]);
        add(&window, w[2], w[3]);
        add(&window, w[4], w[5]);
        add(&window, w[6], w[7]);
    }
    pair->out[0] = cvl_scale_shortly(&pair->scales[0], window.first);
    if (pair->has_second) {
        pair->out[1] = cvl_scale_shortly(&pair->scales[1], window.second);
    }
    pair->out += pairs->out_step;
}

// The next word of CVL_WINDOWS windows.
static CVL_INLINE void add_word(window_t windows[], uint32_t w0, uint32_t w1) {
    add(&windows[0], w0, w1);
    add(&windows[1], w0, w1);
    if (CVL_WINDOWS == 4) {
        add(&windows[2], w0, w1);
        add(&windows[3], w0, w1);
    }
}

static CVL_INLINE void add_two_words(window_t windows[], const uint32_t *w) {
    add_word(windows, w[0], w[1]);
    add_word(windows, w[2], w[3]);
}

static CVL_INLINE void make_windows(
    const cvl_pairs_t *pairs, const uint32_t *w, pair_t *pair, const uint32_t *x) {
    const uint32_t *w_end = w + 2 * pairs->words;
    uint32_t step = pairs->step;
    window_t windows[4];
    windows[0] = window_at(pairs, pair, x);
    windows[1] = window_at(pairs, pair, x + step);
    if (CVL_WINDOWS == 4) {
        windows[2] = window_at(pairs, pair, x + 2 * step);
        windows[3] = window_at(pairs, pair, x + 3 * step);
    }
    if (pairs->words % 4 != 0) {
        add_two_words(windows, w);
        w += 4;
    }
    for (; w != w_end; w += 8) {
        add_two_words(windows, w);
        add_two_words(windows, w + 4);
    }
    const window_t *win = windows;
#if CVL_WINDOWS == 4
    cvl_put_four(&pair->scales[0], pair->out, pairs->out_step, win[0].first, win[1].first,
        win[2].first, win[3].first);
    if (pair->has_second) {
        cvl_put_four(&pair->scales[1], pair->out + 1, pairs->out_step, win[0].second,
            win[1].second, win[2].second, win[3].second);
    }
#else
    cvl_put_two(&pair->scales[0], pair->out, pairs->out_step, win[0].first, win[1].first);
    if (pair->has_second) {
        cvl_put_two(
            &pair->scales[1], pair->out + 1, pairs->out_step, win[0].second, win[1].second);
    }
#endif
    pair->out += CVL_WINDOWS * pairs->out_step;
}

CVL_HOT void cvl_make_pair(
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

#endif

void cvl_make_pairs(const cvl_pairs_t *pairs) {
    const uint32_t *weights = (const uint32_t *)(const void *)pairs->weights;
    for (uint32_t c = 0; c < pairs->channels; c += 2) {
        if (pairs->room != NULL) {
            cvl_widen_words(pairs->room, weights, pairs->words);
            cvl_make_pair(pairs, pairs->room, c, c + 1 < pairs->channels);
            weights += pairs->words;
        } else {
            cvl_make_pair(pairs, weights, c, c + 1 < pairs->channels);
            weights += 2 * pairs->words;
        }
    }
}

#endif
