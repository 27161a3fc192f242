// Requantisation with TFLM's double rounding, the same to the last bit as
// tensorflow/lite/kernels/internal/common.h MultiplyByQuantizedMultiplier, and gemmlowp's
// fixedpoint.h below it.
#ifndef CVL_REQUANTIZE_H
#define CVL_REQUANTIZE_H

#include "format.h"

// What one output channel needs: real output = acc * multiplier * 2^(shift - 31).
typedef struct {
    int32_t bias; // bias - zero_point_in * sum(weights)
    int32_t multiplier;
    int32_t left_shift;  // 0 to 30
    int32_t right_shift; // 0 to 31
} cvl_channel_t;

// Reads channel `c` of `channels` from a table at any alignment.
void cvl_read_channel(const uint8_t *table, uint32_t channels, uint32_t c, cvl_channel_t *channel);

static inline int32_t cvl_clamp(int32_t value, int32_t low, int32_t high) {
    return value < low ? low : value > high ? high : value;
}

// Both roundings are to nearest. The first takes halves up: (a * b + 2^30) >> 31 equals gemmlowp's
// truncating division with its signed nudge. The second, RoundingDivideByPOT, takes halves away
// from zero.
static inline int32_t cvl_requantize(int32_t acc, const cvl_channel_t *channel) {
    int32_t shifted = (int32_t)((uint32_t)acc << channel->left_shift);
    int32_t high = (int32_t)(((int64_t)shifted * channel->multiplier + (1 << 30)) >> 31);
    int32_t mask = (int32_t)((1u << channel->right_shift) - 1);
    int32_t threshold = (mask >> 1) + (high < 0);
    return (high >> channel->right_shift) + ((high & mask) > threshold);
}

// The output value of channel `channel` for the accumulated products `sum`, without the bias.
static inline int8_t cvl_finish(
    int32_t sum, const cvl_channel_t *channel, const cvl_operator_t *op) {
    int32_t value = cvl_requantize((int32_t)((uint32_t)channel->bias + (uint32_t)sum), channel);
    int32_t zero = op->zero_point_out; // added last, where it cannot overflow
    return (int8_t)(cvl_clamp(value, op->clamp_min - zero, op->clamp_max - zero) + zero);
}

#endif
