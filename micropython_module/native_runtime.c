// What a native module needs of the C library: the firmware's own, where it offers it.
#include "binding.h"

void *memcpy(void *to, const void *from, size_t count);
void *memmove(void *to, const void *from, size_t count);
void *memset(void *to, int value, size_t count);
size_t strlen(const char *text);

void *memcpy(void *to, const void *from, size_t count) {
    return mp_fun_table.memmove_(to, from, count);
}

void *memmove(void *to, const void *from, size_t count) {
    return mp_fun_table.memmove_(to, from, count);
}

void *memset(void *to, int value, size_t count) {
    return mp_fun_table.memset_(to, value, count);
}

size_t strlen(const char *text) {
    const volatile char *at = text; // else the compiler makes the loop a call of strlen
    while (*at != '\0') {
        at++;
    }
    return (size_t)(at - text);
}
