#include <limits.h>
#include "internal.h"

static const cvl_operator_t *output_operator(
    const cvl_model_t *model, unsigned index, cvl_operator_t *copy) {
    cvl_port_t port;
    cvl_read_port(model, cvl_input_count(&model->header) + index, &port);
    return cvl_read_operator(model, port.op_index, copy);
}

int8_t *cvl_output(const cvl_model_t *model, unsigned index) {
    cvl_operator_t copy;
    return (int8_t *)model->arena + output_operator(model, index, &copy)->offset;
}

size_t cvl_output_bytes(const cvl_model_t *model, unsigned index) {
    cvl_operator_t copy;
    const cvl_operator_t *op = output_operator(model, index, &copy);
    return cvl_is_stream(model) ? cvl_row_bytes(op) : cvl_tensor_bytes(op);
}

void cvl_read_shape(const cvl_model_t *model, unsigned index, cvl_shape_t *shape) {
    cvl_operator_t copies[2];
    cvl_port_t port;
    cvl_read_port(model, index, &port);
    const cvl_operator_t *op = cvl_read_operator(model, port.op_index, &copies[0]);
    *shape = (cvl_shape_t){op->height, op->width, op->channels};
    if (cvl_is_stream(model)) {
        shape->height /= output_operator(model, 0, &copies[1])->height;
    }
}

float cvl_real_output(const cvl_model_t *model, unsigned port, size_t index) {
    cvl_port_t quantisation;
    cvl_read_port(model, cvl_input_count(&model->header) + port, &quantisation);
    int32_t q = cvl_output(model, port)[index];
    return (float)(q - quantisation.zero_point) * quantisation.scale;
}

const char *cvl_label(const cvl_model_t *model, unsigned index, size_t *bytes) {
    const uint8_t *label = model->file + model->header.labels;
    for (; index > 0; index--) {
        label += 1 + label[0];
    }
    *bytes = label[0];
    return (const char *)label + 1;
}

unsigned cvl_best(const cvl_model_t *model, unsigned behind) {
    const int8_t *scores = cvl_output(model, 0);
    unsigned count = (unsigned)cvl_output_bytes(model, 0);
    int32_t limit = behind < count ? scores[behind] : INT8_MAX + 1;
    int32_t most = INT8_MIN - 1;
    unsigned best = UINT_MAX;
    for (unsigned i = 0; i < count; i++) {
        int32_t score = scores[i];
        bool is_behind = score < limit || (score == limit && i > behind);
        if (is_behind && score > most) {
            best = i;
            most = score;
        }
    }
    return best;
}

typedef union {
    float value;
    uint32_t bits;
} real_t;

#define BITS_OF_87 0x42ae0000u

// e^x to 2 units in the last place for |x| <= 87: e^x = 2^k * e^r with |r| <= ln(2) / 2, e^r by
// its Taylor polynomial. On bits where that spares a processor without floating point a call.
static float exponential(real_t x) {
    uint32_t sign = x.bits & 0x80000000u;
    x.bits = sign | cvl_least(x.bits & INT32_MAX, BITS_OF_87);
    real_t half = {.bits = sign | 0x3f000000u};
    int32_t k = (int32_t)(x.value * 1.44269504f + half.value);
    // ln(2) in two parts
    float r = x.value - (float)k * 0.693145752f - (float)k * 1.42860677e-6f;
    real_t e = {1.0f};
    for (int32_t n = 6; n > 0; n--) {
        e.value = 1.0f + r * e.value / (float)n;
    }
    e.bits += (uint32_t)k << 23;
    return e.value;
}

float cvl_probability(const cvl_model_t *model, unsigned index) {
    if (!cvl_has_logits(model)) {
        return cvl_real_output(model, 0, index);
    }
    cvl_port_t port;
    cvl_read_port(model, cvl_input_count(&model->header), &port);
    const int8_t *scores = cvl_output(model, 0);
    size_t count = cvl_output_bytes(model, 0);
    float sum = 0.0f;
    for (size_t i = 0; i < count; i++) {
        // Subtracted as integers: of two infinite real values the difference would be no number.
        sum += exponential((real_t){(float)(scores[i] - scores[index]) * port.scale});
    }
    return 1.0f / sum;
}
