// The loops in which the time goes. A processor's variant replaces them, equal bit for bit.
#ifndef CVL_PRIMITIVES_H
#define CVL_PRIMITIVES_H

#include <stdint.h>

// Sum of x[i] * w[i]; x, w: int8[count].
static inline int32_t cvl_dot_s8(const int8_t *x, const int8_t *w, uint32_t count) {
    int32_t sum = 0;
    for (; count >= 4; count -= 4, x += 4, w += 4) {
        sum += x[0] * w[0] + x[1] * w[1] + x[2] * w[2] + x[3] * w[3];
    }
    for (; count > 0; count--) {
        sum += *x++ * *w++;
    }
    return sum;
}

// Sum of w[i]; w: int8[count].
static inline int32_t cvl_sum_s8(const int8_t *w, uint32_t count) {
    int32_t sum = 0;
    for (; count > 0; count--) {
        sum += *w++;
    }
    return sum;
}

#endif
