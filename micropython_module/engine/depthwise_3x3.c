// DEPTHWISE_CONV_2D with a 3x3 filter and scratch for columns, which is faster: see filter3.h.
#include <string.h>
#include "filter3.h"
#include "internal.h"
#include "prove.h"

// Columns that the windows of a row cover, those inside the image, and those before it.
typedef struct {
    uint32_t all;
    uint32_t first; // pixel of the input
    uint32_t inside;
    uint32_t before;
} columns_t;

static columns_t columns_of(const cvl_operator_t *op, const cvl_operator_t *source) {
    uint32_t all = (op->width - 1u) * op->stride_w + 3;
    uint32_t first = op->pad_left < 0 ? (uint32_t)-op->pad_left : 0;
    uint32_t before = op->pad_left < 0 ? 0 : (uint32_t)op->pad_left;
    uint32_t behind = first < source->width ? source->width - first : 0;
    uint32_t rest = before < all ? all - before : 0;
    return (columns_t){all, first, behind < rest ? behind : rest, before};
}

static uint32_t weight_bytes(const cvl_operator_t *op) {
    uint32_t filters = (op->channels + CVL_FILTER3_CHANNELS - 1u) / CVL_FILTER3_CHANNELS;
    return filters * (uint32_t)CVL_FILTER3_BYTES;
}

// Of each row of windows the middle row lies inside the image, and the upper or the lower one.
static cvl_status_t prove_rows(const cvl_proof_t *proof) {
    const cvl_operator_t *op = proof->op;
    int32_t height = proof->source->height;
    for (uint32_t row = 0; row < op->height; row++) {
        int32_t top = cvl_first_row(op, row);
        int32_t middle = top + op->dilation_h;
        bool has_two = top >= 0 || middle + op->dilation_h < height;
        CVL_CHECK(
            proof->fault, middle >= 0 && middle < height && has_two, WINDOW, row, op->height);
    }
    return CVL_OK;
}

cvl_status_t cvl_depthwise_3x3_prove(const cvl_proof_t *proof) {
    const cvl_operator_t *op = proof->op;
    uint32_t channels = proof->source->channels;
    CVL_CHECK(proof->fault, op->channels == channels, CHANNELS, op->channels, channels);
    CVL_TRY(cvl_prove_window(proof));
    CVL_CHECK(proof->fault, !cvl_is_stream(proof->model), FLAGS, CVL_FLAG_STREAM, 0);
    CVL_CHECK(proof->fault, op->kernel_h == 3 && op->kernel_w == 3, WINDOW, op->kernel_h, 3);
    CVL_CHECK(proof->fault, op->stride_w <= 2, WINDOW, op->stride_w, 2);
    CVL_CHECK(proof->fault, op->dilation_w == 1, WINDOW, op->dilation_w, 1);
    CVL_TRY(prove_rows(proof));
    columns_t columns = columns_of(op, proof->source);
    CVL_CHECK(proof->fault, columns.inside >= 1, WINDOW, columns.inside, columns.all);
    uint32_t column_bytes = CVL_FILTER3_COLUMN_WORDS * sizeof(uint32_t);
    CVL_TRY(cvl_prove_scratch(proof, cvl_multiply(columns.all, column_bytes)));
    CVL_TRY(cvl_prove_constants(proof, CVL_ERROR_WEIGHTS, op->weights, weight_bytes(op)));
    CVL_TRY(cvl_prove_scales(proof, channels, false));
    return cvl_prove_copy(proof, weight_bytes(op), channels);
}

static void set_rows(cvl_filter3_t *filter, const cvl_task_t *task) {
    for (unsigned i = 0; i < 3; i++) {
        const int8_t *row = task->rows[i];
        filter->rows[i] =
            row == NULL ? (uintptr_t)(intptr_t)task->op->zero_point_in : (uintptr_t)row;
    }
    filter->missing = task->rows[0] == NULL   ? CVL_NO_TOP_ROW
                      : task->rows[2] == NULL ? CVL_NO_BOTTOM_ROW
                                              : CVL_ALL_ROWS;
}

// Channel by channel, with copies of the scales, which do not lie aligned.
static void make_unaligned(const cvl_filter3_t *all) {
    cvl_scale_t scale;
    cvl_filter3_t one = *all;
    one.scales = &scale;
    for (uint32_t c = 0; c < all->end; c++) {
        memcpy(&scale, (const uint8_t *)all->scales + c * sizeof scale, sizeof scale);
        one.channel = c;
        one.end = c + 1;
        cvl_make_filter3(&one);
    }
}

// out[x, c] = requantise(bias[c] + sum over the window of input[.., c] * weights[.., c]).
void cvl_depthwise_3x3_row(const cvl_task_t *task) {
    const cvl_operator_t *op = task->op;
    columns_t columns = columns_of(op, task->source);
    cvl_constants_t constants =
        cvl_constants_of(task, weight_bytes(op), op->channels * (uint32_t)sizeof(cvl_scale_t));
    cvl_filter3_t filter = {
        .first = columns.first * op->channels,
        .span = columns.inside * op->channels,
        .step = op->channels,
        .before = columns.before,
        .scratch = (uint32_t *)(void *)(task->model->arena + op->scratch),
        .columns = columns.all,
        .count = op->width,
        .stride = op->stride_w,
        .weights = (const int8_t *)constants.weights,
        .scales = (const cvl_scale_t *)(const void *)constants.table,
        .out = task->out,
        .out_step = op->channels,
        .end = op->channels,
        .zero_in = op->zero_point_in,
        .zero_point = op->zero_point_out,
        .clamp_min = op->clamp_min,
        .clamp_max = op->clamp_max,
    };
    set_rows(&filter, task);
    if ((uintptr_t)constants.table % sizeof(uint32_t) == 0) {
        cvl_make_filter3(&filter);
    } else {
        make_unaligned(&filter);
    }
}
