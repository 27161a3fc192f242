// One output channel at a time: where there is no room for the weights of two.
#include <string.h>
#include "pairs_inline.h"
#include "widen.h"

#if !CVL_HAS_ARMV6M

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

// Of the windows from x on.
static CVL_INLINE void make_windows(const cvl_single_t *single, const uint32_t *x, int8_t *out) {
    const uint32_t *x1 = x + single->step;
    const uint32_t *w_end = single->w_end;
    uint32_t words = (uint32_t)(w_end - single->w);
    uint32_t sum0 = cvl_first_sum(single->scale, words), sum1 = sum0;
#if CVL_WINDOWS == 4
    const uint32_t *x2 = x1 + single->step, *x3 = x2 + single->step;
    uint32_t sum2 = sum0, sum3 = sum0;
#endif
    for (const uint32_t *w = single->w; w != w_end; w += 2) {
        uint32_t w0 = w[0], w1 = w[1];
        sum0 = cvl_add_in_turn(cvl_add_in_turn(sum0, x[0], w0), x[1], w1);
        sum1 = cvl_add_in_turn(cvl_add_in_turn(sum1, x1[0], w0), x1[1], w1);
        x += 2, x1 += 2;
#if CVL_WINDOWS == 4
        sum2 = cvl_add_in_turn(cvl_add_in_turn(sum2, x2[0], w0), x2[1], w1);
        sum3 = cvl_add_in_turn(cvl_add_in_turn(sum3, x3[0], w0), x3[1], w1);
        x2 += 2, x3 += 2;
#endif
    }
#if CVL_WINDOWS == 4
    cvl_put_four(single->scale, out, single->out_step, sum0, sum1, sum2, sum3);
#else
    cvl_put_two(single->scale, out, single->out_step, sum0, sum1);
#endif
}

static CVL_INLINE void make_window(const cvl_single_t *single, const uint32_t *x, int8_t *out) {
    const uint32_t *w = single->w, *w_end = single->w_end;
    uint32_t sum = cvl_first_sum(single->scale, (uint32_t)(w_end - w));
    for (; w != w_end; w += 2, x += 2) {
        sum = cvl_add_in_turn(cvl_add_in_turn(sum, x[0], w[0]), x[1], w[1]);
    }
    *out = cvl_scale_shortly(single->scale, sum);
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
