// Turns the floating-point unit on. MicroPython's startup code for QEMU knows none; uart_init is
// the first function of another file that it calls once memory is initialised.
#include <stdint.h>

#define CPACR (*(volatile uint32_t *)0xe000ed88) // coprocessor access control, ARMv7-M B3.2.20
#define CP10_AND_CP11 (0xfu << 20)

void __real_uart_init(void);
void __wrap_uart_init(void);

void __wrap_uart_init(void) {
    CPACR |= CP10_AND_CP11;
    __asm__ volatile("dsb \n isb" ::: "memory");
    __real_uart_init();
}
