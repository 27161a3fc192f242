// One output channel at a time: where there is no room for the weights of two.
#include <string.h>
#include "pairs_inline.h"
#include "widen.h"

#if !CVL_HAS_ARMV6M && !CVL_HAS_XTENSA

#if CVL_WINDOWS == 2

void cvl_put_two(
    const cvl_scale_t *scale, int8_t *out, uint32_t out_step, uint32_t sum0, uint32_t sum1) {
    const cvl_scale_t copy = *scale; // out might lie in it, as far as the compiler knows
    int8_t value = cvl_scale_shortly(&copy, sum0);
    out[out_step] = cvl_scale_shortly(&copy, sum1);
    out[0] = value;
}

#else

void cvl_put_four(const cvl_scale_t *scale, int8_t *out, uint32_t out_step, uint32_t sum0,
    uint32_t sum1, uint32_t sum2, uint32_t sum3) {
    const cvl_scale_t copy = *scale;
    *out = cvl_scale_shortly(&copy, sum0);
    out += out_step;
    *out = cvl_scale_shortly(&copy, sum1);
    out += out_step;
    *out = cvl_scale_shortly(&copy, sum2);
    out += out_step;
    *out = cvl_scale_shortly(&copy, sum3);
}

#endif

// A window, how far the loop has come in it, and its sum.
typedef struct {
    const uint32_t *x;
    uint32_t sum;
} window_t;

static CVL_INLINE window_t window_at(const cvl_single_t *single, const uint32_t *x) {
    return (window_t){x, cvl_first_sum(single->scale, (uint32_t)(single->w_end - single->w))};
}

// The next two words.
static CVL_INLINE void add(window_t *window, uint32_t w0, uint32_t w1) {
    window->sum = cvl_add_in_turn(window->sum, *window->x++, w0);
    window->sum = cvl_add_in_turn(window->sum, *window->x++, w1);
}

// The same of CVL_WINDOWS windows.
static CVL_INLINE void add_to_all(window_t windows[], const uint32_t *w) {
    uint32_t w0 = w[0], w1 = w[1];
    add(&windows[0], w0, w1);
    add(&windows[1], w0, w1);
    if (CVL_WINDOWS == 4) {
        add(&windows[2], w0, w1);
        add(&windows[3], w0, w1);
    }
}

static CVL_INLINE void make_windows(const cvl_single_t *single, const uint32_t *x, int8_t *out) {
    const uint32_t *w = single->w, *w_end = single->w_end;
    uint32_t step = single->step;
    window_t windows[4];
    windows[0] = window_at(single, x);
    windows[1] = window_at(single, x + step);
    if (CVL_WINDOWS == 4) {
        windows[2] = window_at(single, x + 2 * step);
        windows[3] = window_at(single, x + 3 * step);
    }
    if ((w_end - w) % 4 != 0) {
        add_to_all(windows, w);
        w += 2;
    }
    for (; w != w_end; w += 4) {
        add_to_all(windows, w);
        add_to_all(windows, w + 2);
    }
#if CVL_WINDOWS == 4
    cvl_put_four(single->scale, out, single->out_step, windows[0].sum, windows[1].sum,
        windows[2].sum, windows[3].sum);
#else
    cvl_put_two(single->scale, out, single->out_step, windows[0].sum, windows[1].sum);
#endif
}

static CVL_INLINE void make_window(const cvl_single_t *single, const uint32_t *x, int8_t *out) {
    const uint32_t *w = single->w, *w_end = single->w_end;
    window_t window = window_at(single, x);
    if ((w_end - w) % 4 != 0) {
        add(&window, w[0], w[1]);
        w += 2;
    }
    for (; w != w_end; w += 4) {
        add(&window, w[0], w[1]);
        add(&window, w[2], w[3]);
    }
    *out = cvl_scale_shortly(single->scale, window.sum);
}

void cvl_make_single(const cvl_single_t *single) {
    int8_t *out = single->out;
    const uint32_t *x = single->x;
    uint32_t many = CVL_WINDOWS * single->step;
    for (; (uint32_t)(single->x_end - x) >= many; x += many) {
        make_windows(single, x, out);
        out += CVL_WINDOWS * single->out_step;
    }
    for (; x != single->x_end; x += single->step) {
        make_window(single, x, out);
        out += single->out_step;
    }
}

#endif

void cvl_make_singles_apart(const cvl_pairs_t *pairs) {
    cvl_scale_t copy; // of a scale that does not lie aligned
    cvl_single_t single = {
        .x = pairs->x,
        .w = pairs->room,
        .w_end = pairs->room + pairs->words,
        .step = pairs->step,
        .x_end = pairs->x_end,
        .scale = &copy,
        .out = pairs->out,
        .out_step = pairs->out_step,
    };
    const int8_t *weights = (const int8_t *)pairs->weights;
    const uint8_t *table = (const uint8_t *)pairs->scales;
    for (uint32_t c = pairs->channels; c > 0; c--, single.out++) {
        if ((uintptr_t)table % sizeof(uint32_t) == 0) {
            single.scale = (const cvl_scale_t *)(const void *)table;
        } else {
            memcpy(&copy, table, sizeof copy);
        }
        cvl_widen_quads(pairs->room, weights, pairs->words / 2);
        cvl_make_single(&single);
        weights += 2 * pairs->words;
        table += sizeof copy;
    }
}

#if !CVL_HAS_DSP

void cvl_make_singles(const cvl_pairs_t *pairs) {
    cvl_make_singles_apart(pairs);
}

#endif
