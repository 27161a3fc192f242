// For a file that does not lie where words may lie: small and slow.
#include <string.h>
#include "pairs_inline.h"

void cvl_make_pairs_unaligned(const cvl_pairs_t *pairs, const uint8_t *weights) {
    uint32_t no_weights[4] = {0, 0, 0, 0};
    cvl_scale_t scales[2];
    cvl_pairs_t one = *pairs; // window, whose sums become biases
    one.w = no_weights;
    one.groups = 1;
    one.count = 1;
    one.scales = scales;
    for (uint32_t i = pairs->count; i > 0; i--, one.x += one.step, one.out += one.out_step) {
        memcpy(scales, pairs->scales, sizeof scales);
        for (uint32_t k = 0; k < 4 * pairs->groups; k++) {
            uint32_t w;
            memcpy(&w, weights + 4 * k, sizeof w);
            uint32_t sum = cvl_products_of(one.x[k / 4 * 2 + k % 2], w);
            cvl_scale_t *scale = &scales[k / 2 % 2];
            scale->bias = (int32_t)((uint32_t)scale->bias + sum);
        }
        cvl_make_pairs(&one);
    }
}
