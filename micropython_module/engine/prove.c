#include "prove.h"
#include "requantize.h"

cvl_status_t cvl_refuse(
    cvl_fault_t *fault, cvl_status_t status, uint32_t found, uint32_t expected) {
    fault->status = status;
    fault->found = found;
    fault->expected = expected;
    return status;
}

cvl_status_t cvl_prove_end(cvl_fault_t *fault, cvl_status_t error, uint64_t end, uint32_t limit) {
    return end <= limit ? CVL_OK : cvl_refuse(fault, error, cvl_saturate(end), limit);
}

// Windows may lie anywhere: kernels skip what is outside the image.
cvl_status_t cvl_prove_window(const cvl_proof_t *proof) {
    const cvl_operator_t *op = proof->op;
    uint32_t other = op->flags & (CVL_FLAG_ACCUMULATES | CVL_FLAG_MAPPED);
    CVL_CHECK(proof->fault, other == 0, FLAGS, op->flags, 0);
    CVL_CHECK(proof->fault, op->kernel_h >= 1, WINDOW, op->kernel_h, CVL_MAX_KERNEL_H);
    CVL_CHECK(proof->fault, op->kernel_w >= 1, WINDOW, op->kernel_w, UINT8_MAX);
    return CVL_OK;
}

cvl_status_t cvl_prove_whole(const cvl_proof_t *proof) {
    const cvl_operator_t *op = proof->op;
    uint32_t other = op->flags & (CVL_FLAG_ACCUMULATES | CVL_FLAG_MAPPED);
    CVL_CHECK(proof->fault, other == 0, FLAGS, op->flags, 0);
    CVL_CHECK(proof->fault, op->kernel_h == CVL_KERNEL_ALL, WINDOW, op->kernel_h, CVL_KERNEL_ALL);
    return CVL_OK;
}

cvl_status_t cvl_prove_place(
    const cvl_header_t *header, uint32_t offset, uint64_t bytes, cvl_fault_t *fault) {
    uint32_t state_bytes = header->operator_count * (uint32_t)sizeof(cvl_state_t);
    CVL_CHECK(fault, offset >= state_bytes, STATE, offset, state_bytes);
    return cvl_prove_end(fault, CVL_ERROR_RING, offset + bytes, header->arena_bytes);
}

cvl_status_t cvl_prove_scratch(const cvl_proof_t *proof, uint64_t bytes) {
    uint32_t scratch = proof->op->scratch;
    CVL_CHECK(proof->fault, scratch % sizeof(int32_t) == 0, ALIGNMENT, scratch % 4, 4);
    return cvl_prove_place(&proof->model->header, scratch, bytes, proof->fault);
}

cvl_status_t cvl_prove_table(const cvl_proof_t *proof, uint64_t bytes) {
    return cvl_prove_end(proof->fault, CVL_ERROR_QUANT_TABLE, proof->op->table + bytes,
        proof->model->header.file_bytes);
}

cvl_status_t cvl_prove_weights(const cvl_proof_t *proof, uint32_t kernel_bytes) {
    const cvl_operator_t *op = proof->op;
    CVL_CHECK(proof->fault, kernel_bytes >= 1 && kernel_bytes <= CVL_MAX_KERNEL_BYTES, WINDOW,
        kernel_bytes, CVL_MAX_KERNEL_BYTES);
    CVL_TRY(cvl_prove_end(proof->fault, CVL_ERROR_WEIGHTS,
        op->weights + (uint64_t)op->channels * kernel_bytes, proof->model->header.file_bytes));
    CVL_TRY(cvl_prove_table(proof, (uint64_t)op->channels * CVL_CHANNEL_BYTES));
    const int8_t *shifts = cvl_requantizer_of(proof->model, op).shifts;
    for (uint32_t c = 0; c < op->channels; c++) {
        CVL_CHECK(proof->fault, shifts[c] <= 30, SHIFT, (uint32_t)shifts[c], 30);
        CVL_CHECK(proof->fault, shifts[c] >= -31, SHIFT, (uint32_t)-shifts[c], 31);
    }
    return CVL_OK;
}
