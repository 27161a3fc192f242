#include <string.h>
#include "internal.h"
#include "primitives.h"
#include "prove.h"

// COPY makes any tensor whose bytes are found by adding three offsets: one for the row, one for
// the piece of the row, one for the byte of the piece. That is padding, slicing, tiling,
// repeating, mirroring and transposing. Each of the three axes is a list of runs (see cvl_run_t).
enum { ROWS, PIECES, BYTES, LISTS };

typedef struct {
    const uint8_t *first; // at any alignment
    uint32_t count;
} list_t;

// The table: the map of rows, if there is one, the number of runs in each list, and the lists.
static uint32_t map_bytes(const cvl_operator_t *op) {
    return cvl_is_mapped(op) ? op->height * (uint32_t)sizeof(uint16_t) : 0;
}

static CVL_NOINLINE void find_lists(
    const cvl_model_t *model, const cvl_operator_t *op, list_t lists[LISTS]) {
    const uint8_t *at = model->file + op->table + map_bytes(op);
    uint16_t counts[LISTS];
    memcpy(counts, at, sizeof counts);
    at += sizeof counts;
    for (unsigned i = 0; i < LISTS; at += lists[i].count * sizeof(cvl_run_t), i++) {
        lists[i] = (list_t){at, counts[i]};
    }
}

static CVL_NOINLINE cvl_run_t read_run(const list_t *list, uint32_t index) {
    cvl_run_t run;
    memcpy(&run, list->first + index * sizeof run, sizeof run);
    return run;
}

// Between which offsets something lies; 0 counts as one of them.
typedef struct {
    int64_t low;
    int64_t high;
} extent_t;

static CVL_NOINLINE void extend(extent_t *extent, int64_t by) {
    if (by < 0) {
        extent->low += by;
    } else {
        extent->high += by;
    }
}

// Returns how many entries the list makes, and extends the extent by their offsets.
static CVL_NOINLINE uint64_t measure(const list_t *list, extent_t *extent) {
    uint64_t entries = 0;
    int64_t low = 0;
    int64_t high = 0;
    for (uint32_t i = 0; i < list->count; i++) {
        cvl_run_t run = read_run(list, i);
        entries += (uint32_t)run.outer * run.inner;
        if (run.offset != CVL_FILL) {
            extent_t own = {run.offset, run.offset};
            extend(&own, (int64_t)run.outer_step * (run.outer - 1));
            extend(&own, (int64_t)run.inner_step * (run.inner - 1));
            low = own.low < low ? own.low : low;
            high = own.high > high ? own.high : high;
        }
    }
    extend(extent, low);
    extend(extent, high);
    return entries;
}

cvl_status_t cvl_copy_prove(const cvl_proof_t *proof) {
    const cvl_operator_t *op = proof->op;
    cvl_fault_t *fault = proof->fault;
    CVL_CHECK(fault, !cvl_accumulates(op), FLAGS, op->flags, 0);
    uint32_t begin = map_bytes(op) + LISTS * (uint32_t)sizeof(uint16_t);
    CVL_TRY(cvl_prove_table(proof, begin));
    list_t lists[LISTS];
    find_lists(proof->model, op, lists);
    uint32_t runs = lists[ROWS].count + lists[PIECES].count + lists[BYTES].count;
    CVL_TRY(cvl_prove_table(proof, begin + runs * (uint32_t)sizeof(cvl_run_t)));
    extent_t extent = {0, 0};
    uint64_t rows = measure(&lists[ROWS], &extent);
    uint64_t pieces = measure(&lists[PIECES], &extent);
    uint64_t bytes = measure(&lists[BYTES], &extent);
    bool rows_fit = cvl_is_stream(proof->model) ? rows > 0 : rows == op->height;
    CVL_CHECK(fault, rows_fit, RUNS, cvl_saturate(rows), op->height);
    // Neither is more than 2^48, and their product is looked at only where both are small.
    uint32_t row_bytes = cvl_row_bytes(op);
    bool fits = pieces <= row_bytes && bytes <= row_bytes && pieces * bytes == row_bytes;
    CVL_CHECK(fault, fits, RUNS, cvl_saturate(pieces), row_bytes);
    uint32_t height = op->kernel_h == CVL_KERNEL_ALL ? proof->source->height : 1;
    uint32_t readable = height * cvl_row_bytes(proof->source);
    bool inside = extent.low >= 0 && extent.high < readable;
    CVL_CHECK(fault, inside, RUNS, cvl_saturate((uint64_t)extent.high), readable);
    return CVL_OK;
}

typedef struct {
    const int8_t *from; // the row of the input, or the whole input
    int8_t *out;
    int8_t fill;
} copier_t;

// `run->inner` bytes from offset `at` on, or as many of the fill value.
static void copy_block(copier_t *copier, const cvl_run_t *run, uint32_t at, bool fills) {
    int8_t *out = copier->out;
    if (fills) {
        memset(out, copier->fill, run->inner);
    } else if (run->inner_step == 1) {
        memmove(out, copier->from + at, run->inner); // a damaged file may let the rings overlap
    } else {
        for (uint32_t i = 0; i < run->inner; i++, at += (uint32_t)run->inner_step) {
            out[i] = copier->from[at];
        }
    }
    copier->out = out + run->inner;
}

static void copy_piece(copier_t *copier, const list_t *bytes, uint32_t at, bool fills) {
    for (uint32_t i = 0; i < bytes->count; i++) {
        cvl_run_t run = read_run(bytes, i);
        bool run_fills = fills || run.offset == CVL_FILL;
        uint32_t block = at + (uint32_t)run.offset;
        for (uint32_t j = 0; j < run.outer; j++, block += (uint32_t)run.outer_step) {
            copy_block(copier, &run, block, run_fills);
        }
    }
}

// The offset for row `row`, or CVL_FILL.
static uint32_t offset_of_row(const list_t *rows, uint32_t row) {
    cvl_run_t run = read_run(rows, 0);
    for (uint32_t i = 1, entries; row >= (entries = (uint32_t)run.outer * run.inner); i++) {
        row -= entries;
        run = read_run(rows, i);
    }
    uint32_t outer = row / run.inner * (uint32_t)run.outer_step;
    uint32_t inner = row % run.inner * (uint32_t)run.inner_step;
    return run.offset == CVL_FILL ? (uint32_t)CVL_FILL : (uint32_t)run.offset + outer + inner;
}

// out[piece, byte] = input[offset of the row + offset of the piece + offset of the byte]. Offsets
// are added modulo 2^32: their sum is proved to lie inside.
void cvl_copy_row(const cvl_task_t *task) {
    list_t lists[LISTS];
    find_lists(task->model, task->op, lists);
    // In a stream all rows are like the first.
    uint32_t row = offset_of_row(&lists[ROWS], cvl_is_stream(task->model) ? 0 : task->row);
    bool row_fills = task->rows[0] == NULL || row == (uint32_t)CVL_FILL;
    copier_t copier = {task->rows[0], task->out, task->op->zero_point_in};
    for (uint32_t i = 0; i < lists[PIECES].count; i++) {
        cvl_run_t run = read_run(&lists[PIECES], i);
        bool fills = row_fills || run.offset == CVL_FILL;
        uint32_t block = row + (uint32_t)run.offset;
        for (uint32_t j = 0; j < run.outer; j++, block += (uint32_t)run.outer_step) {
            uint32_t at = block;
            for (uint32_t k = 0; k < run.inner; k++, at += (uint32_t)run.inner_step) {
                copy_piece(&copier, &lists[BYTES], at, fills);
            }
        }
    }
}
