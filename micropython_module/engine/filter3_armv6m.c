// cvl_make_filter3 for ARMv6-M (Cortex-M0, M0+). The six weights of a channel stay in registers
// that it cannot compute with: each product needs a copy of its weight anyway.
#include <stddef.h>
#include "armv6m.h"
#include "filter3.h"

#if CVL_HAS_ARMV6M

// What the assembly has a copy of on its stack.
typedef struct {
    uintptr_t rows[3];
    uint32_t first; // offset in the rows of the next channel
    uint32_t span;
    uint32_t step;
    uint32_t *inside; // where the columns inside the image go
    uint32_t missing;
    uint32_t *columns; // uint32[.., 2]
    uint32_t *sums;    // uint32[count]
    uint32_t *sums_end;
    uint32_t stride;
    uint32_t channel;          // the next one
    const cvl_scale_t *scales; // from the next one on
    int8_t *out;
    uint32_t out_step;
    uint32_t left; // channels
    const int8_t *weights;
} channels_t;

#define AT(field, place) offsetof(channels_t, field) == (place)
_Static_assert(AT(rows, 0) && AT(first, 12) && AT(span, 16) && AT(step, 20) && AT(inside, 24) &&
                   AT(missing, 28) && AT(columns, 32) && AT(sums, 36) && AT(sums_end, 40) &&
                   AT(stride, 44) && AT(channel, 48) && AT(scales, 52) && AT(out, 56) &&
                   AT(out_step, 60) && AT(left, 64) && AT(weights, 68) && sizeof(channels_t) == 72,
    "make_channels has a copy");
// It reads scales as pairs_armv6m.c does, which asserts where their fields lie.

// clang-format off

// A column is done: r4 and r5 are its words. r3 is where the next one lies in the rows, r9 its end,
// r8 the step; r6 where the columns go.
#define STORE_AND_GO_ON(loop)                                                                     \
    "stm r6!, {r4, r5}\n"                                                                         \
    "add r3, r8\n"                                                                                \
    "cmp r3, r9\n"                                                                                \
    "bne " loop "b\n"

// sum = from + the products of a column, r2 and r3, with the weights of its pair and its single
// value. The shift leaves bit 15 of the product in the carry.
#define COLUMN(sum, from, pair, single)                                                           \
    "mov r4, " single "\n"                                                                        \
    "muls r4, r3\n"                                                                               \
    "adds " sum ", " from ", r4\n"                                                                \
    "mov r4, " pair "\n"                                                                          \
    "muls r4, r2\n"                                                                               \
    "asrs r4, r4, #16\n"                                                                          \
    "adcs " sum ", r4\n"

// Two weights of the upper rows become a word in register `pair`; r7 points to the lower one.
#define UPPER(pair, lower, upper)                                                                 \
    "ldrb r4, [r7, #" upper "]\n"                                                                 \
    "lsls r4, r4, #24\n"                                                                          \
    "asrs r4, r4, #8\n"                                                                           \
    "ldrb r5, [r7, #" lower "]\n"                                                                 \
    "sxtb r5, r5\n"                                                                               \
    "adds r4, r5\n"                                                                               \
    "mov " pair ", r4\n"

// r6 points to the first weight of the third row.
#define LOWER(single, place)                                                                      \
    "ldrb r4, [r6, #" place "]\n"                                                                 \
    "sxtb r4, r4\n"                                                                               \
    "mov " single ", r4\n"

