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
    CVL_CHECK(proof->fault, op->dilation_h == 1, WINDOW, op->dilation_h, 1);
    return CVL_OK;
}

cvl_status_t cvl_average_pool_prove(const cvl_proof_t *proof) {
    const cvl_operator_t *op = proof->op;
    uint32_t channels = proof->source->channels;
    CVL_CHECK(proof->fault, op->channels == channels, CHANNELS, op->channels, channels);
    CVL_TRY(cvl_prove_accumulable_window(proof, cvl_row_bytes(op) * (uint32_t)sizeof(int32_t)));
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

// How a sum of `count` values becomes their average.
typedef struct {
    uint32_t count;
    uint32_t half;
    int32_t shift; // of a count that is 2^shift; else 0
    int32_t clamp_min;
    int32_t clamp_max;
} average_t;

// In a function of its own, as make_pixel: they are called in few places, but take much code.
CVL_HOT static CVL_NOINLINE average_t average_of(const cvl_operator_t *op, uint32_t count) {
    average_t average = {count, count / 2, 0, op->clamp_min, op->clamp_max};
    while ((2u << average.shift) <= count) {
        average.shift++;
    }
    if (count != 1u << average.shift) {
        average.shift = 0;
    }
    return average;
}

// sum / count to nearest, halves away from zero, clamped: as TFLM's
// tensorflow/lite/kernels/internal/reference/integer_ops/pooling.h AveragePool.
static inline int8_t divide(const average_t *average, int32_t sum) {
    int32_t value;
    if (average->shift > 0) {
        value = (int32_t)((uint32_t)sum + average->half + (uint32_t)(sum >> 31)) >> average->shift;
    } else {
        int32_t half = (int32_t)average->half;
        // Unsigned, because a damaged file may let something else lie where the sums are.
        uint32_t rounded = (uint32_t)sum + (uint32_t)(sum > 0 ? half : -half);
        value = (int32_t)rounded / (int32_t)average->count;
    }
    return cvl_clamp_s8(value, average->clamp_min, average->clamp_max);
}

// Sums of the window's part in the image; first: its first value, of the channel `c`.
static inline uint32_t sum_window(
    const cvl_task_t *task, uint32_t rows, uint32_t first, uint32_t columns, uint32_t channels) {
    uint32_t sum = 0;
    for (uint32_t ky = 0; ky < rows; ky++) {
        if (task->rows[ky] != NULL) {
            sum += cvl_sum_s8(task->rows[ky] + first, columns, channels);
        }
    }
    return sum;
}

// Windows of 2x2 pixels inside the image, side by side or not, of which most pools have no others.
static void make_row_of_fours(const cvl_task_t *task) {
    const cvl_operator_t *op = task->op;
    uint32_t channels = op->channels;
    uint32_t step = op->stride_w * channels;
    cvl_average4_s8(task->out, task->rows[0], task->rows[1], channels, step, op->width);
    if (op->clamp_min > INT8_MIN || op->clamp_max < INT8_MAX) {
        const int8_t *end = task->out + op->width * channels;
        for (int8_t *out = task->out; out != end; out++) {
            *out = cvl_clamp_s8(*out, op->clamp_min, op->clamp_max);
        }
    }
}

// One row more of an operator that accumulates, or all rows of another.
CVL_HOT static CVL_NOINLINE void make_pixel(const cvl_task_t *task, const average_t *average,
    uint32_t first, uint32_t columns, uint32_t i) {
    uint32_t channels = task->op->channels;
    uint32_t rows = cvl_accumulates(task->op) ? 1 : task->op->kernel_h;
    bool ends = task->ends;
    for (uint32_t c = 0; c < channels; c++) {
        uint32_t sum = sum_window(task, rows, first + c, columns, channels);
        sum = cvl_accumulate(task, i + c, sum);
        if (ends) {
            task->out[i + c] = divide(average, (int32_t)sum);
        }
    }
}

// out[x, c] = average of the part of the window that lies inside the image.
void cvl_average_pool_row(const cvl_task_t *task) {
    const cvl_operator_t *op = task->op;
    uint32_t channels = op->channels;
    uint32_t row_count = count_rows(task);
    bool fours = !cvl_accumulates(op) && op->kernel_h == 2 && row_count == 2 &&
                 op->kernel_w == 2 && op->pad_left == 0 &&
                 (op->width - 1u) * op->stride_w + 2 <= task->source->width;
    if (fours) {
        make_row_of_fours(task);
        return;
    }
    average_t average = {.count = 0};
    for (uint32_t i = 0; i < op->width; i++) {
        cvl_columns_t columns = cvl_columns_of(op, i, task->source->width);
        uint32_t first = columns.first * channels;
        if (task->ends && average.count != row_count * columns.count) {
            average = average_of(op, row_count * columns.count);
        }
        make_pixel(task, &average, first, columns.count, i * channels);
    }
}
