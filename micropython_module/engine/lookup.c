#include "internal.h"
#include "prove.h"

#define VALUES 256u

cvl_status_t cvl_lookup_prove(const cvl_proof_t *proof) {
    CVL_TRY(cvl_prove_pixelwise(proof));
    return cvl_prove_table(proof, VALUES);
}

// out[i] = table[x[i]], where the table begins with the value of 0 and ends with that of -1. `out`
// may be the row of the input.
void cvl_lookup_row(const cvl_task_t *task) {
    const int8_t *table = (const int8_t *)task->model->file + task->op->table;
    const uint8_t *x = (const uint8_t *)task->rows[0];
    uint32_t count = cvl_row_bytes(task->op);
    for (uint32_t i = 0; i < count; i++) {
        task->out[i] = table[x[i]];
    }
}
