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
    const uint32_t *weights; // uint32[3, COLUMN]
    uint32_t biases[4];
    int32_t factors[4]; // twice the multipliers, less 2^32
    uint32_t rights[4]; // one less than those of the scales
    int32_t offset;     // see cvl_dsp_offset
    const uint32_t *x;  // uint32[.., COLUMN]: see gather_columns
    int8_t *out;
    uint32_t out_step;
    uint32_t step; // bytes of x
    const uint32_t *x_end;
} windows_t;

#define AT(type, field, place) offsetof(type, field) == (place)
_Static_assert(AT(windows_t, weights, 0) && AT(windows_t, biases, 4) &&
                   AT(windows_t, factors, 20) && AT(windows_t, rights, 36) &&
                   AT(windows_t, offset, 52) && AT(windows_t, x, 56) && AT(windows_t, out, 60) &&
                   AT(windows_t, out_step, 64) && AT(windows_t, step, 68) &&
                   AT(windows_t, x_end, 72),
    "make_windows and set_scales read these");
_Static_assert(AT(cvl_scale_t, bias, 0) && AT(cvl_scale_t, right, 25) &&
                   AT(cvl_scale_t, multiplier, 28) && sizeof(cvl_scale_t) == 32,
    "set_scales reads these");

// clang-format off

// A column of the window.
#define TAKE_COLUMN                                                                               \
    "ldm r0!, {r8, r9, r10, r11}\n"                                                               \
    "ldm r1!, {r2, r3, r12, lr}\n"                                                                \
    "smladx r6, r8, r2, r6\n"                                                                     \
    "smladx r7, r9, r3, r7\n"                                                                     \
    "smladx r5, r10, r12, r5\n"                                                                   \
    "smlabb r4, r11, lr, r4\n"                                                                    \
    "smlatt r6, r11, lr, r6\n"                                                                    \
    "ldrd r8, r9, [r0], #8\n"                                                                     \
    "ldrd r2, r3, [r1], #8\n"                                                                     \
    "smladx r4, r8, r2, r4\n"                                                                     \
    "smlabb r5, r9, r3, r5\n"                                                                     \
    "smlatt r7, r9, r3, r7\n"

__attribute__((naked, noinline)) static void make_windows(windows_t *w __attribute__((unused))) {
    __asm__ volatile(
        "push {r0, r4, r5, r6, r7, r8, r9, r10, r11, lr}\n"
        "ldr r0, [r0, #56]\n" // x
        "1: ldr r12, [sp]\n"
        "ldm r12, {r1, r4, r5, r6, r7}\n" // weights, biases
        TAKE_COLUMN
        TAKE_COLUMN
        TAKE_COLUMN
        "ldr r12, [sp]\n"
        "add r12, r12, #20\n"
        "ldm r12!, {r0, r1, r2, r3, r8, r9, r10, r11, lr}\n" // factors, rights, offset
        CVL_DSP_SCALE("r4", "r0")
        CVL_DSP_SCALE("r5", "r1")
        CVL_DSP_SCALE("r6", "r2")
        CVL_DSP_SCALE("r7", "r3")
        CVL_DSP_SKIP_SIGN("lr", "2f")
        CVL_DSP_SIGN("r4")
        CVL_DSP_SIGN("r5")
        CVL_DSP_SIGN("r6")
        CVL_DSP_SIGN("r7")
        "2:\n"
        CVL_DSP_VALUE("r4", "r8", "lr")
        CVL_DSP_VALUE("r5", "r9", "lr")
        CVL_DSP_VALUE("r6", "r10", "lr")
        CVL_DSP_VALUE("r7", "r11", "lr")
        "ldm r12, {r0, r1, r2, r3, lr}\n" // x, out, out_step, step, x_end
        "strb r4, [r1]\n"
        "strb r5, [r1, #1]\n"
        "strb r6, [r1, #2]\n"
        "strb r7, [r1, #3]\n"
        "add r0, r0, r3\n"
        "add r1, r1, r2\n"
        "stm r12, {r0, r1}\n"
        "cmp r0, lr\n"
        "bne 1b\n"
        "pop {r0, r4, r5, r6, r7, r8, r9, r10, r11, pc}\n");
}

