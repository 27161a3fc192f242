// For functions that prove something of a file: what is wrong goes to a fault, and they return.
#ifndef CVL_PROVE_H
#define CVL_PROVE_H

#include "kernels.h"
#include "primitives.h"

#define CVL_CHECK(fault, condition, name, found_value, expected_value)                            \
    do {                                                                                          \
        if (!(condition)) {                                                                       \
            return cvl_refuse(fault, CVL_ERROR_##name, found_value, expected_value);              \
        }                                                                                         \
    } while (0)

// A model for which `condition` holds needs this feature, which the build may lack.
#define CVL_NEED(fault, condition, name)                                                          \
    do {                                                                                          \
        if (!CVL_WITH_##name && (condition)) {                                                    \
            return cvl_refuse_part(fault, CVL_FEATURE_##name);                                    \
        }                                                                                         \
    } while (0)

#define CVL_TRY(expression)                                                                       \
    do {                                                                                          \
        cvl_status_t tried_status = (expression);                                                 \
        if (tried_status != CVL_OK) {                                                             \
            return tried_status;                                                                  \
        }                                                                                         \
    } while (0)

// Fill the fault and return its status, which is not CVL_OK: an error, one of those of records in
// a build for a few models, and LEFT_OUT.
CVL_NOINLINE cvl_status_t cvl_fill_fault(
    cvl_fault_t *fault, cvl_status_t status, uint32_t found, uint32_t expected);
CVL_NOINLINE cvl_status_t cvl_fill_fault_of_record(cvl_fault_t *fault);
CVL_NOINLINE cvl_status_t cvl_fill_fault_of_part(cvl_fault_t *fault, uint32_t part);

// Tells the compiler, which then does not look whether it is.
static CVL_INLINE cvl_status_t cvl_not_ok(cvl_status_t status) {
#if defined(__GNUC__)
    if (status == CVL_OK) {
        __builtin_unreachable();
    }
#endif
    return status;
}

// Fills the fault. In a build for a few models all faults of records are alike, so that the
// compiler makes code for one.
static CVL_INLINE cvl_status_t cvl_refuse(
    cvl_fault_t *fault, cvl_status_t status, uint32_t found, uint32_t expected) {
    if (!CVL_WITH_OTHERS && status > CVL_ERROR_RECORD) {
        return cvl_not_ok(cvl_fill_fault_of_record(fault));
    }
    return cvl_not_ok(cvl_fill_fault(fault, status, found, expected));
}

static CVL_INLINE cvl_status_t cvl_refuse_part(cvl_fault_t *fault, uint32_t part) {
    return cvl_not_ok(cvl_fill_fault_of_part(fault, part));
}

// `bytes` bytes from `begin` on lie within `limit` bytes; else the fault is `error`. They may not
// fill them, which nothing does: a file begins with its header, an arena with its states. So what
// cvl_multiply saturated never passes.
cvl_status_t cvl_prove_range(
    cvl_fault_t *fault, cvl_status_t error, uint32_t begin, uint32_t bytes, uint32_t limit);

// a * b, or UINT32_MAX if it is greater.
uint32_t cvl_multiply(uint32_t a, uint32_t b);

// The operator's constants, `bytes` from `begin` on, lie in the file, or all in its head or all in
// the window.
cvl_status_t cvl_prove_constants(
    const cvl_proof_t *proof, cvl_status_t error, uint32_t begin, uint32_t bytes);

// For a fault, which holds 32 bits.
static inline uint32_t cvl_saturate(uint64_t value) {
    return value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

// The parts of the proof, in their order. cvl_prove_model needs all operators to be proved.
cvl_status_t cvl_prove_header(const cvl_model_t *model, size_t file_bytes, cvl_fault_t *fault);
cvl_status_t cvl_prove_records_end(const cvl_model_t *model, cvl_fault_t *fault);
cvl_status_t cvl_prove_operator(const cvl_model_t *model, unsigned index, cvl_fault_t *fault);
cvl_status_t cvl_prove_model(const cvl_model_t *model, cvl_fault_t *fault);

// The operator reads a window of rows, and not its input in one of the other ways.
cvl_status_t cvl_prove_window(const cvl_proof_t *proof);

// The operator, which accumulates, has so many bytes of scratch for what it has so far.
cvl_status_t cvl_prove_accumulator(const cvl_proof_t *proof, uint32_t bytes);

// cvl_prove_window, or the operator accumulates.
cvl_status_t cvl_prove_accumulable_window(const cvl_proof_t *proof, uint32_t accumulator_bytes);

// The operator makes each value from the same place of its input, which has its shape.
cvl_status_t cvl_prove_pixelwise(const cvl_proof_t *proof);

// The operator reads its whole input, which lies in the arena in one piece.
cvl_status_t cvl_prove_whole(const cvl_proof_t *proof);

// `bytes` bytes of tensors from `offset` on lie in the arena, and behind the engine's own.
cvl_status_t cvl_prove_place(
    const cvl_header_t *header, uint32_t offset, uint32_t bytes, cvl_fault_t *fault);

// The operator's scratch has that many bytes, and lies in the arena aligned to 4.
cvl_status_t cvl_prove_scratch(const cvl_proof_t *proof, uint32_t bytes);

// The operator's table has that many bytes.
cvl_status_t cvl_prove_table(const cvl_proof_t *proof, uint32_t bytes);

// A shift of cvl_requantize, at most `most`.
cvl_status_t cvl_prove_shift(const cvl_proof_t *proof, int32_t shift, int32_t most);

// The operator's table holds bias, multiplier and shift of that many channels.
cvl_status_t cvl_prove_requantizer(const cvl_proof_t *proof, uint32_t channels);

// The operator's table holds a scale for each of that many channels; `any`: also such without a
// short form.
cvl_status_t cvl_prove_scales(const cvl_proof_t *proof, uint32_t channels, bool any);

// The operator's scales are in the arena, with its weights of so many bytes, where its record says
// that they are copied.
cvl_status_t cvl_prove_copy(const cvl_proof_t *proof, uint32_t weights, uint32_t channels);

// Weights of kernel_bytes for each channel, and the table of cvl_prove_requantizer.
cvl_status_t cvl_prove_weights(const cvl_proof_t *proof, uint32_t kernel_bytes);

#endif
