// CONV_2D and FULLY_CONNECTED with scratch, which is faster. For each output row the values that
// it reads are widened to words of two (see pairs.h): those of one column of the padded image,
// from all rows of the window, lie together, and the columns side by side, so that each window is
// one piece of the scratch.
//
// A column's values are in the order of rows and channels; with a multiple of 4 channels value 1
// of each 4 changes places with value 2. The weights of two output channels alternate: two words
// for the first, two for the second, as many times as a window has two words. In the file they are
// words, or with CVL_WIDE_BYTES int8, of which 4 become two words in the scratch behind the
// columns. A weight is 0 where a column or window is filled up.
#include <string.h>
#include "internal.h"
#include "pairs.h"
#include "widen.h"
#include "prove.h"

// Sizes in words but for `channels`.
typedef struct {
    uint32_t channels; // values that lie together in a row of the input
    uint32_t rows;
    uint32_t column;
    uint32_t columns;
    uint32_t groups; // of two words, in a window
} shape_t;

static shape_t shape_of(const cvl_operator_t *op, const cvl_operator_t *source) {
    bool whole = op->kernel_h == CVL_KERNEL_ALL;
    uint32_t kernel_w = whole ? 1 : op->kernel_w;
    shape_t shape;
    shape.channels = whole ? cvl_tensor_bytes(source) : source->channels;
    shape.rows = whole ? 1 : op->kernel_h;
    shape.column = (shape.rows * shape.channels + 1) / 2;
    shape.columns = (op->width - 1u) * op->stride_w + kernel_w;
    shape.groups = (kernel_w * shape.column + 1) / 2;
    return shape;
}

static bool has_bytes(const cvl_operator_t *op) {
    return (op->parameter & CVL_WIDE_BYTES) != 0;
}

// Bytes of the weights of two channels.
static uint32_t pair_bytes(const cvl_operator_t *op, const shape_t *shape) {
    return shape->groups * (has_bytes(op) ? 8 : 16);
}

// The last window may end half a group behind the last column.
static uint64_t words_of_columns(const shape_t *shape) {
    return (uint64_t)shape->columns * shape->column + 1;
}

static cvl_status_t prove_scales(const cvl_proof_t *proof) {
    const cvl_operator_t *op = proof->op;
    uint32_t count = op->channels + op->channels % 2u;
    CVL_TRY(cvl_prove_table(proof, count * (uint64_t)sizeof(cvl_scale_t)));
    const uint8_t *at = proof->model->file + op->table + offsetof(cvl_scale_t, shift);
    for (uint32_t c = 0; c < count; c++, at += sizeof(cvl_scale_t)) {
        uint32_t shift;
        memcpy(&shift, at, sizeof shift);
        CVL_CHECK(proof->fault, shift < 64 && shift != 32, SHIFT, shift, 63);
    }
    return CVL_OK;
}

cvl_status_t cvl_conv2d_wide_prove(const cvl_proof_t *proof) {
    const cvl_operator_t *op = proof->op;
    bool whole = op->kernel_h == CVL_KERNEL_ALL;
    CVL_TRY(whole ? cvl_prove_whole(proof) : cvl_prove_window(proof));
    shape_t shape = shape_of(op, proof->source);
    uint64_t values = 4 * (uint64_t)shape.groups;
    CVL_CHECK(proof->fault, values <= CVL_MAX_KERNEL_BYTES, WINDOW, cvl_saturate(values),
        CVL_MAX_KERNEL_BYTES);
    uint64_t room = has_bytes(op) ? 16 * (uint64_t)shape.groups : 0;
    CVL_TRY(cvl_prove_scratch(proof, 4 * words_of_columns(&shape) + room));
    uint64_t weights = (op->channels + 1u) / 2 * (uint64_t)pair_bytes(op, &shape);
    CVL_TRY(cvl_prove_end(
        proof->fault, CVL_ERROR_WEIGHTS, op->weights + weights, proof->model->header.file_bytes));
    return prove_scales(proof);
}

// Where the pixels of a row of the window go.
typedef struct {
    const shape_t *shape;
    uint32_t *column; // the next one
    uint32_t first;   // number of the row's first value in a column
} widening_t;

