#include "widen.h"
#include "pairs_inline.h"

void cvl_widen_quads(uint32_t *to, const int8_t *from, uint32_t count) {
    if ((uintptr_t)from % sizeof(uint32_t) == 0) {
        cvl_widen_words(to, (const uint32_t *)(const void *)from, count);
        return;
    }
    for (; count > 0; count--, from += 4, to += 2) {
        to[0] = cvl_pair_of(from[0], from[2]);
        to[1] = cvl_pair_of(from[1], from[3]);
    }
}

#if !CVL_HAS_ARMV6M && !CVL_HAS_DSP

void cvl_widen_words(uint32_t *to, const uint32_t *from, uint32_t count) {
    for (; count > 0; count--, to += 2) {
        uint32_t even = *from++ ^ 0x80808080u;
        uint32_t odd = (even >> 8) & 0x00ff00ffu;
        to[0] = (even & 0x00ff00ffu) - 0x00800080u;
        to[1] = odd - 0x00800080u;
    }
}

#endif

void cvl_widen_rows(uint32_t *to, uint32_t step, const int8_t *top, const int8_t *bottom,
    int32_t fill, uint32_t count) {
    if (top != NULL && bottom != NULL) {
        for (uint32_t i = 0; i < count; i++, to += step) {
            *to = cvl_pair_of(top[i], bottom[i]);
        }
        return;
    }
    for (uint32_t i = 0; i < count; i++, to += step) {
        *to = cvl_pair_of(top == NULL ? fill : top[i], bottom == NULL ? fill : bottom[i]);
    }
}

// The same where each column begins with a whole word.
static void widen_even(
    uint32_t *to, uint32_t step, const int8_t *pixels, uint32_t channels, uint32_t count) {
    for (; count > 0; count--, to += step) {
        uint32_t *word = to;
        for (const int8_t *end = pixels + channels; pixels != end; pixels += 2) {
            *word++ = cvl_pair_of(pixels[0], pixels[1]);
        }
    }
}

void cvl_widen_pixels(uint32_t *to, uint32_t step, uint32_t first, const int8_t *pixels,
    int32_t fill, uint32_t channels, uint32_t count) {
    to += first / 2;
    if (pixels != NULL && first % 2 == 0 && channels % 2 == 0) {
        widen_even(to, step, pixels, channels, count);
        return;
    }
    for (; count > 0; count--, to += step) {
        uint32_t *word = to;
        uint32_t left = channels;
        uint32_t low = first % 2 != 0 ? *word : 0;
        bool is_high = first % 2 != 0;
        for (; left > 0; left--) {
            uint32_t value = (uint32_t)(pixels == NULL ? fill : *pixels++);
            if (is_high) {
                *word++ = cvl_pair_of((int32_t)low, (int32_t)value);
            } else {
                low = value;
            }
            is_high = !is_high;
        }
        if (is_high) {
            *word = low;
        }
    }
}
