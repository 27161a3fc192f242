// cvl_make_fives for Cortex-M processors with the DSP extension. The words of five pixels lie
// beside each other, so that one LDM loads them, and the weights of one channel are widened in
// registers, once for all five: 15 instructions for 20 products, and no room for wide weights.
#include <stddef.h>
#include "dsp.h"
#include "pairs.h"

#if CVL_HAS_DSP

#define FIVE CVL_FIVE

// Five pixels and all channels. make_channels copies it to its stack, and changes the copy.
typedef struct {
    const uint32_t *x;    // uint32[words, FIVE]
    const uint8_t *w;     // of the next two channels: int8[words, 4]
    const uint8_t *w_end; // behind them
    uint32_t pair_bytes;
    const cvl_scale_t *scale; // of the next channel
    uint32_t channels;        // left
    int32_t offset;           // see cvl_dsp_offset
    int8_t *out;
    uint32_t out_step;
} five_t;

#define AT(field, place) offsetof(five_t, field) == (place)
_Static_assert(AT(x, 0) && AT(w, 4) && AT(w_end, 8) && AT(pair_bytes, 12) && AT(scale, 16) &&
                   AT(channels, 20) && AT(offset, 24) && AT(out, 28) && AT(out_step, 32),
    "make_channels reads these");
_Static_assert(offsetof(cvl_scale_t, bias) == 0 && offsetof(cvl_scale_t, right) == 25 &&
                   offsetof(cvl_scale_t, multiplier) == 28 && sizeof(cvl_scale_t) == 32,
    "make_channels reads these");

// clang-format off

#define PRODUCTS_OF_FIVE(weights)                                                                 \
    "ldm r0!, {r7, r8, r9, r10, r11}\n"                                                           \
    "smladx r2, r7, " weights ", r2\n"                                                            \
    "smladx r3, r8, " weights ", r3\n"                                                            \
    "smladx r4, r9, " weights ", r4\n"                                                            \
    "smladx r5, r10, " weights ", r5\n"                                                           \
    "smladx r6, r11, " weights ", r6\n"

// Two words of each pixel: 60 bytes of code. `odd`: empty, or the rotation to the second channel.
#define GROUP(odd)                                                                                \
    "ldrd r12, lr, [r1], #8\n"                                                                    \
    "sxtb16 r12, r12" odd "\n"                                                                    \
    "sxtb16 lr, lr" odd "\n"                                                                      \
    PRODUCTS_OF_FIVE("r12")                                                                       \
    PRODUCTS_OF_FIVE("lr")

