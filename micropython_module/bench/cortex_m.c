// Cortex-M boards of QEMU (MPS2): a CMSDK timer counts, semihosting prints and exits.
//
// With `-icount shift=8` an instruction takes 256 ns of virtual time, and the timer, whose clock
// is 25 or 20 MHz, moves by 6.4 or 5.12 ticks.
#include "bench.h"

// Of the timer: ARM DDI 0479, "APB timer"; BENCH_TIMER is its address.
#define TIMER ((volatile uint32_t *)BENCH_TIMER)
enum { TIMER_CONTROL, TIMER_VALUE, TIMER_RELOAD };

// Of the processor: trap what a Cortex-M0 cannot do, words that do not lie aligned.
#define CONFIGURATION (*(volatile uint32_t *)0xe000ed14)
#define TRAP_UNALIGNED (1u << 3)

enum { SYS_WRITE0 = 4, SYS_EXIT = 24 };
enum { STOPPED_ERROR = 0x20023, STOPPED_EXIT = 0x20026 };

extern uint32_t bench_stack_top[], bench_bss[], bench_bss_end[];

static void call_host(uintptr_t operation, uintptr_t parameter) {
    register uintptr_t r0 __asm__("r0") = operation;
    register uintptr_t r1 __asm__("r1") = parameter;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
}

uint32_t bench_ticks(void) {
    return -TIMER[TIMER_VALUE]; // it counts down
}

__attribute__((naked)) void bench_loop(uint32_t count __attribute__((unused))) {
    __asm__ volatile("1: .inst.n 0x3801 \n bne 1b \n bx lr"); // subs r0, #1
}

__attribute__((naked)) uint32_t *bench_stack_pointer(void) {
    __asm__ volatile("mov r0, sp \n bx lr");
}

void bench_print(const char *text) {
    call_host(SYS_WRITE0, (uintptr_t)text);
}

void bench_exit(int status) {
    call_host(SYS_EXIT, status ? STOPPED_ERROR : STOPPED_EXIT);
    for (;;) {
    }
}

static void reset(void) {
    for (uint32_t *at = bench_bss; at < bench_bss_end; at++) {
        *at = 0;
    }
    if (BENCH_TRAPS_UNALIGNED) {
        CONFIGURATION |= TRAP_UNALIGNED;
    }
    TIMER[TIMER_RELOAD] = UINT32_MAX;
    TIMER[TIMER_VALUE] = UINT32_MAX;
    TIMER[TIMER_CONTROL] = 1;
    bench_main();
}

static void fault(void) {
    bench_print("fault 1\n");
    bench_exit(1);
}

__attribute__((section(".vectors"), used)) static const void *const vectors[16] = {
    bench_stack_top,
    (void *)reset,
    (void *)fault,
    (void *)fault,
    (void *)fault,
    (void *)fault,
    (void *)fault,
    (void *)fault,
};
