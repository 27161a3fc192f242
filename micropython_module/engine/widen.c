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

static inline void widen_word(uint32_t *to, uint32_t values) {
    uint32_t even = values ^ 0x80808080u;
    uint32_t odd = (even >> 8) & 0x00ff00ffu;
    to[0] = (even & 0x00ff00ffu) - 0x00800080u;
    to[1] = odd - 0x00800080u;
}

void cvl_widen_words(uint32_t *to, const uint32_t *from, uint32_t count) {
    for (; count % 4 != 0; count--, to += 2) {
        widen_word(to, *from++);
    }
    for (const uint32_t *end = from + count; from != end; from += 4, to += 8) {
        widen_word(to, from[0]);
        widen_word(to + 2, from[1]);
        widen_word(to + 4, from[2]);
        widen_word(to + 6, from[3]);
    }
}

#endif

#if !CVL_HAS_DSP

void cvl_widen_two_rows(
    uint32_t *to, uint32_t step, const int8_t *top, const int8_t *bottom, uint32_t count) {
    for (uint32_t i = 0; i < count; i++, to += step) {
        *to = cvl_pair_of(top[i], bottom[i]);
    }
}

#endif

#if !CVL_HAS_ARMV6M && !CVL_HAS_DSP

void cvl_widen_even(
    uint32_t *to, uint32_t step, const int8_t *from, uint32_t channels, uint32_t count) {
    for (; count > 0; count--, to += step) {
        uint32_t *word = to;
        for (const int8_t *end = from + channels; from != end; from += 2) {
            *word++ = cvl_pair_of(from[0], from[1]);
        }
    }
}

#endif

void cvl_widen_rows(uint32_t *to, uint32_t step, const int8_t *top, const int8_t *bottom,
    int32_t fill, uint32_t count) {
    if (top != NULL && bottom != NULL) {
        cvl_widen_two_rows(to, step, top, bottom, count);
        return;
    }
    for (uint32_t i = 0; i < count; i++, to += step) {
        *to = cvl_pair_of(top == NULL ? fill : top[i], bottom == NULL ? fill : bottom[i]);
    }
}

// Pixels whose values lie `apart` bytes apart: 1, or 0 for one value that is repeated.
static inline __attribute__((always_inline)) void widen_pixels(uint32_t *to, uint32_t step,
    bool begins_above, const int8_t *from, uint32_t apart, uint32_t channels, uint32_t count) {
    for (; count > 0; count--, to += step) {
        uint32_t *word = to;
        uint32_t left = channels;
        if (begins_above) { // the value below is there
            *word = cvl_pair_of((int32_t)*word, *from);
            word++;
            from += apart;
            left--;
        }
        for (; left > 1; left -= 2, from += 2 * apart) {
            *word++ = cvl_pair_of(from[0], from[apart]);
        }
        if (left > 0) {
            *word = (uint32_t)*from;
            from += apart;
        }
    }
}

// Of colours, which the first layer of most networks for pictures reads: loops of a known length.
CVL_HOT static CVL_NOINLINE void widen_colours(
    uint32_t *to, uint32_t step, bool begins_above, const int8_t *from, uint32_t count) {
    if (begins_above) {
        widen_pixels(to, step, true, from, 1, 3, count);
    } else {
        widen_pixels(to, step, false, from, 1, 3, count);
    }
}

void cvl_widen_pixels(uint32_t *to, uint32_t step, uint32_t first, const int8_t *pixels,
    int8_t fill, uint32_t channels, uint32_t count) {
    to += first / 2;
    if (pixels == NULL) {
        widen_pixels(to, step, first % 2 != 0, &fill, 0, channels, count);
    } else if ((first | channels) % 2 == 0) {
        cvl_widen_even(to, step, pixels, channels, count);
    } else if (channels == 3) {
        widen_colours(to, step, first % 2 != 0, pixels, count);
    } else {
        widen_pixels(to, step, first % 2 != 0, pixels, 1, channels, count);
    }
}
