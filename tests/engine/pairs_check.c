// Compares the fast parts of the kernels (pairs.h, widen.h, filter3.h, primitives.h) with plain
// loops over values of int8 and TFLM's requantisation, on the processor of the emulator. Prints
// for each part how many cases were tried, and how many of them failed.
#include <stdbool.h>
#include <string.h>
#include "bench.h"
#include "filter3.h"
#include "pairs_inline.h"
#include "primitives.h"
#include "scales_of_check.h" // layers: tests/engine/test_pairs.py writes it
#include "widen.h"

#define MOST_WORDS 44 // of a window
#define MOST_WINDOWS 6
#define MOST_ROW 10 // windows, of cvl_make_fives
#define MOST_CHANNELS 9
#define MOST_COLUMNS 13
#define GUARD 0x55
#define LAYERS (sizeof layers / sizeof *layers)

static uint32_t state; // of the generator: the engine has no variables that begin with a value
static uint32_t tried, failed;

static uint32_t chance(void) { // xorshift32
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

static uint32_t one_to(uint32_t most) {
    return 1 + chance() % most;
}

static int8_t value(int32_t least) {
    static const int8_t extremes[] = {-128, -127, -1, 0, 1, 127};
    int32_t drawn = chance() % 4 ? (int8_t)chance() : extremes[chance() % sizeof extremes];
    return (int8_t)(drawn < least ? least : drawn);
}

// Values of any size, or all as far from 0 as can be, with the same signs or with any.
static void fill(int8_t *to, uint32_t count, int32_t least, unsigned times) {
    for (uint32_t i = 0; i < count; i++) {
        int8_t far = (int8_t)(times == 0 || chance() % 2 ? least : 127);
        to[i] = times < 2 ? far : value(least);
    }
}

static void note(bool is_right) {
    tried++;
    failed += !is_right;
}

static void print_number(uint32_t number, const char *end) {
    char digits[12], *at = digits + sizeof digits;
    *--at = '\0';
    do {
        *--at = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    bench_print(at);
    bench_print(end);
}

static void report(const char *part) {
    bench_print(part);
    bench_print(" ");
    print_number(tried, " ");
    print_number(failed, "\n");
    tried = failed = 0;
}

static int8_t value_of(const layer_t *layer, uint32_t channel, int32_t sum) {
    const cvl_scale_t *scale = &layer->scales[channel];
    int32_t scaled = cvl_requantize(sum + scale->bias, scale->multiplier, -(int32_t)scale->right);
    scaled += layer->zero_point;
    scaled = scaled < layer->clamp_min ? layer->clamp_min : scaled;
    return (int8_t)(scaled > layer->clamp_max ? layer->clamp_max : scaled);
}

static const layer_t *layer_of(bool all_short) {
    const layer_t *layer;
    do {
        layer = &layers[chance() % LAYERS];
    } while (all_short && !layer->all_short);
    return layer;
}

// What makes values: the scales at any alignment, and outputs between guards.
typedef struct {
    const layer_t *layer;
    const cvl_scale_t *scales;
    uint32_t channels;
    uint32_t windows;
    uint32_t out_step;
    int8_t *out;
} outputs_t;

static uint8_t scale_bytes[sizeof(cvl_scale_t) * 10 + 4] __attribute__((aligned(8)));
static int8_t made[MOST_COLUMNS * (MOST_CHANNELS + 3) + 8];
static int8_t wanted[sizeof made];

static outputs_t outputs_of(bool all_short, unsigned past) {
    outputs_t outputs = {.layer = layer_of(all_short),
        .channels = one_to(MOST_CHANNELS),
        .windows = one_to(MOST_WINDOWS)};
    outputs.out_step = outputs.channels + chance() % 4;
    outputs.out = made + 4;
    // Aligned they are read in place: a copy that was not needed would not be noticed.
    memcpy(scale_bytes + past, outputs.layer->scales, sizeof outputs.layer->scales);
    outputs.scales = (const cvl_scale_t *)(const void *)(scale_bytes + past);
    memset(made, GUARD, sizeof made);
    memset(wanted, GUARD, sizeof wanted);
    return outputs;
}

static void want(const outputs_t *outputs, uint32_t window, uint32_t channel, int32_t sum) {
    wanted[4 + window * outputs->out_step + channel] = value_of(outputs->layer, channel, sum);
}

static bool is_as_wanted(void) {
    unsigned differ = 0; // without memcmp, which Debian's C library has not for each processor
    for (unsigned i = 0; i < sizeof made; i++) {
        differ |= made[i] ^ wanted[i];
    }
    return differ == 0;
}

// The windows of a row, whose values and weights are plain int8 at first.
static int8_t values[2 * MOST_WORDS * MOST_ROW];
static int8_t weights[MOST_CHANNELS + 1][2 * MOST_WORDS];
static uint32_t x[MOST_WORDS * MOST_ROW];
static uint32_t w[2 * MOST_CHANNELS * MOST_WORDS + 1];
static uint32_t room[2 * MOST_WORDS + 2];

static void set_windows(uint32_t words, uint32_t step, unsigned times, const outputs_t *outputs) {
    fill(values, sizeof values, -128, times);
    memset(weights, 0, sizeof weights);
    for (uint32_t c = 0; c < outputs->channels; c++) {
        fill(weights[c], 2 * words, -127, times);
    }
    for (uint32_t i = 0; i < MOST_WORDS * MOST_ROW; i++) {
        x[i] = cvl_pair_of(values[2 * i], values[2 * i + 1]);
    }
    for (uint32_t window = 0; window < outputs->windows; window++) {
        for (uint32_t c = 0; c < outputs->channels; c++) {
            int32_t sum = 0;
            for (uint32_t i = 0; i < 2 * words; i++) {
                sum += values[2 * window * step + i] * weights[c][i];
            }
            want(outputs, window, c, sum);
        }
    }
}

// The word of two weights in the file: the first of them above.
static uint32_t word_of(const int8_t *own, uint32_t i) {
    return (uint32_t)own[2 * i + 1] + ((uint32_t)own[2 * i] << 16);
}

static void put_words(uint8_t *to, uint32_t words) {
    for (uint32_t c = 0; c <= MOST_CHANNELS; c += 2) {
        for (uint32_t i = 0; i < words; i++, to += 8) {
            uint32_t pair[2] = {word_of(weights[c], i), word_of(weights[c + 1], i)};
            memcpy(to, pair, sizeof pair);
        }
    }
}

static void put_bytes(uint8_t *to, uint32_t words) {
    for (uint32_t c = 0; c <= MOST_CHANNELS; c += 2) {
        for (uint32_t i = 0; i < words; i++) {
            for (unsigned upper = 0; upper < 2; upper++) {
                *to++ = (uint8_t)weights[c][2 * i + 1 - upper];
                *to++ = (uint8_t)weights[c + 1][2 * i + 1 - upper];
            }
        }
    }
}

static void put_single_bytes(uint8_t *to, uint32_t words) {
    for (uint32_t c = 0; c <= MOST_CHANNELS; c++) {
        for (uint32_t i = 0; i < words; i += 2) {
            for (unsigned upper = 0; upper < 2; upper++) {
                *to++ = (uint8_t)weights[c][2 * i + 1 - upper];
                *to++ = (uint8_t)weights[c][2 * i + 3 - upper];
            }
        }
    }
}

static cvl_pairs_t pairs_of(
    const outputs_t *outputs, uint32_t words, uint32_t step, unsigned past, bool has_bytes) {
    room[0] = room[2 * words + 1] = GUARD;
    return (cvl_pairs_t){
        .x = x,
        .x_end = x + outputs->windows * step,
        .step = step,
        .words = words,
        .weights = (const uint8_t *)w + past,
        .room = has_bytes ? room + 1 : NULL,
        .scales = outputs->scales,
        .out = outputs->out,
        .out_step = outputs->out_step,
        .channels = outputs->channels,
        .zero_point = outputs->layer->zero_point,
        .clamp_min = outputs->layer->clamp_min,
        .clamp_max = outputs->layer->clamp_max,
    };
}

typedef struct {
    const char *name;
    void (*make)(const cvl_pairs_t *);
    void (*put)(uint8_t *to, uint32_t words);
    bool has_bytes;
    bool all_short;
    bool anywhere; // weights and scales may lie at any alignment
} way_t;

static const way_t ways[] = {
    {"words", cvl_make_pairs, put_words, false, true, false},
    {"bytes", cvl_make_pairs, put_bytes, true, true, false},
    {"any_words", cvl_make_any_pairs, put_words, false, false, true},
    {"any_bytes", cvl_make_any_pairs, put_bytes, true, false, true},
    {"singles", cvl_make_singles, put_single_bytes, true, true, true},
};

static void check_way(const way_t *way) {
    for (uint32_t words = 2; words <= MOST_WORDS; words += 2) {
        for (unsigned times = 0; times < 30; times++) {
            unsigned past = way->anywhere ? chance() % 4 : 0;
            uint32_t step = one_to(words);
            outputs_t outputs = outputs_of(way->all_short, way->anywhere ? chance() % 4 : 0);
            set_windows(words, step, times, &outputs);
            way->put((uint8_t *)w + past, words);
            cvl_pairs_t pairs = pairs_of(&outputs, words, step, past, way->has_bytes);
            way->make(&pairs);
            note(is_as_wanted() && room[0] == GUARD && room[2 * words + 1] == GUARD);
        }
    }
    report(way->name);
}

#if CVL_HAS_FIVES

static void check_fives(void) {
    static int8_t pixels[(2 * MOST_WORDS + 3) * MOST_ROW + 4] __attribute__((aligned(8)));
    static uint32_t scratch[CVL_FIVE * MOST_WORDS + 2];
    for (uint32_t words = 2; words <= MOST_WORDS; words += 2) {
        for (unsigned times = 0; times < 30; times++) {
            outputs_t outputs = outputs_of(false, 0);
            while (outputs.layer->clamp_min > -128 || outputs.layer->clamp_max < 127) {
                outputs = outputs_of(false, 0);
            }
            outputs.windows = CVL_FIVE * one_to(2);
            set_windows(words, words, times, &outputs);
            put_bytes((uint8_t *)w, words);
            uint32_t pixel_step = 2 * words + chance() % 4;
            int8_t *first = pixels + chance() % 4;
            for (uint32_t i = 0; i < 2 * words * outputs.windows; i++) {
                uint32_t place = i % 4 == 1 ? i + 1 : i % 4 == 2 ? i - 1 : i;
                uint32_t window = i / (2 * words);
                first[window * pixel_step + place - 2 * words * window] = values[i];
            }
            cvl_pairs_t pairs = pairs_of(&outputs, words, words, 0, true);
            memset(scratch, GUARD, sizeof scratch);
            uint32_t guard = scratch[0];
            pairs.x = scratch + 1;
            pairs.x_end = pairs.x + outputs.windows * words;
            cvl_make_fives(&pairs, first, pixel_step);
            bool is_kept = scratch[0] == guard && scratch[CVL_FIVE * words + 1] == guard;
            note(is_as_wanted() && is_kept);
        }
    }
    report("fives");
}

#endif

static void check_single(void) {
    for (uint32_t words = 2; words <= MOST_WORDS; words += 2) {
        for (unsigned times = 0; times < 30; times++) {
            uint32_t step = one_to(words);
            outputs_t outputs = outputs_of(true, 0);
            outputs.channels = 1;
            set_windows(words, step, times, &outputs);
            for (uint32_t i = 0; i < words; i++) {
                w[i] = cvl_pair_of(weights[0][2 * i + 1], weights[0][2 * i]);
            }
            cvl_single_t single = {
                .x = x,
                .w = w,
                .w_end = w + words,
                .step = step,
                .x_end = x + outputs.windows * step,
                .scale = outputs.scales,
                .out = outputs.out,
                .out_step = outputs.out_step,
            };
            cvl_make_single(&single);
            note(is_as_wanted());
        }
    }
    report("single");
}

static int8_t lower_weights[MOST_CHANNELS][2 * MOST_WORDS]; // of the lower row of windows

// The greatest of the sums of two windows with two rows of weights.
static void want_pooled(const outputs_t *outputs, uint32_t words, uint32_t step) {
    for (uint32_t c = 0; c < outputs->channels; c++) {
        for (uint32_t i = 0; i < outputs->windows; i++) {
            int32_t greatest = INT32_MIN;
            for (uint32_t k = 0; k < 4; k++) {
                const int8_t *own = k % 2 ? lower_weights[c] : weights[c];
                const int8_t *from = values + 2 * (2 * i + k / 2) * step;
                int32_t sum = 0;
                for (uint32_t j = 0; j < 2 * words; j++) {
                    sum += from[j] * own[j];
                }
                greatest = sum > greatest ? sum : greatest;
            }
            want(outputs, i, c, greatest);
        }
    }
}

static void put_pooled(uint8_t *to, uint32_t words, uint32_t channels) {
    for (uint32_t c = 0; c < channels; c++) {
        for (uint32_t i = 0; i < words; i++, to += 8) {
            uint32_t pair[2] = {word_of(weights[c], i), word_of(lower_weights[c], i)};
            memcpy(to, pair, sizeof pair);
        }
    }
}

// 3x3 filters on columns of four values: the lower row of windows begins one value below.
static void set_3x3_weights(uint32_t channels) {
    for (uint32_t c = 0; c < channels; c++) {
        for (uint32_t i = 0; i < 12; i += 4) {
            weights[c][i + 3] = lower_weights[c][i] = 0;
            memcpy(lower_weights[c] + i + 1, weights[c] + i, 3);
        }
    }
}

static void check_pooled_3x3(void) {
    for (unsigned times = 0; times < 400; times++) {
        outputs_t outputs = outputs_of(true, 0);
        set_windows(6, 2, times, &outputs);
        memset(wanted, GUARD, sizeof wanted);
        outputs.windows = (outputs.windows + 1) / 2;
        set_3x3_weights(outputs.channels);
        want_pooled(&outputs, 6, 2);
        put_pooled((uint8_t *)w, 6, outputs.channels);
        cvl_pairs_t pairs = pairs_of(&outputs, 6, 2, 0, false);
        pairs.x_end = x + 2 * outputs.windows * 2;
        pairs.is_3x3 = true;
        cvl_make_pooled(&pairs);
        note(is_as_wanted());
    }
    report("pooled_3x3");
}

static void check_pooled(bool anywhere) {
    for (uint32_t words = 2; words <= MOST_WORDS; words += 2) {
        for (unsigned times = 0; times < 30; times++) {
            unsigned past = anywhere ? chance() % 4 : 0;
            uint32_t step = one_to(words);
            outputs_t outputs = outputs_of(true, anywhere ? chance() % 4 : 0);
            set_windows(words, step, times, &outputs);
            memset(wanted, GUARD, sizeof wanted);
            outputs.windows = (outputs.windows + 1) / 2;
            fill(lower_weights[0], sizeof lower_weights, -127, times);
            want_pooled(&outputs, words, step);
            put_pooled((uint8_t *)w + past, words, outputs.channels);
            cvl_pairs_t pairs = pairs_of(&outputs, words, step, past, false);
            pairs.x_end = x + 2 * outputs.windows * step;
            (anywhere ? cvl_make_any_pooled : cvl_make_pooled)(&pairs);
            note(is_as_wanted());
        }
    }
    report(anywhere ? "any_pooled" : "pooled");
}

#define MOST_QUADS 20

static void check_widen(bool anywhere) {
    static int8_t from[4 * MOST_QUADS + 4] __attribute__((aligned(8)));
    static uint32_t to[2 * MOST_QUADS + 2];
    for (uint32_t count = 1; count <= MOST_QUADS; count++) {
        for (unsigned times = 0; times < 8; times++) {
            unsigned past = anywhere ? times % 4 : 0;
            fill(from, sizeof from, -128, times / 2);
            memset(to, GUARD, sizeof to);
            uint32_t guard = to[0];
            if (anywhere) {
                cvl_widen_quads(to + 1, from + past, count);
            } else {
                cvl_widen_words(to + 1, (const uint32_t *)(const void *)from, count);
            }
            bool is_right = to[0] == guard && to[2 * count + 1] == guard;
            for (uint32_t i = 0; i < count; i++) {
                const int8_t *four = from + past + 4 * i;
                is_right &= to[2 * i + 1] == cvl_pair_of(four[0], four[2]);
                is_right &= to[2 * i + 2] == cvl_pair_of(four[1], four[3]);
            }
            note(is_right);
        }
    }
    report(anywhere ? "widen_quads" : "widen_words");
}

// Columns of pixels of an even number of channels, or of two rows of single values.
static void check_columns(unsigned times, bool are_pixels) {
    static int8_t pixels[2][MOST_COLUMNS * 10 + 4];
    static uint32_t to[MOST_COLUMNS * 8 + 2];
    uint32_t channels = are_pixels ? 2 * one_to(5) : 1, count = chance() % MOST_COLUMNS;
    uint32_t words = (channels + 1) / 2, step = words + chance() % 3;
    const int8_t *top = pixels[0] + chance() % 4, *bottom = pixels[1] + chance() % 4;
    fill(&pixels[0][0], sizeof pixels, -128, times);
    memset(to, GUARD, sizeof to);
    uint32_t guard = to[0];
    if (are_pixels) {
        cvl_widen_even(to + 1, step, top, channels, count);
    } else {
        cvl_widen_two_rows(to + 1, step, top, bottom, count);
    }
    bool is_right = to[0] == guard;
    for (uint32_t i = 0; i < sizeof to / sizeof *to - 1; i++) {
        uint32_t column = i / step, word = i % step;
        uint32_t at = column * channels + 2 * word;
        uint32_t own = are_pixels ? cvl_pair_of(top[at % 130], top[(at + 1) % 130])
                                  : cvl_pair_of(top[at % 130], bottom[at % 130]);
        is_right &= to[i + 1] == (column < count && word < words ? own : guard);
    }
    note(is_right);
}

// One row of windows 3x3: the image's rows, and the filters of all channels.
static int8_t rows[3][MOST_COLUMNS * MOST_CHANNELS + 4] __attribute__((aligned(8)));
static int8_t filters[12][3][3];
static int8_t packed[3 * CVL_FILTER3_BYTES + 4] __attribute__((aligned(8)));
static uint32_t scratch[CVL_FILTER3_COLUMN_WORDS * MOST_COLUMNS + 2];

static void put_filters(int8_t *to, unsigned times) {
    fill(&filters[0][0][0], sizeof filters, -127, times);
    for (uint32_t c = 0; c < 12; c++) {
        int8_t *four = to + c / 4 * CVL_FILTER3_BYTES;
        for (unsigned kx = 0; kx < 3; kx++) {
            int8_t *upper = four + 8 * kx + c % 4 / 2 * 4 + c % 2;
            upper[0] = filters[c][1][kx];
            upper[2] = filters[c][0][kx];
            four[24 + 4 * kx + c % 4] = filters[c][2][kx];
        }
    }
}

typedef struct {
    uint32_t inside; // columns
    unsigned past;   // of the rows
} image_t;

static void want_filter(const cvl_filter3_t *filter, const outputs_t *outputs, image_t image) {
    for (uint32_t window = 0; window < outputs->windows; window++) {
        for (uint32_t c = filter->channel; c < filter->end; c++) {
            int32_t sum = 0;
            for (unsigned ky = 0; ky < 3; ky++) {
                bool missing = (ky == 0 && filter->missing == CVL_NO_TOP_ROW) ||
                               (ky == 2 && filter->missing == CVL_NO_BOTTOM_ROW);
                for (unsigned kx = 0; kx < 3; kx++) {
                    int32_t column = (int32_t)(window * filter->stride + kx - filter->before);
                    bool beside = missing || column < 0 || column >= (int32_t)image.inside;
                    const int8_t *row = rows[ky] + image.past + filter->first;
                    int32_t own = beside ? filter->zero_in
                                         : row[column * (int32_t)outputs->channels + (int32_t)c];
                    sum += own * filters[c][ky][kx];
                }
            }
            want(outputs, window, c, sum);
        }
    }
}

static void check_filter(unsigned times, void (*make)(const cvl_filter3_t *)) {
    outputs_t outputs = outputs_of(true, 0);
    image_t image = {.past = chance() % 4};
    uint32_t stride = one_to(2);
    uint32_t columns = (outputs.windows - 1) * stride + 3;
    uint32_t before = chance() % columns;
    image.inside = one_to(columns - before);
    uint32_t first = chance() % (MOST_COLUMNS - image.inside + 1);
    bool is_all = chance() % 2;
    uint32_t channel = is_all ? 0 : chance() % outputs.channels;
    unsigned past = chance() % 4;
    cvl_filter3_t filter = {
        .first = first * outputs.channels,
        .span = image.inside * outputs.channels,
        .step = outputs.channels,
        .before = before,
        .missing = times % 3,
        .scratch = scratch + 1,
        .columns = columns,
        .count = outputs.windows,
        .stride = stride,
        .weights = packed + past,
        .scales = outputs.scales + channel,
        .out = outputs.out,
        .out_step = outputs.out_step,
        .channel = channel,
        .end = is_all ? outputs.channels : channel + one_to(outputs.channels - channel),
        .zero_in = value(-128),
        .zero_point = outputs.layer->zero_point,
        .clamp_min = outputs.layer->clamp_min,
        .clamp_max = outputs.layer->clamp_max,
    };
    for (unsigned i = 0; i < 3; i++) {
        fill(rows[i], sizeof rows[i], -128, times / 3);
        filter.rows[i] = (uintptr_t)(rows[i] + image.past);
    }
    if (filter.missing != CVL_ALL_ROWS) {
        filter.rows[filter.missing == CVL_NO_TOP_ROW ? 0 : 2] =
            (uintptr_t)(intptr_t)filter.zero_in;
    }
    put_filters(packed + past, times / 3);
    want_filter(&filter, &outputs, image);
    memset(scratch, GUARD, sizeof scratch);
    uint32_t guard = scratch[0];
    make(&filter);
    bool is_kept = scratch[0] == guard && scratch[columns * CVL_FILTER3_COLUMN_WORDS + 1] == guard;
    note(is_as_wanted() && is_kept);
}

// Windows of 2x2 pixels, which may overlap or lie apart.
static void check_average(unsigned times) {
    uint32_t channels = one_to(MOST_CHANNELS), count = one_to(MOST_WINDOWS);
    uint32_t step = one_to(2 * channels);
    const int8_t *top = rows[0] + chance() % 4, *bottom = rows[1] + chance() % 4;
    fill(rows[0], sizeof rows[0], -128, times);
    fill(rows[1], sizeof rows[1], -128, times);
    memset(made, GUARD, sizeof made);
    memset(wanted, GUARD, sizeof wanted);
    for (uint32_t i = 0; i < count * channels; i++) {
        uint32_t left = i / channels * step + i % channels, right = left + channels;
        int32_t sum = top[left] + top[right] + bottom[left] + bottom[right];
        wanted[4 + i] = (int8_t)(sum < 0 ? -((2 - sum) / 4) : (sum + 2) / 4);
    }
    cvl_average4_s8(made + 4, top, bottom, channels, step, count);
    note(is_as_wanted());
}

// Four channels, anywhere in rows of any length.
static void check_column(unsigned times) {
    const int8_t *window[MOST_COLUMNS], *w = (const int8_t *)packed + chance() % 4;
    cvl_column_t column = {
        window, window + one_to(MOST_COLUMNS), w, chance() % 9, 4 + chance() % 5};
    int32_t sums[4], wanted_sums[4] = {0};
    fill((int8_t *)packed, sizeof packed, -128, times / 3);
    for (uint32_t i = 0; i < 3; i++) {
        fill(rows[i], sizeof rows[i], -128, times / 3);
    }
    for (const int8_t **row = window; row != column.rows_end; row++, w += column.step) {
        *row = rows[chance() % 3] + chance() % 9;
        for (uint32_t i = 0; i < 4; i++) {
            wanted_sums[i] += (*row)[column.at + i] * w[i];
        }
    }
    cvl_sum_column(&column, sums);
    note(memcmp(sums, wanted_sums, sizeof sums) == 0);
}

void bench_main(void) {
    state = 1;
    for (unsigned i = 0; i < sizeof ways / sizeof *ways; i++) {
        check_way(&ways[i]);
    }
#if CVL_HAS_FIVES
    check_fives();
#endif
    check_single();
    check_pooled(false);
    check_pooled(true);
    check_pooled_3x3();
    check_widen(false);
    check_widen(true);
    for (unsigned times = 0; times < 500; times++) {
        check_columns(times, true);
    }
    report("widen_even");
    for (unsigned times = 0; times < 500; times++) {
        check_columns(times, false);
    }
    report("widen_two_rows");
    for (unsigned times = 0; times < 1500; times++) {
        check_filter(times, cvl_make_filter3);
    }
    report("filter3");
    for (unsigned times = 0; times < 500; times++) {
        check_average(times);
    }
    report("average4");
    for (unsigned times = 0; times < 500; times++) {
        check_column(times);
    }
    report("column");
    bench_exit(0);
}
