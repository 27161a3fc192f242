// cvl_make_pairs for Cortex-M processors with the DSP extension (M4, M7, M33): SMLADX multiplies
// two pairs of halves at once. Two windows are made together, so that each weight is loaded once
// for both: 11 instructions for 16 products.
#include <string.h>
#include "pairs_inline.h"
#include "widen.h"

#if CVL_HAS_DSP

// Weights of two channels that are words in the file are copied here where there are no more.
#define ROOM_WORDS 64

// Sums of products of one or two windows with the weights of two channels.
typedef struct {
    const uint32_t *x[2];  // the windows
    const uint32_t *w;     // uint32[words, 2]
    const uint32_t *w_end; // an even number of words of x
    uint32_t sums[4];      // first window: both channels; second window
} sums_t;

// clang-format off

// Two words of each window. r0 and r1 are the windows, r2 the weights, r4 to r7 the sums.
#define LOAD_WEIGHTS "ldm r2!, {r8, r9, r10, r11}\n"
#define WINDOW(x, sum0, sum1)                                                                     \
    "ldrd r12, lr, [" x "], #8\n"                                                                 \
    "smladx " sum0 ", r12, r8, " sum0 "\n"                                                        \
    "smladx " sum1 ", r12, r9, " sum1 "\n"                                                        \
    "smladx " sum0 ", lr, r10, " sum0 "\n"                                                        \
    "smladx " sum1 ", lr, r11, " sum1 "\n"
#define TWO_WINDOWS LOAD_WEIGHTS WINDOW("r0", "r4", "r5") WINDOW("r1", "r6", "r7")
#define ONE_WINDOW LOAD_WEIGHTS WINDOW("r0", "r4", "r5")

// The last words come first where their number is odd: the loops are unrolled twice.
#define SUMS(windows)                                                                             \
    __asm__ volatile(                                                                             \
        "push {r0, r4, r5, r6, r7, r8, r9, r10, r11, lr}\n"                                       \
        "ldm r0!, {r1, r2, r3, r4}\n"                                                             \
        "mov r12, r0\n"                                                                           \
        "mov r0, r1\n"                                                                            \
        "mov r1, r2\n"                                                                            \
        "mov r2, r3\n"                                                                            \
        "mov r3, r4\n"                                                                            \
        "ldm r12, {r4, r5, r6, r7}\n"                                                             \
        "sub r12, r3, r2\n"                                                                       \
        "tst r12, #16\n"                                                                          \
        "bne 2f\n"                                                                                \
        "1:\n" windows                                                                            \
        "2:\n" windows                                                                            \
        "cmp r2, r3\n"                                                                            \
        "bne 1b\n"                                                                                \
        "pop {r0}\n"                                                                              \
        "add r0, #16\n"                                                                           \
        "stm r0, {r4, r5, r6, r7}\n"                                                              \
        "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}\n")

// clang-format on

__attribute__((naked, noinline)) static void sum_two(sums_t *sums __attribute__((unused))) {
    SUMS(TWO_WINDOWS);
}

__attribute__((naked, noinline)) static void sum_one(sums_t *sums __attribute__((unused))) {
    SUMS(ONE_WINDOW);
}

// How the sums of a channel become values.
typedef struct {
    uint32_t bias;
    int32_t factor; // twice the multiplier, less 2^32
    int32_t right;  // one less than the scale's
} channel_t;

static inline channel_t channel_of(const cvl_scale_t *scale) {
    return (channel_t){
        (uint32_t)scale->bias, (int32_t)((uint32_t)scale->multiplier << 1), scale->right - 1};
}

// cvl_requantize: SMMLAR multiplies, adds the sum to the upper half, since 2^32 lack from the
// factor, and rounds.
static inline int32_t value_of(uint32_t sum, const channel_t *channel, int32_t zero_point) {
    int32_t high = (int32_t)sum;
    __asm__("smmlar %0, %0, %1, %0" : "+r"(high) : "r"(channel->factor));
    high += high >> 31;
    int32_t value = (((high >> channel->right) + 1) >> 1) + zero_point;
    __asm__("ssat %0, #8, %0" : "+r"(value));
    return value;
}

