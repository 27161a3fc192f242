#include "prove.h"
#include "requantize.h"

static uint32_t saturate(uint64_t value) {
    return value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

cvl_status_t cvl_refuse(
    cvl_fault_t *fault, cvl_status_t status, uint64_t found, uint64_t expected) {
    fault->status = status;
    fault->found = saturate(found);
    fault->expected = saturate(expected);
    return status;
}

// Windows may lie anywhere: kernels skip what is outside the image. Only their size is bounded.
cvl_status_t cvl_prove_window(const cvl_proof_t *proof) {
    const cvl_operator_t *op = proof->op;
    CVL_CHECK(proof->fault, op->kernel_h >= 1 && op->kernel_h <= CVL_MAX_KERNEL_H, WINDOW,
        op->kernel_h, CVL_MAX_KERNEL_H);
    CVL_CHECK(proof->fault, op->kernel_w >= 1, WINDOW, op->kernel_w, UINT8_MAX);
    CVL_CHECK(proof->fault, op->stride_h >= 1 && op->stride_w >= 1, WINDOW, 0, UINT8_MAX);
    CVL_CHECK(proof->fault, op->dilation_h >= 1 && op->dilation_w >= 1, WINDOW, 0, UINT8_MAX);
    return CVL_OK;
}

cvl_status_t cvl_prove_whole(const cvl_proof_t *proof) {
    uint32_t kernel_h = proof->op->kernel_h;
    uint32_t kept = proof->source->ring_rows;
    CVL_CHECK(proof->fault, kernel_h == CVL_KERNEL_ALL, WINDOW, kernel_h, CVL_KERNEL_ALL);
    CVL_CHECK(proof->fault, kept == proof->source->height, WHOLE, kept, proof->source->height);
    return CVL_OK;
}

cvl_status_t cvl_prove_weights(const cvl_proof_t *proof, uint64_t kernel_bytes) {
    const cvl_operator_t *op = proof->op;
    uint64_t file_bytes = proof->model->header.file_bytes;
    CVL_CHECK(proof->fault, kernel_bytes >= 1 && kernel_bytes <= CVL_MAX_KERNEL_BYTES, WINDOW,
        kernel_bytes, CVL_MAX_KERNEL_BYTES);
    uint64_t weights_end = op->weights + op->channels * kernel_bytes;
    CVL_CHECK(proof->fault, weights_end <= file_bytes, WEIGHTS, weights_end, file_bytes);
    uint64_t table_end = op->table + (uint64_t)op->channels * CVL_CHANNEL_BYTES;
    CVL_CHECK(proof->fault, table_end <= file_bytes, QUANT_TABLE, table_end, file_bytes);
    const int8_t *shifts = cvl_requantizer_of(proof->model, op).shifts;
    for (uint32_t c = 0; c < op->channels; c++) {
        CVL_CHECK(proof->fault, shifts[c] <= 30, SHIFT, shifts[c], 30);
        CVL_CHECK(proof->fault, shifts[c] >= -31, SHIFT, -shifts[c], 31);
    }
    return CVL_OK;
}
