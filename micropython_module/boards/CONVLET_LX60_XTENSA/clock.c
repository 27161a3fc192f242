// MicroPython's module `time`, by the cycles that the processor counts, which begin anew after
// 107 seconds.
#include "py/mphal.h"

#define CYCLES_PER_US 40

mp_uint_t mp_hal_ticks_cpu(void) {
    mp_uint_t count;
    __asm__ volatile("rsr %0, ccount" : "=r"(count) : : "memory");
    return count;
}

mp_uint_t mp_hal_ticks_us(void) {
    return mp_hal_ticks_cpu() / CYCLES_PER_US;
}

mp_uint_t mp_hal_ticks_ms(void) {
    return mp_hal_ticks_us() / 1000;
}

void mp_hal_delay_us(mp_uint_t us) {
    mp_uint_t start = mp_hal_ticks_cpu();
    while (mp_hal_ticks_cpu() - start < us * CYCLES_PER_US) {
    }
}

void mp_hal_delay_ms(mp_uint_t ms) {
    for (; ms > 0; ms--) {
        mp_hal_delay_us(1000);
    }
}
