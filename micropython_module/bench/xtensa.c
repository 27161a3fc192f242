// QEMU's Xtensa board "sim": CCOUNT counts, its simulator calls print and exit.
//
// With `-icount shift=6` an instruction takes 64 ns of virtual time, and CCOUNT, which runs at
// 40 MHz there, moves by 2.56 ticks. QEMU's LX106 reads words that do not lie aligned; a real one
// traps them, as the bench's Cortex-M0+ does.
#include <string.h>
#include "bench.h"

enum { SYS_EXIT = 1, SYS_WRITE = 4 };
enum { STDOUT = 1 };

extern uint32_t bench_bss[], bench_bss_end[];

// Only assembler calls these.
void start_in_c(void);
void bench_fault(void);

static void call_host(uint32_t operation, uint32_t p, uint32_t q, uint32_t r) {
    register uint32_t a2 __asm__("a2") = operation;
    register uint32_t a3 __asm__("a3") = p;
    register uint32_t a4 __asm__("a4") = q;
    register uint32_t a5 __asm__("a5") = r;
    __asm__ volatile("simcall" : "+r"(a2), "+r"(a3) : "r"(a4), "r"(a5) : "memory");
}

uint32_t bench_ticks(void) {
    uint32_t count;
    __asm__ volatile("rsr %0, ccount" : "=r"(count) : : "memory");
    return count;
}

void bench_loop(uint32_t count) {
    __asm__ volatile("1: addi %0, %0, -1 \n bnez %0, 1b" : "+r"(count));
}

uint32_t *bench_stack_pointer(void) {
    uint32_t *pointer; // without a frame of its own, it is the caller's
    __asm__ volatile("mov %0, a1" : "=r"(pointer));
    return pointer;
}

void bench_print(const char *text) {
    call_host(SYS_WRITE, STDOUT, (uintptr_t)text, strlen(text));
}

void bench_exit(int status) {
    call_host(SYS_EXIT, (uint32_t)status, 0, 0);
    for (;;) {
    }
}

void start_in_c(void) {
    for (uint32_t *at = bench_bss; at < bench_bss_end; at++) {
        *at = 0;
    }
    bench_main();
}

void bench_fault(void) {
    bench_print("fault 1\n");
    bench_exit(1);
}

#ifndef __XTENSA_WINDOWED_ABI__ // else xtensa/start.S has them
// The processor starts at the first of these, and finds by VECBASE those of an exception: of the
// kernel's at byte 0x30, of the user's at 0x50, of one in an exception at 0x70.
__asm__(".section .vectors, \"ax\" \n"
        ".global bench_start \n bench_start: j begin \n"
        ".org 0x30 \n j bench_fault \n .org 0x50 \n j bench_fault \n .org 0x70 \n j bench_fault \n"
        ".section .text.begin, \"ax\" \n .literal_position \n"
        "begin: movi a0, bench_start \n wsr a0, vecbase \n movi a0, 0 \n wsr a0, ps \n isync \n"
        "movi a1, bench_stack_top \n j start_in_c \n"
        ".previous");
#endif
