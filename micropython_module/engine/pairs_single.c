// One output channel at a time: where there is no room for the weights of two.
#include <string.h>
#include "pairs_inline.h"
#include "widen.h"

#if !CVL_HAS_ARMV6M

void cvl_make_single(const cvl_single_t *single) {
    const cvl_scale_t *scale = single->scale;
    const uint32_t *w_end = single->w_end;
    int8_t *out = single->out;
    for (const uint32_t *x = single->x; x != single->x_end; x += single->step) {
        const uint32_t *next = x + single->step;
        bool two = next != single->x_end;
        const uint32_t *y = two ? next : x;
        uint32_t sum = (uint32_t)scale->bias, second = sum;
        const uint32_t *a = x;
        for (const uint32_t *w = single->w; w != w_end; w += 2, a += 2, y += 2) {
            sum = cvl_add_products(cvl_add_products(sum, a[0], w[0]), a[1], w[1]);
            second = cvl_add_products(cvl_add_products(second, y[0], w[0]), y[1], w[1]);
        }
        *out = cvl_scale_shortly(scale, sum);
        out += single->out_step;
        if (two) {
            *out = cvl_scale_shortly(scale, second);
            out += single->out_step;
            x = next;
        }
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
