// CONV_2D and FULLY_CONNECTED with scratch, which is faster. For each output row the values that
// it reads are widened to words of two (see pairs.h): those of one column of the padded image,
// from all rows of the window, lie together, and the columns side by side, so that each window is
// one piece of the scratch.
//
// A column's values are in the order of rows and channels; with a multiple of 4 channels value 1
// of each 4 changes places with value 2. The weights of two output channels alternate, word by
// word, as many times as a window has words. In the file they are words, or with CVL_WIDE_BYTES
// int8, of which 4 become two words in the scratch behind the columns. A weight is 0 where a
// column or window is filled up.
//
// With CVL_WIDE_SINGLE the channels are made one by one: pairs.h has the order of their weights.
// Where the record names a tile, so many pixels are made at a time: the scratch is smaller, but
// int8 weights are widened for each tile.
//
// CONV_2D_MAX_POOL has a MAX_POOL_2D of 2x2 pixels in it, so that the rows between them are never
// made. The record has the window of four neighbouring windows of the convolution, and its stride:
// twice the convolution's, which is so many rows and columns lower and narrower. A row of columns
// serves both rows of windows. Of each channel the weights of the upper one alternate with those
// of the lower one; both have as many rows as the record says, with weights of 0 where they end.
#include <string.h>
#include "internal.h"
#include "pairs_inline.h"
#include "widen.h"
#include "prove.h"

// Sizes in words but for `channels` and `tile`.
typedef struct {
    uint32_t channels; // values that lie together in a row of the input
    uint32_t rows;
    uint32_t column;
    uint32_t words; // of a window
    uint32_t tile;  // pixels that are made at a time
} shape_t;

// Of all columns: their bytes, and those of weights behind them, can then be counted.
#define MOST_WORDS (1u << 29)

static inline bool is_pooled(const cvl_operator_t *op) {
    return CVL_WITH_CONV_2D_MAX_POOL && op->code == CVL_OP_CONV_2D_MAX_POOL;
}

CVL_HOT static shape_t shape_of(const cvl_operator_t *op, const cvl_operator_t *source) {
    bool whole = op->kernel_h == CVL_KERNEL_ALL;
    uint32_t tile = op->parameter / CVL_WIDE_TILE;
    shape_t shape;
    shape.channels = whole ? cvl_tensor_bytes(source) : source->channels;
    shape.rows = whole ? 1 : op->kernel_h;
    shape.column = (shape.rows * shape.channels + 1) / 2;
    uint32_t kernel_w = op->kernel_w - (is_pooled(op) ? op->stride_w / 2u : 0);
    shape.words = (whole ? 1 : kernel_w) * shape.column;
    shape.words += shape.words % 2;
    shape.tile = !CVL_WITH_TILES || tile == 0 || tile > op->width ? op->width : tile;
    return shape;
}

static bool has_bytes(const cvl_operator_t *op) {
    return CVL_WITH_BYTE_WEIGHTS && (op->parameter & CVL_WIDE_BYTES) != 0;
}

static bool is_single(const cvl_operator_t *op) {
    return CVL_WITH_SINGLE_CHANNELS && (op->parameter & CVL_WIDE_SINGLE) != 0;
}

// Bytes of the weights of two channels, or of one for both rows of windows.
static uint32_t pair_bytes(const cvl_operator_t *op, const shape_t *shape) {
    return shape->words * (has_bytes(op) ? 4 : 8);
}

static uint32_t pair_count(const cvl_operator_t *op) {
    return is_pooled(op) ? op->channels : (op->channels + 1u) / 2;
}

static uint32_t scale_count(const cvl_operator_t *op) {
    return op->channels + op->channels % 2u;
}

// Columns that `pixels` neighbouring windows cover.
static uint32_t columns_of(const cvl_operator_t *op, uint32_t pixels) {
    uint32_t kernel_w = op->kernel_h == CVL_KERNEL_ALL ? 1 : op->kernel_w;
    return (pixels - 1) * op->stride_w + kernel_w;
}

// The last window may end one word behind the last column. Of a proved operator.
static uint32_t words_of_columns(const cvl_operator_t *op, const shape_t *shape) {
    return columns_of(op, shape->tile) * shape->column + 1;
}

