#include "kernels.h"
#include "primitives.h"
#include "requantize.h"

// out[c] = requantise(bias[c] + sum of input * weights[c]) over the whole input, whose rows lie
// one behind the other.
void cvl_dense_row(const cvl_task_t *task) {
    const cvl_operator_t *op = &task->op;
    uint32_t count = (uint32_t)task->source.height * task->source.width * task->source.channels;
    const int8_t *weights = (const int8_t *)task->file + op->weights;
    for (uint32_t c = 0; c < op->channels; c++, weights += count) {
        cvl_channel_t channel;
        cvl_read_channel(task->file + op->table, op->channels, c, &channel);
        task->out[c] = cvl_finish(cvl_dot_s8(task->rows[0], weights, count), &channel, op);
    }
}
