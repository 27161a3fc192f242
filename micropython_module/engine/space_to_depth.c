#include <string.h>
#include "internal.h"
#include "prove.h"

cvl_status_t cvl_space_to_depth_prove(const cvl_proof_t *proof) {
    const cvl_operator_t *op = proof->op;
    const cvl_operator_t *source = proof->source;
    cvl_fault_t *fault = proof->fault;
    CVL_TRY(cvl_prove_window(proof));
    bool side_by_side = op->stride_h == op->kernel_h && op->pad_top == 0 && op->dilation_h == 1;
    CVL_CHECK(fault, side_by_side, WINDOW, op->stride_h, op->kernel_h);
    uint32_t height = (uint32_t)op->height * op->kernel_h;
    uint32_t width = (uint32_t)op->width * op->kernel_w;
    uint32_t channels = (uint32_t)op->kernel_h * op->kernel_w * source->channels;
    CVL_CHECK(fault, height == source->height, SHAPE, height, source->height);
    CVL_CHECK(fault, width == source->width, SHAPE, width, source->width);
    CVL_CHECK(fault, channels == op->channels, CHANNELS, op->channels, channels);
    return CVL_OK;
}

// out[x] = the pixels of the block at x, row by row. No row is NULL: the blocks lie side by side.
void cvl_space_to_depth_row(const cvl_task_t *task) {
    const cvl_operator_t *op = task->op;
    uint32_t span = op->kernel_w * (uint32_t)task->source->channels;
    int8_t *out = task->out;
    for (uint32_t at = 0; at < span * op->width; at += span) {
        for (uint32_t ky = 0; ky < op->kernel_h; ky++, out += span) {
            memmove(out, task->rows[ky] + at, span); // a damaged file may let the rings overlap
        }
    }
}
