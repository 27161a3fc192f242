// What functions in assembly for ARMv6-M, whose PUSH and POP do not reach r8 to r11, begin and end
// with.
#ifndef CVL_ARMV6M_H
#define CVL_ARMV6M_H

// clang-format off
#define CVL_PUSH_ALL                                                                              \
    "push {r4, r5, r6, r7, lr}\n"                                                                 \
    "mov r4, r8\n"                                                                                \
    "mov r5, r9\n"                                                                                \
    "mov r6, r10\n"                                                                               \
    "mov r7, r11\n"                                                                               \
    "push {r4, r5, r6, r7}\n"

// And returns.
#define CVL_POP_ALL                                                                               \
    "pop {r4, r5, r6, r7}\n"                                                                      \
    "mov r8, r4\n"                                                                                \
    "mov r9, r5\n"                                                                                \
    "mov r10, r6\n"                                                                               \
    "mov r11, r7\n"                                                                               \
    "pop {r4, r5, r6, r7, pc}\n"
// clang-format on

#endif
