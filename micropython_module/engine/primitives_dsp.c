// Primitives for Cortex-M processors with the DSP extension, which add four values at once.
#include "primitives.h"
#include "dsp.h"
#include "pairs.h"

#if CVL_HAS_DSP

// Adds two of four values to the halves of a word: those of even bytes, or of odd ones.
static inline uint32_t add_even(uint32_t sums, uint32_t values) {
    __asm__("sxtab16 %0, %0, %1" : "+r"(sums) : "r"(values));
    return sums;
}

static inline uint32_t add_odd(uint32_t sums, uint32_t values) {
    __asm__("sxtab16 %0, %0, %1, ror #8" : "+r"(sums) : "r"(values));
    return sums;
}

// Of two sums that are 1 too great, cvl_quarter but for the shift: those that are not below 0 then
// take 1 more.
static inline uint32_t rounded(uint32_t sums) {
    uint32_t more;
    __asm__("bic %0, %1, %2, lsr #15" : "=r"(more) : "r"(0x00010001), "r"(sums));
    return sums + more;
}

// Of four channels at once. The last four may overlap those before them.
static inline void average_pixel(
    int8_t *out, const int8_t *top, const int8_t *bottom, uint32_t channels) {
    const int8_t *right_top = top + channels, *right_bottom = bottom + channels;
    for (uint32_t c = 0, last = channels - 4;;) {
        uint32_t a = cvl_word_at(top + c), b = cvl_word_at(right_top + c);
        uint32_t even = add_even(add_even(0x00010001, a), b);
        uint32_t odd = add_odd(add_odd(0x00010001, a), b);
        a = cvl_word_at(bottom + c), b = cvl_word_at(right_bottom + c);
        even = rounded(add_even(add_even(even, a), b));
        odd = rounded(add_odd(add_odd(odd, a), b));
        uint32_t four = (even >> 2 & 0x00ff00ff) | (odd << 6 & 0xff00ff00);
        memcpy(out + c, &four, sizeof four);
        if (c == last) {
            return;
        }
        c = c + 4 < last ? c + 4 : last;
    }
}

void cvl_average4_s8(int8_t *out, const int8_t *top, const int8_t *bottom, uint32_t channels,
    uint32_t step, uint32_t count) {
    for (; count > 0; count--, out += channels, top += step, bottom += step) {
        if (channels >= 4) {
            average_pixel(out, top, bottom, channels);
            continue;
        }
        for (uint32_t c = 0; c < channels; c++) {
            int32_t sum = top[c] + top[c + channels] + bottom[c] + bottom[c + channels];
            out[c] = cvl_quarter(sum);
        }
    }
}

#else

typedef int cvl_no_primitives_dsp; // a C file needs a declaration

#endif
