// Compares cvl_make_pairs of the processor with the portable one, which is linked under another
// name, in the emulator of the bench. Prints the number of comparisons, and of those that failed.
#include <stdbool.h>
#include "bench.h"
#include "pairs.h"

void portable_make_pairs(const cvl_pairs_t *pairs);

#define MOST_GROUPS 21
#define MOST_WINDOWS 3
#define GUARD 0x55

static uint32_t x[2 * MOST_GROUPS * MOST_WINDOWS], w[4 * MOST_GROUPS];
static uint32_t state;

static uint32_t chance(void) { // xorshift32
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

static int32_t value(int32_t least) {
    static const int8_t extremes[] = {-128, -127, -1, 0, 1, 127};
    int32_t drawn = chance() % 2 ? extremes[chance() % sizeof extremes] : (int8_t)chance();
    return drawn < least ? least : drawn;
}

static uint32_t word(int32_t least) {
    return (uint32_t)value(least) + ((uint32_t)value(least) << 16);
}

// Of any size; or `fits`: for a sum that is the bias alone, so that its value is seldom clamped.
static cvl_scale_t scale(bool fits) {
    uint32_t bits = fits ? 7 + chance() % 15 : 1 + chance() % 32;
    cvl_scale_t drawn = {.bias = (int32_t)chance() >> (32 - bits)};
    if (chance() % 2) {
        drawn.high = (int32_t)(chance() >> 1) | 1 << 30;
        drawn.offset = value(-128);
        drawn.shift = fits ? 32 + (bits > 8 ? bits - 8 : 1) : 33 + chance() % 31;
        return drawn;
    }
    drawn.shift = fits ? 14 + chance() % 8 : chance() % 32;
    uint32_t high_bits = fits ? drawn.shift + 8 - (bits < drawn.shift ? bits : drawn.shift) : 31;
    drawn.high = (int32_t)(chance() >> (32 - high_bits));
    drawn.low = (int32_t)(chance() >> 16);
    drawn.offset = (int32_t)chance() >> (32 - (fits ? drawn.shift : 32));
    return drawn;
}

static uint32_t differences(cvl_pairs_t *pairs) {
    int8_t made[2][2 * MOST_WINDOWS + 8];
    for (unsigned i = 0; i < sizeof made; i++) {
        made[0][i] = GUARD;
    }
    pairs->out = made[0] + 2;
    cvl_make_pairs(pairs);
    pairs->out = made[1] + 2;
    portable_make_pairs(pairs);
    uint32_t found = 0;
    for (unsigned i = 0; i < sizeof made[0]; i++) {
        found += made[0][i] != made[1][i];
    }
    return found;
}

static void print_number(uint32_t number) {
    char digits[12], *at = digits + sizeof digits;
    *--at = '\0';
    *--at = '\n';
    do {
        *--at = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    bench_print(at);
}

void bench_main(void) {
    state = 1;
    uint32_t tried = 0;
    uint32_t failed = 0;
    for (uint32_t groups = 1; groups <= MOST_GROUPS; groups++) {
        for (unsigned times = 0; times < 200; times++) {
            for (unsigned i = 0; i < sizeof x / sizeof *x; i++) {
                x[i] = times == 0 ? 0xff7fff80u : word(-128); // all -128 at first
            }
            for (unsigned i = 0; i < sizeof w / sizeof *w; i++) {
                w[i] = times == 0 ? 0xff80ff81u : times % 2 ? 0 : word(-127);
            }
            bool fits = times % 2 != 0;
            cvl_scale_t scales[2] = {scale(fits), scale(fits)};
            cvl_pairs_t pairs = {
                .x = x,
                .w = w,
                .groups = groups,
                .step = 1 + chance() % (2 * groups),
                .out_step = 2,
                .count = 1 + chance() % MOST_WINDOWS,
                .second = chance() % 2,
                .scales = scales,
                .clamp_min = fits ? -128 : value(-128),
            };
            pairs.clamp_max = fits ? 127 : value(pairs.clamp_min);
            failed += differences(&pairs) != 0;
            tried++;
        }
    }
    print_number(tried);
    print_number(failed);
    bench_exit(0);
}
