#include <string.h>
#include "internal.h"
#include "prove.h"

// `parameter` is 0, or the height of the first input: then the second lies below it.
cvl_status_t cvl_concatenation_prove(const cvl_proof_t *proof) {
    const cvl_operator_t *op = proof->op;
    const cvl_operator_t *a = proof->source;
    const cvl_operator_t *b = proof->source_b;
    cvl_fault_t *fault = proof->fault;
    CVL_CHECK(fault, b != NULL, INPUT, op->input_b, op->input);
    CVL_TRY(cvl_prove_window(proof));
    bool row_for_row = op->kernel_h == 1 && op->stride_h == 1 && op->pad_top == 0;
    CVL_CHECK(fault, row_for_row, WINDOW, op->stride_h, 1);
    uint32_t row_bytes = cvl_row_bytes(a);
    uint32_t height = a->height;
    if (op->parameter == 0) {
        CVL_CHECK(fault, b->height == height, SHAPE, b->height, height);
        row_bytes += cvl_row_bytes(b);
    } else {
        CVL_CHECK(fault, op->parameter == height, SHAPE, op->parameter, height);
        CVL_CHECK(fault, cvl_row_bytes(b) == row_bytes, CHANNELS, cvl_row_bytes(b), row_bytes);
        height += b->height;
    }
    CVL_CHECK(fault, op->height == height, SHAPE, op->height, height);
    CVL_CHECK(fault, cvl_row_bytes(op) == row_bytes, CHANNELS, cvl_row_bytes(op), row_bytes);
    return CVL_OK;
}

// out[x] = a[x] and behind it b[x]; or, where they differ in width, all of a's row and behind it
// all of b's; or the row of the one that has this row. A damaged file may let the rings overlap.
void cvl_concatenation_row(const cvl_task_t *task) {
    const cvl_operator_t *op = task->op;
    bool in_pixels = op->parameter == 0 && op->width == task->source->width;
    uint32_t pieces = in_pixels ? op->width : 1;
    const int8_t *a = task->rows[0];
    const int8_t *b = task->row_b;
    uint32_t a_bytes = a == NULL ? 0 : cvl_row_bytes(task->source) / pieces;
    uint32_t b_bytes = b == NULL ? 0 : cvl_row_bytes(task->source_b) / pieces;
    int8_t *out = task->out;
    for (uint32_t i = 0; i < pieces; i++) {
        if (a_bytes > 0) {
            memmove(out, a + i * a_bytes, a_bytes);
        }
        if (b_bytes > 0) {
            memmove(out + a_bytes, b + i * b_bytes, b_bytes);
        }
        out += a_bytes + b_bytes;
    }
}
