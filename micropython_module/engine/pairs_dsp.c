// cvl_make_pairs for Cortex-M processors with the DSP extension (M4, M7, M33): SMLADX multiplies
// two pairs of halves at once. Two windows are made together, so that each weight is loaded once
// for both: 11 instructions for 16 products.
#include <stddef.h>
#include <string.h>
#include "dsp.h"
#include "pairs_inline.h"
#include "widen.h"

#if CVL_HAS_DSP

// Weights of two channels for which the arena has no room are put on the stack where there are no
// more.
#define ROOM_WORDS 160

// The windows of a row and two channels. make_windows reads and writes it in this order.
typedef struct {
    const uint32_t *x[2];  // the next window and the one behind it
    const uint32_t *w;     // uint32[words, 2]
    const uint32_t *w_end; // an even number of words of x
    uint32_t biases[4];    // both channels, twice
    int32_t factors[2];    // twice the multipliers, less 2^32
    int32_t rights[2];     // one less than those of the scales
    int32_t zero_point;
    int8_t *out;
    uint32_t second; // how far behind the first channel's value the second's lies; 0: it is lost
    uint32_t out_step;
    uint32_t step; // bytes
    const uint32_t *x_end;
} windows_t;

#define AT(field, place) offsetof(windows_t, field) == (place)
_Static_assert(AT(x, 0) && AT(w, 8) && AT(w_end, 12) && AT(biases, 16) && AT(factors, 32) &&
                   AT(rights, 40) && AT(zero_point, 48) && AT(out, 52) && AT(second, 56) &&
                   AT(out_step, 60) && AT(step, 64) && AT(x_end, 68),
    "make_windows reads these");

// clang-format off

// Two words of a window, whose weights are in r8 to r11.
#define WINDOW(x, sum0, sum1)                                                                     \
    "ldrd r12, lr, [" x "], #8\n"                                                                 \
    "smladx " sum0 ", r12, r8, " sum0 "\n"                                                        \
    "smladx " sum1 ", r12, r9, " sum1 "\n"                                                        \
    "smladx " sum0 ", lr, r10, " sum0 "\n"                                                        \
    "smladx " sum1 ", lr, r11, " sum1 "\n"
#define LOAD_WEIGHTS "ldm r2!, {r8, r9, r10, r11}\n"
#define TWO_WINDOWS LOAD_WEIGHTS WINDOW("r0", "r4", "r5") WINDOW("r1", "r6", "r7")
#define ONE_WINDOW LOAD_WEIGHTS WINDOW("r0", "r4", "r5")

// While sums are made: r0 and r1 windows, r2 weights, r3 their end, r4 to r7 sums. The loops are
// unrolled twice, and begin in the middle where the number of groups is odd.
__attribute__((naked, noinline)) static void make_windows(windows_t *w __attribute__((unused))) {
    __asm__ volatile(
        "push {r0, r4, r5, r6, r7, r8, r9, r10, r11, lr}\n"
        "mov r12, r0\n"
        "ldr lr, [r12, #68]\n"
        "1: ldm r12, {r0, r1, r2, r3, r4, r5, r6, r7}\n"
        "cmp r1, lr\n"
        "sub r12, r3, r2\n"
        "beq 5f\n"
        "lsls r12, r12, #28\n" // bit 4 to the carry
        "bcs 3f\n"
        "2:\n"
        TWO_WINDOWS
        "3:\n"
        TWO_WINDOWS
        "cmp r2, r3\n"
        "bne 2b\n"
        "ldr r12, [sp]\n"
        "add r12, r12, #32\n"
        "ldm r12!, {r8, r9, r10, r11, lr}\n" // factors, rights, zero_point
        CVL_DSP_VALUE("r4", "r8", "r10")
        CVL_DSP_VALUE("r5", "r9", "r11")
        CVL_DSP_VALUE("r6", "r8", "r10")
        CVL_DSP_VALUE("r7", "r9", "r11")
        "ldm r12, {r0, r1, r2, r3, lr}\n" // out, second, out_step, step, x_end
        "strb r5, [r0, r1]\n"
        "strb r4, [r0]\n"
        "add r0, r0, r2\n"
        "strb r7, [r0, r1]\n"
        "strb r6, [r0]\n"
        "add r0, r0, r2\n"
        "str r0, [r12]\n"
        "sub r12, r12, #52\n"
        "ldrd r0, r1, [r12]\n"
        "add r0, r0, r3, lsl #1\n"
        "add r1, r1, r3, lsl #1\n"
        "strd r0, r1, [r12]\n"
        "cmp r0, lr\n"
        "bne 1b\n"
        "pop {r0, r4, r5, r6, r7, r8, r9, r10, r11, pc}\n"
        "5: lsls r12, r12, #28\n"
        "bcs 7f\n"
        "6:\n"
        ONE_WINDOW
        "7:\n"
        ONE_WINDOW
        "cmp r2, r3\n"
        "bne 6b\n"
        "ldr r12, [sp]\n"
        "add r12, r12, #32\n"
        "ldm r12!, {r8, r9, r10, r11, lr}\n"
        CVL_DSP_VALUE("r4", "r8", "r10")
        CVL_DSP_VALUE("r5", "r9", "r11")
        "ldrd r0, r1, [r12]\n"
        "strb r5, [r0, r1]\n"
        "strb r4, [r0]\n"
        "pop {r0, r4, r5, r6, r7, r8, r9, r10, r11, pc}\n");
}

