// cvl_make_pair, cvl_make_single and cvl_make_pooled for Xtensa (ESP8266, ESP32), with
// instructions that all of them have. Three windows share the loads of the weights of two
// channels, or five those of one: that takes 13 or 14 registers, all that there are, which the
// compiler does not manage.
#include "pairs_inline.h"
#include "widen.h"

#if CVL_HAS_XTENSA

// A window, how far the loop has come in it, and its sums of both channels.
typedef struct {
    const uint32_t *x;
    uint32_t first;
    uint32_t second;
} window_t;

// clang-format off

// Word number i of two channels' weights.
#define WEIGHTS(i)                                                                                \
    "l32i.n %[w0], %[w], 8 * " #i "\n"                                                            \
    "l32i.n %[w1], %[w], 8 * " #i " + 4\n"

// Adds the products of word number i of a window. Each is one too small: 2^15 can be subtracted in
// one instruction, but would need a register to be added.
#define PRODUCTS(window, i)                                                                       \
    "l32i.n %[v], %[x_" #window "], 4 * " #i "\n"                                                 \
    "mull %[p], %[v], %[w0]\n"                                                                    \
    "mull %[v], %[v], %[w1]\n"                                                                    \
    "addmi %[p], %[p], -0x8000\n"                                                                 \
    "addmi %[v], %[v], -0x8000\n"                                                                 \
    "srai %[p], %[p], 16\n"                                                                       \
    "srai %[v], %[v], 16\n"                                                                       \
    "add.n %[first_" #window "], %[first_" #window "], %[p]\n"                                    \
    "add.n %[second_" #window "], %[second_" #window "], %[v]\n"

#define OF_ONE(i) WEIGHTS(i) PRODUCTS(a, i)
#define OF_TWO(i) OF_ONE(i) PRODUCTS(b, i)
#define OF_THREE(i) OF_TWO(i) PRODUCTS(c, i)

#define TWO_WORDS(of) of(0) of(1)
#define EIGHT_WORDS(of) TWO_WORDS(of) of(2) of(3) of(4) of(5) of(6) of(7)

// clang-format on

#define RUN(text, ...)                                                                            \
    __asm__ volatile(text                                                                         \
        : __VA_ARGS__, [w0] "=&r"(w0), [w1] "=&r"(w1), [v] "=&r"(v), [p] "=&r"(p)                 \
        : [w] "r"(w)                                                                              \
        : "memory")
#define ADD(of, ...)                                                                              \
    if (words == 8) {                                                                             \
        RUN(EIGHT_WORDS(of), __VA_ARGS__);                                                        \
    } else {                                                                                      \
        RUN(TWO_WORDS(of), __VA_ARGS__);                                                          \
    }
