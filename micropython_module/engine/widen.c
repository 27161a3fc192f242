#include "widen.h"

void cvl_widen_quads(uint32_t *to, const int8_t *from, uint32_t count) {
    if ((uintptr_t)from % sizeof(uint32_t) == 0) {
        const uint32_t *words = (const uint32_t *)(const void *)from;
        for (; count > 0; count--, to += 2) {
            uint32_t even = *words++ ^ 0x80808080u;
            uint32_t odd = (even >> 8) & 0x00ff00ffu;
            to[0] = (even & 0x00ff00ffu) - 0x00800080u;
            to[1] = odd - 0x00800080u;
        }
        return;
    }
    for (; count > 0; count--, from += 4, to += 2) {
        to[0] = (uint32_t)from[0] + ((uint32_t)from[2] << 16);
        to[1] = (uint32_t)from[1] + ((uint32_t)from[3] << 16);
    }
}

void cvl_widen_pairs(
    uint32_t *column, uint32_t first, const int8_t *from, uint32_t count, uint32_t step) {
    uint32_t *word = column + first / 2;
    if (first % 2 != 0) {
        *word++ += (uint32_t)*from << 16;
        from += step;
        count--;
    }
    for (; count > 1; count -= 2, from += 2 * step) {
        *word++ = (uint32_t)from[0] + ((uint32_t)from[step] << 16);
    }
    if (count > 0) {
        *word = (uint32_t)*from;
    }
}

void cvl_widen_single(uint32_t *column, uint32_t column_words, uint32_t first, const int8_t *from,
    uint32_t count, uint32_t step) {
    uint32_t *word = column + first / 2;
    for (; count > 0; count--, word += column_words, from += step) {
        uint32_t value = (uint32_t)*from;
        *word = first % 2 == 0 ? value : *word + (value << 16);
    }
}