#define LOAD_FOUR(load, from)                                                                     \
    load " r2, [r1, #0 + " from "]\n"                                                             \
    load " r3, [r1, #32 + " from "]\n"                                                            \
    load " r4, [r1, #64 + " from "]\n"                                                            \
    load " r12, [r1, #96 + " from "]\n"

// Of 4 channels.
__attribute__((naked, noinline)) static void set_scales(
    windows_t *windows __attribute__((unused)), const cvl_scale_t *scales __attribute__((unused))) {
    __asm__ volatile(
        "push {r4}\n"
        "add r0, r0, #4\n"
        LOAD_FOUR("ldr", "0") // biases
        "stm r0!, {r2, r3, r4, r12}\n"
        LOAD_FOUR("ldr", "28") // multipliers
        "lsl r2, r2, #1\n"
        "lsl r3, r3, #1\n"
        "lsl r4, r4, #1\n"
        "lsl r12, r12, #1\n"
        "stm r0!, {r2, r3, r4, r12}\n"
        LOAD_FOUR("ldrb", "25")
        "sub r2, r2, #1\n"
        "sub r3, r3, #1\n"
        "sub r4, r4, #1\n"
        "sub r12, r12, #1\n"
        "stm r0, {r2, r3, r4, r12}\n"
        "pop {r4}\n"
        "bx lr\n");
}

// clang-format on

// Rows of an image from some of 4 channels on, and the bytes to their values in the next column.
typedef struct {
    const uint8_t *rows[3];
    uint32_t steps[3];
    const uint8_t *middle_end; // where the middle row has the column behind the last
    uint32_t next[3];          // bytes to the values of the next 4 channels
} image_t;

// clang-format off

// Columns of 4 channels. A column has the pairs of the upper rows of channels 2, 3 and 1, the
// third row of channels 0 and 2, the pair of channel 0, and the third row of channels 1 and 3.
__attribute__((naked, noinline)) static void gather_columns(
    uint32_t *to __attribute__((unused)), const image_t *image __attribute__((unused))) {
    __asm__ volatile(
        "push {r4, r5, r6, r7, r8, r9, r10, r11, lr}\n"
        "mov r3, r0\n"
        "ldm r1, {r0, r1, r2, r4, r5, r6, r7}\n"
        "1: ldr r8, [r0]\n"
        "ldr r10, [r1]\n"
        "sxtb16 r9, r8, ror #8\n"
        "sxtb16 r8, r8\n"
        "sxtb16 r11, r10, ror #8\n"
        "sxtb16 r10, r10\n"
        "pkhbt r12, r8, r10, lsl #16\n"
        "pkhtb r8, r10, r8, asr #16\n"
        "pkhbt r10, r9, r11, lsl #16\n"
        "pkhtb r9, r11, r9, asr #16\n"
        "ldr r11, [r2]\n"
        "sxtb16 lr, r11, ror #8\n"
        "sxtb16 r11, r11\n"
        "stm r3!, {r8, r9, r10, r11, r12, lr}\n"
        "add r0, r0, r4\n"
        "add r1, r1, r5\n"
        "add r2, r2, r6\n"
        "cmp r1, r7\n"
        "bne 1b\n"
        "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}\n");
}

