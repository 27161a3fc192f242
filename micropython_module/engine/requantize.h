// Requantisation with TFLM's double rounding, the same to the last bit as
// tensorflow/lite/kernels/internal/common.h MultiplyByQuantizedMultiplier, and gemmlowp's
// fixedpoint.h below it.
#ifndef CVL_REQUANTIZE_H
#define CVL_REQUANTIZE_H

#include "kernels.h"
#include "primitives.h"

// Makes an operator's int8 output from sums of products. Its table holds for each channel
//     bias - zero_point_in * sum(weights), multiplier, shift;
// real output = (sum + bias) * multiplier * 2^(shift - 31).
typedef struct {
    const uint8_t *biases;      // int32[channels], at any alignment
    const uint8_t *multipliers; // int32[channels]
    const int8_t *shifts;       // -31 to 30
    int32_t low;                // the activation's clamp, before the zero point is added
    int32_t high;
    int32_t zero_point;
} cvl_requantizer_t;

// `channels`: of the table, at least one.
CVL_HOT cvl_requantizer_t cvl_requantizer_of(
    const cvl_model_t *model, const cvl_operator_t *op, uint32_t channels);

// The output value of channel `c` from the sum of its products, without the bias.
CVL_HOT int8_t cvl_finish(const cvl_requantizer_t *requantizer, uint32_t c, int32_t sum);

// acc * multiplier * 2^(shift - 31). Both roundings are to nearest. The first takes halves up:
// (a * b + 2^30) >> 31 equals gemmlowp's truncating division with its signed nudge. The second,
// RoundingDivideByPOT, takes halves away from zero: up, after a negative value was made one less.
// Shifting right by n = -shift with halves up is ((x >> (n - 1)) + 1) >> 1, which cannot overflow.
static inline int32_t cvl_requantize(int32_t acc, int32_t multiplier, int32_t shift) {
    if (shift >= 0) {
        return cvl_multiply_high((int32_t)((uint32_t)acc << shift), multiplier);
    }
    int32_t high = cvl_multiply_high(acc, multiplier);
    int32_t less = (int32_t)((uint32_t)high + (uint32_t)(high >> 31));
    return (int32_t)((uint32_t)(less >> (-shift - 1)) + 1u) >> 1;
}

#endif
