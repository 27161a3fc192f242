#include <string.h>
#include "internal.h"
#include "kernels.h"

static uint32_t read_u32(const cvl_model_t *model, size_t offset) {
    uint32_t value;
    memcpy(&value, model->file + offset, sizeof value);
    return value;
}

void cvl_seed_inputs(const cvl_model_t *model, uint32_t seed, cvl_input_t *inputs) {
    for (unsigned i = 0; i < model->header.input_count; i++) {
        cvl_operator_t copy;
        uint16_t rows = cvl_operator_at(model, i, &copy)->height; // of a stream: a period
        inputs[i] = (cvl_input_t){NULL, CVL_SEEDED, seed + i, 0, rows};
    }
}

// Runs one test vector; checksums[i] becomes the CRC-32 of all rows of operator i, in order.
static void run_vector(cvl_model_t *model, uint32_t seed, uint32_t *checksums) {
    cvl_input_t inputs[CVL_MAX_INPUTS];
    cvl_seed_inputs(model, seed, inputs);
    memset(checksums, 0, model->header.operator_count * sizeof *checksums);
    cvl_start(model, inputs);
    cvl_task_t task;
    while (cvl_step_task(model, &task) == CVL_MORE) {
        uint32_t bytes = task.made ? cvl_row_bytes(task.op) : 0;
        checksums[task.index] = cvl_crc32(checksums[task.index], (const uint8_t *)task.out, bytes);
    }
}

unsigned cvl_selftest(cvl_model_t *model, uint32_t *checksums) {
    for (unsigned v = 0; v < model->header.vector_count; v++) {
        size_t offset = (size_t)cvl_vector_offset(&model->header, v);
        run_vector(model, read_u32(model, offset), checksums);
        for (unsigned i = 0; i < model->header.operator_count; i++) {
            if (checksums[i] != read_u32(model, offset + 4 * (1u + i))) {
                return i;
            }
        }
    }
    return CVL_NO_OPERATOR;
}