CVL_HOT __attribute__((naked, noinline)) static void make_channels(
    const channels_t *channels __attribute__((unused))) {
    __asm__ volatile(
        ".syntax unified\n"
        CVL_PUSH_ALL
        "sub sp, #72\n"
        "mov r1, sp\n"
        "ldm r0!, {r2, r3, r4, r5, r6, r7}\n"
        "stm r1!, {r2, r3, r4, r5, r6, r7}\n"
        "ldm r0!, {r2, r3, r4, r5, r6, r7}\n"
        "stm r1!, {r2, r3, r4, r5, r6, r7}\n"
        "ldm r0!, {r2, r3, r4, r5, r6, r7}\n"
        "stm r1!, {r2, r3, r4, r5, r6, r7}\n"
        // A channel: its columns. r0 to r2 are the rows, r0 or r2 may be a zero point.
        "10: mov r7, sp\n"
        "ldm r7!, {r0, r1, r2, r3, r4, r5, r6}\n" // rows, first, span, step, inside
        "mov r8, r5\n"
        "adds r4, r3\n"
        "mov r9, r4\n"
        "adds r4, r3, #1\n"
        "str r4, [sp, #12]\n"
        "ldr r7, [sp, #28]\n" // missing
        "cmp r7, #1\n"
        "beq 12f\n"
        "bhi 13f\n"
        "11: ldrsb r4, [r0, r3]\n"
        "ldrsb r5, [r1, r3]\n"
        "lsls r5, r5, #16\n"
        "adds r4, r5\n"
        "ldrsb r5, [r2, r3]\n"
        STORE_AND_GO_ON("11")
        "b 14f\n"
        "12: ldrsb r5, [r1, r3]\n"
        "lsls r5, r5, #16\n"
        "adds r4, r0, r5\n"
        "ldrsb r5, [r2, r3]\n"
        STORE_AND_GO_ON("12")
        "b 14f\n"
        "13: ldrsb r4, [r0, r3]\n"
        "ldrsb r5, [r1, r3]\n"
        "lsls r5, r5, #16\n"
        "adds r4, r5\n"
        "mov r5, r2\n"
        STORE_AND_GO_ON("13")
        // Its sums. r0 columns, r1 sums, r2 and r3 a column, r5 and r6 the sums of two windows, r7
        // bias; r8 to r10 weights of pairs, r11, r12 and lr single ones.
        "14: ldr r3, [sp, #48]\n" // channel
        "adds r4, r3, #1\n"
        "str r4, [sp, #48]\n"
        "lsrs r4, r3, #2\n"
        "movs r5, #36\n"
        "muls r4, r5\n"
        "ldr r6, [sp, #68]\n" // weights
        "adds r6, r4\n"
        "movs r5, #3\n"
        "ands r3, r5\n"
        "lsrs r4, r3, #1\n" // channels 2 and 3 lie two bytes further than 0 and 1
        "lsls r4, r4, #1\n"
        "adds r4, r3\n"
        "adds r7, r6, r4\n"
        "adds r6, r3\n"
        UPPER("r8", "0", "2")
        UPPER("r9", "8", "10")
        UPPER("r10", "16", "18")
        "adds r6, #24\n"
        LOWER("r11", "0")
        LOWER("r12", "4")
        LOWER("lr", "8")
        "ldr r7, [sp, #52]\n" // scales
        "ldr r7, [r7]\n"
        "ldr r0, [sp, #32]\n" // columns
        "ldr r1, [sp, #36]\n" // sums
        "ldm r0!, {r2, r3}\n"
        COLUMN("r5", "r7", "r8", "r11")
        "ldr r4, [sp, #44]\n" // stride
        "cmp r4, #1\n"
        "bne 16f\n"
        "ldm r0!, {r2, r3}\n"
        COLUMN("r5", "r5", "r9", "r12")
        COLUMN("r6", "r7", "r8", "r11")
        "15: ldm r0!, {r2, r3}\n"
        COLUMN("r5", "r5", "r10", "lr")
        "stm r1!, {r5}\n"
        COLUMN("r5", "r6", "r9", "r12")
        COLUMN("r6", "r7", "r8", "r11")
        "ldr r4, [sp, #40]\n" // sums_end
        "cmp r1, r4\n"
        "bne 15b\n"
        "b 17f\n"
        "16: ldm r0!, {r2, r3}\n"
        COLUMN("r5", "r5", "r9", "r12")
        "ldm r0!, {r2, r3}\n"
        COLUMN("r5", "r5", "r10", "lr")
        "stm r1!, {r5}\n"
        COLUMN("r5", "r7", "r8", "r11")
        "ldr r4, [sp, #40]\n"
        "cmp r1, r4\n"
        "bne 16b\n"
        // Its values. r0 sums, r1 a sum, r4 low, r5 high, r6 out, r7 shift; r8 offset, r9 least,
        // r10 most, r11 step of out, r12 end of the sums.
        "17: mov r12, r4\n"
        "ldr r0, [sp, #52]\n"
        "adds r0, #4\n"
        "ldm r0!, {r1, r2, r3, r4, r5, r7}\n"
        "adds r0, #4\n"
        "str r0, [sp, #52]\n"
        "mov r9, r1\n"
        "mov r10, r2\n"
        "mov r8, r5\n"
        "mov r5, r3\n"
        "ldr r6, [sp, #56]\n" // out
        "adds r1, r6, #1\n"
        "str r1, [sp, #56]\n"
        "ldr r1, [sp, #60]\n" // out_step
        "mov r11, r1\n"
        "ldr r0, [sp, #36]\n"
        "18: ldm r0!, {r1}\n"
        "cmp r1, r9\n"
        "bge 1f\n"
        "mov r1, r9\n"
        "1: cmp r1, r10\n"
        "ble 2f\n"
        "mov r1, r10\n"
        "2: asrs r2, r1, #3\n"
        "muls r2, r4\n"
        "asrs r2, r2, #13\n"
        "lsrs r3, r1, #18\n"
        "muls r1, r5\n"
        "adds r1, r2\n"
        "subs r1, r3\n"
        "add r1, r8\n"
        "asrs r1, r7\n"
        "strb r1, [r6]\n"
        "add r6, r11\n"
        "cmp r0, r12\n"
        "bne 18b\n"
        "ldr r0, [sp, #64]\n" // channels
        "subs r0, #1\n"
        "str r0, [sp, #64]\n"
        "beq 19f\n"
        "b 10b\n" // too far for a conditional branch
        "19: add sp, #72\n"
        CVL_POP_ALL);
}

// clang-format on

void cvl_make_filter3(const cvl_filter3_t *filter) {
    uint32_t *sums = filter->scratch + 2 * filter->columns;
    channels_t channels = {
        .rows = {filter->rows[0], filter->rows[1], filter->rows[2]},
        .first = filter->first + filter->channel,
        .span = filter->span,
        .step = filter->step,
        .inside = filter->scratch + 2 * filter->before,
        .missing = filter->missing,
        .columns = filter->scratch,
        .sums = sums,
        .sums_end = sums + filter->count,
        .stride = filter->stride,
        .channel = filter->channel,
        .scales = filter->scales,
        .out = filter->out + filter->channel,
        .out_step = filter->out_step,
        .left = filter->end - filter->channel,
        .weights = filter->weights,
    };
    cvl_pad_filter3(filter);
    make_channels(&channels);
}

#else

typedef int cvl_no_filter3_armv6m; // a C file needs a declaration

#endif
