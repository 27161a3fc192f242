#include "internal.h"
#include "primitives.h"
#include "prove.h"
#include "requantize.h"

cvl_status_t cvl_dense_prove(const cvl_proof_t *proof) {
    const cvl_operator_t *op = proof->op;
    uint32_t own = cvl_tensor_bytes(op);
    CVL_CHECK(proof->fault, own == op->channels, CHANNELS, own, op->channels);
    if (cvl_accumulates(op)) {
        CVL_CHECK(
            proof->fault, op->kernel_h == CVL_KERNEL_ALL, WINDOW, op->kernel_h, CVL_KERNEL_ALL);
        CVL_TRY(cvl_prove_accumulator(proof, op->channels * (uint32_t)sizeof(int32_t)));
    } else {
        CVL_TRY(cvl_prove_whole(proof));
    }
    return cvl_prove_weights(proof, cvl_tensor_bytes(proof->source));
}

// out[c] = requantise(bias[c] + sum of input * weights[c]) over the whole input, whose rows lie
// one behind the other or come one by one. Two outputs are made together; the last one, if single,
// is made twice; its sum in the scratch counts once.
void cvl_dense_row(const cvl_task_t *task) {
    const cvl_operator_t *op = task->op;
    uint32_t row_bytes = cvl_row_bytes(task->source);
    uint32_t all_bytes = task->source->height * row_bytes;
    uint32_t count = cvl_accumulates(op) ? row_bytes : all_bytes;
    uint32_t past = cvl_accumulates(op) ? task->step * row_bytes : 0;
    const int8_t *weights = (const int8_t *)task->model->file + op->weights + past;
    cvl_requantizer_t requantizer = cvl_requantizer_of(task->model, op, op->channels);
    for (uint32_t c = 0; c < op->channels; c += 2, weights += 2 * all_bytes) {
        uint32_t made = c + 1 < op->channels ? 2 : 1;
        int32_t sums[2] = {0, 0};
        cvl_dot2_s8(task->rows[0], weights, weights + (made - 1) * all_bytes, count, sums);
        for (uint32_t i = 0; i < made; i++) {
            int32_t sum = (int32_t)cvl_accumulate(task, c + i, (uint32_t)sums[i]);
            if (task->ends) {
                task->out[c + i] = cvl_finish(&requantizer, c + i, sum);
            }
        }
    }
}
