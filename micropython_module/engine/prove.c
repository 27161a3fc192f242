#include "prove.h"
#include "requantize.h"

cvl_status_t cvl_fill_fault(
    cvl_fault_t *fault, cvl_status_t status, uint32_t found, uint32_t expected) {
    fault->status = status;
    fault->found = found;
    fault->expected = expected;
    return status;
}

cvl_status_t cvl_fill_fault_of_record(cvl_fault_t *fault) {
    return cvl_fill_fault(fault, CVL_ERROR_RECORD, 0, 0);
}

cvl_status_t cvl_fill_fault_of_part(cvl_fault_t *fault, uint32_t part) {
    return cvl_fill_fault(fault, CVL_ERROR_LEFT_OUT, part, 0);
}

cvl_status_t cvl_prove_range(
    cvl_fault_t *fault, cvl_status_t error, uint32_t begin, uint32_t bytes, uint32_t limit) {
    if (bytes < limit && begin <= limit - bytes) {
        return CVL_OK;
    }
    if (!CVL_WITH_OTHERS) { // `error` is not known here, but is one of those of records
        return cvl_fill_fault_of_record(fault);
    }
    return cvl_fill_fault(fault, error, cvl_saturate((uint64_t)begin + bytes), limit);
}

uint32_t cvl_multiply(uint32_t a, uint32_t b) {
    return cvl_saturate((uint64_t)a * b);
}

// Windows may lie anywhere: kernels skip what is outside the image.
cvl_status_t cvl_prove_window(const cvl_proof_t *proof) {
    const cvl_operator_t *op = proof->op;
    bool is_other = cvl_accumulates(op) || cvl_is_mapped(op);
    CVL_CHECK(proof->fault, !is_other, FLAGS, op->flags, 0);
    CVL_CHECK(proof->fault, op->kernel_h >= 1, WINDOW, op->kernel_h, CVL_MAX_KERNEL_H);
    CVL_CHECK(proof->fault, op->kernel_w >= 1, WINDOW, op->kernel_w, UINT8_MAX);
    return CVL_OK;
}

cvl_status_t cvl_prove_accumulator(const cvl_proof_t *proof, uint32_t bytes) {
    uint32_t mapped = proof->op->flags & CVL_FLAG_MAPPED;
    CVL_CHECK(proof->fault, mapped == 0, FLAGS, proof->op->flags, CVL_FLAG_ACCUMULATES);
    return bytes == 0 ? CVL_OK : cvl_prove_scratch(proof, bytes);
}

cvl_status_t cvl_prove_accumulable_window(const cvl_proof_t *proof, uint32_t accumulator_bytes) {
    const cvl_operator_t *op = proof->op;
    if (!cvl_accumulates(op)) {
        return cvl_prove_window(proof);
    }
    CVL_CHECK(proof->fault, op->kernel_w >= 1, WINDOW, op->kernel_w, UINT8_MAX);
    return cvl_prove_accumulator(proof, accumulator_bytes);
}

cvl_status_t cvl_prove_pixelwise(const cvl_proof_t *proof) {
    const cvl_operator_t *op = proof->op;
    const cvl_operator_t *source = proof->source;
    bool one_pixel = op->kernel_h == 1 && op->stride_h == 1 && op->pad_top == 0;
    CVL_CHECK(proof->fault, one_pixel, WINDOW, op->kernel_h, 1);
    CVL_CHECK(proof->fault, op->height == source->height, CHANNELS, op->height, source->height);
    CVL_CHECK(proof->fault, op->width == source->width, CHANNELS, op->width, source->width);
    CVL_CHECK(
        proof->fault, op->channels == source->channels, CHANNELS, op->channels, source->channels);
    return cvl_prove_window(proof);
}

cvl_status_t cvl_prove_whole(const cvl_proof_t *proof) {
    const cvl_operator_t *op = proof->op;
    bool is_other = cvl_accumulates(op) || cvl_is_mapped(op);
    CVL_CHECK(proof->fault, !is_other, FLAGS, op->flags, 0);
    CVL_CHECK(proof->fault, op->kernel_h == CVL_KERNEL_ALL, WINDOW, op->kernel_h, CVL_KERNEL_ALL);
    return CVL_OK;
}

