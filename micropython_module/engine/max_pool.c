#include <string.h>
#include "internal.h"
#include "primitives.h"
#include "prove.h"

cvl_status_t cvl_max_pool_prove(const cvl_proof_t *proof) {
    uint32_t channels = proof->source->channels;
    CVL_CHECK(
        proof->fault, proof->op->channels == channels, CHANNELS, proof->op->channels, channels);
    return cvl_prove_accumulable_window(proof, 0);
}

// Clamps the finished row from above.
static void clamp(const cvl_task_t *task) {
    int8_t most = task->op->clamp_max;
    uint32_t row_bytes = most < INT8_MAX ? cvl_row_bytes(task->op) : 0;
    for (uint32_t i = 0; i < row_bytes; i++) {
        if (task->out[i] > most) {
            task->out[i] = most;
        }
    }
}

// Of the pixels of one row that a window covers.
static void keep_greater(int8_t *out, const int8_t *pixels, uint32_t count, uint32_t channels) {
    for (; count >= 2; count -= 2, pixels += 2 * channels) {
        cvl_keep_greater2_s8(out, pixels, channels, channels);
    }
    if (count > 0) {
        cvl_keep_greater_s8(out, pixels, channels);
    }
}

// Of the pixels of one row, for all windows.
static void take_row(const cvl_task_t *task, const int8_t *row) {
    const cvl_operator_t *op = task->op;
    uint32_t channels = op->channels;
    int8_t *out = task->out;
    for (uint32_t i = 0; i < op->width; i++, out += channels) {
        cvl_columns_t columns = cvl_columns_of(op, i, task->source->width);
        keep_greater(out, row + columns.first * channels, columns.count, channels);
    }
}

// The same for windows of two pixels inside the image, of which most pools have no others.
static void take_row_of_twos(const cvl_task_t *task, const int8_t *row) {
    uint32_t channels = task->op->channels;
    uint32_t step = task->op->stride_w * channels;
    int8_t *end = task->out + cvl_row_bytes(task->op);
    for (int8_t *out = task->out; out != end; out += channels, row += step) {
        cvl_keep_greater2_s8(out, row, channels, channels);
    }
}

// out[x, c] = max over the part of the window that lies inside the image, clamped. An operator
// that accumulates has the maximum of the rows so far in `out`.
void cvl_max_pool_row(const cvl_task_t *task) {
    const cvl_operator_t *op = task->op;
    uint32_t rows = cvl_accumulates(op) ? 1 : op->kernel_h;
    bool twos = op->kernel_w == 2 && op->pad_left == 0 &&
                (op->width - 1u) * op->stride_w + 2 <= task->source->width;
    if (task->begins) {
        // The lower clamp is where the maximum may begin: it could not fall below it anyway.
        memset(task->out, op->clamp_min, cvl_row_bytes(op));
    }
    for (uint32_t ky = 0; ky < rows; ky++) {
        if (task->rows[ky] != NULL) {
            (twos ? take_row_of_twos : take_row)(task, task->rows[ky]);
        }
    }
    if (task->ends) {
        clamp(task);
    }
}
