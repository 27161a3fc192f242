#include "internal.h"
#include "kernels.h"
#include "primitives.h"

// Running is pulling. The operator that is to make a row looks whether the rows that it reads have
// been made; if not, the operator that makes them becomes current and remembers who asked. Thus a
// row is made when it is needed, and a ring of few rows is enough for a whole tensor. No row is
// ever made twice. A wrong schedule in a file, or somebody who writes to the arena between two
// steps, gives wrong numbers, but every row lies inside its ring and every ring inside the arena.

// Behind every row that can be counted; not below 0 as a signed number.
#define ENDLESS INT32_MAX

// How many rows a tensor has; of a stream, whose rows never end, as many as can be counted: then
// even one that a wrong file lets make rows without any input comes to an end.
static CVL_INLINE uint32_t height_of(const cvl_model_t *model, const cvl_operator_t *op) {
    return cvl_is_stream(model) ? UINT16_MAX : op->height;
}

// Where the rows of a tensor lie.
typedef struct {
    int8_t *begin;
    uint32_t row_bytes;
    uint32_t rows;
    uint32_t turn; // the row that began the ring, in the turn of it that is going on
} ring_t;

// Whether it is an input whose rows are read where the caller has them.
static CVL_INLINE bool is_callers(
    const cvl_model_t *model, const cvl_operator_t *op, unsigned index) {
    return op->code == CVL_OP_INPUT && cvl_is_in_place(&model->inputs[index]);
}

static CVL_INLINE int8_t *begin_of(
    const cvl_model_t *model, const cvl_operator_t *op, unsigned index) {
    return is_callers(model, op, index) ? (int8_t *)model->inputs[index].data
                                        : (int8_t *)model->arena + op->offset;
}

// Of a tensor whose rows have no places of their own, or are the caller's.
static CVL_INLINE ring_t ring_of(
    const cvl_model_t *model, const cvl_operator_t *op, unsigned index) {
    const cvl_state_t *state = cvl_state_of(model, index);
    ring_t ring = {
        .begin = begin_of(model, op, index),
        .row_bytes = cvl_row_bytes(op),
        .rows = op->ring_rows,
        .turn = (uint32_t)state->next_row - state->slot,
    };
    if (is_callers(model, op, index)) {
        ring.rows = op->height;
    }
    return ring;
}

static CVL_INLINE int8_t *pick_row(const ring_t *ring, uint32_t row) {
    uint32_t slot = row - ring->turn;
    if (slot >= ring->rows) {
        slot += ring->rows; // it was made in the turn before
        if (slot >= ring->rows) {
            slot = 0; // a wrong schedule
        }
    }
    return ring->begin + slot * ring->row_bytes;
}

// Row `row` of the tensor of operator `index`.
static CVL_NOINLINE int8_t *row_at(
    const cvl_model_t *model, const cvl_operator_t *op, unsigned index, uint32_t row) {
    if (cvl_is_placed(op) && !is_callers(model, op, index)) {
        return (int8_t *)model->arena + cvl_read_u16(model, op->offset, row);
    }
    ring_t ring = ring_of(model, op, index);
    return pick_row(&ring, row);
}

// Above every row of every window.
#define NO_ROW_AT (-(1 << 16))

// Where the window of the task's row begins, as the operator's map says.
static CVL_NOINLINE int32_t mapped_row(const cvl_task_t *task) {
    const cvl_operator_t *op = task->op;
    if (task->row >= op->height) { // only where the arena was written to: see is_possible
        return NO_ROW_AT;
    }
    uint32_t row = cvl_read_u16(task->model, op->table, task->row);
    return row == CVL_NO_ROW ? NO_ROW_AT : (int32_t)row;
}

// How many rows of its first input the next step of `task` needs; of an input with fewer rows all.
static CVL_INLINE int32_t rows_needed(cvl_task_t *task) {
    const cvl_operator_t *op = task->op;
    if (cvl_accumulates(op)) {
        return (int32_t)task->step + 1;
    }
    if (op->kernel_h == CVL_KERNEL_ALL) {
        return ENDLESS;
    }
    task->first_row = cvl_is_mapped(op) ? mapped_row(task) : cvl_first_row(op, task->row);
    return task->first_row + (op->kernel_h - 1) * (int32_t)cvl_dilation_h(op) + 1;
}

// The row of its second input that it reads: the only one, or one for each of its own from row
// `parameter` on. Not below the height where it reads none.
static uint32_t row_of_b(const cvl_task_t *task) {
    bool only_one = task->source_b->height == 1 && task->op->parameter == 0;
    return only_one ? 0 : task->row - task->op->parameter;
}

