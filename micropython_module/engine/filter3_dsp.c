// cvl_make_filter3 for Cortex-M processors with the DSP extension: 4 channels at a time, whose
// values a word of the image has.
#include <stddef.h>
#include <string.h>
#include "dsp.h"
#include "filter3.h"
#include "pairs_inline.h"

#if CVL_HAS_DSP

#define COLUMN CVL_FILTER3_COLUMN_WORDS

// The windows of a row in 4 channels. make_windows reads and writes it in this order.
typedef struct {
    const uint32_t *x;       // uint32[.., COLUMN]: 4 pairs; values 0 and 2; values 1 and 3
    const uint32_t *weights; // uint32[3, COLUMN], in the same order
    uint32_t biases[4];
    int32_t factors[4]; // twice the multipliers, less 2^32
    int32_t rights[4];  // one less than those of the scales
    int32_t offset;     // see cvl_dsp_offset
    int8_t *out;
    uint32_t out_step;
    uint32_t step; // bytes of x
    const uint32_t *x_end;
} windows_t;

#define AT(field, place) offsetof(windows_t, field) == (place)
_Static_assert(AT(x, 0) && AT(weights, 4) && AT(biases, 8) && AT(factors, 24) && AT(rights, 40) &&
                   AT(offset, 56) && AT(out, 60) && AT(out_step, 64) && AT(step, 68) &&
                   AT(x_end, 72),
    "make_windows reads these");

// clang-format off

// A column of the window.
#define TAKE_COLUMN                                                                               \
    "ldm r0!, {r8, r9, r10, r11}\n"                                                               \
    "ldm r1!, {r2, r3, r12, lr}\n"                                                                \
    "smladx r4, r8, r2, r4\n"                                                                     \
    "smladx r5, r9, r3, r5\n"                                                                     \
    "smladx r6, r10, r12, r6\n"                                                                   \
    "smladx r7, r11, lr, r7\n"                                                                    \
    "ldrd r8, r9, [r0], #8\n"                                                                     \
    "ldrd r2, r3, [r1], #8\n"                                                                     \
    "smlabb r4, r8, r2, r4\n"                                                                     \
    "smlabb r5, r9, r3, r5\n"                                                                     \
    "smlatt r6, r8, r2, r6\n"                                                                     \
    "smlatt r7, r9, r3, r7\n"

__attribute__((naked, noinline)) static void make_windows(windows_t *w __attribute__((unused))) {
    __asm__ volatile(
        "push {r0, r4, r5, r6, r7, r8, r9, r10, r11, lr}\n"
        "1: ldr r12, [sp]\n"
        "ldm r12, {r0, r1, r4, r5, r6, r7}\n" // x, weights, biases
        TAKE_COLUMN
        TAKE_COLUMN
        TAKE_COLUMN
        "ldr r12, [sp]\n"
        "add r12, r12, #24\n"
        "ldm r12!, {r0, r1, r2, r3, r8, r9, r10, r11, lr}\n" // factors, rights, offset
        CVL_DSP_SCALE("r4", "r0")
        CVL_DSP_SCALE("r5", "r1")
        CVL_DSP_SCALE("r6", "r2")
        CVL_DSP_SCALE("r7", "r3")
        CVL_DSP_SKIP_SIGN("2f")
        CVL_DSP_SIGN("r4")
        CVL_DSP_SIGN("r5")
        CVL_DSP_SIGN("r6")
        CVL_DSP_SIGN("r7")
        "2:\n"
        CVL_DSP_VALUE("r4", "r8")
        CVL_DSP_VALUE("r5", "r9")
        CVL_DSP_VALUE("r6", "r10")
        CVL_DSP_VALUE("r7", "r11")
        "ldm r12, {r0, r1, r2, r3}\n" // out, out_step, step, x_end
        "strb r4, [r0]\n"
        "strb r5, [r0, #1]\n"
        "strb r6, [r0, #2]\n"
        "strb r7, [r0, #3]\n"
        "add r0, r0, r1\n"
        "str r0, [r12]\n"
        "ldr r0, [r12, #-60]\n"
        "add r0, r0, r2\n"
        "str r0, [r12, #-60]\n"
        "cmp r0, r3\n"
        "bne 1b\n"
        "pop {r0, r4, r5, r6, r7, r8, r9, r10, r11, pc}\n");
}

// clang-format on

