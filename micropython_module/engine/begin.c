#include "internal.h"

// How an inference begins: with whole images, or with the first of the rows that are pushed.

static void start(cvl_model_t *model, const cvl_input_t *inputs) {
    model->inputs = inputs;
    model->goal = 0;
    model->current = CVL_NO_OPERATOR;
    cvl_state_t *state = cvl_state_of(model, 0);
    for (unsigned i = model->header.operator_count; i > 0; i--, state++) {
        state->next_row = 0;
        state->step = 0;
        state->slot = 0;
    }
}

void cvl_start(cvl_model_t *model, const cvl_input_t *inputs) {
    start(model, inputs);
    for (unsigned i = 0; i < cvl_input_count(&model->header); i++) {
        if (cvl_is_in_place(&inputs[i])) {
            cvl_operator_t copy;
            cvl_state_of(model, i)->next_row = cvl_read_operator(model, i, &copy)->height;
        }
    }
}

void cvl_reset(cvl_model_t *model) {
    model->inputs = NULL;
}

#if CVL_HAS_PUSH

// In a stream: when two periods have passed, all operators forget one, and go on as if there had
// been one less. They have all left the stream's beginning behind by then.
static void forget_period(cvl_model_t *model) {
    for (unsigned i = 0; i < model->header.operator_count; i++) {
        cvl_operator_t copy;
        cvl_state_of(model, i)->next_row -= cvl_read_operator(model, i, &copy)->height;
    }
}

// Rows of the input that have come in the inference that is going on; none if it has ended, or
// did not begin with cvl_push.
static uint32_t rows_pushed(const cvl_model_t *model) {
    cvl_operator_t copy;
    uint32_t rows = (uint32_t)model->pushed.first_row + model->pushed.rows;
    bool goes_on = cvl_is_stream(model) || rows < cvl_read_operator(model, 0, &copy)->height;
    return model->inputs == &model->pushed && goes_on ? rows : 0;
}

uint32_t cvl_wanted_rows(const cvl_model_t *model) {
    cvl_shape_t shape;
    cvl_read_shape(model, 0, &shape);
    return cvl_is_stream(model) ? shape.height : shape.height - rows_pushed(model);
}

void cvl_push(cvl_model_t *model, const void *data, cvl_element_t element, uint32_t rows) {
    uint32_t first_row = rows_pushed(model);
    if (first_row == 0) {
        start(model, &model->pushed);
    }
    cvl_operator_t copy;
    uint32_t height = cvl_read_operator(model, 0, &copy)->height;
    if (cvl_is_stream(model) && first_row >= 2 * height) {
        first_row -= height;
        forget_period(model);
    }
    model->pushed = (cvl_input_t){data, element, 0, (uint16_t)first_row, (uint16_t)rows};
    model->outputs = cvl_state_of(model, cvl_read_goal(model, 0))->next_row;
}

bool cvl_has_new_output(const cvl_model_t *model) {
    if (cvl_is_stream(model)) {
        return cvl_state_of(model, cvl_read_goal(model, 0))->next_row != model->outputs;
    }
    return rows_pushed(model) == 0;
}

#endif
