#include <string.h>
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

// The channels that are made together, and their kernel.
typedef struct {
    const cvl_task_t *task;
    uint32_t first;              // channel
    const int8_t *weights;       // int8[kernel_h, kernel_w, channels] from that channel on
    int32_t padding_sums[BLOCK]; // of a window of zero points
} block_t;

// Adds the products of the taps from `first` to `end` of each kernel row that has a row; `x`: the
// column of the window's first tap. `zero` is taken from each value.
static CVL_INLINE void add_taps(const block_t *block, int32_t x, uint32_t first, uint32_t end,
    int32_t zero, int32_t sums[BLOCK]) {
    const cvl_task_t *task = block->task;
    const cvl_operator_t *op = task->op;
    uint32_t channels = op->channels;
    uint32_t step = op->dilation_w * channels;
    uint32_t at = ((uint32_t)x + first * op->dilation_w) * channels + block->first;
    const int8_t *kernel_row = block->weights + first * channels;
    int32_t sum0 = sums[0], sum1 = sums[1], sum2 = sums[2], sum3 = sums[3];
    for (uint32_t ky = 0; ky < op->kernel_h; ky++, kernel_row += op->kernel_w * channels) {
        if (task->rows[ky] == NULL) {
            continue;
        }
        const int8_t *pixel = task->rows[ky] + at;
        const int8_t *w = kernel_row;
        for (uint32_t taps = end - first; taps > 0; taps--, pixel += step, w += channels) {
            sum0 += (pixel[0] - zero) * w[0];
            sum1 += (pixel[1] - zero) * w[1];
            sum2 += (pixel[2] - zero) * w[2];
            sum3 += (pixel[3] - zero) * w[3];
        }
    }
    sums[0] = sum0;
    sums[1] = sum1;
    sums[2] = sum2;
    sums[3] = sum3;
}

CVL_HOT static CVL_NOINLINE void sum_inside(const block_t *block, int32_t x, int32_t sums[BLOCK]) {
    memset(sums, 0, BLOCK * sizeof *sums);
    add_taps(block, x, 0, block->task->op->kernel_w, 0, sums);
}

// The same where the kernel has one column, as those on series in time have.
CVL_HOT static CVL_NOINLINE void sum_column(const block_t *block, int32_t x, int32_t sums[BLOCK]) {
    uint32_t channels = block->task->op->channels;
    uint32_t at = (uint32_t)x * channels + block->first;
    const int8_t *const *row = block->task->rows;
    const int8_t *const *end = row + block->task->op->kernel_h;
    const int8_t *w = block->weights;
    int32_t sum0 = 0, sum1 = 0, sum2 = 0, sum3 = 0;
    do {
        const int8_t *pixel = *row++ + at;
        sum0 += pixel[0] * w[0];
        sum1 += pixel[1] * w[1];
        sum2 += pixel[2] * w[2];
        sum3 += pixel[3] * w[3];
        w += channels;
    } while (row != end);
    sums[0] = sum0;
    sums[1] = sum1;
    sums[2] = sum2;
    sums[3] = sum3;
}

// The same for a window at an edge: what its taps outside the image read are zero points.
CVL_HOT static CVL_NOINLINE void sum_edge(const block_t *block, int32_t x, int32_t sums[BLOCK]) {
    const cvl_operator_t *op = block->task->op;
    int32_t dilation = op->dilation_w;
    int32_t first = 0;
    int32_t end = op->kernel_w;
    for (int32_t column = x; first < end && column < 0; column += dilation) {
        first++;
    }
    int32_t width = block->task->source->width;
    for (int32_t column = x + (end - 1) * dilation; first < end && column >= width;
        column -= dilation) {
        end--;
    }
    memcpy(sums, block->padding_sums, BLOCK * sizeof *sums);
    if (first < end) {
        add_taps(block, x, (uint32_t)first, (uint32_t)end, op->zero_point_in, sums);
    }
}

CVL_HOT static CVL_NOINLINE void sum_padding(block_t *block) {
    const cvl_operator_t *op = block->task->op;
    const int8_t *w = block->weights;
    int32_t sums[BLOCK] = {0};
    for (uint32_t taps = (uint32_t)op->kernel_h * op->kernel_w; taps > 0;
        taps--, w += op->channels) {
        for (uint32_t i = 0; i < BLOCK; i++) {
            sums[i] += w[i];
        }
    }
    for (uint32_t i = 0; i < BLOCK; i++) {
        block->padding_sums[i] = sums[i] * op->zero_point_in;
    }
}

// out[x, c] = requantise(bias[c] + sum over the window of input[.., c] * weights[.., c]).
void cvl_depthwise_conv2d_row(const cvl_task_t *task) {
    const cvl_operator_t *op = task->op;
    cvl_requantizer_t requantizer = cvl_requantizer_of(task->model, op, op->channels);
    int32_t span = (op->kernel_w - 1) * op->dilation_w + 1;
    int32_t last_inside = cvl_rows_inside(task) ? task->source->width - span : -1;
    bool has_edges =
        op->pad_left > 0 || (op->width - 1) * op->stride_w - op->pad_left > last_inside;
    for (uint32_t begin = 0; begin < op->channels; begin += BLOCK) {
        uint32_t c = begin + BLOCK <= op->channels ? begin : (uint32_t)op->channels - BLOCK;
        block_t block = {.task = task, .first = c};
        block.weights = (const int8_t *)task->model->file + op->weights + c;
        if (has_edges) {
            sum_padding(&block);
        }
        int8_t *out = task->out + c;
        int32_t x = -op->pad_left;
        for (uint32_t i = 0; i < op->width; i++, out += op->channels, x += op->stride_w) {
            int32_t sums[BLOCK];
            if (x < 0 || x > last_inside) {
                sum_edge(&block, x, sums);
            } else if (op->kernel_w == 1) {
                sum_column(&block, x, sums);
            } else {
                sum_inside(&block, x, sums);
            }
            for (uint32_t k = 0; k < BLOCK; k++) {
                out[k] = cvl_finish(&requantizer, c + k, sums[k]);
            }
        }
    }
}
