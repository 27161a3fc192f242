// For a file that does not lie where words may lie, and for scales without a short form.
#include <string.h>
#include "pairs_inline.h"
#include "widen.h"

#if !CVL_HAS_DSP

// Of one or two channels, whose weights are words at any alignment.
static void make_pair_slowly(const cvl_pairs_t *pairs) {
    int8_t *out = pairs->out;
    for (const uint32_t *x = pairs->x; x != pairs->x_end; x += pairs->step) {
        uint32_t sums[2] = {(uint32_t)pairs->scales[0].bias, (uint32_t)pairs->scales[1].bias};
        for (uint32_t i = 0; i < pairs->words; i++) {
            uint32_t w[2];
            memcpy(w, pairs->weights + i * sizeof w, sizeof w);
            sums[0] = cvl_add_products(sums[0], x[i], w[0]);
            sums[1] = cvl_add_products(sums[1], x[i], w[1]);
        }
        for (uint32_t c = 0; c < pairs->channels; c++) {
            const cvl_scale_t *scale = &pairs->scales[c];
            out[c] = cvl_has_short_form(scale) ? cvl_scale_shortly(scale, sums[c])
                                               : cvl_scale_twice(scale, sums[c], pairs->zero_point,
                                                     pairs->clamp_min, pairs->clamp_max);
        }
        out += pairs->out_step;
    }
}

void cvl_make_any_pairs(const cvl_pairs_t *pairs) {
    cvl_scale_t scales[2];
    cvl_pairs_t pair = *pairs;
    pair.scales = scales;
    pair.room = NULL;
    bool has_room = CVL_WITH_BYTE_WEIGHTS && pairs->room != NULL;
    const uint8_t *table = (const uint8_t *)pairs->scales;
    const uint8_t *weights = pairs->weights;
    for (uint32_t c = 0; c < pairs->channels; c += 2, pair.out += 2, table += sizeof scales) {
        memcpy(scales, table, sizeof scales);
        pair.channels = c + 1 < pairs->channels ? 2 : 1;
        pair.weights = weights;
        weights += pairs->words * (has_room ? 4 : 8);
        if (has_room) {
            cvl_widen_quads(pairs->room, (const int8_t *)pair.weights, pairs->words);
            pair.weights = (const uint8_t *)pairs->room;
        }
        bool is_aligned = (uintptr_t)pair.weights % sizeof(uint32_t) == 0;
        if (is_aligned && cvl_has_short_form(&scales[0]) && cvl_has_short_form(&scales[1])) {
            cvl_make_pairs(&pair);
        } else {
            make_pair_slowly(&pair);
        }
    }
}

void cvl_make_any_pooled(const cvl_pairs_t *pairs) {
    uint32_t weights[2 * CVL_MOST_POOLED_WORDS];
    cvl_scale_t scale;
    cvl_pairs_t one = *pairs;
    uint32_t weight_bytes = pairs->words * 2 * (uint32_t)sizeof *weights;
    one.weights = (const uint8_t *)weights;
    one.scales = &scale;
    one.channels = 1;
    for (uint32_t c = 0; c < pairs->channels; c++, one.out++) {
        memcpy(weights, pairs->weights + c * weight_bytes, weight_bytes);
        memcpy(&scale, (const uint8_t *)pairs->scales + c * sizeof scale, sizeof scale);
        cvl_make_pooled(&one);
    }
}

#else

typedef int cvl_no_slow_pairs; // a C file needs a declaration

#endif
