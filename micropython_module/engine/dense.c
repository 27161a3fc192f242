#include "internal.h"
#include "primitives.h"
#include "prove.h"
#include "requantize.h"

cvl_status_t cvl_dense_prove(const cvl_proof_t *proof) {
    uint32_t own = cvl_tensor_bytes(proof->op);
    CVL_CHECK(proof->fault, own == proof->op->channels, CHANNELS, own, proof->op->channels);
    CVL_TRY(cvl_prove_whole(proof));
    return cvl_prove_weights(proof, cvl_tensor_bytes(proof->source));
}

// out[c] = requantise(bias[c] + sum of input * weights[c]) over the whole input, whose rows lie
// one behind the other. Two outputs are made together; the last one, if single, is made twice.
void cvl_dense_row(const cvl_task_t *task) {
    const cvl_operator_t *op = task->op;
    uint32_t count = cvl_tensor_bytes(task->source);
    const int8_t *weights = (const int8_t *)task->model->file + op->weights;
    cvl_requantizer_t requantizer = cvl_requantizer_of(task->model, op);
    for (uint32_t c = 0; c < op->channels; c += 2, weights += 2 * count) {
        uint32_t second = c + 1 < op->channels;
        int32_t sums[2] = {0, 0};
        cvl_dot2_s8(task->rows[0], weights, weights + second * count, count, sums);
        task->out[c] = cvl_finish(&requantizer, c, sums[0]);
        task->out[c + second] = cvl_finish(&requantizer, c + second, sums[1]);
    }
}
