#include <string.h>
#include "internal.h"
#include "primitives.h"
#include "prove.h"
#include "requantize.h"

// SUM and REDUCE_MAX over the width, the channels or both, of each row or of a window of rows, and
// with FLAG_ACCUMULATES of all rows. A MEAN is a SUM with other multipliers.

// A row of the input seen as int8[groups, count, stride]: value [group, i] of the output's row
// comes from the values [group, 0 .. count - 1, i].
typedef struct {
    uint32_t groups;
    uint32_t count;
    uint32_t stride;
} view_t;

static view_t view_of(const cvl_operator_t *op, const cvl_operator_t *source) {
    uint32_t count = cvl_row_bytes(source) / cvl_row_bytes(op);
    return (view_t){op->width, count, op->channels};
}

// `accumulator_bytes`: for each value of the output's row.
static cvl_status_t prove_reduction(const cvl_proof_t *proof, uint32_t accumulator_bytes) {
    const cvl_operator_t *op = proof->op;
    const cvl_operator_t *source = proof->source;
    bool width_fits = op->width == 1 || op->width == source->width;
    CVL_CHECK(proof->fault, width_fits, SHAPE, op->width, source->width);
    bool channels_fit = op->channels == 1 || op->channels == source->channels;
    CVL_CHECK(proof->fault, channels_fit, CHANNELS, op->channels, source->channels);
    if (cvl_accumulates(op)) {
        CVL_CHECK(
            proof->fault, op->kernel_h == CVL_KERNEL_ALL, WINDOW, op->kernel_h, CVL_KERNEL_ALL);
        return cvl_prove_accumulator(proof, cvl_multiply(cvl_row_bytes(op), accumulator_bytes));
    }
    CVL_TRY(cvl_prove_window(proof));
    CVL_CHECK(proof->fault, op->pad_top == 0, WINDOW, cvl_saturate((uint32_t)op->pad_top), 0);
    int32_t end = cvl_last_row(op, op->height - 1u) + 1;
    bool inside = end <= source->height || cvl_is_stream(proof->model);
    CVL_CHECK(proof->fault, inside, SHAPE, (uint32_t)end, source->height);
    return CVL_OK;
}

// Rows of a step.
static uint32_t rows_of(const cvl_task_t *task) {
    return cvl_accumulates(task->op) ? 1 : task->op->kernel_h;
}

cvl_status_t cvl_sum_prove(const cvl_proof_t *proof) {
    CVL_TRY(prove_reduction(proof, sizeof(int32_t)));
    return cvl_prove_requantizer(proof, 1);
}

cvl_status_t cvl_reduce_max_prove(const cvl_proof_t *proof) {
    return prove_reduction(proof, 0);
}

// out[group, i] = requantise(bias + sum): the table has one bias, multiplier and shift for all.
void cvl_sum_row(const cvl_task_t *task) {
    view_t view = view_of(task->op, task->source);
    cvl_requantizer_t requantizer = cvl_requantizer_of(task->model, task->op, 1);
    uint32_t rows = rows_of(task);
    uint32_t made = 0;
    for (uint32_t group = 0; group < view.groups; group++) {
        uint32_t at = group * view.count * view.stride;
        for (uint32_t i = 0; i < view.stride; i++, made++, at++) {
            uint32_t sum = 0;
            for (uint32_t ky = 0; ky < rows; ky++) {
                sum += cvl_sum_s8(task->rows[ky] + at, view.count, view.stride);
            }
            sum = cvl_accumulate(task, made, sum);
            if (task->ends) {
                task->out[made] = cvl_finish(&requantizer, 0, (int32_t)sum);
            }
        }
    }
}

// out[group, i] = max; the maximum of the rows so far lies in `out`.
void cvl_reduce_max_row(const cvl_task_t *task) {
    view_t view = view_of(task->op, task->source);
    if (task->begins) {
        memset(task->out, INT8_MIN, cvl_row_bytes(task->op));
    }
    for (uint32_t ky = 0; ky < rows_of(task); ky++) {
        const int8_t *x = task->rows[ky];
        int8_t *out = task->out;
        for (uint32_t group = 0; group < view.groups; group++, out += view.stride) {
            for (uint32_t k = 0; k < view.count; k++, x += view.stride) {
                cvl_keep_greater_s8(out, x, view.stride);
            }
        }
    }
}