// The rows of a window lie one behind the other in their ring.
static CVL_NOINLINE void set_window(cvl_task_t *task) {
    const cvl_operator_t *op = task->op;
    ring_t ring = ring_of(task->model, task->source, op->input);
    uint32_t height = height_of(task->model, task->source);
    uint32_t dilation = cvl_dilation_h(op);
    uint32_t ring_bytes = ring.rows * ring.row_bytes;
    // In a ring with fewer rows the window has one row at most.
    uint32_t step = dilation < ring.rows ? dilation * ring.row_bytes : 0;
    const int8_t *ring_end = ring.begin + ring_bytes;
    const int8_t **to = task->rows;
    const int8_t **end = to + op->kernel_h;
    uint32_t at = (uint32_t)task->first_row;
    for (; CVL_WITH_PADDING && to != end && at >= height; at += dilation) { // or below 0
        *to++ = NULL;
    }
    const int8_t *row = pick_row(&ring, at);
    for (; to != end && (!CVL_WITH_PADDING || at < height); at += dilation) {
        *to++ = row;
        row += step;
        row = row >= ring_end ? row - ring_bytes : row;
    }
    while (CVL_WITH_PADDING && to != end) {
        *to++ = NULL;
    }
}

// The same for an input with places for its rows.
static CVL_NOINLINE void set_placed_window(cvl_task_t *task) {
    const cvl_operator_t *op = task->op;
    uint32_t row = (uint32_t)task->first_row;
    uint32_t height = height_of(task->model, task->source);
    for (uint32_t ky = 0; ky < op->kernel_h; ky++, row += op->dilation_h) {
        bool inside = row < height; // and not below 0
        task->rows[ky] = inside ? row_at(task->model, task->source, op->input, row) : NULL;
    }
}

static CVL_INLINE void set_rows(cvl_task_t *task) {
    const cvl_operator_t *op = task->op;
    if (cvl_accumulates(op)) {
        task->rows[0] = row_at(task->model, task->source, op->input, task->step);
    } else if (op->kernel_h == CVL_KERNEL_ALL) {
        // Whatever the state is: it is read in one piece.
        task->rows[0] = begin_of(task->model, task->source, op->input);
    } else if (cvl_is_placed(task->source)) {
        set_placed_window(task);
    } else {
        set_window(task);
    }
}

static CVL_NOINLINE void set_second_row(cvl_task_t *task) {
    uint32_t row = row_of_b(task);
    bool inside = row < height_of(task->model, task->source_b);
    task->row_b = inside ? row_at(task->model, task->source_b, task->op->input_b, row) : NULL;
}

static CVL_INLINE void make_row(cvl_task_t *task) {
    task->out = row_at(task->model, task->op, task->index, task->row);
    if (task->source != NULL) { // an INPUT reads none, whatever its record says
        set_rows(task);
        if (cvl_has_second_input(task->op)) {
            set_second_row(task);
        }
    }
    switch (task->op->code) {
#define CVL_MAKE_ROW(name, stem)                                                                  \
    case CVL_OP_##name:                                                                           \
        if (CVL_WITH_##name) { /* else no model with it was loaded */                             \
            cvl_##stem##_row(task);                                                               \
        }                                                                                         \
        break;
        CVL_OPERATORS(CVL_MAKE_ROW)
    }
}

// Whether operator `index` has made fewer than `needed` rows, and can make more.
static CVL_INLINE bool lacks_rows(
    const cvl_model_t *model, const cvl_operator_t *op, unsigned index, int32_t needed) {
    uint32_t made = cvl_state_of(model, index)->next_row;
    return (int32_t)made < needed && made < height_of(model, op);
}

// An operator whose rows `task`, which has two inputs, lacks, or CVL_NO_OPERATOR.
static CVL_NOINLINE unsigned lacking_of_two(cvl_task_t *task, bool lacks_a) {
    const cvl_operator_t *op = task->op;
    task->source_b = cvl_operator_at(task->model, op->input_b, CVL_COPY(task, 2));
    uint32_t row = row_of_b(task);
    bool lacks_b = row < height_of(task->model, task->source_b) &&
                   lacks_rows(task->model, task->source_b, op->input_b, (int32_t)row + 1);
    if (lacks_b && (!lacks_a || op->flags & CVL_FLAG_B_FIRST)) {
        return op->input_b;
    }
    return lacks_a ? op->input : CVL_NO_OPERATOR;
}