// That the windows of the convolution follow from the record.
static cvl_status_t prove_pooled(const cvl_proof_t *proof) {
    const cvl_operator_t *op = proof->op;
    bool is_four =
        op->kernel_h != CVL_KERNEL_ALL && op->stride_w % 2 == 0 && op->kernel_w > op->stride_w / 2;
    CVL_CHECK(proof->fault, is_four, WINDOW, op->kernel_w, op->stride_w);
    uint32_t flags = op->parameter % CVL_WIDE_TILE;
    CVL_CHECK(proof->fault, flags == CVL_WIDE_SHORT, FLAGS, flags, CVL_WIDE_SHORT);
    return CVL_OK;
}

static bool has_short_scales(const cvl_operator_t *op) {
    return !CVL_WITH_LONG_SCALES || (op->parameter & (CVL_WIDE_SHORT | CVL_WIDE_SINGLE)) != 0;
}

// That the build has all forms that it needs.
static cvl_status_t prove_features(const cvl_proof_t *proof) {
    const cvl_operator_t *op = proof->op;
    cvl_fault_t *fault = proof->fault;
    bool whole = op->kernel_h == CVL_KERNEL_ALL;
    uint32_t channels = whole ? cvl_tensor_bytes(proof->source) : proof->source->channels;
    CVL_NEED(fault, op->parameter & CVL_WIDE_BYTES, BYTE_WEIGHTS);
    CVL_NEED(fault, op->parameter & CVL_WIDE_SINGLE, SINGLE_CHANNELS);
    CVL_NEED(fault, op->parameter >= CVL_WIDE_TILE, TILES);
    CVL_NEED(fault, (op->parameter & (CVL_WIDE_SHORT | CVL_WIDE_SINGLE)) == 0, LONG_SCALES);
    CVL_NEED(fault, channels > 1 && !(whole && channels % 4 == 0), ODD_PIXELS);
    CVL_NEED(fault, whole && op->width > 1, PADDING);
    CVL_NEED(fault, (op->weights | op->table) % sizeof(uint32_t) != 0, UNALIGNED_FILES);
    return CVL_OK;
}

cvl_status_t cvl_conv2d_wide_prove(const cvl_proof_t *proof) {
    const cvl_operator_t *op = proof->op;
    bool whole = op->kernel_h == CVL_KERNEL_ALL;
    if (is_pooled(op)) {
        CVL_TRY(prove_pooled(proof));
    }
    CVL_TRY(whole ? cvl_prove_whole(proof) : cvl_prove_window(proof));
    CVL_TRY(prove_features(proof));
    shape_t shape = shape_of(op, proof->source);
    uint32_t values = 2 * shape.words;
    uint32_t most = is_pooled(op) ? 2 * CVL_MOST_POOLED_WORDS : CVL_MAX_KERNEL_BYTES;
    CVL_CHECK(proof->fault, values <= most, WINDOW, values, most);
    uint32_t columns = cvl_multiply(columns_of(op, shape.tile), shape.column);
    CVL_CHECK(proof->fault, columns < MOST_WORDS, RING, columns, MOST_WORDS);
    CVL_CHECK(proof->fault, has_bytes(op) || !is_single(op), FLAGS, op->parameter, CVL_WIDE_BYTES);
    uint32_t room = has_bytes(op) ? shape.words * (is_single(op) ? 1 : 2) : 0; // for the weights
    CVL_TRY(cvl_prove_scratch(proof, 4 * (columns + 1 + room)));
    uint32_t weights = cvl_multiply(pair_count(op), pair_bytes(op, &shape));
    CVL_TRY(cvl_prove_constants(proof, CVL_ERROR_WEIGHTS, op->weights, weights));
    CVL_TRY(cvl_prove_scales(proof, scale_count(op), !has_short_scales(op)));
    return cvl_prove_copy(proof, weights, scale_count(op));
}

// Which columns of the padded image are widened, and which of them lie inside the image.
typedef struct {
    uint32_t *to;
    uint32_t before;
    uint32_t inside;
    uint32_t after;
    uint32_t first; // pixel inside
} columns_t;

