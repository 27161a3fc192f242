#include <string.h>
#include "internal.h"
#include "prove.h"

// x rounded to nearest, halves away from zero; +-1024 beyond that. NaN counts as 0. On the bits of
// the number, which takes a processor without floating point a tenth of the time.
static int32_t round_away(float x) {
    union {
        float value;
        uint32_t bits;
    } size = {x};
    bool is_negative = size.bits >> 31;
    size.bits &= INT32_MAX;
    if (size.bits > 0x7f800000) {
        return 0;
    }
    size.bits = cvl_least(size.bits, 0x44800000) + (1 << 23); // at most 1024.0f, then twice that
    int32_t rounded = ((int32_t)size.value + 1) >> 1;
    return is_negative ? -rounded : rounded;
}

// TFLite's QUANTIZE: round(x / scale) + zero_point, saturated.
static int8_t quantize(float x, const cvl_port_t *port) {
    int32_t q = round_away(x / port->scale) + port->zero_point;
    return (int8_t)(q < INT8_MIN ? INT8_MIN : q > INT8_MAX ? INT8_MAX : q);
}

// Element `i` of real values at any alignment.
static float real_value(const cvl_input_t *input, size_t i) {
    if (input->element == CVL_INT16) {
        int16_t whole;
        memcpy(&whole, (const uint8_t *)input->data + i * sizeof whole, sizeof whole);
        return (float)whole;
    }
    float x;
    memcpy(&x, (const uint8_t *)input->data + i * sizeof x, sizeof x);
    return x;
}

// Element `i` of a test vector's image: a hash of seed and position, so that rows may be made in
// any order. The mixing is Chris Wellons' "lowbias32". The host has it in host/convlet/vectors.py.
static int8_t seeded(uint32_t seed, uint32_t i) {
    uint32_t x = seed + i * 0x9e3779b9u;
    x = (x ^ (x >> 16)) * 0x7feb352du;
    x = (x ^ (x >> 15)) * 0x846ca68bu;
    return (int8_t)(x >> 24);
}

cvl_status_t cvl_input_prove(const cvl_proof_t *proof) {
    // Its rows come from the caller, who is checked when a run begins.
    uint32_t flags = proof->op->flags;
    CVL_CHECK(proof->fault, (flags & ~CVL_FLAG_PLACED) == 0, FLAGS, flags, 0);
    return CVL_OK;
}

// Row by row the caller's image is quantised: no copy of it is ever whole.
void cvl_input_row(const cvl_task_t *task) {
    const cvl_input_t *input = &task->model->inputs[task->index];
    int8_t *out = task->out;
    uint32_t count = cvl_row_bytes(task->op);
    size_t first = (size_t)(task->row - input->first_row) * count;
    switch (input->element) {
    case CVL_INT8:
        memmove(out, (const int8_t *)input->data + first, count);
        break;
    case CVL_UINT8:
        for (uint32_t i = 0; i < count; i++) {
            out[i] = (int8_t)(((const uint8_t *)input->data)[first + i] ^ 0x80);
        }
        break;
    case CVL_FLOAT32:
    case CVL_INT16: {
        cvl_port_t port;
        cvl_read_port(task->model, task->index, &port);
        for (uint32_t i = 0; i < count; i++) {
            out[i] = quantize(real_value(input, first + i), &port);
        }
        break;
    }
    case CVL_SEEDED:
        for (uint32_t i = 0; CVL_WITH_TEST_VECTORS && i < count; i++) {
            out[i] = seeded(input->seed, (uint32_t)first + i);
        }
        break;
    }
}
