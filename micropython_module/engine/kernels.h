// A kernel makes one row of its operator's tensor.
#ifndef CVL_KERNELS_H
#define CVL_KERNELS_H

#include <stdbool.h>
#include "internal.h"
#include "placement.h"

typedef struct {
    const cvl_model_t *model;
    const cvl_operator_t *op;
    const cvl_operator_t *source;   // the operator whose tensor is the input; NULL for INPUT
    const cvl_operator_t *source_b; // of the second input; NULL where there is none
    unsigned index;                 // of the operator
    uint32_t row;                   // index of the row that is made
    uint32_t step;                  // for FLAG_ACCUMULATES: the row of the input that is taken
    int32_t first_row;              // of the window
    int8_t *out;                    // int8[op->width, op->channels]
    const int8_t *row_b; // int8[source_b->width, source_b->channels]; NULL: none for this row
    bool begins;         // whether the step is the first of its row
    bool ends;           // and whether it is the last
    // int8[source->width, source->channels] each; NULL: a row of padding
    const int8_t *rows[CVL_MAX_KERNEL_H];
#if CVL_WITH_UNALIGNED_FILES
    cvl_operator_t copies[3]; // of the operators, where they do not lie aligned in the file
#endif
} cvl_task_t;

#if CVL_WITH_UNALIGNED_FILES
#define CVL_COPY(task, number) (&(task)->copies[number])
#else
#define CVL_COPY(task, number) NULL
#endif

// What a kernel's operator must satisfy for the kernel to stay inside its buffers.
typedef struct {
    const cvl_model_t *model;
    const cvl_operator_t *op;
    const cvl_operator_t *source;
    const cvl_operator_t *source_b;
    cvl_fault_t *fault;
} cvl_proof_t;

static inline bool cvl_rows_inside(const cvl_task_t *task) {
    bool inside = true;
    for (uint32_t ky = 0; ky < task->op->kernel_h; ky++) {
        inside = inside && task->rows[ky] != NULL;
    }
    return inside;
}

// Adds `sum` to number `index` of the sums that an operator which accumulates has in its scratch,
// and returns what it is then. Unsigned, because a damaged file may let something else lie there.
static inline uint32_t cvl_accumulate(const cvl_task_t *task, uint32_t index, uint32_t sum) {
    if (!cvl_accumulates(task->op)) {
        return sum;
    }
    uint32_t *sums = (uint32_t *)(void *)(task->model->arena + task->op->scratch);
    if (!task->begins) {
        sum += sums[index];
    }
    sums[index] = sum;
    return sum;
}

// The constants of an operator: in the file, or in the arena.
typedef struct {
    const uint8_t *weights;
    const uint8_t *table;
} cvl_constants_t;

// Of so many bytes. Where the record asks for it they are copied with the operator's first row:
// many processors read RAM faster than flash. host/convlet/copies.py says when that pays.
static CVL_INLINE cvl_constants_t cvl_constants_of(
    const cvl_task_t *task, uint32_t weights, uint32_t table) {
    const uint8_t *file = task->model->file;
    cvl_constants_t constants = {file + task->op->weights, file + task->op->table};
    if (!CVL_WITH_COPIES || task->op->copy == 0) {
        return constants;
    }
    uint8_t *copy = task->model->arena + cvl_copy_offset(task->op);
    if (task->row == 0) {
        memcpy(copy, constants.weights, weights);
        memcpy(copy + weights, constants.table, table);
    }
    return (cvl_constants_t){copy, copy + weights};
}

// Where most networks spend their time.
CVL_HOT void cvl_conv2d_row(const cvl_task_t *task);
CVL_HOT void cvl_conv2d_wide_row(const cvl_task_t *task);
CVL_HOT void cvl_depthwise_3x3_row(const cvl_task_t *task);
CVL_HOT void cvl_depthwise_conv2d_row(const cvl_task_t *task);
CVL_HOT void cvl_dense_row(const cvl_task_t *task);
CVL_HOT void cvl_max_pool_row(const cvl_task_t *task);
CVL_HOT void cvl_average_pool_row(const cvl_task_t *task);

// Of each operator `stem`: cvl_stem_row makes a row, cvl_stem_prove is called once by cvl_load.
#define CVL_KERNEL(name, stem)                                                                    \
    void cvl_##stem##_row(const cvl_task_t *task);                                                \
    cvl_status_t cvl_##stem##_prove(const cvl_proof_t *proof);
CVL_OPERATORS(CVL_KERNEL)

// As cvl_step, and leaves in `task` what was made.
cvl_status_t cvl_step_task(cvl_model_t *model, cvl_task_t *task);

#endif
