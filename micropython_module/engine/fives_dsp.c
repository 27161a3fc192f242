// cvl_make_fives for Cortex-M processors with the DSP extension. The words of five windows lie
// beside each other, so that one LDM loads them, and the weights of one channel are widened in
// registers, once for all five: 15 instructions for 20 products, and no room for wide weights.
#include <stdbool.h>
#include <stddef.h>
#include "dsp.h"
#include "pairs.h"

#if CVL_HAS_DSP

#define FIVE CVL_FIVE

// Five windows and all channels. make_channels copies it to its stack, and changes the copy.
typedef struct {
    const uint32_t *x;    // uint32[words, FIVE]
    const uint8_t *w;     // of the next channel
    const uint8_t *w_end; // behind them
    uint32_t pair_bytes;
    const cvl_scale_t *scale; // of the next channel
    const cvl_scale_t *scale_end;
    int32_t offset; // see cvl_dsp_offset
    int8_t *out;
    uint32_t out_step;
    uint32_t too_little[FIVE]; // that the sums are, for weights that are words
} five_t;

#define AT(field, place) offsetof(five_t, field) == (place)
_Static_assert(AT(x, 0) && AT(w, 4) && AT(w_end, 8) && AT(pair_bytes, 12) && AT(scale, 16) &&
                   AT(scale_end, 20) && AT(offset, 24) && AT(out, 28) && AT(out_step, 32) &&
                   AT(too_little, 36) && sizeof(five_t) == 56,
    "make_channels reads these");
_Static_assert(offsetof(cvl_scale_t, bias) == 0 && offsetof(cvl_scale_t, right) == 25 &&
                   offsetof(cvl_scale_t, multiplier) == 28 && sizeof(cvl_scale_t) == 32,
    "make_channels reads these");

// clang-format off

// A word of each window.
#define PRODUCTS_OF_FIVE(weights)                                                                 \
    "ldm r0!, {r7, r8, r9, r10, r11}\n"                                                           \
    "smladx r2, r7, " weights ", r2\n"                                                            \
    "smladx r3, r8, " weights ", r3\n"                                                            \
    "smladx r4, r9, " weights ", r4\n"                                                            \
    "smladx r5, r10, " weights ", r5\n"                                                           \
    "smladx r6, r11, " weights ", r6\n"

// Two words of each window. `odd`: empty, or the rotation to the second channel.
#define BYTES(odd)                                                                                \
    "ldrd r12, lr, [r1], #8\n"                                                                    \
    "sxtb16 r12, r12" odd "\n"                                                                    \
    "sxtb16 lr, lr" odd "\n"                                                                      \
    PRODUCTS_OF_FIVE("r12")                                                                       \
    PRODUCTS_OF_FIVE("lr")

// The same for weights that are words: see pairs_dsp.c for the 128.
#define WORDS                                                                                     \
    "ldr r12, [r1], #8\n"                                                                         \
    "add r12, r12, #128\n"                                                                        \
    PRODUCTS_OF_FIVE("r12")                                                                       \
    "ldr r12, [r1], #8\n"                                                                         \
    "add r12, r12, #128\n"                                                                        \
    PRODUCTS_OF_FIVE("r12")

// While sums are made: r0 values, r1 weights, r2 to r6 sums.
#define BEGIN(bias)                                                                               \
    "ldrd r0, r1, [sp]\n"                                                                         \
    "ldr r12, [sp, #16]\n"                                                                        \
    "ldr " bias ", [r12]\n"
#define BEGIN_BYTES                                                                               \
    BEGIN("r2")                                                                                   \
    "mov r3, r2\n"                                                                                \
    "mov r4, r2\n"                                                                                \
    "mov r5, r2\n"                                                                                \
    "mov r6, r2\n"
#define BEGIN_WORDS                                                                               \
    BEGIN("r7")                                                                                   \
    "add r8, sp, #36\n"                                                                           \
    "ldm r8, {r2, r3, r4, r5, r6}\n"                                                              \
    "add r2, r2, r7\n"                                                                            \
    "add r3, r3, r7\n"                                                                            \
    "add r4, r4, r7\n"                                                                            \
    "add r5, r5, r7\n"                                                                            \
    "add r6, r6, r7\n"

