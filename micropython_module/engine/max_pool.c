#include <string.h>
#include "internal.h"
#include "primitives.h"
#include "prove.h"

cvl_status_t cvl_max_pool_prove(const cvl_proof_t *proof) {
    uint32_t channels = proof->source->channels;
    CVL_CHECK(
        proof->fault, proof->op->channels == channels, CHANNELS, proof->op->channels, channels);
    return cvl_prove_window(proof);
}

// Keeps the greater of out[c] and pixel[c]; both int8[channels].
static CVL_NOINLINE void keep_greater(int8_t *out, const int8_t *pixel, uint32_t channels) {
    for (uint32_t c = 0; c < channels; c++) {
        if (pixel[c] > out[c]) {
            out[c] = pixel[c];
        }
    }
}

// out[x, c] = max over the part of the window that lies inside the image, clamped.
void cvl_max_pool_row(const cvl_task_t *task) {
    const cvl_operator_t *op = task->op;
    uint32_t channels = op->channels;
    int32_t width = task->source->width;
    int8_t *out = task->out;
    int32_t left = -op->pad_left;
    // The lower clamp is where the maximum may begin: it could not fall below it anyway.
    memset(out, op->clamp_min, cvl_row_bytes(op));
    for (uint32_t i = 0; i < op->width; i++, out += channels, left += op->stride_w) {
        int32_t first = left < 0 ? 0 : left;
        int32_t end = left + op->kernel_w > width ? width : left + op->kernel_w;
        for (uint32_t ky = 0; ky < op->kernel_h; ky++) {
            const int8_t *row = task->rows[ky];
            for (int32_t x = first; x < end && row != NULL; x++) {
                keep_greater(out, row + (uint32_t)x * channels, channels);
            }
        }
    }
    uint32_t row_bytes = op->clamp_max < INT8_MAX ? cvl_row_bytes(op) : 0;
    for (uint32_t i = 0; i < row_bytes; i++) {
        if (task->out[i] > op->clamp_max) {
            task->out[i] = op->clamp_max;
        }
    }
}
