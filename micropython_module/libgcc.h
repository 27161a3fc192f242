// Functions of the compiler's runtime that stand in this folder, for where it lacks them.
#ifndef LIBGCC_H
#define LIBGCC_H

#include <stdint.h>

float __aeabi_fdiv(float a, float b);
float __addsf3(float a, float b);
float __subsf3(float a, float b);
float __mulsf3(float a, float b);
int __ltsf2(float a, float b);
int __gtsf2(float a, float b);
int32_t __fixsfsi(float a);
float __floatsisf(int32_t value);

uint32_t __udivsi3(uint32_t a, uint32_t b);
uint32_t __umodsi3(uint32_t a, uint32_t b);
int32_t __divsi3(int32_t a, int32_t b);
int32_t __modsi3(int32_t a, int32_t b);
uint64_t __muldi3(uint64_t a, uint64_t b);

#endif
