#include <string.h>
#include "internal.h"
#include "primitives.h"
#include "prove.h"
#include "requantize.h"

// A window of up to this many bytes is gathered into one piece: then the many short rows of a
// small kernel cost one loop instead of kernel_h.
#define GATHERED_BYTES 64

// The output channels of one group, which read the same input channels.
typedef struct {
    const cvl_task_t *task;
    cvl_requantizer_t requantizer;
    uint32_t channels_in; // of the group
    uint32_t first_in;
    uint32_t first;         // output channel
    uint32_t end;           // of the output channels
    const int8_t *weights;  // int8[end - first, kernel_h, kernel_w, channels_in]
    uint32_t kernel_bytes;  // of one output channel
    bool has_plain_columns; // but for the edges, a window is made of whole pieces of rows
} cvl_group_t;

// Input channels of a group: `parameter`, or all.
static uint32_t group_channels(const cvl_operator_t *op, const cvl_operator_t *source) {
    return op->parameter == 0 ? source->channels : op->parameter;
}

cvl_status_t cvl_conv2d_prove(const cvl_proof_t *proof) {
    const cvl_operator_t *op = proof->op;
    uint32_t channels_in = group_channels(op, proof->source);
    uint32_t groups = proof->source->channels / channels_in;
    bool whole_groups = proof->source->channels % channels_in == 0 && op->channels % groups == 0;
    CVL_CHECK(proof->fault, whole_groups, CHANNELS, op->channels, groups);
    CVL_TRY(cvl_prove_window(proof));
    // Of 8, 8 and 16 bits.
    return cvl_prove_weights(proof, (uint32_t)op->kernel_h * op->kernel_w * channels_in);
}

// The pixel of `row` in column x of the input, from the group's first channel on; NULL for a pixel
// of padding.
CVL_HOT static const int8_t *pixel_at(const cvl_group_t *group, const int8_t *row, int32_t x) {
    const cvl_operator_t *source = group->task->source;
    if (row == NULL || x < 0 || x >= source->width) {
        return NULL;
    }
    return row + (uint32_t)x * source->channels + group->first_in;
}

// Copies the window that begins at column x to `window`, with the zero point for what lies
// outside.
static void gather(const cvl_group_t *group, int32_t x, int8_t *window) {
    const cvl_operator_t *op = group->task->op;
    uint32_t channels = group->channels_in;
    for (uint32_t ky = 0; ky < op->kernel_h; ky++) {
        const int8_t *row = group->task->rows[ky];
        int32_t column = x;
        for (uint32_t kx = 0; kx < op->kernel_w; kx++, column += op->dilation_w) {
            const int8_t *pixel = pixel_at(group, row, column);
            if (pixel != NULL) {
                cvl_copy_s8(window, pixel, channels);
            } else {
                memset(window, op->zero_point_in, channels);
            }
            window += channels;
        }
    }
}

// The same for a window that lies inside the image: its rows are whole pieces.
static void gather_inside(const cvl_task_t *task, int32_t x, int8_t *window) {
    uint32_t span = task->op->kernel_w * (uint32_t)task->source->channels;
    uint32_t at = (uint32_t)x * task->source->channels;
    const int8_t *const *end = task->rows + task->op->kernel_h;
    for (const int8_t *const *row = task->rows; row < end; row++, window += span) {
        cvl_copy_s8(window, *row + at, span);
    }
}

// Two output channels are made together, here and below; the last one, if single, is made twice.
static void make_row_of_small_windows(const cvl_group_t *group) {
    const cvl_task_t *task = group->task;
    const cvl_operator_t *op = task->op;
    uint32_t kernel_bytes = group->kernel_bytes;
    bool whole_rows = group->has_plain_columns && cvl_rows_inside(task);
    int8_t window[GATHERED_BYTES];
    int8_t *out = task->out;
    int32_t x = -op->pad_left;
    for (uint32_t i = 0; i < op->width; i++, out += op->channels, x += op->stride_w) {
        if (whole_rows && x >= 0 && x + op->kernel_w <= task->source->width) {
            gather_inside(task, x, window);
        } else {
            gather(group, x, window);
        }
        const int8_t *w = group->weights;
        for (uint32_t c = group->first; c < group->end; c += 2, w += 2 * kernel_bytes) {
            uint32_t second = c + 1 < group->end;
            int32_t sums[2] = {0, 0};
            cvl_dot2_s8(window, w, w + second * kernel_bytes, kernel_bytes, sums);
            out[c] = cvl_finish(&group->requantizer, c, sums[0]);
            out[c + second] = cvl_finish(&group->requantizer, c + second, sums[1]);
        }
    }
}

