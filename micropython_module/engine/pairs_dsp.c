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
    int32_t factors[2];    // twice the multipliers, less 2^32
    int32_t rights[2];     // one less than those of the scales
    int32_t offset;        // see cvl_dsp_offset
    const uint32_t *w;     // uint32[words, 2]
    const uint32_t *w_end; // an even number of words of x
    uint32_t biases[4];    // both channels, twice
    uint32_t beyond;       // groups of two words beyond a multiple of 4
    const uint32_t *x[2];  // the next window and the one behind it
    int8_t *out;
    uint32_t second; // how far behind the first channel's value the second's lies; 0: it is lost
    uint32_t out_step;
    uint32_t two_steps; // bytes
    const uint32_t *x_end;
} windows_t;

#define AT(field, place) offsetof(windows_t, field) == (place)
_Static_assert(AT(factors, 0) && AT(rights, 8) && AT(offset, 16) && AT(w, 20) && AT(w_end, 24) &&
                   AT(biases, 28) && AT(beyond, 44) && AT(x, 48) && AT(out, 56) &&
                   AT(second, 60) && AT(out_step, 64) && AT(two_steps, 68) && AT(x_end, 72),
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

// r12 is where windows_t has x.
#define FIRST_WINDOWS                                                                             \
    "add r12, r0, #48\n"                                                                          \
    "ldrd r0, r1, [r12]\n"
#define BEGIN_SUMS "ldmdb r12, {r2, r3, r4, r5, r6, r7, r12}\n" // r12: beyond
#define LOAD_SCALES                                                                               \
    "ldr r12, [sp]\n"                                                                             \
    "ldm r12, {r8, r9, r10, r11, lr}\n" /* factors, rights, offset */                             \
    "add r12, r12, #48\n"
#define LOAD_PLACES                                                                               \
    "ldm r12, {r0, r1, r2, r3, r8, r9, lr}\n" /* x, out, second, out_step, two_steps, x_end */
#define NEXT_WINDOWS                                                                              \
    "add r2, r2, r8\n"                                                                            \
    "add r0, r0, r9\n"                                                                            \
    "add r1, r1, r9\n"                                                                            \
    "stm r12, {r0, r1, r2}\n"

// While sums are made: r0 and r1 windows, r2 weights, r3 their end, r4 to r7 sums. The loops are
// unrolled 4 times; what is beyond a multiple of 4 groups is done first.
__attribute__((naked, noinline)) static void make_windows(windows_t *w __attribute__((unused))) {
    __asm__ volatile(
        "push {r0, r4, r5, r6, r7, r8, r9, r10, r11, lr}\n"
        FIRST_WINDOWS
        "ldr lr, [r12, #24]\n" // x_end
        "b 2f\n"
        "1:\n"
        BEGIN_SUMS
        "tbb [pc, r12]\n"
        "9: .byte (20f - 9b) / 2, (23f - 9b) / 2, (22f - 9b) / 2, (21f - 9b) / 2\n"
        "20:\n"
        TWO_WINDOWS
        "21:\n"
        TWO_WINDOWS
        "22:\n"
        TWO_WINDOWS
        "23:\n"
        TWO_WINDOWS
        "cmp r2, r3\n"
        "bne 20b\n"
        LOAD_SCALES
        CVL_DSP_SCALE("r4", "r8")
        CVL_DSP_SCALE("r5", "r9")
        CVL_DSP_SCALE("r6", "r8")
        CVL_DSP_SCALE("r7", "r9")
        CVL_DSP_SKIP_SIGN("lr", "4f")
        CVL_DSP_SIGN("r4")
        CVL_DSP_SIGN("r5")
        CVL_DSP_SIGN("r6")
        CVL_DSP_SIGN("r7")
        "4:\n"
        CVL_DSP_VALUE("r4", "r10", "lr")
        CVL_DSP_VALUE("r5", "r11", "lr")
        CVL_DSP_VALUE("r6", "r10", "lr")
        CVL_DSP_VALUE("r7", "r11", "lr")
        LOAD_PLACES
        "strb r5, [r2, r3]\n"
        "strb r4, [r2]\n"
        "add r2, r2, r8\n"
        "strb r7, [r2, r3]\n"
        "strb r6, [r2]\n"
        NEXT_WINDOWS
        "2: cmp r1, lr\n"
        "blo 1b\n"
        "bhi 3f\n"
        BEGIN_SUMS
        "tbb [pc, r12]\n"
        "9: .byte (10f - 9b) / 2, (13f - 9b) / 2, (12f - 9b) / 2, (11f - 9b) / 2\n"
        "10:\n"
        ONE_WINDOW
        "11:\n"
        ONE_WINDOW
        "12:\n"
        ONE_WINDOW
        "13:\n"
        ONE_WINDOW
        "cmp r2, r3\n"
        "bne 10b\n"
        LOAD_SCALES
        CVL_DSP_SCALE("r4", "r8")
        CVL_DSP_SCALE("r5", "r9")
        CVL_DSP_SIGN("r4")
        CVL_DSP_SIGN("r5")
        CVL_DSP_VALUE("r4", "r10", "lr")
        CVL_DSP_VALUE("r5", "r11", "lr")
        "ldrd r2, r3, [r12, #8]\n" // out, second
        "strb r5, [r2, r3]\n"
        "strb r4, [r2]\n"
        "3: pop {r0, r4, r5, r6, r7, r8, r9, r10, r11, pc}\n");
}

// The same for cvl_make_pooled: a value of each two windows, of whose four sums it is the greatest.
__attribute__((naked, noinline)) static void make_pooled_windows(
    windows_t *w __attribute__((unused))) {
    __asm__ volatile(
        "push {r0, r4, r5, r6, r7, r8, r9, r10, r11, lr}\n"
        FIRST_WINDOWS
        "1:\n"
        BEGIN_SUMS
        "lsrs r12, r12, #1\n" // unrolled twice
        "bcs 3f\n"
        "2:\n"
        TWO_WINDOWS
        "3:\n"
        TWO_WINDOWS
        "cmp r2, r3\n"
        "bne 2b\n"
        CVL_DSP_KEEP_GREATER("r4", "r5")
        CVL_DSP_KEEP_GREATER("r6", "r7")
        CVL_DSP_KEEP_GREATER("r4", "r6")
        LOAD_SCALES
        CVL_DSP_SCALE("r4", "r8")
        CVL_DSP_SIGN("r4")
        CVL_DSP_VALUE("r4", "r10", "lr")
        LOAD_PLACES
        "strb r4, [r2]\n"
        NEXT_WINDOWS
        "cmp r0, lr\n"
        "bne 1b\n"
        "pop {r0, r4, r5, r6, r7, r8, r9, r10, r11, pc}\n");
}

// clang-format on

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

// The scale of one of the two channels, at any alignment.
static inline void set_scale(windows_t *windows, unsigned channel, const uint8_t *scale) {
    uint32_t multiplier = cvl_word_at(scale + offsetof(cvl_scale_t, multiplier));
    windows->biases[channel] = windows->biases[channel + 2] =
        cvl_word_at(scale + offsetof(cvl_scale_t, bias));
    windows->factors[channel] = (int32_t)(multiplier << 1);
    windows->rights[channel] = scale[offsetof(cvl_scale_t, right)] - 1;
}

// clang-format off

// uint32[words, 2] of two channels from those of the file, at any alignment. The upper half of a
// word there is 1 less where the lower one is below 0.
#define CORRECT(word) "and r12, " word ", #0x8000\n" "add " word ", " word ", r12, lsl #1\n"
__attribute__((naked, noinline)) static void copy_words(uint32_t *to __attribute__((unused)),
    const uint8_t *weights __attribute__((unused)), uint32_t words __attribute__((unused))) {
    __asm__ volatile(
        "push {r4, r5, r6, r7}\n"
        "add r2, r0, r2, lsl #3\n"
        "1: ldr r4, [r1], #4\n"
        "ldr r5, [r1], #4\n"
        "ldr r6, [r1], #4\n"
        "ldr r7, [r1], #4\n"
        CORRECT("r4")
        CORRECT("r5")
        CORRECT("r6")
        CORRECT("r7")
        "stm r0!, {r4, r5, r6, r7}\n"
        "cmp r0, r2\n"
        "bne 1b\n"
        "pop {r4, r5, r6, r7}\n"
        "bx lr\n");
}

// The same from the bytes of single channels, which lie aligned. The loop makes two groups; where
// their number is odd, one comes first.
#define WIDEN_GROUP(first, second, first_odd, second_odd)                                         \
    "sxtb16 " first_odd ", " first ", ror #8\n"                                                   \
    "sxtb16 " second_odd ", " second ", ror #8\n"                                                 \
    "sxtb16 " first ", " first "\n"                                                               \
    "sxtb16 " second ", " second "\n"

__attribute__((naked, noinline)) static void widen_singles(uint32_t *to __attribute__((unused)),
    const uint8_t *first __attribute__((unused)), const uint8_t *second __attribute__((unused)),
    uint32_t words __attribute__((unused))) {
    __asm__ volatile(
        "push {r4, r5, r6, r7, r8, r9, r10, r11}\n"
        "lsls r12, r3, #30\n"
        "add r3, r0, r3, lsl #3\n"
        "bpl 1f\n" // bit 1 of words
        "ldr r4, [r1], #4\n"
        "ldr r5, [r2], #4\n"
        WIDEN_GROUP("r4", "r5", "r6", "r7")
        "stm r0!, {r4, r5, r6, r7}\n"
        "cmp r0, r3\n"
        "beq 2f\n"
        "1: ldrd r4, r8, [r1], #8\n"
        "ldrd r5, r9, [r2], #8\n"
        WIDEN_GROUP("r4", "r5", "r6", "r7")
        WIDEN_GROUP("r8", "r9", "r10", "r11")
        "stm r0!, {r4, r5, r6, r7, r8, r9, r10, r11}\n"
        "cmp r0, r3\n"
        "bne 1b\n"
        "2: pop {r4, r5, r6, r7, r8, r9, r10, r11}\n"
        "bx lr\n");
}

// clang-format on

// What all channels share. The rest is left as it is: filling it would take a call.
static void set_row(windows_t *windows, const cvl_pairs_t *pairs, const uint32_t *w) {
    windows->w = w;
    windows->w_end = w + 2 * pairs->words;
    windows->offset = cvl_dsp_offset(pairs->zero_point);
    windows->out_step = pairs->out_step;
    windows->beyond = pairs->words / 2 % 4;
    windows->two_steps = 2 * pairs->step * (uint32_t)sizeof(uint32_t);
    windows->x_end = pairs->x_end;
}

// Channel c comes next.
static inline void set_channel(windows_t *windows, const cvl_pairs_t *pairs, uint32_t c) {
    set_scale(windows, 0, (const uint8_t *)(pairs->scales + c));
    windows->x[0] = pairs->x;
    windows->x[1] = pairs->x + pairs->step;
    windows->out = pairs->out + c;
}

// Channels c and c + 1 come next, if there are two; of scales there are.
static inline void set_pair(windows_t *windows, const cvl_pairs_t *pairs, uint32_t c) {
    set_channel(windows, pairs, c);
    set_scale(windows, 1, (const uint8_t *)(pairs->scales + c + 1));
    windows->second = c + 1 < pairs->channels;
}

// Whether cvl_make_fives_of_words can make them.
static bool has_fives(const cvl_pairs_t *pairs) {
    if (pairs->room != NULL || CVL_FIVE * pairs->words > ROOM_WORDS) {
        return false;
    }
    bool is_aligned =
        ((uintptr_t)pairs->weights | (uintptr_t)pairs->scales) % sizeof(uint32_t) == 0;
    bool is_clamped = pairs->clamp_min > INT8_MIN || pairs->clamp_max < INT8_MAX;
    return is_aligned && !is_clamped && (pairs->x_end - pairs->x) % (CVL_FIVE * pairs->step) == 0;
}

void cvl_make_pairs(const cvl_pairs_t *pairs) {
    const uint8_t *weights = pairs->weights;
    uint32_t words = pairs->words;
    bool is_dense = pairs->x + pairs->step == pairs->x_end;
    uint32_t copies[ROOM_WORDS];
    if (has_fives(pairs)) {
        cvl_make_fives_of_words(pairs, copies);
        return;
    }
    if (pairs->room == NULL && (is_dense || 2 * words > ROOM_WORDS)) {
        int8_t *out = pairs->out;
        for (const uint32_t *x = pairs->x; x != pairs->x_end; x += pairs->step) {
            cvl_make_dense_window(pairs, x, out);
            out += pairs->out_step;
        }
        clamp(pairs, pairs->step);
        return;
    }
    windows_t windows;
    set_row(&windows, pairs, pairs->room != NULL ? pairs->room : copies);
    for (uint32_t c = 0; c < pairs->channels; c += 2) {
        set_pair(&windows, pairs, c);
        if (pairs->room != NULL) {
            cvl_widen_quads(pairs->room, (const int8_t *)weights, words);
            weights += 4 * words;
        } else {
            copy_words(copies, weights, words);
            weights += 8 * words;
        }
        make_windows(&windows);
    }
    clamp(pairs, pairs->step);
}

void cvl_make_singles(const cvl_pairs_t *pairs) {
    const uint8_t *weights = pairs->weights;
    uint32_t copies[ROOM_WORDS];
    if (2 * pairs->words > ROOM_WORDS || (uintptr_t)weights % sizeof(uint32_t) != 0) {
        cvl_make_singles_apart(pairs);
        return;
    }
    windows_t windows;
    set_row(&windows, pairs, copies);
    for (uint32_t c = 0; c < pairs->channels; c += 2, weights += 4 * pairs->words) {
        set_pair(&windows, pairs, c);
        const uint8_t *second = windows.second != 0 ? weights + 2 * pairs->words : weights;
        widen_singles(copies, weights, second, pairs->words);
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
    windows_t windows;
    set_row(&windows, pairs, copies);
    for (uint32_t c = 0; c < pairs->channels; c++, weights += 8 * pairs->words) {
        set_channel(&windows, pairs, c);
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
