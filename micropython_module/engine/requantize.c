#include <string.h>
#include "requantize.h"

// Entry `c` of a table that does not lie aligned in memory, since its file does not.
CVL_HOT static CVL_NOINLINE int32_t read_unaligned(const uint8_t *table, uint32_t c) {
    int32_t value;
    memcpy(&value, table + sizeof value * c, sizeof value);
    return value;
}

cvl_requantizer_t cvl_requantizer_of(
    const cvl_model_t *model, const cvl_operator_t *op, uint32_t channels) {
    const uint8_t *table = model->file + op->table;
    cvl_requantizer_t requantizer = {
        .biases = table,
        .multipliers = table + 4 * channels,
        .shifts = (const int8_t *)table + 8 * channels,
        .low = op->clamp_min - op->zero_point_out,
        .high = op->clamp_max - op->zero_point_out,
        .zero_point = op->zero_point_out,
    };
    return requantizer;
}

int8_t cvl_finish(const cvl_requantizer_t *requantizer, uint32_t c, int32_t sum) {
    int32_t bias, multiplier;
    if ((uintptr_t)requantizer->biases % sizeof bias == 0) {
        bias = ((const int32_t *)(const void *)requantizer->biases)[c];
        multiplier = ((const int32_t *)(const void *)requantizer->multipliers)[c];
    } else {
        bias = read_unaligned(requantizer->biases, c);
        multiplier = read_unaligned(requantizer->multipliers, c);
    }
    int32_t acc = (int32_t)((uint32_t)bias + (uint32_t)sum);
    int32_t value = cvl_requantize(acc, multiplier, requantizer->shifts[c]);
    if (value < requantizer->low) {
        value = requantizer->low;
    } else if (value > requantizer->high) {
        value = requantizer->high;
    }
    return (int8_t)(value + requantizer->zero_point);
}
