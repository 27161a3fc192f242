// Widening for Cortex-M processors with the DSP extension: SXTB16 widens two values at once.
#include "dsp.h"
#include "pairs.h"
#include "widen.h"

#if CVL_HAS_DSP

// clang-format off

#define SPLIT(even, odd)                                                                          \
    "sxtb16 " odd ", " even ", ror #8\n"                                                          \
    "sxtb16 " even ", " even "\n"

__attribute__((naked)) void cvl_widen_words(uint32_t *to __attribute__((unused)),
    const uint32_t *from __attribute__((unused)), uint32_t count __attribute__((unused))) {
    __asm__ volatile(
        "push {r4, r5, r6, r7, r8, r9, r10, r11, lr}\n"
        "add r12, r1, r2, lsl #2\n"
        "ands r3, r2, #3\n"
        "beq 2f\n"
        "1: ldr r4, [r1], #4\n"
        SPLIT("r4", "r5")
        "strd r4, r5, [r0], #8\n"
        "subs r3, #1\n"
        "bne 1b\n"
        "cmp r1, r12\n"
        "beq 3f\n"
        "2: ldm r1!, {r4, r6, r8, r10}\n"
        SPLIT("r4", "r5")
        SPLIT("r6", "r7")
        SPLIT("r8", "r9")
        SPLIT("r10", "r11")
        "stm r0!, {r4, r5, r6, r7, r8, r9, r10, r11}\n"
        "cmp r1, r12\n"
        "bne 2b\n"
        "3: pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}\n");
}

// clang-format on

// The lower halves of two words, or their upper ones, the first word's below.
static inline uint32_t lower_of(uint32_t first, uint32_t second) {
    __asm__("pkhbt %0, %0, %1, lsl #16" : "+r"(first) : "r"(second));
    return first;
}

static inline uint32_t upper_of(uint32_t first, uint32_t second) {
    __asm__("pkhtb %0, %0, %1, asr #16" : "+r"(second) : "r"(first));
    return second;
}

void cvl_widen_two_rows(
    uint32_t *to, uint32_t step, const int8_t *top, const int8_t *bottom, uint32_t count) {
    for (; count >= 4; count -= 4, to += 4 * step, top += 4, bottom += 4) {
        uint32_t first = cvl_word_at(top), second = cvl_word_at(bottom);
        uint32_t even = cvl_even_of(first), odd = cvl_odd_of(first);
        uint32_t second_even = cvl_even_of(second), second_odd = cvl_odd_of(second);
        to[0] = lower_of(even, second_even);
        to[step] = lower_of(odd, second_odd);
        to[2 * step] = upper_of(even, second_even);
        to[3 * step] = upper_of(odd, second_odd);
    }
    for (; count > 0; count--, to += step) {
        *to = lower_of((uint32_t)*top++, (uint32_t)*bottom++);
    }
}

void cvl_widen_even(
    uint32_t *to, uint32_t step, const int8_t *from, uint32_t channels, uint32_t count) {
    for (; count > 0; count--, to += step) {
        uint32_t *word = to;
        for (const int8_t *end = from + channels / 4 * 4; from != end; from += 4) {
            uint32_t values = cvl_word_at(from);
            uint32_t even = cvl_even_of(values), odd = cvl_odd_of(values);
            *word++ = lower_of(even, odd);
            *word++ = upper_of(even, odd);
        }
        if (channels % 4 != 0) {
            *word = lower_of((uint32_t)from[0], (uint32_t)from[1]);
            from += 2;
        }
    }
}

#else

typedef int cvl_no_widen_dsp; // a C file needs a declaration

#endif