// All groups of words, 4 at a time. What is beyond a multiple of 4 is done first: `entry` is where
// the stack has the address to begin at.
#define LOOP(name, entry, group)                                                                  \
    "ldr pc, [sp, #" entry "]\n"                                                                  \
    name ":\n"                                                                                    \
    group                                                                                         \
    group                                                                                         \
    group                                                                                         \
    group                                                                                         \
    "ldr r7, [sp, #8]\n"                                                                          \
    "cmp r1, r7\n"                                                                                \
    "bne " name "b\n"

// `name`: of the loop, whose groups have `bytes` of code; r4: how many of them are left out.
#define SET_ENTRY(name, entry, bytes)                                                             \
    "mov r5, #" bytes "\n"                                                                        \
    "adr r6, " name "f\n"                                                                         \
    "mla r5, r4, r5, r6\n"                                                                        \
    "add r5, r5, #1\n" /* Thumb */                                                                \
    "str r5, [sp, #" entry "]\n"

// The loops are 17 and 18 for the bytes of even and odd channels, and 19 for words.
__attribute__((naked, noinline)) static void make_channels(
    const five_t *five __attribute__((unused)), bool has_words __attribute__((unused))) {
    __asm__ volatile(
        "push {r4, r5, r6, r7, r8, r9, r10, r11, lr}\n"
        "sub sp, sp, #68\n"
        "mov r12, sp\n"
        "ldm r0!, {r2, r3, r4, r5, r6, r7, r8, r9, r10, r11}\n"
        "stm r12!, {r2, r3, r4, r5, r6, r7, r8, r9, r10, r11}\n"
        "ldm r0, {r2, r3, r6, r7}\n"
        "stm r12, {r2, r3, r6, r7}\n"
        "rsb r4, r5, #0\n"
        "cmp r1, #0\n"
        "bne 2f\n"
        "ubfx r4, r4, #3, #2\n"
        SET_ENTRY("17", "56", "60")
        SET_ENTRY("18", "60", "60")
        "1:\n"
        BEGIN_BYTES
        LOOP("17", "56", BYTES(""))
        "bl 5f\n"
        "beq 7f\n"
        BEGIN_BYTES
        LOOP("18", "60", BYTES(", ror #8"))
        "bl 5f\n"
        "beq 7f\n"
        "ldr r0, [sp, #12]\n"
        "add r0, r0, r1\n"
        "strd r1, r0, [sp, #4]\n"
        "b 1b\n"
        "2: ubfx r4, r4, #4, #2\n"
        SET_ENTRY("19", "56", "64")
        "3: bl 4f\n"
        "beq 7f\n"
        "ldrd r0, r1, [sp, #4]\n"
        "add r0, r0, #4\n"
        "add r1, r1, #4\n"
        "strd r0, r1, [sp, #4]\n"
        "bl 4f\n"
        "beq 7f\n"
        "sub r1, r1, #4\n"
        "ldr r0, [sp, #12]\n"
        "add r0, r0, r1\n"
        "strd r1, r0, [sp, #4]\n"
        "b 3b\n"
        "7: add sp, sp, #68\n"
        "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}\n"
        // A channel whose weights are words.
        "4: str lr, [sp, #64]\n"
        BEGIN_WORDS
        LOOP("19", "56", WORDS)
        "ldr lr, [sp, #64]\n"
        // The values of a channel. The flags tell whether it was the last.
        "5: ldr r12, [sp, #16]\n"
        "ldrb r7, [r12, #25]\n"
        "ldr r8, [r12, #28]\n"
        "add r12, r12, #32\n"
        "str r12, [sp, #16]\n"
        "ldrd r10, r11, [sp, #20]\n" // scale_end, offset
        "sub r7, r7, #1\n"
        "lsl r8, r8, #1\n"
        CVL_DSP_SCALE("r2", "r8")
        CVL_DSP_SCALE("r3", "r8")
        CVL_DSP_SCALE("r4", "r8")
        CVL_DSP_SCALE("r5", "r8")
        CVL_DSP_SCALE("r6", "r8")
        CVL_DSP_SKIP_SIGN("r11", "6f")
        CVL_DSP_SIGN("r2")
        CVL_DSP_SIGN("r3")
        CVL_DSP_SIGN("r4")
        CVL_DSP_SIGN("r5")
        CVL_DSP_SIGN("r6")
        "6:\n"
        CVL_DSP_VALUE("r2", "r7", "r11")
        CVL_DSP_VALUE("r3", "r7", "r11")
        CVL_DSP_VALUE("r4", "r7", "r11")
        CVL_DSP_VALUE("r5", "r7", "r11")
        CVL_DSP_VALUE("r6", "r7", "r11")
        "ldrd r7, r8, [sp, #28]\n" // out, out_step
        "strb r2, [r7]\n"
        "strb r3, [r7, r8]\n"
        "strb r4, [r7, r8, lsl #1]\n"
        "add r9, r7, r8, lsl #2\n"
        "strb r6, [r9]\n"
        "sub r9, r9, r8\n"
        "strb r5, [r9]\n"
        "add r7, r7, #1\n"
        "str r7, [sp, #28]\n"
        "cmp r12, r10\n"
        "bx lr\n");
}

