#include "primitives.h"
#include "pairs.h"

void cvl_dot2_s8(
    const int8_t *x, const int8_t *w0, const int8_t *w1, uint32_t count, int32_t sums[2]) {
    int32_t sum0 = sums[0];
    int32_t sum1 = sums[1];
    // Counting up to 0 spares the register that would hold the end: a Cortex-M0+ has eight.
    x += count;
    w0 += count;
    w1 += count;
    for (int32_t i = -(int32_t)count; i != 0; i++) {
        int32_t value = x[i];
        sum0 += value * w0[i];
        sum1 += value * w1[i];
    }
    sums[0] = sum0;
    sums[1] = sum1;
}

void cvl_dot2_constant_s8(
    int32_t value, const int8_t *w0, const int8_t *w1, uint32_t count, int32_t sums[2]) {
    for (uint32_t i = 0; i < count; i++) {
        sums[0] += value * w0[i];
        sums[1] += value * w1[i];
    }
}

void cvl_keep_greater_s8(int8_t *out, const int8_t *x, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        if (x[i] > out[i]) {
            out[i] = x[i];
        }
    }
}

void cvl_keep_greater2_s8(int8_t *out, const int8_t *x, uint32_t apart, uint32_t count) {
    const int8_t *other = x + apart;
    int8_t *end = out + count;
    while (out != end) {
        int32_t value = *x++;
        int32_t second = *other++;
        int32_t before = *out;
        value = second > value ? second : value;
        *out++ = (int8_t)(before > value ? before : value);
    }
}

#if !CVL_HAS_ARMV6M

void cvl_sum_column(const cvl_column_t *column, int32_t sums[4]) {
    const int8_t *const *row = column->rows;
    const int8_t *const *end = column->rows_end;
    const int8_t *w = column->weights;
    uint32_t at = column->at, step = column->step;
    int32_t sum0 = 0, sum1 = 0, sum2 = 0, sum3 = 0;
    do {
        const int8_t *x = *row++ + at;
        sum0 += x[0] * w[0];
        sum1 += x[1] * w[1];
        sum2 += x[2] * w[2];
        sum3 += x[3] * w[3];
        w += step;
    } while (row != end);
    sums[0] = sum0;
    sums[1] = sum1;
    sums[2] = sum2;
    sums[3] = sum3;
}

#endif

#if !CVL_HAS_DSP

void cvl_average4_s8(int8_t *out, const int8_t *top, const int8_t *bottom, uint32_t channels,
    uint32_t step, uint32_t count) {
    for (; count > 0; count--, out += channels, top += step, bottom += step) {
        const int8_t *right_top = top + channels;
        const int8_t *right_bottom = bottom + channels;
        for (uint32_t c = 0; c < channels; c++) {
            out[c] = cvl_quarter(top[c] + right_top[c] + bottom[c] + right_bottom[c]);
        }
    }
}

#endif
