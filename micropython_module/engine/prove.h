// For functions that prove something of a file: what is wrong goes to a fault, and they return.
#ifndef CVL_PROVE_H
#define CVL_PROVE_H

#include "kernels.h"

#define CVL_CHECK(fault, condition, name, found_value, expected_value)                            \
    do {                                                                                          \
        if (!(condition)) {                                                                       \
            return cvl_refuse(fault, CVL_ERROR_##name, found_value, expected_value);              \
        }                                                                                         \
    } while (0)

#define CVL_TRY(expression)                                                                       \
    do {                                                                                          \
        cvl_status_t tried_status = (expression);                                                 \
        if (tried_status != CVL_OK) {                                                             \
            return tried_status;                                                                  \
        }                                                                                         \
    } while (0)

// Fills the fault.
cvl_status_t cvl_refuse(
    cvl_fault_t *fault, cvl_status_t status, uint32_t found, uint32_t expected);

// What ends at byte `end` lies within `limit` bytes; else the fault is `error`.
cvl_status_t cvl_prove_end(cvl_fault_t *fault, cvl_status_t error, uint64_t end, uint32_t limit);

// For a fault, which holds 32 bits.
static inline uint32_t cvl_saturate(uint64_t value) {
    return value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

// The operator reads a window of rows, and not its input in one of the other ways.
cvl_status_t cvl_prove_window(const cvl_proof_t *proof);

// The operator reads its whole input, which lies in the arena in one piece.
cvl_status_t cvl_prove_whole(const cvl_proof_t *proof);

// `bytes` bytes of tensors from `offset` on lie in the arena, and behind the engine's own.
cvl_status_t cvl_prove_place(
    const cvl_header_t *header, uint32_t offset, uint64_t bytes, cvl_fault_t *fault);

// The operator's scratch has that many bytes, and lies in the arena aligned to 4.
cvl_status_t cvl_prove_scratch(const cvl_proof_t *proof, uint64_t bytes);

// The operator's table has that many bytes.
cvl_status_t cvl_prove_table(const cvl_proof_t *proof, uint64_t bytes);

// Weights of kernel_bytes for each channel, and the table of bias, multiplier and shift.
cvl_status_t cvl_prove_weights(const cvl_proof_t *proof, uint32_t kernel_bytes);

#endif