// All windows of one pair of channels.
static void make_windows(const cvl_pairs_t *pairs, const uint32_t *w, const channel_t channels[2],
    int8_t *out, bool has_second) {
    sums_t sums = {.w = w, .w_end = w + 2 * pairs->words};
    int32_t zero_point = pairs->zero_point;
    const uint32_t *x = pairs->x;
    uint32_t step = pairs->step, out_step = pairs->out_step;
    while (x != pairs->x_end) {
        sums.x[0] = x;
        x += step;
        bool two = x != pairs->x_end;
        sums.x[1] = x;
        sums.sums[0] = sums.sums[2] = channels[0].bias;
        sums.sums[1] = sums.sums[3] = channels[1].bias;
        (two ? sum_two : sum_one)(&sums);
        out[0] = (int8_t)value_of(sums.sums[0], &channels[0], zero_point);
        if (has_second) {
            out[1] = (int8_t)value_of(sums.sums[1], &channels[1], zero_point);
        }
        out += out_step;
        if (two) {
            out[0] = (int8_t)value_of(sums.sums[2], &channels[0], zero_point);
            if (has_second) {
                out[1] = (int8_t)value_of(sums.sums[3], &channels[1], zero_point);
            }
            out += out_step;
            x += step;
        }
    }
}

// Windows whose weights are too many to be copied, as those of dense layers: the words of the file
// hold the first weight less 1 where the second is below 0; adding 2^15 puts that right.
static void make_windows_of_words(const cvl_pairs_t *pairs, const uint8_t *weights,
    const channel_t channels[2], int8_t *out, bool has_second) {
    for (const uint32_t *x = pairs->x; x != pairs->x_end; x += pairs->step) {
        uint32_t sum0 = channels[0].bias, sum1 = channels[1].bias;
        const uint8_t *at = weights;
        for (uint32_t i = 0; i < pairs->words; i++, at += 8) {
            uint32_t w[2];
            memcpy(w, at, sizeof w);
            uint32_t upper0 = w[0] + 0x8000u, upper1 = w[1] + 0x8000u;
            __asm__("smlatb %0, %2, %3, %0\n smlabt %0, %2, %4, %0\n"
                    "smlatb %1, %2, %5, %1\n smlabt %1, %2, %6, %1"
                : "+&r"(sum0), "+&r"(sum1)
                : "r"(x[i]), "r"(w[0]), "r"(upper0), "r"(w[1]), "r"(upper1));
        }
        out[0] = (int8_t)value_of(sum0, &channels[0], pairs->zero_point);
        if (has_second) {
            out[1] = (int8_t)value_of(sum1, &channels[1], pairs->zero_point);
        }
        out += pairs->out_step;
    }
}

// The values are in the range of int8 already; the activation may cut off more.
static void clamp(const cvl_pairs_t *pairs) {
    if (pairs->clamp_min == INT8_MIN && pairs->clamp_max == INT8_MAX) {
        return;
    }
    int8_t *out = pairs->out;
    for (const uint32_t *x = pairs->x; x != pairs->x_end; x += pairs->step) {
        for (uint32_t c = 0; c < pairs->channels; c++) {
            int32_t value = out[c] < pairs->clamp_min ? pairs->clamp_min : out[c];
            out[c] = (int8_t)(value > pairs->clamp_max ? pairs->clamp_max : value);
        }
        out += pairs->out_step;
    }
}

void cvl_make_pairs(const cvl_pairs_t *pairs) {
    const uint8_t *weights = pairs->weights;
    const uint8_t *table = (const uint8_t *)pairs->scales;
    bool is_dense = pairs->x + pairs->step == pairs->x_end;
    for (uint32_t c = 0; c < pairs->channels; c += 2, table += 2 * sizeof(cvl_scale_t)) {
        uint32_t room[ROOM_WORDS];
        cvl_scale_t scales[2];
        memcpy(scales, table, sizeof scales);
        const channel_t channels[2] = {channel_of(&scales[0]), channel_of(&scales[1])};
        int8_t *out = pairs->out + c;
        bool has_second = c + 1 < pairs->channels;
        if (pairs->room != NULL) {
            cvl_widen_quads(pairs->room, (const int8_t *)weights, pairs->words);
            make_windows(pairs, pairs->room, channels, out, has_second);
            weights += 4 * pairs->words;
        } else if (2 * pairs->words <= ROOM_WORDS && !is_dense) {
            memcpy(room, weights, 8 * pairs->words);
            for (uint32_t i = 0; i < 2 * pairs->words; i++) {
                room[i] = cvl_weights_of(room[i]);
            }
            make_windows(pairs, room, channels, out, has_second);
            weights += 8 * pairs->words;
        } else {
            make_windows_of_words(pairs, weights, channels, out, has_second);
            weights += 8 * pairs->words;
        }
    }
    clamp(pairs);
}

void cvl_make_any_pairs(const cvl_pairs_t *pairs) {
    cvl_make_pairs(pairs);
}

#else

typedef int cvl_no_dsp; // a C file needs a declaration

#endif
