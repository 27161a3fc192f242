// SOFTMAX over the channels of each pixel, as TFLM's reference_ops::Softmax computes it
// (tensorflow/lite/kernels/internal/reference/softmax.h) with gemmlowp's fixed-point numbers. The
// table holds int32 e^(-d * beta * scale) for d = 0 ... parameter - 1, with 31 bits behind the
// point; differences beyond give 0.
#include <string.h>
#include "internal.h"
#include "prove.h"
#include "requantize.h"

// With more, the sum of their exponentials, which has 19 bits behind the point, could leave 32.
#define MOST_CHANNELS 4095u
#define SUM_SHIFT 12

static uint32_t exponential(const cvl_model_t *model, const cvl_operator_t *op, uint32_t d) {
    uint32_t e = 0;
    if (d < op->parameter) {
        memcpy(&e, model->file + op->table + d * sizeof e, sizeof e);
    }
    return e;
}

cvl_status_t cvl_softmax_prove(const cvl_proof_t *proof) {
    const cvl_operator_t *op = proof->op;
    CVL_TRY(cvl_prove_pixelwise(proof));
    CVL_CHECK(proof->fault, op->channels <= MOST_CHANNELS, SHAPE, op->channels, MOST_CHANNELS);
    CVL_TRY(cvl_prove_table(proof, 4u * op->parameter));
    // The greatest value of a pixel counts 1, so that the sum is not 0.
    uint32_t first = exponential(proof->model, op, 0);
    CVL_CHECK(proof->fault, first == INT32_MAX, QUANT_TABLE, first, INT32_MAX);
    for (uint32_t d = 1; d < op->parameter; d++) {
        uint32_t e = exponential(proof->model, op, d);
        CVL_CHECK(proof->fault, e <= INT32_MAX, QUANT_TABLE, e, INT32_MAX);
    }
    return CVL_OK;
}

static int32_t shift_left_saturated(int32_t x, uint32_t bits) {
    int32_t limit = INT32_MAX >> bits;
    if (x > limit) {
        return INT32_MAX;
    }
    return x < -limit ? INT32_MIN : (int32_t)((uint32_t)x << bits);
}

// 2^31 / (1 + a / 2^31) of 0 <= a < 2^31 by Newton's division: gemmlowp's
// one_over_one_plus_x_for_x_in_0_1. x is 2 / (1 + a / 2^31) with 29 bits behind the point.
static int32_t reciprocal(uint32_t a) {
    int32_t half = (int32_t)((a >> 1) + (1u << 30));
    int32_t x = 1515870810 + cvl_multiply_high(half, -1010580540); // 48/17 - 32/17 * half
    for (uint32_t i = 0; i < 3; i++) {
        int32_t rest = (1 << 29) - cvl_multiply_high(half, x);
        x += shift_left_saturated(cvl_multiply_high(x, rest), 2);
    }
    return shift_left_saturated(x, 1);
}

static int32_t greatest(const int8_t *x, uint32_t count) {
    int32_t most = x[0];
    for (uint32_t c = 1; c < count; c++) {
        most = x[c] > most ? x[c] : most;
    }
    return most;
}

// x, out: int8[op->channels], may be the same.
static void make_pixel(
    const cvl_model_t *model, const cvl_operator_t *op, const int8_t *x, int8_t *out) {
    int32_t most = greatest(x, op->channels);
    uint32_t sum = 0;
    for (uint32_t c = 0; c < op->channels; c++) {
        uint32_t e = exponential(model, op, (uint32_t)(most - x[c]));
        sum += (e + (1u << (SUM_SHIFT - 1))) >> SUM_SHIFT;
    }
    // 1 / sum = factor * 2^-shift, where the sum's highest bit stands for 1.
    int32_t shift = 35;
    for (; sum < 1u << 31; sum <<= 1) {
        shift--;
    }
    int32_t factor = reciprocal(sum & INT32_MAX);
    shift = shift > 32 ? 32 : shift; // then all values are below 1/2 already
    for (uint32_t c = 0; c < op->channels; c++) {
        int32_t e = (int32_t)exponential(model, op, (uint32_t)(most - x[c]));
        int32_t value = cvl_requantize(e, factor, -shift);
        out[c] = (int8_t)(value > UINT8_MAX ? INT8_MAX : value + INT8_MIN);
    }
}

void cvl_softmax_row(const cvl_task_t *task) {
    const cvl_operator_t *op = task->op;
    for (uint32_t i = 0; i < cvl_row_bytes(op); i += op->channels) {
        make_pixel(task->model, op, task->rows[0] + i, task->out + i);
    }
}