#define KEEP_GREATER(sum, other)                                                                  \
    "cmp " sum ", " other "\n"                                                                    \
    "it lt\n"                                                                                     \
    "movlt " sum ", " other "\n"

// The same for cvl_make_pooled: a value of each two windows, of whose four sums it is the greatest.
__attribute__((naked, noinline)) static void make_pooled_windows(
    windows_t *w __attribute__((unused))) {
    __asm__ volatile(
        "push {r0, r4, r5, r6, r7, r8, r9, r10, r11, lr}\n"
        "mov r12, r0\n"
        "1: ldm r12, {r0, r1, r2, r3, r4, r5, r6, r7}\n"
        "sub r12, r3, r2\n"
        "lsls r12, r12, #28\n"
        "bcs 3f\n"
        "2:\n"
        TWO_WINDOWS
        "3:\n"
        TWO_WINDOWS
        "cmp r2, r3\n"
        "bne 2b\n"
        KEEP_GREATER("r4", "r5")
        KEEP_GREATER("r6", "r7")
        KEEP_GREATER("r4", "r6")
        "ldr r12, [sp]\n"
        "add r12, r12, #32\n"
        "ldm r12!, {r8, r9, r10, r11, lr}\n" // factors, rights, zero_point
        CVL_DSP_VALUE("r4", "r8", "r10")
        "ldm r12, {r0, r1, r2, r3, lr}\n" // out, second, out_step, step, x_end
        "strb r4, [r0]\n"
        "add r0, r0, r2\n"
        "str r0, [r12]\n"
        "sub r12, r12, #52\n"
        "ldrd r0, r1, [r12]\n"
        "add r0, r0, r3, lsl #1\n"
        "add r1, r1, r3, lsl #1\n"
        "strd r0, r1, [r12]\n"
        "cmp r0, lr\n"
        "bne 1b\n"
        "pop {r0, r4, r5, r6, r7, r8, r9, r10, r11, pc}\n");
}

// clang-format on

// The same as CVL_DSP_VALUE.
static inline int8_t value_of(uint32_t sum, const windows_t *windows, unsigned channel) {
    int32_t high = (int32_t)sum;
    __asm__("smmlar %0, %0, %1, %0" : "+r"(high) : "r"(windows->factors[channel]));
    high += high >> 31;
    int32_t value = (((high >> windows->rights[channel]) + 1) >> 1) + windows->zero_point;
    __asm__("ssat %0, #8, %0" : "+r"(value));
    return (int8_t)value;
}

// Windows whose weights are too many to be copied, as those of dense layers: the words of the file
// hold the first weight less 1 where the second is below 0; adding 2^15 puts that right.
static void make_windows_of_words(
    const windows_t *windows, const uint8_t *weights, uint32_t words) {
    int8_t *out = windows->out;
    const uint32_t *x = windows->x[0];
    for (; x != windows->x_end; x += windows->step / sizeof *x) {
        uint32_t sum0 = windows->biases[0], sum1 = windows->biases[1];
        const uint8_t *at = weights;
        for (uint32_t i = 0; i < words; i++, at += 8) {
            uint32_t w0, w1;
            memcpy(&w0, at, sizeof w0);
            memcpy(&w1, at + 4, sizeof w1);
            __asm__("smlatb %0, %2, %3, %0\n smlatb %1, %2, %4, %1\n"
                : "+&r"(sum0), "+&r"(sum1)
                : "r"(x[i]), "r"(w0), "r"(w1));
            __asm__("smlabt %0, %2, %3, %0\n smlabt %1, %2, %4, %1\n"
                : "+&r"(sum0), "+&r"(sum1)
                : "r"(x[i]), "r"(w0 + 0x8000u), "r"(w1 + 0x8000u));
        }
        out[windows->second] = value_of(sum1, windows, 1);
        out[0] = value_of(sum0, windows, 0);
        out += windows->out_step;
    }
}

// The values are in the range of int8 already; the activation may cut off more.
static void clamp(const cvl_pairs_t *pairs, uint32_t step) {
    if (pairs->clamp_min == INT8_MIN && pairs->clamp_max == INT8_MAX) {
        return;
    }
    int8_t *out = pairs->out;
    for (const uint32_t *x = pairs->x; x != pairs->x_end; x += step) {
        for (uint32_t c = 0; c < pairs->channels; c++) {
            int32_t value = out[c] < pairs->clamp_min ? pairs->clamp_min : out[c];
            out[c] = (int8_t)(value > pairs->clamp_max ? pairs->clamp_max : value);
        }
        out += pairs->out_step;
    }
}

