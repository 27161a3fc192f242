// What the engine's files share with each other only.
#ifndef CVL_INTERNAL_H
#define CVL_INTERNAL_H

#include <stdbool.h>
#include <string.h>
#include "convlet.h"
#include "window.h"

// For what is called for every row, and would be a function of its own where code is made small.
#if defined(__GNUC__)
#define CVL_INLINE inline __attribute__((always_inline))
#else
#define CVL_INLINE inline
#endif

// CRC-32 of `data` behind bytes whose CRC-32 is `crc` (0 to begin).
uint32_t cvl_crc32(uint32_t crc, const uint8_t *data, size_t bytes);

// File offset of record `index` of each table.
static inline size_t cvl_operator_offset(unsigned index) {
    return sizeof(cvl_header_t) + index * sizeof(cvl_operator_t);
}

static inline size_t cvl_port_offset(const cvl_header_t *header, unsigned index) {
    return cvl_operator_offset(header->operator_count) + index * sizeof(cvl_port_t);
}

// What a build was made without is never there, and the compiler drops what is done for it.
static inline unsigned cvl_input_count(const cvl_header_t *header) {
    return CVL_WITH_SEVERAL_PORTS ? header->input_count : 1;
}

static inline unsigned cvl_output_count(const cvl_header_t *header) {
    return CVL_WITH_SEVERAL_PORTS ? header->output_count : 1;
}

static inline unsigned cvl_goal_count(const cvl_header_t *header) {
    return CVL_WITH_SEVERAL_GOALS ? header->goal_count : 1;
}

static inline size_t cvl_goal_offset(const cvl_header_t *header, unsigned index) {
    unsigned ports = cvl_input_count(header) + cvl_output_count(header);
    return cvl_port_offset(header, ports) + index * sizeof(uint16_t);
}

static inline bool cvl_is_stream(const cvl_model_t *model) {
    return CVL_WITH_STREAM && (model->header.flags & CVL_FLAG_STREAM) != 0;
}

static inline bool cvl_has_logits(const cvl_model_t *model) {
    return CVL_WITH_LOGITS && (model->header.flags & CVL_FLAG_LOGITS) != 0;
}

static inline bool cvl_accumulates(const cvl_operator_t *op) {
    return CVL_WITH_ACCUMULATION && (op->flags & CVL_FLAG_ACCUMULATES) != 0;
}

static inline bool cvl_is_mapped(const cvl_operator_t *op) {
    return CVL_WITH_ROW_MAPS && (op->flags & CVL_FLAG_MAPPED) != 0;
}

static inline bool cvl_is_placed(const cvl_operator_t *op) {
    return CVL_WITH_ROW_PLACES && (op->flags & CVL_FLAG_PLACED) != 0;
}

static inline uint32_t cvl_least(uint32_t a, uint32_t b) {
    return a < b ? a : b;
}

static inline bool cvl_has_second_input(const cvl_operator_t *op) {
    return CVL_WITH_SECOND_INPUTS && op->input_b != CVL_NO_OPERATOR;
}

static inline uint32_t cvl_dilation_h(const cvl_operator_t *op) {
    return CVL_WITH_DILATION ? op->dilation_h : 1;
}

// Whether the rows of the input are read where the caller has them.
static inline bool cvl_is_in_place(const cvl_input_t *input) {
    return CVL_WITH_IN_PLACE_INPUTS && input->element == CVL_INT8 && input->rows == 0;
}

static inline cvl_state_t *cvl_state_of(const cvl_model_t *model, unsigned index) {
    return (cvl_state_t *)model->arena + index;
}

// The operator that goal `index` names.
unsigned cvl_read_goal(const cvl_model_t *model, unsigned index);

// cvl_read_operator, for where it is called for every row.
static CVL_INLINE const cvl_operator_t *cvl_operator_at(
    const cvl_model_t *model, unsigned index, cvl_operator_t *copy) {
    if (!CVL_WITH_UNALIGNED_FILES || model->operators != NULL) {
        return model->operators + index;
    }
    return memcpy(copy, model->file + cvl_operator_offset(index), sizeof *copy);
}

// Whether what the kernel of operator `index` reads of the file is in memory. All other code reads
// the head only, which always is.
static inline bool cvl_has_constants(const cvl_model_t *model, unsigned index) {
    return !CVL_WITH_WINDOW || model->window == NULL || cvl_fetch(model->window, index);
}

// Entry `index` of a table of the file, at any alignment.
static inline uint32_t cvl_read_u16(const cvl_model_t *model, uint32_t table, uint32_t index) {
    const uint8_t *at = model->file + table + 2 * (size_t)index;
    return at[0] | (uint32_t)at[1] << 8;
}

// The first and the last row of its window for output row `row` of `op`. host/convlet/node.py
// computes the same.
static inline int32_t cvl_first_row(const cvl_operator_t *op, uint32_t row) {
    return (int32_t)(row * op->stride_h) - op->pad_top;
}

static inline int32_t cvl_last_row(const cvl_operator_t *op, uint32_t row) {
    return cvl_first_row(op, row) + (op->kernel_h - 1) * (int32_t)cvl_dilation_h(op);
}

// Of an operator that accumulates: the row of its input with which output row `row` begins.
static inline uint32_t cvl_first_step(const cvl_operator_t *op, uint32_t row) {
    int32_t first = op->kernel_h == CVL_KERNEL_ALL ? 0 : cvl_first_row(op, row);
    return first < 0 ? 0 : (uint32_t)first;
}

// Of an operator that accumulates: whether output row `row` is done when it has taken row `step`.
static inline bool cvl_is_last_step(
    const cvl_operator_t *op, const cvl_operator_t *source, uint32_t row, uint32_t step) {
    return step + 1u == source->height ||
           (op->kernel_h != CVL_KERNEL_ALL && (int32_t)step == cvl_last_row(op, row));
}

// The columns of an input of `width` that the window of output column `i` covers.
typedef struct {
    uint32_t first;
    uint32_t count;
} cvl_columns_t;

static inline cvl_columns_t cvl_columns_of(const cvl_operator_t *op, uint32_t i, int32_t width) {
    int32_t left = (int32_t)(i * op->stride_w) - op->pad_left;
    int32_t first = left < 0 ? 0 : left;
    int32_t end = left + op->kernel_w > width ? width : left + op->kernel_w;
    return (cvl_columns_t){(uint32_t)first, end > first ? (uint32_t)(end - first) : 0};
}

// In the arena, of the copy of its constants.
static inline uint32_t cvl_copy_offset(const cvl_operator_t *op) {
    return op->copy * (uint32_t)sizeof(uint32_t);
}

static inline uint32_t cvl_row_bytes(const cvl_operator_t *op) {
    return (uint32_t)op->width * op->channels;
}

// At most CVL_MAX_TENSOR_VALUES where the operator has been proved.
static inline uint32_t cvl_tensor_bytes(const cvl_operator_t *op) {
    return op->height * cvl_row_bytes(op);
}

#endif