// clang-format on

static five_t five_of(const cvl_pairs_t *pairs, const uint32_t *x, uint32_t pair_bytes) {
    return (five_t){
        .x = x,
        .w = pairs->weights,
        .w_end = pairs->weights + pair_bytes,
        .pair_bytes = pair_bytes,
        .scale = pairs->scales,
        .scale_end = pairs->scales + pairs->channels,
        .offset = cvl_dsp_offset(pairs->zero_point),
        .out = pairs->out,
        .out_step = pairs->out_step,
    };
}

static inline void widen_quad(uint32_t *to, const int8_t *from) {
    uint32_t values = cvl_word_at(from);
    to[0] = cvl_even_of(values);
    to[FIVE] = cvl_odd_of(values);
}

// Words of five pixels, whose values lie `step` bytes apart, side by side.
static void widen_five(uint32_t *to, const int8_t *from, uint32_t step, uint32_t words) {
    for (uint32_t i = 0; i < words; i += 2, to += 2 * FIVE, from += 4) {
        widen_quad(to, from);
        widen_quad(to + 1, from + step);
        widen_quad(to + 2, from + 2 * step);
        widen_quad(to + 3, from + 3 * step);
        widen_quad(to + 4, from + 4 * step);
    }
}

void cvl_make_fives(const cvl_pairs_t *pairs, const int8_t *pixels, uint32_t pixel_step) {
    uint32_t *side_by_side = (uint32_t *)(uintptr_t)pairs->x;
    five_t five = five_of(pairs, side_by_side, 4 * pairs->words);
    for (const uint32_t *x = pairs->x; x != pairs->x_end; x += FIVE * pairs->step) {
        widen_five(side_by_side, pixels, pixel_step, pairs->words);
        make_channels(&five, false);
        pixels += FIVE * pixel_step;
        five.out += FIVE * pairs->out_step;
    }
}

// Puts the words of five windows side by side, and into `five` what adding 128 to the weights of
// the upper values makes the sums too great, below 0.
static void place_five(uint32_t *to, five_t *five, const uint32_t *x, const cvl_pairs_t *pairs) {
    for (unsigned p = 0; p < FIVE; p++, x += pairs->step) {
        int32_t upper = 0;
        for (uint32_t i = 0; i < pairs->words; i++) {
            to[FIVE * i + p] = x[i];
            upper += (int32_t)x[i] >> 16;
        }
        five->too_little[p] = (uint32_t)(-128 * upper);
    }
}

void cvl_make_fives_of_words(const cvl_pairs_t *pairs, uint32_t *side_by_side) {
    five_t five = five_of(pairs, side_by_side, 8 * pairs->words);
    for (const uint32_t *x = pairs->x; x != pairs->x_end; x += FIVE * pairs->step) {
        place_five(side_by_side, &five, x, pairs);
        make_channels(&five, true);
        five.out += FIVE * pairs->out_step;
    }
}

#else

typedef int cvl_no_fives; // a C file needs a declaration

#endif
