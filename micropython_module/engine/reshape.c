#include <string.h>
#include "kernels.h"

// The same bytes cut into other rows; the whole input lies in one piece. A damaged file may let
// the two rings overlap.
void cvl_reshape_row(const cvl_task_t *task) {
    uint32_t row_bytes = (uint32_t)task->op.width * task->op.channels;
    memmove(task->out, task->rows[0] + task->row * row_bytes, row_bytes);
}
