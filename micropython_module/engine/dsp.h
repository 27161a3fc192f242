// What the files for processors with the DSP extension share.
#ifndef CVL_DSP_H
#define CVL_DSP_H

#include <stdint.h>
#include <string.h>

// clang-format off

// cvl_scale_twice in three parts. SMMLAR multiplies, adds the sum to the upper half, since 2^32
// lack from the factor, and rounds.
#define CVL_DSP_SCALE(sum, factor) "smmlar " sum ", " sum ", " factor ", " sum "\n"
// Halves are rounded away from zero. With the zero point -128 all negative values become that.
#define CVL_DSP_SIGN(sum) "add " sum ", " sum ", " sum ", asr #31\n"
// `offset` has 2 * zero_point + 1: the zero point and the half that rounds, before the last bit
// goes.
#define CVL_DSP_VALUE(sum, right, offset)                                                                 \
    "asr " sum ", " sum ", " right "\n"                                                           \
    "add " sum ", " sum ", " offset "\n"                                                                  \
    "ssat " sum ", #8, " sum ", asr #1\n"
#define CVL_DSP_SKIP_SIGN(offset, label) "cmn " offset ", #255\n beq " label "\n"

#define CVL_DSP_KEEP_GREATER(sum, other)                                                          \
    "cmp " sum ", " other "\n"                                                                    \
    "it lt\n"                                                                                     \
    "movlt " sum ", " other "\n"

// clang-format on

// What is added to a value that is shifted but for its last bit.
static inline int32_t cvl_dsp_offset(int32_t zero_point) {
    return 2 * zero_point + 1;
}

// Of 4 values those with even numbers as halves of a word, and those with odd ones.
static inline uint32_t cvl_even_of(uint32_t values) {
    __asm__("sxtb16 %0, %0" : "+r"(values));
    return values;
}

static inline uint32_t cvl_odd_of(uint32_t values) {
    __asm__("sxtb16 %0, %0, ror #8" : "+r"(values));
    return values;
}

static inline uint32_t cvl_word_at(const void *at) { // at any alignment
    uint32_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

#endif
