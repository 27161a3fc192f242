// The CMSDK UART where the secure world sees it. MicroPython's ports/qemu/uart.c has it at one
// fixed address.
#include <stddef.h>
#include <stdint.h>

#include "uart.h"

#define UART ((volatile uint32_t *)0x50200000)
enum { DATA, STATE, CONTROL, INTERRUPT, DIVISOR }; // ARM DDI 0479, "APB UART"
enum { SENDER_FULL = 1, RECEIVER_FULL = 2 };       // in STATE
enum { SEND = 1, RECEIVE = 2 };                    // in CONTROL

void uart_init(void) {
    UART[DIVISOR] = 16;
    UART[CONTROL] = SEND | RECEIVE;
}

int uart_rx_chr(void) {
    return UART[STATE] & RECEIVER_FULL ? (int)UART[DATA] : UART_RX_NO_CHAR;
}

void uart_tx_strn(const char *text, size_t length) {
    for (size_t i = 0; i < length; i++) {
        while (UART[STATE] & SENDER_FULL) {
        }
        UART[DATA] = text[i];
    }
}
