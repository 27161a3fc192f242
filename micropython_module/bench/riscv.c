// QEMU's RISC-V board "virt": minstret counts, semihosting prints and exits. It is the
// instructions themselves that are counted with `-icount shift=0`.
#include "bench.h"

enum { SYS_WRITE0 = 4, SYS_EXIT = 24 };
enum { STOPPED_ERROR = 0x20023, STOPPED_EXIT = 0x20026 };

extern uint32_t bench_bss[], bench_bss_end[];

// The three instructions that mean a call of the host, in one page and uncompressed.
__attribute__((naked, noinline, aligned(16))) static void call_host(
    uintptr_t operation __attribute__((unused)), uintptr_t parameter __attribute__((unused))) {
    __asm__ volatile(".option push \n .option norvc \n"
                     "slli x0, x0, 0x1f \n ebreak \n srai x0, x0, 7 \n ret \n .option pop");
}

uint32_t bench_ticks(void) {
    uint32_t count;
    __asm__ volatile("csrr %0, minstret" : "=r"(count) : : "memory");
    return count;
}

__attribute__((naked)) void bench_loop(uint32_t count __attribute__((unused))) {
    __asm__ volatile("1: addi a0, a0, -1 \n bnez a0, 1b \n ret");
}

__attribute__((naked)) uint32_t *bench_stack_pointer(void) {
    __asm__ volatile("mv a0, sp \n ret");
}

void bench_print(const char *text) {
    call_host(SYS_WRITE0, (uintptr_t)text);
}

void bench_exit(int status) {
    call_host(SYS_EXIT, status ? STOPPED_ERROR : STOPPED_EXIT);
    for (;;) {
    }
}

__attribute__((used)) static void reset(void) {
    for (uint32_t *at = bench_bss; at < bench_bss_end; at++) {
        *at = 0;
    }
    bench_main();
}

__attribute__((used, aligned(4))) static void fault(void) {
    bench_print("fault 1\n");
    bench_exit(1);
}

__attribute__((section(".vectors"), naked, used)) void bench_start(void) {
    __asm__ volatile("la sp, bench_stack_top \n la t0, fault \n csrw mtvec, t0 \n j reset");
}