// From column x of the input on.
static columns_t columns_at(const cvl_task_t *task, int32_t x, uint32_t count, uint32_t *to) {
    uint32_t width = task->op->kernel_h == CVL_KERNEL_ALL ? 1 : task->source->width;
    columns_t columns = {.to = to};
    if (!CVL_WITH_PADDING) {
        columns.inside = count;
        columns.first = (uint32_t)x;
        return columns;
    }
    columns.before = x < 0 ? cvl_least((uint32_t)-x, count) : 0;
    columns.first = x < 0 ? 0 : (uint32_t)x;
    uint32_t behind = columns.first < width ? width - columns.first : 0;
    columns.inside = cvl_least(behind, count - columns.before);
    columns.after = count - columns.before - columns.inside;
    return columns;
}

static void fill_words(uint32_t *to, uint32_t count, uint32_t word) {
    for (; count > 0; count--) {
        *to++ = word;
    }
}

// What lies beside the image has zero points.
static void fill_margins(const cvl_task_t *task, const shape_t *shape, const columns_t *columns) {
    int32_t fill = task->op->zero_point_in;
    uint32_t *after = columns->to + (columns->before + columns->inside) * shape->column;
    fill_words(columns->to, columns->before * shape->column, cvl_pair_of(fill, fill));
    fill_words(after, columns->after * shape->column, cvl_pair_of(fill, fill));
}

// An input of one channel: two rows become one word of each column.
static void widen_single(const cvl_task_t *task, const shape_t *shape, const columns_t *columns) {
    int32_t fill = task->op->zero_point_in;
    uint32_t step = shape->column;
    uint32_t *inside = columns->to + columns->before * step;
    for (uint32_t ky = 0; ky < shape->rows; ky += 2, inside++) {
        const int8_t *top = task->rows[ky];
        const int8_t *bottom =
            ky + 1 < shape->rows ? task->rows[ky + 1] : top; // its weights are 0
        if (!CVL_WITH_PADDING) {
            cvl_widen_two_rows(
                inside, step, top + columns->first, bottom + columns->first, columns->inside);
            continue;
        }
        top = top == NULL ? NULL : top + columns->first;
        bottom = bottom == NULL ? NULL : bottom + columns->first;
        cvl_widen_rows(inside, step, top, bottom, fill, columns->inside);
    }
}

static void widen_quads(const cvl_task_t *task, const shape_t *shape, const columns_t *columns) {
    uint32_t channels = shape->channels;
    uint32_t *row_to = columns->to;
    for (uint32_t ky = 0; ky < shape->rows; ky++, row_to += channels / 2) {
        if (task->rows[ky] == NULL || columns->inside == 0) {
            continue;
        }
        uint32_t *to = row_to + columns->before * shape->column;
        const int8_t *from = task->rows[ky] + columns->first * channels;
        if (shape->rows == 1) {
            cvl_widen_quads(to, from, columns->inside * channels / 4);
        } else {
            for (uint32_t i = columns->inside; i > 0; i--, to += shape->column, from += channels) {
                cvl_widen_quads(to, from, channels / 4);
            }
        }
    }
}

static void widen_pixels(const cvl_task_t *task, const shape_t *shape, const columns_t *columns) {
    bool quads = shape->channels % 4 == 0;
    uint32_t *inside = columns->to + columns->before * shape->column;
    uint32_t at = columns->first * shape->channels;
    for (uint32_t ky = 0; ky < shape->rows; ky++) {
        const int8_t *row = task->rows[ky];
        if (row == NULL || !quads) {
            cvl_widen_pixels(inside, shape->column, ky * shape->channels,
                row == NULL ? NULL : row + at, task->op->zero_point_in, shape->channels,
                columns->inside);
        }
    }
}

// Widens the columns. A row that is NULL has zero points.
static void widen(const cvl_task_t *task, const shape_t *shape, const columns_t *columns) {
    if (CVL_WITH_PADDING) {
        fill_margins(task, shape, columns);
    }
    if (shape->channels == 1) {
        widen_single(task, shape, columns);
        return;
    }
    if (!CVL_WITH_ODD_PIXELS) { // a whole input, which is one pixel
        if (!CVL_WITH_PADDING || columns->inside > 0) {
            cvl_widen_quads(columns->to, task->rows[0], shape->channels / 4);
        }
        return;
    }
    if (shape->channels % 4 == 0) {
        widen_quads(task, shape, columns);
    }
    widen_pixels(task, shape, columns);
}

