#include "internal.h"
#include "prove.h"
#include "requantize.h"

// So many channels are made together, with their sums in registers. The last block reaches back
// over channels that are made already where the number of channels is no multiple.
#define BLOCK 4

cvl_status_t cvl_depthwise_conv2d_prove(const cvl_proof_t *proof) {
    const cvl_operator_t *op = proof->op;
    uint32_t channels = proof->source->channels;
    CVL_CHECK(proof->fault, op->channels == channels, CHANNELS, op->channels, channels);
    CVL_CHECK(proof->fault, channels >= BLOCK, CHANNELS, channels, BLOCK);
    CVL_TRY(cvl_prove_window(proof));
    return cvl_prove_weights(proof, (uint64_t)op->kernel_h * op->kernel_w);
}

// Sums of products of the channels from `c` on, for a window that lies inside the image and begins
// at column x. w: int8[kernel_h, kernel_w, channels] from channel c on.
CVL_HOT static CVL_NOINLINE void sum_inside(
    const cvl_task_t *task, int32_t x, uint32_t c, const int8_t *w, int32_t sums[BLOCK]) {
    const cvl_operator_t *op = task->op;
    uint32_t channels = op->channels;
    uint32_t step = op->dilation_w * channels;
    uint32_t at = (uint32_t)x * channels + c;
    int32_t sum0 = 0, sum1 = 0, sum2 = 0, sum3 = 0;
    for (uint32_t ky = 0; ky < op->kernel_h; ky++) {
        const int8_t *pixel = task->rows[ky] + at;
        for (uint32_t kx = op->kernel_w; kx > 0; kx--, pixel += step, w += channels) {
            sum0 += pixel[0] * w[0];
            sum1 += pixel[1] * w[1];
            sum2 += pixel[2] * w[2];
            sum3 += pixel[3] * w[3];
        }
    }
    sums[0] = sum0;
    sums[1] = sum1;
    sums[2] = sum2;
    sums[3] = sum3;
}

// The same for a window at an edge: a tap outside the image reads zero points.
CVL_HOT static CVL_NOINLINE void sum_edge(
    const cvl_task_t *task, int32_t x, uint32_t c, const int8_t *w, int32_t sums[BLOCK]) {
    const cvl_operator_t *op = task->op;
    int8_t zero_point = op->zero_point_in;
    const int8_t padding[BLOCK] = {zero_point, zero_point, zero_point, zero_point};
    for (uint32_t i = 0; i < BLOCK; i++) {
        sums[i] = 0;
    }
    for (uint32_t ky = 0; ky < op->kernel_h; ky++) {
        const int8_t *row = task->rows[ky];
        int32_t column = x;
        for (uint32_t kx = 0; kx < op->kernel_w;
            kx++, column += op->dilation_w, w += op->channels) {
            bool inside = row != NULL && column >= 0 && column < task->source->width;
            const int8_t *pixel = inside ? row + (uint32_t)column * op->channels + c : padding;
            for (uint32_t i = 0; i < BLOCK; i++) {
                sums[i] += pixel[i] * w[i];
            }
        }
    }
}

// out[x, c] = requantise(bias[c] + sum over the window of input[.., c] * weights[.., c]).
void cvl_depthwise_conv2d_row(const cvl_task_t *task) {
    const cvl_operator_t *op = task->op;
    cvl_requantizer_t requantizer = cvl_requantizer_of(task->model, op, op->channels);
    int32_t span = (op->kernel_w - 1) * op->dilation_w + 1;
    int32_t last_inside = cvl_rows_inside(task) ? task->source->width - span : -1;
    for (uint32_t block = 0; block < op->channels; block += BLOCK) {
        uint32_t c = block + BLOCK <= op->channels ? block : (uint32_t)op->channels - BLOCK;
        const int8_t *w = (const int8_t *)task->model->file + op->weights + c;
        int8_t *out = task->out + c;
        int32_t x = -op->pad_left;
        for (uint32_t i = 0; i < op->width; i++, out += op->channels, x += op->stride_w) {
            int32_t sums[BLOCK];
            if (x >= 0 && x <= last_inside) {
                sum_inside(task, x, c, w, sums);
            } else {
                sum_edge(task, x, c, w, sums);
            }
            for (uint32_t k = 0; k < BLOCK; k++) {
                out[k] = cvl_finish(&requantizer, c + k, sums[k]);
            }
        }
    }
}
