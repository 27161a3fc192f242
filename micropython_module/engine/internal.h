// What the engine's files share with each other only.
#ifndef CVL_INTERNAL_H
#define CVL_INTERNAL_H

#include <stdbool.h>
#include "convlet.h"

// CRC-32 of `data` behind bytes whose CRC-32 is `crc` (0 to begin).
uint32_t cvl_crc32(uint32_t crc, const uint8_t *data, size_t bytes);

// File offset of record `index` of each table.
static inline size_t cvl_operator_offset(unsigned index) {
    return sizeof(cvl_header_t) + index * sizeof(cvl_operator_t);
}

static inline size_t cvl_port_offset(const cvl_header_t *header, unsigned index) {
    return cvl_operator_offset(header->operator_count) + index * sizeof(cvl_port_t);
}

static inline size_t cvl_goal_offset(const cvl_header_t *header, unsigned index) {
    unsigned ports = (unsigned)header->input_count + header->output_count;
    return cvl_port_offset(header, ports) + index * sizeof(uint16_t);
}

// File offset of the seed of test vector `index`, which its checksums follow.
static inline uint64_t cvl_vector_offset(const cvl_header_t *header, unsigned index) {
    return header->vectors + (uint64_t)index * 4 * (1u + header->operator_count);
}

// The operator that goal `index` names.
unsigned cvl_read_goal(const cvl_model_t *model, unsigned index);

// The first row and the number of rows of `source` that row `row` of `op` reads; they may lie
// outside the image. The planner (host/convlet/schedule.py) computes the same.
static inline int32_t cvl_first_row(const cvl_operator_t *op, uint32_t row) {
    return op->kernel_h == CVL_KERNEL_ALL ? 0 : (int32_t)(row * op->stride_h) - op->pad_top;
}

static inline int32_t cvl_last_row(
    const cvl_operator_t *op, const cvl_operator_t *source, uint32_t row) {
    if (op->kernel_h == CVL_KERNEL_ALL) {
        return source->height - 1;
    }
    int32_t last = cvl_first_row(op, row) + (op->kernel_h - 1) * op->dilation_h;
    return last < source->height ? last : source->height - 1;
}

static inline uint32_t cvl_row_bytes(const cvl_operator_t *op) {
    return (uint32_t)op->width * op->channels;
}

#endif