// What 4 values of three rows become: a column.
static inline void put_column(uint32_t *to, uint32_t top, uint32_t middle, uint32_t bottom) {
    uint32_t even = cvl_even_of(top), odd = cvl_odd_of(top);
    uint32_t even_below = cvl_even_of(middle), odd_below = cvl_odd_of(middle);
    to[0] = (even & 0xffff) | even_below << 16;
    to[1] = (odd & 0xffff) | odd_below << 16;
    to[2] = even >> 16 | (even_below & 0xffff0000u);
    to[3] = odd >> 16 | (odd_below & 0xffff0000u);
    to[4] = cvl_even_of(bottom);
    to[5] = cvl_odd_of(bottom);
}

static uint32_t zeros_of(const cvl_filter3_t *filter) {
    return (uint32_t)(uint8_t)filter->zero_in * 0x01010101u;
}

// The columns of 4 channels from the first of them on.
static void gather(const cvl_filter3_t *filter, uint32_t channel) {
    uint32_t zeros = zeros_of(filter);
    const uint8_t *rows[3];
    uint32_t steps[3];
    for (unsigned i = 0; i < 3; i++) {
        bool missing = (i == 0 && filter->missing == CVL_NO_TOP_ROW) ||
                       (i == 2 && filter->missing == CVL_NO_BOTTOM_ROW);
        rows[i] = missing ? (const uint8_t *)&zeros
                          : (const uint8_t *)filter->rows[i] + filter->first + channel;
        steps[i] = missing ? 0 : filter->step;
    }
    const uint8_t *top = rows[0], *middle = rows[1], *bottom = rows[2];
    uint32_t *to = filter->scratch + COLUMN * filter->before;
    for (uint32_t left = filter->span; left > 0; left -= filter->step, to += COLUMN) {
        put_column(to, cvl_word_at(top), cvl_word_at(middle), cvl_word_at(bottom));
        top += steps[0];
        middle += steps[1];
        bottom += steps[2];
    }
}

// Columns of zero points before and behind those inside, the same for all channels.
static void pad(const cvl_filter3_t *filter) {
    uint32_t zeros = zeros_of(filter);
    uint32_t after = filter->before + filter->span / filter->step;
    for (uint32_t i = 0; i < filter->columns; i++) {
        if (i < filter->before || i >= after) {
            put_column(filter->scratch + COLUMN * i, zeros, zeros, zeros);
        }
    }
}

static void widen_weights(const cvl_filter3_t *filter, uint32_t channel, uint32_t *to) {
    const int8_t *from = filter->weights + channel / CVL_FILTER3_CHANNELS * CVL_FILTER3_BYTES;
    for (unsigned kx = 0; kx < 3; kx++, to += COLUMN) {
        uint32_t first = cvl_word_at(from + 8 * kx), second = cvl_word_at(from + 8 * kx + 4);
        uint32_t lower = cvl_word_at(from + 24 + 4 * kx);
        to[0] = cvl_even_of(first);
        to[1] = cvl_odd_of(first);
        to[2] = cvl_even_of(second);
        to[3] = cvl_odd_of(second);
        to[4] = cvl_even_of(lower);
        to[5] = cvl_odd_of(lower);
    }
}

static void make_four(const cvl_filter3_t *filter, uint32_t channel, const uint32_t *weights) {
    windows_t windows = {
        .x = filter->scratch,
        .weights = weights,
        .offset = cvl_dsp_offset(filter->zero_point),
        .out = filter->out + channel,
        .out_step = filter->out_step,
        .step = filter->stride * COLUMN * (uint32_t)sizeof(uint32_t),
    };
    windows.x_end = filter->scratch + filter->count * filter->stride * COLUMN;
    const cvl_scale_t *scale = &filter->scales[channel - filter->channel];
    for (unsigned i = 0; i < 4; i++, scale++) {
        windows.biases[i] = (uint32_t)scale->bias;
        windows.factors[i] = (int32_t)((uint32_t)scale->multiplier << 1);
        windows.rights[i] = scale->right - 1;
    }
    make_windows(&windows);
}

void cvl_make_filter3(const cvl_filter3_t *filter) {
    uint32_t weights[3 * COLUMN];
    bool is_clamped = filter->clamp_min > INT8_MIN || filter->clamp_max < INT8_MAX;
    uint32_t c = filter->channel;
    if (c % CVL_FILTER3_CHANNELS == 0 && !is_clamped) {
        pad(filter);
        for (; c + CVL_FILTER3_CHANNELS <= filter->end; c += CVL_FILTER3_CHANNELS) {
            gather(filter, c);
            widen_weights(filter, c, weights);
            make_four(filter, c, weights);
        }
    }
    if (c < filter->end) {
        cvl_filter3_t rest = *filter;
        rest.scales += c - filter->channel;
        rest.channel = c;
        cvl_make_filter3_singly(&rest);
    }
}

#else

typedef int cvl_no_filter3_dsp; // a C file needs a declaration

#endif
