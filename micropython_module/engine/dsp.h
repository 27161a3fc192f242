// What the files for processors with the DSP extension share.
#ifndef CVL_DSP_H
#define CVL_DSP_H

#include <stdint.h>
#include <string.h>

// clang-format off

// cvl_scale_twice: SMMLAR multiplies, adds the sum to the upper half, since 2^32 lack from the
// factor, and rounds. lr has the zero point.
#define CVL_DSP_VALUE(sum, factor, right)                                                        \
    "smmlar " sum ", " sum ", " factor ", " sum "\n"                                              \
    "add " sum ", " sum ", " sum ", asr #31\n"                                                    \
    "asr " sum ", " sum ", " right "\n"                                                           \
    "add " sum ", " sum ", #1\n"                                                                  \
    "add " sum ", lr, " sum ", asr #1\n"                                                          \
    "ssat " sum ", #8, " sum "\n"

// clang-format on

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