// One kernel row at the left or right edge, with dilation or of one of several groups: tap by tap.
// A tap outside the image reads the zero point.
static void add_edge_row(const cvl_group_t *group, const int8_t *row, const int8_t *w0,
    const int8_t *w1, int32_t x, int32_t sums[2]) {
    const cvl_operator_t *op = group->task->op;
    uint32_t channels = group->channels_in;
    for (uint32_t kx = 0; kx < op->kernel_w; kx++) {
        const int8_t *pixel = pixel_at(group, row, x);
        if (pixel != NULL) {
            cvl_dot2_s8(pixel, w0, w1, channels, sums);
        } else {
            cvl_dot2_constant_s8(op->zero_point_in, w0, w1, channels, sums);
        }
        x += op->dilation_w;
        w0 += channels;
        w1 += channels;
    }
}

// Sums of products for one output pixel, whose window begins at column x of the input.
static void sum_window(
    const cvl_group_t *group, const int8_t *w0, const int8_t *w1, int32_t x, int32_t sums[2]) {
    const cvl_task_t *task = group->task;
    const cvl_operator_t *op = task->op;
    uint32_t channels = group->channels_in;
    uint32_t span = op->kernel_w * channels;
    bool inside = group->has_plain_columns && x >= 0 && x + op->kernel_w <= task->source->width;
    for (uint32_t ky = 0; ky < op->kernel_h; ky++, w0 += span, w1 += span) {
        const int8_t *row = task->rows[ky];
        if (inside && row != NULL) {
            cvl_dot2_s8(row + (uint32_t)x * channels, w0, w1, span, sums);
        } else {
            add_edge_row(group, row, w0, w1, x, sums);
        }
    }
}

// Channels outside, pixels inside: the weights of two channels are read again and again while they
// are in the cache.
static void make_row_of_large_windows(const cvl_group_t *group) {
    const cvl_operator_t *op = group->task->op;
    const int8_t *w = group->weights;
    for (uint32_t c = group->first; c < group->end; c += 2, w += 2 * group->kernel_bytes) {
        uint32_t second = c + 1 < group->end;
        int8_t *out = group->task->out + c;
        int32_t x = -op->pad_left;
        for (uint32_t i = 0; i < op->width; i++, out += op->channels, x += op->stride_w) {
            int32_t sums[2] = {0, 0};
            sum_window(group, w, w + second * group->kernel_bytes, x, sums);
            out[0] = cvl_finish(&group->requantizer, c, sums[0]);
            out[second] = cvl_finish(&group->requantizer, c + second, sums[1]);
        }
    }
}

// out[x, c] = requantise(bias[c] + sum over the window of input * weights[c]).
void cvl_conv2d_row(const cvl_task_t *task) {
    const cvl_operator_t *op = task->op;
    uint32_t channels_in = group_channels(op, task->source);
    uint32_t channels_out = (uint32_t)op->channels * channels_in / task->source->channels;
    cvl_group_t group = {
        .task = task,
        .requantizer = cvl_requantizer_of(task->model, op, op->channels),
        .channels_in = channels_in,
        .end = channels_out,
        .weights = (const int8_t *)task->model->file + op->weights,
        .kernel_bytes = (uint32_t)op->kernel_h * op->kernel_w * channels_in,
        .has_plain_columns = op->dilation_w == 1 && channels_in == task->source->channels,
    };
    while (group.first < op->channels) {
        if (group.kernel_bytes <= GATHERED_BYTES) {
            make_row_of_small_windows(&group);
        } else {
            make_row_of_large_windows(&group);
        }
        group.first = group.end;
        group.end += channels_out;
        group.first_in += channels_in;
        group.weights += channels_out * group.kernel_bytes;
    }
}
