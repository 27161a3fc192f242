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

// Of the pixels of one row.
static void keep_greater(int8_t *out, const int8_t *pixels, uint32_t count, uint32_t channels) {
    for (; count >= 2; count -= 2, pixels += 2 * channels) {
        cvl_keep_greater2_s8(out, pixels, channels, channels);
    }
    if (count > 0) {
        cvl_keep_greater_s8(out, pixels, channels);
    }
}

// out[x, c] = max over the part of the window that lies inside the image, clamped. An operator
// that accumulates has the maximum of the rows so far in `out`.
void cvl_max_pool_row(const cvl_task_t *task) {
    const cvl_operator_t *op = task->op;
    uint32_t channels = op->channels;
    uint32_t rows = cvl_accumulates(op) ? 1 : op->kernel_h;
    int8_t *out = task->out;
    if (cvl_begins(task)) {
        // The lower clamp is where the maximum may begin: it could not fall below it anyway.
        memset(out, op->clamp_min, cvl_row_bytes(op));
    }
    for (uint32_t i = 0; i < op->width; i++, out += channels) {
        cvl_columns_t columns = cvl_columns_of(op, i, task->source->width);
        for (uint32_t ky = 0; ky < rows; ky++) {
            if (task->rows[ky] != NULL) {
                keep_greater(
                    out, task->rows[ky] + columns.first * channels, columns.count, channels);
            }
        }
    }
    if (cvl_ends(task)) {
        clamp(task);
    }
}
