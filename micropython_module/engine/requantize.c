#include "requantize.h"

static uint32_t read_u32(const uint8_t *at) {
    if ((uintptr_t)at % sizeof(uint32_t) == 0) {
        return *(const uint32_t *)(const void *)at;
    }
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

cvl_requantizer_t cvl_requantizer_of(const cvl_model_t *model, const cvl_operator_t *op) {
    const uint8_t *table = model->file + op->table;
    cvl_requantizer_t requantizer = {
        .biases = table,
        .multipliers = table + 4 * op->channels,
        .shifts = (const int8_t *)table + 8 * op->channels,
        .low = op->clamp_min - op->zero_point_out,
        .high = op->clamp_max - op->zero_point_out,
        .zero_point = op->zero_point_out,
    };
    return requantizer;
}

int8_t cvl_finish(const cvl_requantizer_t *requantizer, uint32_t c, int32_t sum) {
    uint32_t bias = read_u32(requantizer->biases + 4 * c);
    int32_t multiplier = (int32_t)read_u32(requantizer->multipliers + 4 * c);
    int32_t acc = (int32_t)(bias + (uint32_t)sum);
    int32_t value = cvl_requantize(acc, multiplier, requantizer->shifts[c]);
    if (value < requantizer->low) {
        value = requantizer->low;
    } else if (value > requantizer->high) {
        value = requantizer->high;
    }
    return (int8_t)(value + requantizer->zero_point);
}