#if CVL_HAS_FIVES

// Whether cvl_make_fives can make the row. Its scratch is at most what 3 pixels need otherwise.
static bool has_fives(const cvl_task_t *task, const shape_t *shape) {
    const cvl_operator_t *op = task->op;
    if (!has_bytes(op) || is_single(op) || op->kernel_w != 1 || shape->rows != 1) {
        return false;
    }
    bool is_inside = op->pad_left == 0 && columns_of(op, op->width) <= task->source->width;
    bool is_clamped = op->clamp_min > INT8_MIN || op->clamp_max < INT8_MAX;
    return is_inside && !is_clamped && task->rows[0] != NULL && shape->channels % 4 == 0 &&
           op->width % CVL_FIVE == 0 && shape->tile >= 3;
}

#endif

// out[x, c] = requantise(bias[c] + sum over the window of input * weights[c]).
void cvl_conv2d_wide_row(const cvl_task_t *task) {
    const cvl_operator_t *op = task->op;
    shape_t shape = shape_of(op, task->source);
    uint32_t *scratch = (uint32_t *)(void *)(task->model->arena + op->scratch);
    cvl_constants_t constants = cvl_constants_of(task, pair_count(op) * pair_bytes(op, &shape),
        scale_count(op) * (uint32_t)sizeof(cvl_scale_t));
    bool is_four = is_pooled(op); // windows of the convolution
    uint32_t step = op->stride_w * shape.column;
    // Not at once: what is left out would be filled with zeros by a call, for every row.
    cvl_pairs_t pairs;
    pairs.x = scratch;
    pairs.step = is_four ? step / 2 : step;
    pairs.words = shape.words;
    pairs.weights = constants.weights;
    pairs.room = has_bytes(op) ? scratch + words_of_columns(op, &shape) : NULL;
    pairs.scales = (const cvl_scale_t *)(const void *)constants.table;
    pairs.out = task->out;
    pairs.out_step = op->channels;
    pairs.channels = op->channels;
    if (CVL_HAS_DSP || CVL_WITH_LONG_SCALES) { // the others do not read them
        pairs.zero_point = op->zero_point_out;
        pairs.clamp_min = op->clamp_min;
        pairs.clamp_max = op->clamp_max;
    }
    if (CVL_HAS_DSP) {
        pairs.is_3x3 =
            is_four && shape.channels == 1 && shape.rows == 4 && shape.words == 6 && step == 4;
    }
    bool is_aligned = !CVL_WITH_UNALIGNED_FILES ||
                      ((uintptr_t)pairs.weights | (uintptr_t)pairs.scales) % sizeof(uint32_t) == 0;
    bool is_plain = is_aligned && has_short_scales(op);
    void (*make)(const cvl_pairs_t *) = is_single(op) ? cvl_make_singles
                                        : is_plain    ? cvl_make_pairs
                                                      : cvl_make_any_pairs;
#if CVL_HAS_FIVES
    if (is_aligned && has_fives(task, &shape)) {
        pairs.x_end = scratch + op->width * pairs.step;
        cvl_make_fives(&pairs, task->rows[0], op->stride_w * shape.channels);
        return;
    }
#endif
    if (is_four) {
        make = is_aligned ? cvl_make_pooled : cvl_make_any_pooled;
    }
    int32_t x = op->kernel_h == CVL_KERNEL_ALL ? 0 : -op->pad_left;
    for (uint32_t left = op->width;;) {
        uint32_t pixels = CVL_WITH_TILES ? cvl_least(shape.tile, left) : left;
        columns_t columns = columns_at(task, x, columns_of(op, pixels), scratch);
        widen(task, &shape, &columns);
        pairs.x_end = scratch + pixels * step;
        make(&pairs);
        left -= pixels;
        if (!CVL_WITH_TILES || left == 0) {
            return;
        }
        x += (int32_t)(pixels * op->stride_w);
        pairs.out += pixels * op->channels;
    }
}