// Puts pixels, which lie `step` bytes apart, into the next `count` columns; step 0: zero points.
static void widen(widening_t *to, const int8_t *from, uint32_t count, uint32_t step) {
    const shape_t *shape = to->shape;
    uint32_t channels = shape->channels;
    uint32_t *column = to->column;
    bool quads = channels % 4 == 0 && step != 0;
    to->column = column + count * shape->column;
    if (channels == 1) {
        cvl_widen_single(column, shape->column, to->first, from, count, step);
    } else if (quads && shape->rows == 1) {
        cvl_widen_quads(column, from, count * channels / 4);
    } else {
        for (; count > 0; count--, column += shape->column, from += step) {
            if (quads) {
                cvl_widen_quads(column + to->first / 2, from, channels / 4);
            } else {
                cvl_widen_pairs(column, to->first, from, channels, step != 0);
            }
        }
    }
}

static uint32_t least(uint32_t a, uint32_t b) {
    return a < b ? a : b;
}

// Widens the rows of the window, NULL is a row of zero points.
static void widen_rows(const cvl_task_t *task, const shape_t *shape, uint32_t *columns) {
    const cvl_operator_t *op = task->op;
    bool whole = op->kernel_h == CVL_KERNEL_ALL;
    int32_t left = whole ? 0 : op->pad_left;
    uint32_t width = whole ? 1 : task->source->width;
    uint32_t begin = left < 0 ? (uint32_t)-left : 0; // the first pixel that is read
    uint32_t before = left < 0 ? 0 : least((uint32_t)left, shape->columns);
    uint32_t inside = begin < width ? least(width - begin, shape->columns - before) : 0;
    widening_t to = {shape, columns, 0};
    const int8_t *fill = &op->zero_point_in;
    for (uint32_t ky = 0; ky < shape->rows; ky++, to.first += shape->channels) {
        const int8_t *row = task->rows[ky];
        uint32_t taken = 0;
        to.column = columns;
        if (row != NULL) {
            widen(&to, fill, before, 0);
            widen(&to, row + begin * shape->channels, inside, shape->channels);
            taken = before + inside;
        }
        widen(&to, fill, shape->columns - taken, 0);
    }
}

static bool is_aligned(const void *at) {
    return (uintptr_t)at % sizeof(uint32_t) == 0;
}

// out[x, c] = requantise(bias[c] + sum over the window of input * weights[c]).
void cvl_conv2d_wide_row(const cvl_task_t *task) {
    const cvl_operator_t *op = task->op;
    shape_t shape = shape_of(op, task->source);
    uint32_t *columns = (uint32_t *)(void *)(task->model->arena + op->scratch);
    uint32_t *room = columns + words_of_columns(&shape);
    widen_rows(task, &shape, columns);
    cvl_pairs_t pairs = {
        .x = columns,
        .w = room,
        .groups = shape.groups,
        .step = op->stride_w * shape.column,
        .count = op->width,
        .out_step = op->channels,
        .clamp_min = op->clamp_min,
        .clamp_max = op->clamp_max,
    };
    const uint8_t *weights = task->model->file + op->weights;
    const uint8_t *table = task->model->file + op->table;
    uint32_t weight_bytes = pair_bytes(op, &shape);
    for (uint32_t c = 0; c < op->channels; c += 2, weights += weight_bytes) {
        cvl_scale_t copies[2];
        pairs.scales = (const cvl_scale_t *)(const void *)table;
        if (!is_aligned(table)) {
            pairs.scales = memcpy(copies, table, sizeof copies);
        }
        table += sizeof copies;
        pairs.out = task->out + c;
        pairs.second = c + 1 < op->channels;
        if (has_bytes(op)) {
            cvl_widen_quads(room, (const int8_t *)weights, 2 * shape.groups);
        } else {
            pairs.w = (const uint32_t *)(const void *)weights;
        }
        if (is_aligned(pairs.w)) {
            cvl_make_pairs(&pairs);
        } else {
            cvl_make_pairs_unaligned(&pairs, weights);
        }
    }
}