#define WINDOW(window)                                                                            \
    [x_##window] "+r"(window->x), [first_##window] "+r"(window->first),                           \
        [second_##window] "+r"(window->second)

// Adds the next 2 or 8 words, whose weights begin at `w`, to the sums of one to three windows.
static CVL_INLINE void add_next(
    const uint32_t *w, uint32_t words, window_t *a, window_t *b, window_t *c) {
    uint32_t w0, w1, v, p;
    if (c != NULL) {
        ADD(OF_THREE, WINDOW(a), WINDOW(b), WINDOW(c));
        c->x += words;
        b->x += words;
    } else if (b != NULL) {
        ADD(OF_TWO, WINDOW(a), WINDOW(b));
        b->x += words;
    } else {
        ADD(OF_ONE, WINDOW(a));
    }
    a->x += words;
}

// Adds all words.
static CVL_INLINE void add_all(
    const uint32_t *w, uint32_t words, window_t *a, window_t *b, window_t *c) {
    const uint32_t *end = w + 2 * words;
    for (uint32_t left = words % 8; left > 0; left -= 2, w += 4) {
        add_next(w, 2, a, b, c);
    }
    for (; w != end; w += 16) {
        add_next(w, 8, a, b, c);
    }
}

// The values of one channel in neighbouring windows.
static CVL_INLINE void put_three(const cvl_scale_t *scale, int8_t *out, uint32_t out_step,
    uint32_t s0, uint32_t s1, uint32_t s2) {
    const cvl_scale_t copy = *scale; // out might lie in it, as far as the compiler knows
    *out = cvl_scale_shortly(&copy, s0);
    out += out_step;
    *out = cvl_scale_shortly(&copy, s1);
    out += out_step;
    *out = cvl_scale_shortly(&copy, s2);
}

static CVL_INLINE void put_two(
    const cvl_scale_t *scale, int8_t *out, uint32_t out_step, uint32_t s0, uint32_t s1) {
    const cvl_scale_t copy = *scale;
    out[0] = cvl_scale_shortly(&copy, s0);
    out[out_step] = cvl_scale_shortly(&copy, s1);
}

// One pair of channels, of which the second may not be wanted.
typedef struct {
    const uint32_t *w;
    const cvl_scale_t *scales;
    int8_t *out;
    bool has_second;
} pair_t;

static CVL_INLINE window_t window_at(
    const cvl_pairs_t *pairs, const pair_t *pair, const uint32_t *x) {
    return (window_t){x, cvl_first_sum(&pair->scales[0], pairs->words),
        cvl_first_sum(&pair->scales[1], pairs->words)};
}

static CVL_INLINE void make_three(
    const cvl_pairs_t *pairs, const pair_t *pair, const uint32_t *x) {
    uint32_t step = pairs->step;
    window_t a = window_at(pairs, pair, x);
    window_t b = window_at(pairs, pair, x + step);
    window_t c = window_at(pairs, pair, x + 2 * step);
    add_all(pair->w, pairs->words, &a, &b, &c);
    put_three(&pair->scales[0], pair->out, pairs->out_step, a.first, b.first, c.first);
    if (pair->has_second) {
        put_three(&pair->scales[1], pair->out + 1, pairs->out_step, a.second, b.second, c.second);
    }
}

static CVL_INLINE void make_two(const cvl_pairs_t *pairs, const pair_t *pair, const uint32_t *x) {
    window_t a = window_at(pairs, pair, x);
    window_t b = window_at(pairs, pair, x + pairs->step);
    add_all(pair->w, pairs->words, &a, &b, NULL);
    put_two(&pair->scales[0], pair->out, pairs->out_step, a.first, b.first);
    if (pair->has_second) {
        put_two(&pair->scales[1], pair->out + 1, pairs->out_step, a.second, b.second);
    }
}

static CVL_INLINE void make_one(const cvl_pairs_t *pairs, const pair_t *pair, const uint32_t *x) {
    window_t a = window_at(pairs, pair, x);
    add_all(pair->w, pairs->words, &a, NULL, NULL);
    pair->out[0] = cvl_scale_shortly(&pair->scales[0], a.first);
    if (pair->has_second) {
        pair->out[1] = cvl_scale_shortly(&pair->scales[1], a.second);
    }
}

CVL_HOT void cvl_make_pair(
    const cvl_pairs_t *pairs, const uint32_t *weights, uint32_t c, bool has_second) {
    pair_t pair = {weights, pairs->scales + c, pairs->out + c, has_second};
    const uint32_t *x = pairs->x;
    uint32_t many = 3 * pairs->step;
    for (; (uint32_t)(pairs->x_end - x) >= many; x += many) {
        make_three(pairs, &pair, x);
        pair.out += 3 * pairs->out_step;
    }
    uint32_t left = (uint32_t)(pairs->x_end - x);
    if (left == pairs->step) {
        make_one(pairs, &pair, x);
    } else if (left != 0) {
        make_two(pairs, &pair, x);
    }
}

// clang-format off

// Adds the product of word number i of a window to the first of its sums.
#define PRODUCT(window, i)                                                                        \
    "l32i.n %[v], %[x_" #window "], 4 * " #i "\n"                                                 \
    "mull %[v], %[v], %[w0]\n"                                                                    \
    "addmi %[v], %[v], -0x8000\n"                                                                 \
    "srai %[v], %[v], 16\n"                                                                       \
    "add.n %[first_" #window "], %[first_" #window "], %[v]\n"

#define SINGLE_OF_ONE(i) "l32i.n %[w0], %[w], 4 * " #i "\n" PRODUCT(a, i)
#define SINGLE_OF_TWO(i) SINGLE_OF_ONE(i) PRODUCT(b, i)
#define SINGLE_OF_FIVE(i) SINGLE_OF_TWO(i) PRODUCT(c, i) PRODUCT(d, i) PRODUCT(e, i)

// clang-format on

#undef RUN
#define RUN(text, ...)                                                                            \
    __asm__ volatile(text : __VA_ARGS__, [w0] "=&r"(w0), [v] "=&r"(v) : [w] "r"(w) : "memory")
#define SUM(window) [x_##window] "+r"(window->x), [first_##window] "+r"(window->first)

// As add_next, for one channel, whose weights are words one behind the other: of 1, 2 or 4
// windows.
static CVL_INLINE void add_next_singles(const uint32_t *w, uint32_t words, window_t *a,
    window_t *b, window_t *c, window_t *d, window_t *e) {
    uint32_t w0, v;
    if (e != NULL) {
        ADD(SINGLE_OF_FIVE, SUM(a), SUM(b), SUM(c), SUM(d), SUM(e));
        e->x += words;
        d->x += words;
        c->x += words;
        b->x += words;
    } else if (b != NULL) {
        ADD(SINGLE_OF_TWO, SUM(a), SUM(b));
        b->x += words;
    } else {
        ADD(SINGLE_OF_ONE, SUM(a));
    }
    a->x += words;
}

static CVL_INLINE void add_all_singles(
    const cvl_single_t *single, window_t *a, window_t *b, window_t *c, window_t *d, window_t *e) {
    const uint32_t *w = single->w, *end = single->w_end;
    for (uint32_t left = (uint32_t)(end - w) % 8; left > 0; left -= 2, w += 2) {
        add_next_singles(w, 2, a, b, c, d, e);
    }
    for (; w != end; w += 8) {
        add_next_singles(w, 8, a, b, c, d, e);
    }
}

static CVL_INLINE window_t single_at(const cvl_single_t *single, const uint32_t *x) {
    uint32_t words = (uint32_t)(single->w_end - single->w);
    return (window_t){x, cvl_first_sum(single->scale, words), 0};
}

static CVL_INLINE void make_five_singles(
    const cvl_single_t *single, const uint32_t *x, int8_t *out) {
    uint32_t step = single->step, out_step = single->out_step;
    window_t a = single_at(single, x);
    window_t b = single_at(single, x + step);
    window_t c = single_at(single, x + 2 * step);
    window_t d = single_at(single, x + 3 * step);
    window_t e = single_at(single, x + 4 * step);
    add_all_singles(single, &a, &b, &c, &d, &e);
    put_three(single->scale, out, out_step, a.first, b.first, c.first);
    put_two(single->scale, out + 3 * out_step, out_step, d.first, e.first);
}

static CVL_INLINE void make_two_singles(
    const cvl_single_t *single, const uint32_t *x, int8_t *out) {
    window_t a = single_at(single, x);
    window_t b = single_at(single, x + single->step);
    add_all_singles(single, &a, &b, NULL, NULL, NULL);
    put_two(single->scale, out, single->out_step, a.first, b.first);
}

static CVL_INLINE void make_one_single(
    const cvl_single_t *single, const uint32_t *x, int8_t *out) {
    window_t a = single_at(single, x);
    add_all_singles(single, &a, NULL, NULL, NULL, NULL);
    *out = cvl_scale_shortly(single->scale, a.first);
}

void cvl_make_single(const cvl_single_t *single) {
    const uint32_t *x = single->x;
    uint32_t step = single->step, out_step = single->out_step;
    int8_t *out = single->out;
    for (; (uint32_t)(single->x_end - x) >= 5 * step; x += 5 * step, out += 5 * out_step) {
        make_five_singles(single, x, out);
    }
    for (; (uint32_t)(single->x_end - x) >= 2 * step; x += 2 * step, out += 2 * out_step) {
        make_two_singles(single, x, out);
    }
    if (x != single->x_end) {
        make_one_single(single, x, out);
    }
}

// The greatest of the sums of the window at x and of its neighbour.
static CVL_INLINE int32_t greatest(
    const cvl_pairs_t *pairs, const uint32_t *w, const uint32_t *x, uint32_t first) {
    window_t a = {x, first, first};
    window_t b = {x + pairs->step, first, first};
    add_all(w, pairs->words, &a, &b, NULL);
    return cvl_greater(
        (uint32_t)cvl_greater(a.first, a.second), (uint32_t)cvl_greater(b.first, b.second));
}

void cvl_make_pooled(const cvl_pairs_t *pairs) {
    cvl_make_pooled_with(pairs, greatest);
}

#else

typedef int cvl_no_xtensa; // a C file needs a declaration

#endif
