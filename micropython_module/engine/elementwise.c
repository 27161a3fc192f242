// Operators of two tensors: each value is made of one of `a` and one of `b`. The input is `a`, of
// the operator's shape. `b` is the second input, or a constant in the file (`weights`); along an
// axis where it has length 1 it is repeated. For a constant, `parameter` holds the axes along
// which it is as long as the operator's tensor. `out` may be the row of `a`, or that of `b` if it
// has the same shape.
#include <string.h>
#include "internal.h"
#include "prove.h"
#include "requantize.h"

enum { ROWS = 1, COLUMNS = 2, CHANNELS = 4 };

// ADD shifts its inputs by so many bits before they are rescaled.
#define ADD_SHIFT 20

// The operator's table; MINIMUM and MAXIMUM have none. multipliers[i] and shifts[i] rescale as
// cvl_requantize does. x_a and x_b stand for the values without their zero points.
//     ADD: rescale2(sign_a * rescale0(x_a * 2^20) + sign_b * rescale1(x_b * 2^20))
//     WEIGHTED_SUM: (a * multipliers[0] + b * multipliers[1] + multipliers[2]) >> -shifts[2]
//     MUL: rescale2(x_a * x_b)
//     PRELU: x_a < 0 ? rescale2(x_a * x_b) : rescale0(x_a)
typedef struct {
    int32_t multipliers[3];
    int8_t shifts[3];
    int8_t zero_point_b;
    int8_t sign_a;
    int8_t sign_b;
    int8_t reserved[2];
} table_t;

// Neighbouring values, of which b's lie `step` bytes apart: 0 or 1.
typedef struct {
    const cvl_operator_t *op;
    const table_t *table;
    const int8_t *a;
    const int8_t *b;
    int8_t *out;
    uint32_t step;
    uint32_t count;
} run_t;

static bool has_table(const cvl_operator_t *op) {
    return op->code != CVL_OP_MINIMUM && op->code != CVL_OP_MAXIMUM;
}

static void read_table(const cvl_model_t *model, const cvl_operator_t *op, table_t *table) {
    memcpy(table, model->file + op->table, sizeof *table);
}

static uint32_t axes_of_b(const cvl_operator_t *op, const cvl_operator_t *source_b) {
    if (source_b == NULL) {
        return op->parameter;
    }
    return (source_b->height == op->height ? ROWS : 0) |
           (source_b->width == op->width ? COLUMNS : 0) |
           (source_b->channels == op->channels ? CHANNELS : 0);
}

static cvl_status_t prove_constant(const cvl_proof_t *proof) {
    const cvl_operator_t *op = proof->op;
    uint32_t axes = op->parameter;
    uint32_t most = cvl_is_stream(proof->model) ? COLUMNS | CHANNELS : ROWS | COLUMNS | CHANNELS;
    CVL_CHECK(proof->fault, (axes & ~most) == 0, SHAPE, axes, most);
    uint32_t values = axes & ROWS ? op->height : 1;
    values *= axes & COLUMNS ? op->width : 1;
    values *= axes & CHANNELS ? op->channels : 1;
    return cvl_prove_constants(proof, CVL_ERROR_WEIGHTS, op->weights, values);
}

static cvl_status_t prove_source_b(const cvl_proof_t *proof) {
    const cvl_operator_t *op = proof->op;
    const cvl_operator_t *b = proof->source_b;
    CVL_CHECK(proof->fault, op->parameter == 0, SHAPE, op->parameter, 0);
    CVL_CHECK(
        proof->fault, b->height == op->height || b->height == 1, SHAPE, b->height, op->height);
    CVL_CHECK(proof->fault, b->width == op->width || b->width == 1, SHAPE, b->width, op->width);
    CVL_CHECK(proof->fault, b->channels == op->channels || b->channels == 1, SHAPE, b->channels,
        op->channels);
    return CVL_OK;
}

cvl_status_t cvl_elementwise_prove(const cvl_proof_t *proof) {
    CVL_TRY(cvl_prove_pixelwise(proof));
    CVL_TRY(proof->source_b == NULL ? prove_constant(proof) : prove_source_b(proof));
    if (!has_table(proof->op)) {
        return CVL_OK;
    }
    table_t table;
    CVL_TRY(cvl_prove_table(proof, sizeof table));
    read_table(proof->model, proof->op, &table);
    int32_t most = proof->op->code == CVL_OP_WEIGHTED_SUM ? 0 : 30;
    for (uint32_t i = 0; i < 3; i++) {
        CVL_TRY(cvl_prove_shift(proof, table.shifts[i], most));
    }
    return CVL_OK;
}

static CVL_NOINLINE int32_t rescale(const table_t *table, uint32_t i, int32_t value) {
    return cvl_requantize(value, table->multipliers[i], table->shifts[i]);
}