// Those of three columns of the filters of 4 channels, in the same order.
__attribute__((naked, noinline)) static void widen_weights(
    uint32_t *to __attribute__((unused)), const int8_t *from __attribute__((unused))) {
    __asm__ volatile(
        "push {r4, r5, r6, r7, r8, lr}\n"
        "add r2, r1, #24\n"
        "mov r3, r2\n"
        "1: ldr r4, [r1, #4]\n"
        "ldr r8, [r1], #8\n"
        "ldr r7, [r2], #4\n"
        "sxtb16 r5, r4, ror #8\n"
        "sxtb16 r4, r4\n"
        "sxtb16 r6, r8, ror #8\n"
        "sxtb16 r8, r8\n"
        "sxtb16 r12, r7, ror #8\n"
        "sxtb16 r7, r7\n"
        "stm r0!, {r4, r5, r6, r7, r8, r12}\n"
        "cmp r1, r3\n"
        "bne 1b\n"
        "pop {r4, r5, r6, r7, r8, pc}\n");
}

// clang-format on

static uint32_t zeros_of(const cvl_filter3_t *filter) {
    return (uint32_t)(uint8_t)filter->zero_in * 0x01010101u;
}

// Columns of zero points before and behind those inside, the same for all channels.
static void pad(const cvl_filter3_t *filter) {
    uint32_t zeros = zeros_of(filter);
    const uint8_t *row = (const uint8_t *)&zeros;
    image_t image = {{row, row, row}, {0, 1, 0}, row + 1, {0}}; // one column
    uint32_t after = filter->before + filter->span / filter->step;
    for (uint32_t i = 0; i < filter->columns; i++) {
        if (i < filter->before || i >= after) {
            gather_columns(filter->scratch + COLUMN * i, &image);
        }
    }
}

// From the first channel on. A row that is missing has the word of zero points.
static image_t image_of(const cvl_filter3_t *filter, const uint32_t *zeros) {
    image_t image;
    for (unsigned i = 0; i < 3; i++) {
        bool missing = (i == 0 && filter->missing == CVL_NO_TOP_ROW) ||
                       (i == 2 && filter->missing == CVL_NO_BOTTOM_ROW);
        image.rows[i] =
            missing ? (const uint8_t *)zeros : (const uint8_t *)filter->rows[i] + filter->first;
        image.steps[i] = missing ? 0 : filter->step;
        image.next[i] = missing ? 0 : CVL_FILTER3_CHANNELS;
    }
    image.middle_end = image.rows[1] + filter->span;
    return image;
}

static void pass_four(image_t *image) {
    image->rows[0] += image->next[0];
    image->rows[1] += image->next[1];
    image->rows[2] += image->next[2];
    image->middle_end += CVL_FILTER3_CHANNELS;
}

// All channels but for those behind a multiple of 4. Returns where they begin.
static uint32_t make_fours(const cvl_filter3_t *filter) {
    uint32_t weights[3 * COLUMN];
    uint32_t zeros = zeros_of(filter);
    image_t image = image_of(filter, &zeros);
    windows_t windows;
    windows.weights = weights;
    windows.offset = cvl_dsp_offset(filter->zero_point);
    windows.out_step = filter->out_step;
    windows.step = filter->stride * COLUMN * (uint32_t)sizeof(uint32_t);
    windows.x_end = filter->scratch + filter->count * filter->stride * COLUMN;
    const int8_t *packed = filter->weights;
    const cvl_scale_t *scale = filter->scales;
    uint32_t *inside = filter->scratch + COLUMN * filter->before;
    pad(filter);
    uint32_t c = 0;
    for (; c + CVL_FILTER3_CHANNELS <= filter->end; c += CVL_FILTER3_CHANNELS) {
        gather_columns(inside, &image);
        widen_weights(weights, packed);
        set_scales(&windows, scale);
        windows.x = filter->scratch;
        windows.out = filter->out + c;
        make_windows(&windows);
        pass_four(&image);
        packed += CVL_FILTER3_BYTES;
        scale += CVL_FILTER3_CHANNELS;
    }
    return c;
}

void cvl_make_filter3(const cvl_filter3_t *filter) {
    bool is_clamped = filter->clamp_min > INT8_MIN || filter->clamp_max < INT8_MAX;
    uint32_t c = filter->channel == 0 && !is_clamped ? make_fours(filter) : filter->channel;
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
