#include "internal.h"
#include "kernels.h"

// Running is pulling. The operator that is to make a row looks whether the rows that it reads have
// been made; if not, the operator that makes them becomes current and remembers who asked. Thus a
// row is made when it is needed, and a ring of few rows is enough for a whole tensor. No row is
// ever made twice. A wrong schedule in a file gives wrong numbers, but every row lies inside its
// ring and every ring inside the arena.

static cvl_state_t *state_of(const cvl_model_t *model, unsigned index) {
    return (cvl_state_t *)model->arena + index;
}

// Row `row` of the tensor of `op`, in its ring.
static int8_t *ring_row(const cvl_model_t *model, const cvl_operator_t *op, uint32_t row) {
    uint32_t slot = op->ring_rows == op->height ? row : row % op->ring_rows;
    return (int8_t *)model->arena + op->offset + slot * cvl_row_bytes(op);
}

static void set_rows(const cvl_model_t *model, cvl_task_t *task) {
    if (task->op->kernel_h == CVL_KERNEL_ALL) {
        task->rows[0] = ring_row(model, task->source, 0);
        return;
    }
    int32_t row = cvl_first_row(task->op, task->row);
    for (uint32_t ky = 0; ky < task->op->kernel_h; ky++, row += task->op->dilation_h) {
        bool inside = row >= 0 && row < task->source->height;
        task->rows[ky] = inside ? ring_row(model, task->source, (uint32_t)row) : NULL;
    }
}

static void make_row(const cvl_model_t *model, cvl_task_t *task) {
    task->out = ring_row(model, task->op, task->row);
    if (task->source != NULL) {
        set_rows(model, task);
    }
    switch (task->op->code) {
#define CVL_MAKE_ROW(name, stem)                                                                  \
    case CVL_OP_##name:                                                                           \
        cvl_##stem##_row(task);                                                                   \
        break;
        CVL_OPERATORS(CVL_MAKE_ROW)
    }
}

// Goes from the current operator down to one whose next row can be made, and leaves that in
// `task`.
static void descend(cvl_model_t *model, cvl_task_t *task) {
    for (;;) {
        task->op = cvl_read_operator(model, model->current, &task->copies[0]);
        task->source = NULL;
        task->row = state_of(model, model->current)->next_row;
        unsigned source = task->op->input;
        if (source == CVL_NO_OPERATOR) {
            return;
        }
        task->source = cvl_read_operator(model, source, &task->copies[1]);
        int32_t needed = cvl_last_row(task->op, task->source, task->row);
        if (state_of(model, source)->next_row > needed) {
            return;
        }
        state_of(model, source)->parent = model->current;
        model->current = (uint16_t)source;
    }
}

// Makes the next unfinished goal current. Returns false when all are done.
static bool next_goal(cvl_model_t *model) {
    for (; model->goal < model->header.goal_count; model->goal++) {
        unsigned index = cvl_read_goal(model, model->goal);
        cvl_operator_t copy;
        if (state_of(model, index)->next_row < cvl_read_operator(model, index, &copy)->height) {
            state_of(model, index)->parent = CVL_NO_OPERATOR;
            model->current = (uint16_t)index;
            return true;
        }
    }
    return false;
}

void cvl_start(cvl_model_t *model, const cvl_input_t *inputs) {
    model->inputs = inputs;
    model->goal = 0;
    model->current = CVL_NO_OPERATOR;
    for (unsigned i = 0; i < model->header.operator_count; i++) {
        state_of(model, i)->next_row = 0;
    }
}

cvl_status_t cvl_step_task(cvl_model_t *model, cvl_task_t *task) {
    if (model->current == CVL_NO_OPERATOR && !next_goal(model)) {
        return CVL_OK;
    }
    task->model = model;
    descend(model, task);
    task->index = model->current;
    make_row(model, task);
    cvl_state_t *state = state_of(model, model->current);
    state->next_row++;
    model->current = state->parent;
    return CVL_MORE;
}

cvl_status_t cvl_step(cvl_model_t *model) {
    cvl_task_t task;
    return cvl_step_task(model, &task);
}