// The scales of one or two channels, at any alignment: this processor's loads of single words may
// be so.
static CVL_INLINE void set_channels(windows_t *windows, const uint8_t *table, unsigned count) {
    const cvl_scale_t *scales = (const cvl_scale_t *)(const void *)table;
    for (unsigned i = 0; i < count; i++) {
        int32_t bias, multiplier;
        memcpy(&bias, &scales[i].bias, sizeof bias);
        memcpy(&multiplier, &scales[i].multiplier, sizeof multiplier);
        windows->biases[i] = windows->biases[i + 2] = (uint32_t)bias;
        windows->factors[i] = (int32_t)((uint32_t)multiplier << 1);
        windows->rights[i] = scales[i].right - 1;
    }
}

// The words of two channels from those of the file.
static void copy_words(uint32_t *to, const uint8_t *weights, uint32_t words) {
    for (uint32_t i = 0; i < 2 * words; i++) {
        to[i] = cvl_weights_of(cvl_word_at(weights + 4 * i));
    }
}

// The same from the bytes of single channels, one behind the other.
static void widen_singles(uint32_t *to, const uint8_t *weights, uint32_t words, bool has_second) {
    const uint8_t *second = has_second ? weights + 2 * words : weights;
    for (uint32_t i = 0; i < words; i += 2, to += 4, weights += 4, second += 4) {
        uint32_t first_bytes = cvl_word_at(weights), second_bytes = cvl_word_at(second);
        to[0] = cvl_even_of(first_bytes);
        to[1] = cvl_even_of(second_bytes);
        to[2] = cvl_odd_of(first_bytes);
        to[3] = cvl_odd_of(second_bytes);
    }
}

static windows_t windows_of(const cvl_pairs_t *pairs, const uint32_t *w) {
    return (windows_t){
        .w = w,
        .w_end = w + 2 * pairs->words,
        .zero_point = pairs->zero_point,
        .out_step = pairs->out_step,
        .step = pairs->step * (uint32_t)sizeof(uint32_t),
        .x_end = pairs->x_end,
    };
}

// Channels c and c + 1 come next, if there are two; of scales there are `count`.
static CVL_INLINE void set_pair(
    windows_t *windows, const cvl_pairs_t *pairs, uint32_t c, unsigned count) {
    set_channels(windows, (const uint8_t *)pairs->scales + c * sizeof(cvl_scale_t), count);
    windows->x[0] = pairs->x;
    windows->x[1] = pairs->x + pairs->step;
    windows->out = pairs->out + c;
    windows->second = c + 1 < pairs->channels;
}

void cvl_make_pairs(const cvl_pairs_t *pairs) {
    const uint8_t *weights = pairs->weights;
    uint32_t words = pairs->words;
    bool is_dense = pairs->x + pairs->step == pairs->x_end;
    uint32_t pair_bytes = words * (pairs->room != NULL ? 4 : 8);
    uint32_t copies[ROOM_WORDS];
    windows_t windows = windows_of(pairs, pairs->room != NULL ? pairs->room : copies);
    for (uint32_t c = 0; c < pairs->channels; c += 2, weights += pair_bytes) {
        set_pair(&windows, pairs, c, 2);
        if (pairs->room != NULL) {
            cvl_widen_quads(pairs->room, (const int8_t *)weights, words);
            make_windows(&windows);
        } else if (2 * words <= ROOM_WORDS && !is_dense) {
            copy_words(copies, weights, words);
            make_windows(&windows);
        } else {
            make_windows_of_words(&windows, weights, words);
        }
    }
    clamp(pairs, pairs->step);
}

void cvl_make_singles(const cvl_pairs_t *pairs) {
    const uint8_t *weights = pairs->weights;
    uint32_t copies[ROOM_WORDS];
    if (2 * pairs->words > ROOM_WORDS) {
        cvl_make_singles_apart(pairs);
        return;
    }
    windows_t windows = windows_of(pairs, copies);
    for (uint32_t c = 0; c < pairs->channels; c += 2, weights += 4 * pairs->words) {
        set_pair(&windows, pairs, c, 2);
        widen_singles(copies, weights, pairs->words, windows.second != 0);
        make_windows(&windows);
    }
    clamp(pairs, pairs->step);
}

void cvl_make_any_pairs(const cvl_pairs_t *pairs) {
    cvl_make_pairs(pairs);
}

static void make_pooled(const cvl_pairs_t *pairs) {
    uint32_t copies[2 * CVL_MOST_POOLED_WORDS];
    const uint8_t *weights = pairs->weights;
    windows_t windows = windows_of(pairs, copies);
    for (uint32_t c = 0; c < pairs->channels; c++, weights += 8 * pairs->words) {
        set_pair(&windows, pairs, c, 1);
        windows.biases[1] = windows.biases[3] = windows.biases[0];
        copy_words(copies, weights, pairs->words);
        make_pooled_windows(&windows);
    }
}

void cvl_make_pooled(const cvl_pairs_t *pairs) {
    (pairs->is_3x3 ? cvl_make_pooled_3x3 : make_pooled)(pairs);
    clamp(pairs, 2 * pairs->step);
}

void cvl_make_any_pooled(const cvl_pairs_t *pairs) {
    cvl_make_pooled(pairs);
}

#else

typedef int cvl_no_dsp; // a C file needs a declaration

#endif
