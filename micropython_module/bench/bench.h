// What the bench needs of a processor; one file of this folder for each family has it.
#ifndef BENCH_H
#define BENCH_H

#include <stdint.h>

// A counter that only executed instructions move: the difference of two readings, modulo 2^32, is
// a fixed number of ticks for each of them, give or take less than one tick for all.
uint32_t bench_ticks(void);

// Executes two instructions `count` times, and a few around them.
void bench_loop(uint32_t count);

// Of the caller's frame; what lies below it is free.
uint32_t *bench_stack_pointer(void);

// Prints in the emulator's terminal.
void bench_print(const char *text);

// Ends the emulator.
void bench_exit(int status) __attribute__((noreturn));

// Called when the processor is ready for C.
void bench_main(void) __attribute__((noreturn));

#endif
