#include "internal.h"
#include "primitives.h"
#include "prove.h"

// No window lies outside the image: there would be nothing to divide by.
static cvl_status_t prove_windows_meet_image(const cvl_proof_t *proof) {
    const cvl_operator_t *op = proof->op;
    int32_t last_left = (int32_t)((op->width - 1u) * op->stride_w) - op->pad_left;
    bool columns_meet = op->pad_left < op->kernel_w && last_left < proof->source->width;
    CVL_CHECK(proof->fault, columns_meet, WINDOW, op->width, proof->source->width);
    if (cvl_accumulates(op)) {
        return CVL_OK; // cvl_load has proved that each row of windows begins inside
    }
    bool rows_meet = op->pad_top < op->kernel_h &&
                     cvl_first_row(op, op->height - 1u) < (int32_t)proof->source->height;
    CVL_CHECK(proof->fault, rows_meet, WINDOW, op->height, proof->source->height);
    bool is_dense = op->dilation_h == 1 && op->up_h == 1;
    CVL_CHECK(proof->fault, is_dense, WINDOW, op->dilation_h, 1);
    return CVL_OK;
}

cvl_status_t cvl_average_pool_prove(const cvl_proof_t *proof) {
    const cvl_operator_t *op = proof->op;
    uint32_t channels = proof->source->channels;
    CVL_CHECK(proof->fault, op->channels == channels, CHANNELS, op->channels, channels);
    CVL_TRY(cvl_prove_accumulable_window(proof, (uint64_t)cvl_row_bytes(op) * sizeof(int32_t)));
    return prove_windows_meet_image(proof);
}

// Rows of the image in the window of the row that is made.
static uint32_t count_rows(const cvl_task_t *task) {
    if (cvl_accumulates(task->op)) {
        return task->step + 1 - cvl_first_step(task->op, task->row);
    }
    uint32_t count = 0;
    for (uint32_t ky = 0; ky < task->op->kernel_h; ky++) {
        count += task->rows[ky] != NULL;
    }
    return count;
}

// sum / count to nearest, halves away from zero, clamped: as TFLM's
// tensorflow/lite/kernels/internal/reference/integer_ops/pooling.h AveragePool.
static int8_t average(const cvl_operator_t *op, uint32_t sum, uint32_t count) {
    uint32_t half = count / 2;
    int32_t value = (int32_t)((int32_t)sum > 0 ? sum + half : sum - half) / (int32_t)count;
    if (value < op->clamp_min) {
        return op->clamp_min;
    }
    return value > op->clamp_max ? op->clamp_max : (int8_t)value;
}

// out[x, c] = average of the part of the window that lies inside the image.
void cvl_average_pool_row(const cvl_task_t *task) {
    const cvl_operator_t *op = task->op;
    uint32_t channels = op->channels;
    uint32_t rows = cvl_accumulates(op) ? 1 : op->kernel_h;
    uint32_t row_count = count_rows(task);
    bool ends = cvl_ends(task);
    for (uint32_t i = 0; i < op->width; i++) {
        cvl_columns_t columns = cvl_columns_of(op, i, task->source->width);
        uint32_t first = columns.first * channels;
        for (uint32_t c = 0; c < channels; c++) {
            uint32_t sum = 0;
            for (uint32_t ky = 0; ky < rows; ky++) {
                if (task->rows[ky] != NULL) {
                    sum += cvl_sum_s8(task->rows[ky] + first + c, columns.count, channels);
                }
            }
            sum = cvl_accumulate(task, i * channels + c, sum);
            if (ends) {
                task->out[i * channels + c] = average(op, sum, row_count * columns.count);
            }
        }
    }
}