// A channel, but for what comes behind it. While sums are made: r0 values, r1 weights, r2 to r6
// sums. `entry`: where the copy on the stack has the address in the loop where it begins.
#define CHANNEL(odd, entry, loop)                                                                 \
    "ldrd r0, r1, [sp]\n"                                                                         \
    "ldr r12, [sp, #16]\n"                                                                        \
    "ldr r2, [r12]\n"                                                                             \
    "mov r3, r2\n"                                                                                \
    "mov r4, r2\n"                                                                                \
    "mov r5, r2\n"                                                                                \
    "mov r6, r2\n"                                                                                \
    "ldr pc, [sp, #" entry "]\n"                                                                  \
    loop ":\n"                                                                                    \
    GROUP(odd)                                                                                    \
    GROUP(odd)                                                                                    \
    GROUP(odd)                                                                                    \
    GROUP(odd)                                                                                    \
    "ldr r7, [sp, #8]\n"                                                                          \
    "cmp r1, r7\n"                                                                                \
    "bne " loop "b\n"                                                                             \
    "ldr r12, [sp, #16]\n"                                                                        \
    "ldrb r7, [r12, #25]\n"                                                                       \
    "ldr r8, [r12, #28]\n"                                                                        \
    "add r12, r12, #32\n"                                                                         \
    "str r12, [sp, #16]\n"                                                                        \
    "ldr lr, [sp, #24]\n"                                                                         \
    "sub r7, r7, #1\n"                                                                            \
    "lsl r8, r8, #1\n"                                                                            \
    CVL_DSP_SCALE("r2", "r8")                                                                     \
    CVL_DSP_SCALE("r3", "r8")                                                                     \
    CVL_DSP_SCALE("r4", "r8")                                                                     \
    CVL_DSP_SCALE("r5", "r8")                                                                     \
    CVL_DSP_SCALE("r6", "r8")                                                                     \
    CVL_DSP_SKIP_SIGN("3f")                                                                       \
    CVL_DSP_SIGN("r2")                                                                            \
    CVL_DSP_SIGN("r3")                                                                            \
    CVL_DSP_SIGN("r4")                                                                            \
    CVL_DSP_SIGN("r5")                                                                            \
    CVL_DSP_SIGN("r6")                                                                            \
    "3:\n"                                                                                        \
    CVL_DSP_VALUE("r2", "r7")                                                                     \
    CVL_DSP_VALUE("r3", "r7")                                                                     \
    CVL_DSP_VALUE("r4", "r7")                                                                     \
    CVL_DSP_VALUE("r5", "r7")                                                                     \
    CVL_DSP_VALUE("r6", "r7")                                                                     \
    "ldrd r7, r8, [sp, #28]\n" /* out, out_step */                                                \
    "strb r2, [r7]\n"                                                                             \
    "strb r3, [r7, r8]\n"                                                                         \
    "strb r4, [r7, r8, lsl #1]\n"                                                                 \
    "add r9, r7, r8, lsl #2\n"                                                                    \
    "strb r6, [r9]\n"                                                                             \
    "sub r9, r9, r8\n"                                                                            \
    "strb r5, [r9]\n"                                                                             \
    "add r7, r7, #1\n"                                                                            \
    "str r7, [sp, #28]\n"                                                                         \
    "ldr r7, [sp, #20]\n"                                                                         \
    "subs r7, r7, #1\n"                                                                           \
    "str r7, [sp, #20]\n"

// The address, for LDR PC, of the group with which the loop behind `label` begins.
#define SET_ENTRY(label, entry)                                                                   \
    "adr r10, " label "\n"                                                                        \
    "add r10, r10, r9\n"                                                                          \
    "str r10, [sp, #" entry "]\n"

// The loops are unrolled 4 times. The groups beyond a multiple of 4 are done first.
__attribute__((naked, noinline)) static void make_channels(
    const five_t *five __attribute__((unused))) {
    __asm__ volatile(
        "push {r4, r5, r6, r7, r8, r9, r10, r11, lr}\n"
        "sub sp, sp, #44\n"
        "ldm r0, {r1, r2, r3, r4, r5, r6, r7, r8, r9}\n"
        "stm sp, {r1, r2, r3, r4, r5, r6, r7, r8, r9}\n"
        "rsb r4, r4, #0\n"
        "ubfx r4, r4, #3, #2\n"
        "mov r9, #60\n"
        "mul r9, r9, r4\n"
        "add r9, r9, #1\n" // Thumb
        SET_ENTRY("8f", "36")
        SET_ENTRY("9f", "40")
        "1:\n"
        CHANNEL("", "36", "8")
        "beq 7f\n"
        CHANNEL(", ror #8", "40", "9")
        "beq 7f\n"
        "ldr r0, [sp, #12]\n"
        "add r0, r0, r1\n"
        "strd r1, r0, [sp, #4]\n"
        "b 1b\n"
        "7: add sp, sp, #44\n"
        "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}\n");
}

// clang-format on

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
    uint32_t pair_bytes = 4 * pairs->words;
    five_t five = {
        .x = pairs->x,
        .w = pairs->weights,
        .w_end = pairs->weights + pair_bytes,
        .pair_bytes = pair_bytes,
        .scale = pairs->scales,
        .channels = pairs->channels,
        .offset = cvl_dsp_offset(pairs->zero_point),
        .out = pairs->out,
        .out_step = pairs->out_step,
    };
    for (const uint32_t *x = pairs->x; x != pairs->x_end; x += FIVE * pairs->step) {
        widen_five((uint32_t *)(uintptr_t)pairs->x, pixels, pixel_step, pairs->words);
        make_channels(&five);
        pixels += FIVE * pixel_step;
        five.out += FIVE * pairs->out_step;
    }
}

#else

typedef int cvl_no_fives; // a C file needs a declaration

#endif
