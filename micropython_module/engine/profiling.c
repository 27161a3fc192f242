#include "internal.h"
#include "kernels.h"

// What a profile of a model needs: who made each row, and how much there was to multiply.

#if CVL_WITH_PROFILE

cvl_status_t cvl_step_operator(cvl_model_t *model, unsigned *index) {
    cvl_task_t task;
    cvl_status_t status = cvl_step_task(model, &task);
    if (status == CVL_MORE) {
        *index = task.index;
    }
    return status;
}

static uint32_t macs(const cvl_operator_t *op, const cvl_operator_t *source) {
    uint32_t taps = (uint32_t)op->kernel_h * op->kernel_w;
    uint32_t channels_in = source->channels;
    switch (op->code) {
    case CVL_OP_FULLY_CONNECTED:
        return cvl_tensor_bytes(op) * cvl_tensor_bytes(source);
    case CVL_OP_DEPTHWISE_CONV_2D:
    case CVL_OP_DEPTHWISE_3X3:
        return cvl_tensor_bytes(op) * taps;
    case CVL_OP_CONV_2D:
        channels_in = op->parameter == 0 ? channels_in : op->parameter; // of a group
        return cvl_tensor_bytes(op) * taps * channels_in;
    case CVL_OP_CONV_2D_WIDE:
        if (op->kernel_h == CVL_KERNEL_ALL) {
            return cvl_tensor_bytes(op) * cvl_tensor_bytes(source);
        }
        return cvl_tensor_bytes(op) * taps * channels_in;
    case CVL_OP_CONV_2D_MAX_POOL: // the window of four of the convolution's
        taps = (op->kernel_h - op->stride_h / 2u) * (op->kernel_w - op->stride_w / 2u);
        return 4 * cvl_tensor_bytes(op) * taps * channels_in;
    default:
        return 0;
    }
}

uint32_t cvl_operator_macs(const cvl_model_t *model, unsigned index) {
    cvl_operator_t copies[2];
    const cvl_operator_t *op = cvl_operator_at(model, index, &copies[0]);
    if (op->input == CVL_NO_OPERATOR) {
        return 0;
    }
    return macs(op, cvl_operator_at(model, op->input, &copies[1]));
}

#else

typedef int cvl_no_profile; // a C file needs a declaration

#endif
