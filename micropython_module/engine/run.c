#include "internal.h"
#include "kernels.h"

// Running is pulling. The operator that is to make a row looks whether the rows that it reads have
// been made; if not, the operator that makes them becomes current and remembers who asked. Thus a
// row is made when it is needed, and a ring of few rows is enough for a whole tensor. No row is
// ever made twice. A wrong schedule in a file, or somebody who writes to the arena between two
// steps, gives wrong numbers, but every row lies inside its ring and every ring inside the arena.

// Behind every row that can be counted.
#define ENDLESS UINT32_MAX

// How many rows a tensor has; those of a stream never end.
static uint32_t height_of(const cvl_model_t *model, const cvl_operator_t *op) {
    return cvl_is_stream(model) ? ENDLESS : op->height;
}

// Where the rows of a tensor lie: in places of their own, or in a ring.
typedef struct {
    int8_t *begin;
    const uint8_t *places; // NULL: a ring
    uint32_t row_bytes;
    uint32_t ring_rows;
    uint32_t turn; // the row that began the ring, in the turn of it that is going on
} rows_t;

static CVL_INLINE void find_rows(
    rows_t *rows, const cvl_model_t *model, const cvl_operator_t *op, unsigned index) {
    rows->places = NULL;
    rows->row_bytes = cvl_row_bytes(op);
    rows->ring_rows = op->ring_rows;
    rows->turn = 0;
    if (op->code == CVL_OP_INPUT && cvl_is_in_place(&model->inputs[index])) {
        rows->begin = (int8_t *)model->inputs[index].data;
        rows->ring_rows = ENDLESS;
        return;
    }
    rows->begin = (int8_t *)model->arena;
    if (cvl_is_placed(op)) {
        rows->places = model->file + op->offset;
        return;
    }
    rows->begin += op->offset;
    // Whole tensors lie as they are, whatever the state is: some are read in one piece.
    if (op->ring_rows != height_of(model, op)) {
        const cvl_state_t *state = cvl_state_of(model, index);
        rows->turn = (uint32_t)state->next_row - state->slot;
    }
}

static CVL_INLINE int8_t *pick_row(const rows_t *rows, uint32_t row) {
    if (CVL_WITH_ROW_PLACES && rows->places != NULL) {
        const uint8_t *place = rows->places + 2 * (size_t)row;
        return rows->begin + (place[0] | (uint32_t)place[1] << 8);
    }
    uint32_t slot = row - rows->turn;
    if (slot >= rows->ring_rows) {
        slot += rows->ring_rows; // it was made in the turn before
        if (slot >= rows->ring_rows) {
            slot = row % rows->ring_rows; // a wrong schedule
        }
    }
    return rows->begin + slot * rows->row_bytes;
}

// Row `row` of the tensor of operator `index`.
static int8_t *row_at(
    const cvl_model_t *model, const cvl_operator_t *op, unsigned index, uint32_t row) {
    rows_t rows;
    find_rows(&rows, model, op, index);
    return pick_row(&rows, row);
}

// Above every row of every window.
#define NO_ROW_AT (-(1 << 16))

// Where the window of the task's row begins: the operator's map says it, or its stride and
// padding.
static int32_t first_row(const cvl_task_t *task) {
    const cvl_operator_t *op = task->op;
    if (!cvl_is_mapped(op)) {
        return cvl_first_row(op, task->row);
    }
    if (task->row >= op->height) { // only where the arena was written to: see is_possible
        return NO_ROW_AT;
    }
    uint32_t row = cvl_read_u16(task->model, op->table, task->row);
    return row == CVL_NO_ROW ? NO_ROW_AT : (int32_t)row;
}

// How many rows of its first input the next step of `task` needs; of an input with fewer rows all.
static uint32_t rows_needed(const cvl_task_t *task) {
    const cvl_operator_t *op = task->op;
    if (cvl_accumulates(op)) {
        return task->step + 1;
    }
    if (op->kernel_h == CVL_KERNEL_ALL) {
        return ENDLESS;
    }
    int32_t last = first_row(task) + (op->kernel_h - 1) * op->dilation_h;
    if (CVL_WITH_SPREAD_INPUTS && op->up_h > 1 && last > 0) {
        last /= op->up_h;
    }
    return last < 0 ? 0 : (uint32_t)last + 1;
}

// The row of its second input that it reads: the only one, or one for each of its own from row
// `parameter` on. Not below the height where it reads none.
static uint32_t row_of_b(const cvl_task_t *task) {
    bool only_one = task->source_b->height == 1 && task->op->parameter == 0;
    return only_one ? 0 : task->row - task->op->parameter;
}

static void set_window(cvl_task_t *task) {
    const cvl_operator_t *op = task->op;
    rows_t rows;
    find_rows(&rows, task->model, task->source, op->input);
    int32_t at = first_row(task);
    uint32_t height = height_of(task->model, task->source);
    const int8_t **end = task->rows + op->kernel_h;
    for (const int8_t **to = task->rows; to < end; to++, at += op->dilation_h) {
        int32_t row = cvl_unspread(at, op->up_h);
        bool inside = row >= 0 && (uint32_t)row < height;
        *to = inside ? pick_row(&rows, (uint32_t)row) : NULL;
    }
}