cvl_status_t cvl_prove_place(
    const cvl_header_t *header, uint32_t offset, uint32_t bytes, cvl_fault_t *fault) {
    uint32_t state_bytes = header->operator_count * (uint32_t)sizeof(cvl_state_t);
    CVL_CHECK(fault, offset >= state_bytes, STATE, offset, state_bytes);
    return cvl_prove_range(fault, CVL_ERROR_RING, offset, bytes, header->arena_bytes);
}

cvl_status_t cvl_prove_scratch(const cvl_proof_t *proof, uint32_t bytes) {
    uint32_t scratch = proof->op->scratch;
    CVL_CHECK(proof->fault, scratch % sizeof(int32_t) == 0, ALIGNMENT, scratch % 4, 4);
    return cvl_prove_place(&proof->model->header, scratch, bytes, proof->fault);
}

cvl_status_t cvl_prove_constants(
    const cvl_proof_t *proof, cvl_status_t error, uint32_t begin, uint32_t bytes) {
    uint32_t limit = proof->model->header.file_bytes;
#if CVL_WITH_WINDOW
    // The records in RAM, and what follows the head there, are not those of the file.
    const cvl_window_t *window = proof->model->window;
    if (window != NULL && begin < window->begin) {
        uint32_t records = (uint32_t)cvl_operator_offset(proof->model->header.operator_count);
        CVL_CHECK(proof->fault, begin >= records, ORDER, begin, records);
        limit = cvl_least(limit, window->begin);
    }
#endif
    return cvl_prove_range(proof->fault, error, begin, bytes, limit);
}

cvl_status_t cvl_prove_table(const cvl_proof_t *proof, uint32_t bytes) {
    return cvl_prove_constants(proof, CVL_ERROR_QUANT_TABLE, proof->op->table, bytes);
}

cvl_status_t cvl_prove_shift(const cvl_proof_t *proof, int32_t shift, int32_t most) {
    CVL_CHECK(proof->fault, shift <= most, SHIFT, (uint32_t)shift, (uint32_t)most);
    CVL_CHECK(proof->fault, shift >= -31, SHIFT, (uint32_t)-shift, 31);
    return CVL_OK;
}

cvl_status_t cvl_prove_requantizer(const cvl_proof_t *proof, uint32_t channels) {
    CVL_TRY(cvl_prove_table(proof, channels * CVL_CHANNEL_BYTES));
    const int8_t *shifts = cvl_requantizer_of(proof->model, proof->op, channels).shifts;
    for (uint32_t c = 0; c < channels; c++) {
        CVL_TRY(cvl_prove_shift(proof, shifts[c], 30));
    }
    return CVL_OK;
}

cvl_status_t cvl_prove_scales(const cvl_proof_t *proof, uint32_t channels, bool any) {
    CVL_TRY(cvl_prove_table(proof, channels * (uint32_t)sizeof(cvl_scale_t)));
    const uint8_t *at = proof->model->file + proof->op->table;
    for (uint32_t c = 0; c < channels; c++, at += sizeof(cvl_scale_t)) {
        uint32_t shift = at[offsetof(cvl_scale_t, shift)];
        uint32_t right = at[offsetof(cvl_scale_t, right)];
        CVL_CHECK(
            proof->fault, shift < 32 || (any && shift == CVL_NO_SHORT_SCALE), SHIFT, shift, 31);
        CVL_CHECK(proof->fault, right >= 1 && right < 32, SHIFT, right, 31);
    }
    return CVL_OK;
}

cvl_status_t cvl_prove_copy(const cvl_proof_t *proof, uint32_t weights, uint32_t channels) {
    if (!CVL_WITH_COPIES || proof->op->copy == 0) {
        return CVL_OK;
    }
    uint32_t bytes = cvl_saturate((uint64_t)weights + channels * sizeof(cvl_scale_t));
    return cvl_prove_place(&proof->model->header, cvl_copy_offset(proof->op), bytes, proof->fault);
}

cvl_status_t cvl_prove_weights(const cvl_proof_t *proof, uint32_t kernel_bytes) {
    const cvl_operator_t *op = proof->op;
    CVL_CHECK(proof->fault, kernel_bytes >= 1 && kernel_bytes <= CVL_MAX_KERNEL_BYTES, WINDOW,
        kernel_bytes, CVL_MAX_KERNEL_BYTES);
    uint32_t bytes = cvl_multiply(op->channels, kernel_bytes);
    CVL_TRY(cvl_prove_constants(proof, CVL_ERROR_WEIGHTS, op->weights, bytes));
    return cvl_prove_requantizer(proof, op->channels);
}
