// A kernel makes one row of its operator's tensor.
#ifndef CVL_KERNELS_H
#define CVL_KERNELS_H

#include <stdbool.h>
#include "convlet.h"

typedef struct {
    cvl_operator_t op;
    cvl_operator_t source; // the operator whose tensor is the input
    const uint8_t *file;
    const int8_t *
        rows[CVL_MAX_KERNEL_H]; // int8[source.width, source.channels] each; NULL: a row of padding
    int8_t *out;                // int8[op.width, op.channels]
    uint32_t row;               // index of the row that is made
    unsigned index;             // of the operator
} cvl_task_t;

typedef void cvl_kernel_t(const cvl_task_t *task);

cvl_kernel_t cvl_conv2d_row;
cvl_kernel_t cvl_max_pool_row;
cvl_kernel_t cvl_dense_row;
cvl_kernel_t cvl_reshape_row;

// As cvl_step, and leaves in `task` what was made.
cvl_status_t cvl_step_task(cvl_model_t *model, cvl_task_t *task);

#endif