static void set_rows(cvl_task_t *task) {
    const cvl_operator_t *op = task->op;
    if (cvl_accumulates(op)) {
        task->rows[0] = row_at(task->model, task->source, op->input, task->step);
    } else if (op->kernel_h == CVL_KERNEL_ALL) {
        task->rows[0] = row_at(task->model, task->source, op->input, 0);
    } else {
        set_window(task);
    }
    if (cvl_has_second_input(op)) {
        uint32_t row = row_of_b(task);
        bool inside = row < height_of(task->model, task->source_b);
        task->row_b = inside ? row_at(task->model, task->source_b, op->input_b, row) : NULL;
    }
}

static void make_row(cvl_task_t *task) {
    task->out = row_at(task->model, task->op, task->index, task->row);
    if (task->source != NULL) {
        set_rows(task);
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

static const cvl_operator_t *read_source(
    const cvl_model_t *model, unsigned index, cvl_operator_t *copy) {
    return index == CVL_NO_OPERATOR ? NULL : cvl_operator_at(model, index, copy);
}

// Whether operator `index` has made fewer than `needed` rows, and can make more.
static bool lacks_rows(const cvl_model_t *model, unsigned index, uint32_t needed) {
    uint32_t made = cvl_state_of(model, index)->next_row;
    if (made >= needed) {
        return false;
    }
    cvl_operator_t copy;
    return made < height_of(model, cvl_operator_at(model, index, &copy));
}

// An operator whose rows `task` lacks, or CVL_NO_OPERATOR.
static unsigned lacking(const cvl_task_t *task) {
    const cvl_operator_t *op = task->op;
    bool lacks_a =
        op->input != CVL_NO_OPERATOR && lacks_rows(task->model, op->input, rows_needed(task));
    if (cvl_has_second_input(op)) {
        uint32_t row = row_of_b(task);
        bool lacks_b = row < height_of(task->model, task->source_b) &&
                       lacks_rows(task->model, op->input_b, row + 1);
        if (lacks_b && (!lacks_a || op->flags & CVL_FLAG_B_FIRST)) {
            return op->input_b;
        }
    }
    return lacks_a ? op->input : CVL_NO_OPERATOR;
}

// Whether the task is one of those that its model has: always, unless the arena was written to or
// an input that keeps no rows got values that it does not take.
static bool is_possible(const cvl_task_t *task) {
    if (task->op->code == CVL_OP_INPUT &&
        (task->op->ring_rows == 0 || cvl_is_in_place(&task->model->inputs[task->index]))) {
        return false;
    }
    return task->row < height_of(task->model, task->op) &&
           (!cvl_accumulates(task->op) || task->step < task->source->height);
}

// Goes from the current operator down to one that lacks nothing, and leaves what that does in
// `task`. Returns false where that is impossible.
static bool descend(cvl_model_t *model, cvl_task_t *task) {
    task->model = model;
    for (;;) {
        const cvl_state_t *state = cvl_state_of(model, model->current);
        task->row = state->next_row;
        task->step = state->step;
        task->op = cvl_operator_at(model, model->current, &task->copies[0]);
        task->source_b = NULL;
        if (cvl_has_second_input(task->op)) {
            task->source_b = cvl_operator_at(model, task->op->input_b, &task->copies[2]);
        }
        unsigned source = lacking(task);
        if (source == CVL_NO_OPERATOR) {
            task->index = model->current;
            task->source = read_source(model, task->op->input, &task->copies[1]);
            return is_possible(task);
        }
        cvl_state_of(model, source)->parent = model->current;
        model->current = (uint16_t)source;
    }
}

// Whether the row that an INPUT is to make has not come yet.
static bool is_starved(const cvl_task_t *task) {
    if (task->op->code != CVL_OP_INPUT) {
        return false;
    }
    const cvl_input_t *input = &task->model->inputs[task->index];
    uint32_t rows = input->rows == 0 ? task->op->height : input->rows;
    return task->row - input->first_row >= rows;
}

// Makes the next unfinished goal current. Returns false when all are done.
static bool next_goal(cvl_model_t *model) {
    for (; model->goal < model->header.goal_count; model->goal++) {
        unsigned index = cvl_read_goal(model, model->goal);
        cvl_operator_t copy;
        const cvl_operator_t *op = cvl_operator_at(model, index, &copy);
        if (cvl_state_of(model, index)->next_row < height_of(model, op)) {
            cvl_state_of(model, index)->parent = CVL_NO_OPERATOR;
            model->current = (uint16_t)index;
            return true;
        }
    }
    return false;
}

cvl_status_t cvl_step_task(cvl_model_t *model, cvl_task_t *task) {
    if (model->current >= model->header.operator_count && !next_goal(model)) {
        return CVL_OK;
    }
    if (!descend(model, task)) {
        return CVL_OK;
    }
    if (is_starved(task)) {
        return CVL_STARVED;
    }
    if (!cvl_has_constants(model, task->index)) {
        return CVL_STOPPED;
    }
    make_row(task);
    cvl_state_t *state = cvl_state_of(model, task->index);
    state->step++;
    task->made = !cvl_accumulates(task->op) ||
                 cvl_is_last_step(task->op, task->source, task->row, task->step);
    if (task->made) { // else who asked for the row would ask again
        state->next_row++;
        state->slot = state->slot + 1 < task->op->ring_rows ? state->slot + 1 : 0;
        model->current = state->parent;
    }
    return CVL_MORE;
}

cvl_status_t cvl_step(cvl_model_t *model) {
    cvl_task_t task;
    return cvl_step_task(model, &task);
}