// The sum may wrap, since it is unsigned: only a damaged file makes it so great.
static int32_t add(const table_t *table, int32_t x_a, int32_t x_b) {
    uint32_t scaled_a = (uint32_t)rescale(table, 0, x_a * (1 << ADD_SHIFT));
    uint32_t scaled_b = (uint32_t)rescale(table, 1, x_b * (1 << ADD_SHIFT));
    uint32_t sum = scaled_a * (uint32_t)table->sign_a + scaled_b * (uint32_t)table->sign_b;
    return rescale(table, 2, (int32_t)sum);
}

// The operator's value without its zero point.
static int32_t combine(const cvl_operator_t *op, const table_t *table, int32_t a, int32_t b) {
    int32_t x_a = a - op->zero_point_in;
    int32_t x_b = b - table->zero_point_b;
    switch (op->code) {
    case CVL_OP_MINIMUM:
        return (a < b ? a : b) - op->zero_point_out;
    case CVL_OP_MAXIMUM:
        return (a > b ? a : b) - op->zero_point_out;
    case CVL_OP_ADD:
        return add(table, x_a, x_b);
    default: // MUL and PRELU
        return op->code == CVL_OP_PRELU && x_a >= 0 ? rescale(table, 0, x_a)
                                                    : rescale(table, 2, x_a * x_b);
    }
}

static int8_t finish(int32_t value, int32_t low, int32_t high, int32_t zero_point) {
    return (int8_t)((value < low ? low : value > high ? high : value) + zero_point);
}

static void make_run(const run_t *run) {
    const cvl_operator_t *op = run->op;
    int32_t zero_point = op->zero_point_out;
    int32_t low = op->clamp_min - zero_point;
    int32_t high = op->clamp_max - zero_point;
    const int8_t *b = run->b;
    for (uint32_t i = 0; i < run->count; i++, b += run->step) {
        run->out[i] = finish(combine(op, run->table, run->a[i], *b), low, high, zero_point);
    }
}

// The residual connections of most networks: a loop of its own, with all in registers, and the
// zero point as a part of the constant. The sum wraps as that of ADD.
static CVL_NOINLINE void make_run_of_weighted_sum(const run_t *run) {
    const cvl_operator_t *op = run->op;
    int32_t low = op->clamp_min;
    int32_t high = op->clamp_max;
    uint32_t weight_a = (uint32_t)run->table->multipliers[0];
    uint32_t weight_b = (uint32_t)run->table->multipliers[1];
    int32_t shift = -run->table->shifts[2];
    uint32_t constant = (uint32_t)run->table->multipliers[2];
    const int8_t *a = run->a;
    const int8_t *b = run->b;
    uint32_t step = run->step;
    int8_t *out = run->out;
    for (const int8_t *end = a + run->count; a != end; b += step) {
        uint32_t sum = (uint32_t)*a++ * weight_a + (uint32_t)*b * weight_b + constant;
        *out++ = cvl_clamp_s8((int32_t)sum >> shift, low, high);
    }
}

// Row `row` of a constant b.
static const int8_t *row_of_constant(const cvl_task_t *task, uint32_t axes) {
    const cvl_operator_t *op = task->op;
    uint32_t row_bytes = axes & COLUMNS ? op->width : 1;
    row_bytes *= axes & CHANNELS ? op->channels : 1;
    uint32_t row = axes & ROWS ? task->row : 0;
    return (const int8_t *)task->model->file + op->weights + row * row_bytes;
}

void cvl_elementwise_row(const cvl_task_t *task) {
    const cvl_operator_t *op = task->op;
    table_t table = {.shifts = {0}};
    if (has_table(op)) {
        read_table(task->model, op, &table);
    }
    uint32_t axes = axes_of_b(op, task->source_b);
    run_t run = {.op = op, .table = &table, .a = task->rows[0], .out = task->out};
    run.b = task->source_b == NULL ? row_of_constant(task, axes) : task->row_b;
    run.step = axes & CHANNELS ? 1 : 0;
    // A run is a row where b goes on from pixel to pixel as it does within them, else a pixel.
    uint32_t pixel_step = axes & COLUMNS ? (axes & CHANNELS ? op->channels : 1u) : 0;
    uint32_t row_bytes = cvl_row_bytes(op);
    run.count = pixel_step == run.step * op->channels ? row_bytes : op->channels;
    for (uint32_t i = 0; i < row_bytes; i += run.count) {
        op->code == CVL_OP_WEIGHTED_SUM ? make_run_of_weighted_sum(&run) : make_run(&run);
        run.a += run.count;
        run.b += pixel_step;
        run.out += run.count;
    }
}
