// A kernel makes one row of its operator's tensor.
#ifndef CVL_KERNELS_H
#define CVL_KERNELS_H

#include <stdbool.h>
#include "convlet.h"

typedef struct {
    const cvl_model_t *model;
    const cvl_operator_t *op;
    const cvl_operator_t *source; // the operator whose tensor is the input; NULL for INPUT
    unsigned index;               // of the operator
    uint32_t row;                 // index of the row that is made
    int8_t *out;                  // int8[op->width, op->channels]
    // int8[source->width, source->channels] each; NULL: a row of padding
    const int8_t *rows[CVL_MAX_KERNEL_H];
    cvl_operator_t copies[2]; // of op and source, where those do not lie aligned in the file
} cvl_task_t;

// What a kernel's operator must satisfy for the kernel to stay inside its buffers.
typedef struct {
    const cvl_model_t *model;
    const cvl_operator_t *op;
    const cvl_operator_t *source;
    cvl_fault_t *fault;
} cvl_proof_t;

// Of each operator `stem`: cvl_stem_row makes a row, cvl_stem_prove is called once by cvl_load.
#define CVL_KERNEL(name, stem)                                                                    \
    void cvl_##stem##_row(const cvl_task_t *task);                                                \
    cvl_status_t cvl_##stem##_prove(const cvl_proof_t *proof);
CVL_OPERATORS(CVL_KERNEL)

// As cvl_step, and leaves in `task` what was made.
cvl_status_t cvl_step_task(cvl_model_t *model, cvl_task_t *task);

#endif
