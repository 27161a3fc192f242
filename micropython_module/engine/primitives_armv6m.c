// Primitives for ARMv6-M (Cortex-M0, M0+), where the compiler would keep sums on the stack.
#include <stddef.h>
#include "armv6m.h"
#include "pairs.h"
#include "primitives.h"

#if CVL_HAS_ARMV6M

_Static_assert(offsetof(cvl_column_t, rows_end) == 4 && offsetof(cvl_column_t, weights) == 8 &&
                   offsetof(cvl_column_t, at) == 12 && offsetof(cvl_column_t, step) == 16,
    "the registers that LDM loads");

// clang-format off

// A product of the channel whose place in a row, and in the weights, is in `at`. The weights begin
// so many bytes early.
#define ADD(sum, at)                                                                              \
    "ldrsb r5, [r4, " at "]\n"                                                                    \
    "ldrsb r6, [r1, " at "]\n"                                                                    \
    "muls r5, r6\n"                                                                               \
    "add " sum ", r5\n"

// 22 instructions for 4 products. r0 rows, r1 weights, r2 the first channel's place, r3 the second's,
// r4 a row, r7 step less 2, r8 rows_end; r9 to r12 sums.
__attribute__((naked)) void cvl_sum_column(const cvl_column_t *column __attribute__((unused)),
    int32_t sums[4] __attribute__((unused))) {
    __asm__ volatile(
        ".syntax unified\n"
        CVL_PUSH_ALL
        "push {r1}\n"
        "ldm r0!, {r2, r3, r4, r5, r6}\n" // rows, rows_end, weights, at, step
        "mov r8, r3\n"
        "subs r7, r6, #2\n"
        "subs r1, r4, r5\n"
        "mov r0, r2\n"
        "mov r2, r5\n"
        "adds r3, r2, #1\n"
        "movs r4, #0\n"
        "mov r9, r4\n"
        "mov r10, r4\n"
        "mov r11, r4\n"
        "mov r12, r4\n"
        "1: ldm r0!, {r4}\n"
        ADD("r9", "r2")
        ADD("r10", "r3")
        "adds r4, #2\n"
        "adds r1, #2\n"
        ADD("r11", "r2")
        ADD("r12", "r3")
        "adds r1, r7\n"
        "cmp r0, r8\n"
        "bne 1b\n"
        "pop {r0}\n"
        "mov r4, r9\n"
        "mov r5, r10\n"
        "mov r6, r11\n"
        "mov r7, r12\n"
        "stm r0!, {r4, r5, r6, r7}\n"
        CVL_POP_ALL);
}

// clang-format on

#else

typedef int cvl_no_armv6m_primitives; // a C file needs a declaration

#endif
