// The functions of the C library that the engine calls, for processors that Debian has none for.
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *to, const void *from, size_t count);
void *memmove(void *to, const void *from, size_t count);
void *memset(void *to, int value, size_t count);
size_t strlen(const char *text);

// volatile: else the compiler makes calls of these functions of the loops.

void *memcpy(void *to, const void *from, size_t count) {
    return memmove(to, from, count);
}

void *memmove(void *to, const void *from, size_t count) {
    volatile uint8_t *out = to;
    const uint8_t *in = from;
    for (size_t i = 0; (uintptr_t)to <= (uintptr_t)from && i < count; i++) {
        out[i] = in[i];
    }
    for (size_t i = count; (uintptr_t)to > (uintptr_t)from && i > 0; i--) {
        out[i - 1] = in[i - 1];
    }
    return to;
}

void *memset(void *to, int value, size_t count) {
    volatile uint8_t *out = to;
    for (size_t i = 0; i < count; i++) {
        out[i] = (uint8_t)value;
    }
    return to;
}

size_t strlen(const char *text) {
    const volatile char *at = text;
    while (*at != '\0') {
        at++;
    }
    return (size_t)(at - text);
}
