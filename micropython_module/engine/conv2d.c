#include "kernels.h"
#include "primitives.h"
#include "requantize.h"

// One kernel row at the left or right edge, or with dilation: tap by tap. A tap outside the image
// reads the zero point.
static int32_t edge_taps(
    const cvl_task_t *task, const int8_t *row, const int8_t *weights, int32_t x) {
    uint32_t channels = task->source.channels;
    int32_t sum = 0;
    for (uint32_t kx = 0; kx < task->op.kernel_w;
        kx++, weights += channels, x += task->op.dilation_w) {
        if (row != NULL && x >= 0 && x < task->source.width) {
            sum += cvl_dot_s8(row + (uint32_t)x * channels, weights, channels);
        } else {
            sum += task->op.zero_point_in * cvl_sum_s8(weights, channels);
        }
    }
    return sum;
}

// One output value before requantisation. weights: int8[kernel_h, kernel_w, channels of the
// input]; x: left column of the window.
static int32_t accumulate(const cvl_task_t *task, const int8_t *weights, int32_t x) {
    uint32_t span = (uint32_t)task->op.kernel_w * task->source.channels;
    bool inside =
        task->op.dilation_w == 1 && x >= 0 && x + task->op.kernel_w <= task->source.width;
    int32_t sum = 0;
    for (uint32_t ky = 0; ky < task->op.kernel_h; ky++, weights += span) {
        const int8_t *row = task->rows[ky];
        if (inside && row != NULL) {
            sum += cvl_dot_s8(row + (uint32_t)x * task->source.channels, weights, span);
        } else {
            sum += edge_taps(task, row, weights, x);
        }
    }
    return sum;
}

// out[x, c] = requantise(bias[c] + sum over the window of input * weights[c]), channel by channel.
void cvl_conv2d_row(const cvl_task_t *task) {
    const cvl_operator_t *op = &task->op;
    uint32_t kernel_bytes = (uint32_t)op->kernel_h * op->kernel_w * task->source.channels;
    const int8_t *weights = (const int8_t *)task->file + op->weights;
    for (uint32_t c = 0; c < op->channels; c++, weights += kernel_bytes) {
        cvl_channel_t channel;
        cvl_read_channel(task->file + op->table, op->channels, c, &channel);
        int8_t *out = task->out + c;
        int32_t x = -op->pad_left;
        for (uint32_t i = 0; i < op->width; i++, out += op->channels, x += op->stride_w) {
            *out = cvl_finish(accumulate(task, weights, x), &channel, op);
        }
    }
}
