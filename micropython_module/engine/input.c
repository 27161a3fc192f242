#include <string.h>
#include "internal.h"

// TFLite's QUANTIZE: round(x / scale) + zero_point, halves away from zero, saturated. NaN counts
// as 0.
static int8_t quantize(float x, const cvl_port_t *port) {
    float steps = x / port->scale;
    // Beyond this every value saturates, and the conversion to an integer below stays defined.
    if (steps > 1024.0f) {
        steps = 1024.0f;
    } else if (steps < -1024.0f) {
        steps = -1024.0f;
    } else if (steps != steps) {
        steps = 0.0f;
    }
    // Truncating 2 * steps first and then halving would lose nothing, but adding 0.5 rounds
    // 0.49999997 up: compare instead.
    int32_t whole = (int32_t)steps;
    float rest = steps - (float)whole;
    whole += (rest >= 0.5f) - (rest <= -0.5f);
    whole += port->zero_point;
    return (int8_t)(whole < -128 ? -128 : whole > 127 ? 127 : whole);
}

// Element `i` of a test vector's image: a hash of seed and position, so that rows may be made in
// any order. The mixing is Chris Wellons' "lowbias32". The host has it in host/convlet/vectors.py.
static int8_t seeded(uint32_t seed, uint32_t i) {
    uint32_t x = seed + i * 0x9e3779b9u;
    x = (x ^ (x >> 16)) * 0x7feb352du;
    x = (x ^ (x >> 15)) * 0x846ca68bu;
    return (int8_t)(x >> 24);
}

void cvl_read_input_row(const cvl_model_t *model, unsigned index, const cvl_operator_t *op,
    uint32_t row, int8_t *out) {
    const cvl_input_t *input = &model->inputs[index];
    uint32_t count = cvl_row_bytes(op);
    size_t first = (size_t)row * count;
    cvl_port_t port;
    cvl_read_port(model, index, &port);
    switch (input->element) {
    case CVL_INT8:
        // The image may lie in the arena: the output of the last run.
        memmove(out, (const int8_t *)input->data + first, count);
        break;
    case CVL_UINT8:
        for (uint32_t i = 0; i < count; i++) {
            out[i] = (int8_t)(((const uint8_t *)input->data)[first + i] ^ 0x80);
        }
        break;
    case CVL_FLOAT32:
        for (uint32_t i = 0; i < count; i++) {
            float x; // copied, since the data may lie at any alignment
            memcpy(&x, (const uint8_t *)input->data + (first + i) * sizeof x, sizeof x);
            out[i] = quantize(x, &port);
        }
        break;
    case CVL_SEEDED:
        for (uint32_t i = 0; i < count; i++) {
            out[i] = seeded(input->seed, (uint32_t)first + i);
        }
        break;
    }
}
