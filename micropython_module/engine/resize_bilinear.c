#include <string.h>
#include "internal.h"
#include "prove.h"

// Row r lies at begin_h + r * scale_h of the input, column x at begin_w + x * scale_w, both in
// 1 / 1024 of a pixel. They stand in the table behind the map, which says the row above.
typedef struct {
    int32_t begin_h;
    int32_t scale_h;
    int32_t begin_w;
    int32_t scale_w;
} grid_t;

#define FRACTION_BITS 10
#define ONE (1 << FRACTION_BITS)

static grid_t read_grid(const cvl_model_t *model, const cvl_operator_t *op) {
    grid_t grid;
    memcpy(&grid, model->file + op->table + op->height * sizeof(uint16_t), sizeof grid);
    return grid;
}

cvl_status_t cvl_resize_bilinear_prove(const cvl_proof_t *proof) {
    const cvl_operator_t *op = proof->op;
    const cvl_operator_t *source = proof->source;
    cvl_fault_t *fault = proof->fault;
    uint32_t ways = op->flags & (CVL_FLAG_ACCUMULATES | CVL_FLAG_MAPPED);
    CVL_CHECK(fault, ways == CVL_FLAG_MAPPED, FLAGS, op->flags, CVL_FLAG_MAPPED);
    CVL_CHECK(fault, op->kernel_h == 2, WINDOW, op->kernel_h, 2);
    CVL_CHECK(fault, op->channels == source->channels, CHANNELS, op->channels, source->channels);
    uint32_t map_bytes = op->height * (uint32_t)sizeof(uint16_t);
    CVL_TRY(cvl_prove_table(proof, map_bytes + sizeof(grid_t)));
    for (uint32_t i = 0; i < op->height; i++) {
        uint32_t row = cvl_read_u16(proof->model, op->table, i);
        CVL_CHECK(fault, row != CVL_NO_ROW, SHAPE, row, source->height);
    }
    // All columns lie between the first and the last, which is inside the input.
    grid_t grid = read_grid(proof->model, op);
    int64_t last = grid.begin_w + (int64_t)grid.scale_w * (op->width - 1);
    bool inside = grid.scale_w >= 0 && last < (int64_t)source->width * ONE;
    CVL_CHECK(fault, inside, SHAPE, cvl_saturate((uint64_t)last / ONE), source->width);
    return CVL_OK;
}

// Before the first pixel there is nothing but it.
static uint32_t clip(uint32_t position) {
    return (int32_t)position < 0 ? 0 : position;
}

// The mean of four neighbours by their distances, rounded with halves away from zero:
// tensorflow/lite/kernels/internal/reference/resize_bilinear.h ResizeBilinearInteger. The sum is
// at most 128 * 2^20.
void cvl_resize_bilinear_row(const cvl_task_t *task) {
    const cvl_operator_t *op = task->op;
    uint32_t channels = op->channels;
    grid_t grid = read_grid(task->model, op);
    uint32_t y = clip((uint32_t)grid.begin_h + task->row * (uint32_t)grid.scale_h);
    int32_t down = (int32_t)(y % ONE);
    const int8_t *above = task->rows[0];
    const int8_t *below = task->rows[1] == NULL ? above : task->rows[1];
    int8_t *out = task->out;
    uint32_t position = (uint32_t)grid.begin_w;
    for (uint32_t i = 0; i < op->width; i++, position += (uint32_t)grid.scale_w) {
        uint32_t x = clip(position);
        int32_t right = (int32_t)(x % ONE);
        uint32_t at = x / ONE * channels;
        uint32_t next = x / ONE + 1 < task->source->width ? at + channels : at;
        for (uint32_t c = 0; c < channels; c++) {
            int32_t high = above[at + c] * (ONE - right) + above[next + c] * right;
            int32_t low = below[at + c] * (ONE - right) + below[next + c] * right;
            int32_t sum = high * (ONE - down) + low * down;
            *out++ = (int8_t)((sum + (sum > 0 ? ONE * ONE / 2 : -ONE * ONE / 2)) / (ONE * ONE));
        }
    }
}
