#include <string.h>
#include "internal.h"
#include "kernels.h"
#include "primitives.h"

// The next word of the file's test vectors, one behind the other: a seed, and a checksum for each
// operator.
static CVL_NOINLINE uint32_t read_u32(const uint8_t **at) {
    uint32_t value;
    memcpy(&value, *at, sizeof value);
    *at += sizeof value;
    return value;
}

void cvl_seed_inputs(const cvl_model_t *model, uint32_t seed, cvl_input_t *inputs) {
    for (unsigned i = 0; i < cvl_input_count(&model->header); i++) {
        cvl_operator_t copy;
        uint16_t rows = cvl_read_operator(model, i, &copy)->height; // of a stream: a period
        inputs[i] = (cvl_input_t){NULL, CVL_SEEDED, seed + i, 0, rows};
    }
}

// Runs one test vector; checksums[i] becomes the CRC-32 of all rows of operator i, in order.
static void run_vector(cvl_model_t *model, uint32_t seed, uint32_t *checksums) {
    cvl_input_t inputs[CVL_WITH_SEVERAL_PORTS ? CVL_MAX_INPUTS : 1];
    cvl_seed_inputs(model, seed, inputs);
    memset(checksums, 0, model->header.operator_count * sizeof *checksums);
    cvl_start(model, inputs);
    cvl_task_t task;
    while (cvl_step_task(model, &task) == CVL_MORE) {
        uint32_t bytes = task.ends ? cvl_row_bytes(task.op) : 0;
        checksums[task.index] = cvl_crc32(checksums[task.index], (const uint8_t *)task.out, bytes);
    }
}

unsigned cvl_selftest(cvl_model_t *model, uint32_t *checksums) {
    const uint8_t *at = model->file + model->header.vectors;
    for (unsigned v = 0; CVL_WITH_TEST_VECTORS && v < model->header.vector_count; v++) {
        run_vector(model, read_u32(&at), checksums);
        for (unsigned i = 0; i < model->header.operator_count; i++) {
            if (checksums[i] != read_u32(&at)) {
                return i;
            }
        }
    }
    return CVL_NO_OPERATOR;
}
