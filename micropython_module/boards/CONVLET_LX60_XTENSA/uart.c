// The UART of QEMU's LX60, a 16550, and how the board starts and ends.
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "uart.h"

#define UART ((volatile uint32_t *)0xfd050020)
enum { DATA = 0, LINE_STATUS = 5 };
enum { RECEIVED = 1 << 0, SENDER_EMPTY = 1 << 5 }; // in LINE_STATUS
enum { SYS_EXIT = 1 };

extern uint8_t bss[], bss_end[];
int main(int argc, char **argv);
void exit(int status);
void start_in_c(void);

void uart_init(void) {}

int uart_rx_chr(void) {
    return UART[LINE_STATUS] & RECEIVED ? (int)(UART[DATA] & 0xff) : UART_RX_NO_CHAR;
}

void uart_tx_strn(const char *text, size_t length) {
    for (size_t i = 0; i < length; i++) {
        while (!(UART[LINE_STATUS] & SENDER_EMPTY)) {
        }
        UART[DATA] = (uint8_t)text[i];
    }
}

// By a call of Xtensa's simulator.
void exit(int status) {
    register uint32_t a2 __asm__("a2") = SYS_EXIT;
    register uint32_t a3 __asm__("a3") = (uint32_t)status;
    for (;;) {
        __asm__ volatile("simcall" : : "r"(a2), "r"(a3) : "memory");
    }
}

void start_in_c(void) {
    memset(bss, 0, (size_t)(bss_end - bss));
    exit(main(0, NULL));
}
