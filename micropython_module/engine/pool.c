#include "kernels.h"

// Keeps the greater of out[c] and pixel[c]; both int8[channels].
static void keep_greater(int8_t *out, const int8_t *pixel, uint32_t channels) {
    for (uint32_t c = 0; c < channels; c++) {
        if (pixel[c] > out[c]) {
            out[c] = pixel[c];
        }
    }
}

// out[x, c] = max over the part of the window that lies inside the image, clamped.
void cvl_max_pool_row(const cvl_task_t *task) {
    const cvl_operator_t *op = &task->op;
    uint32_t channels = op->channels;
    int8_t *out = task->out;
    int32_t left = -op->pad_left;
    for (uint32_t i = 0; i < op->width; i++, out += channels, left += op->stride_w) {
        // The lower clamp is where the maximum may begin: it could not fall below it anyway.
        for (uint32_t c = 0; c < channels; c++) {
            out[c] = op->clamp_min;
        }
        for (uint32_t ky = 0; ky < op->kernel_h; ky++) {
            for (int32_t x = left; x < left + op->kernel_w; x++) {
                if (task->rows[ky] != NULL && x >= 0 && x < task->source.width) {
                    keep_greater(out, task->rows[ky] + (uint32_t)x * channels, channels);
                }
            }
        }
        for (uint32_t c = 0; c < channels; c++) {
            if (out[c] > op->clamp_max) {
                out[c] = op->clamp_max;
            }
        }
    }
}