// Makes the next step of operator task->index the task. Returns the operator whose rows it lacks,
// or CVL_NO_OPERATOR.
static CVL_INLINE unsigned set_task(cvl_task_t *task) {
    const cvl_model_t *model = task->model;
    const cvl_state_t *state = cvl_state_of(model, task->index);
    const cvl_operator_t *op = cvl_operator_at(model, task->index, CVL_COPY(task, 0));
    task->op = op;
    task->row = state->next_row;
    task->step = state->step;
    task->source = NULL;
    task->source_b = NULL;
    if (op->input == CVL_NO_OPERATOR) {
        return CVL_NO_OPERATOR;
    }
    task->source = cvl_operator_at(model, op->input, CVL_COPY(task, 1));
    bool lacks = lacks_rows(model, task->source, op->input, rows_needed(task));
    if (cvl_has_second_input(op)) {
        return lacking_of_two(task, lacks);
    }
    return lacks ? op->input : CVL_NO_OPERATOR;
}

// Goes from the current operator down to one that lacks nothing, and leaves what that does in
// `task`.
static CVL_INLINE void descend(cvl_model_t *model, cvl_task_t *task) {
    for (;;) {
        task->index = model->current;
        unsigned source = set_task(task);
        if (source == CVL_NO_OPERATOR) {
            return;
        }
        cvl_state_of(model, source)->parent = model->current;
        model->current = (uint16_t)source;
    }
}

// CVL_MORE where an INPUT can make its row; CVL_STARVED where that has not come yet; CVL_OK where
// the caller's values are read where they lie, or should be.
static CVL_NOINLINE cvl_status_t look_at_input(const cvl_task_t *task) {
    const cvl_input_t *input = &task->model->inputs[task->index];
    if (task->op->ring_rows == 0 || cvl_is_in_place(input)) {
        return CVL_OK;
    }
    uint32_t rows = input->rows == 0 ? task->op->height : input->rows;
    return task->row - input->first_row < rows ? CVL_MORE : CVL_STARVED;
}

// Whether the task is one of those that its model has: always, unless the arena was written to.
static CVL_INLINE bool is_possible(const cvl_task_t *task) {
    return task->row < height_of(task->model, task->op) &&
           (!cvl_accumulates(task->op) || task->step < task->source->height);
}

// Makes the next unfinished goal current. Returns false when all are done.
static CVL_NOINLINE bool next_goal(cvl_model_t *model) {
    for (; model->goal < cvl_goal_count(&model->header); model->goal++) {
        unsigned index = cvl_read_goal(model, model->goal);
        cvl_operator_t copy;
        const cvl_operator_t *op = cvl_operator_at(model, index, &copy);
        if (lacks_rows(model, op, index, ENDLESS)) {
            cvl_state_of(model, index)->parent = CVL_NO_OPERATOR;
            model->current = (uint16_t)index;
            return true;
        }
    }
    return false;
}

// The task is done.
static CVL_INLINE void go_on(cvl_model_t *model, const cvl_task_t *task) {
    cvl_state_t *state = cvl_state_of(model, task->index);
    if (CVL_WITH_ACCUMULATION) {
        state->step++;
    }
    if (task->ends) { // else who asked for the row would ask again
        state->next_row++;
        state->slot = state->slot + 1 < task->op->ring_rows ? state->slot + 1 : 0;
        bool is_goal = state->parent == CVL_NO_OPERATOR;
        bool goes_on = is_goal && state->next_row < height_of(model, task->op);
        model->current = goes_on ? model->current : state->parent;
    }
}

cvl_status_t cvl_step_task(cvl_model_t *model, cvl_task_t *task) {
    if (model->current >= model->header.operator_count && !next_goal(model)) {
        return CVL_OK;
    }
    task->model = model;
    descend(model, task);
    if (!is_possible(task)) {
        return CVL_OK;
    }
    bool may_lack = CVL_HAS_PUSH || CVL_WITH_IN_PLACE_INPUTS;
    if (may_lack && task->op->code == CVL_OP_INPUT) {
        cvl_status_t status = look_at_input(task);
        if (status != CVL_MORE) {
            return status;
        }
    }
    task->begins = task->ends = true;
    if (cvl_accumulates(task->op)) {
        task->begins = task->step == cvl_first_step(task->op, task->row);
        task->ends = cvl_is_last_step(task->op, task->source, task->row, task->step);
    }
    if (!cvl_has_constants(model, task->index)) {
        return CVL_STOPPED;
    }
    make_row(task);
    go_on(model, task);
    return CVL_MORE;
}

cvl_status_t cvl_step(cvl_model_t *model) {
    cvl_task_t task;
    return cvl_step_task(model, &task);
}
