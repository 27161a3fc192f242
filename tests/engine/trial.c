#include "trial.h"
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Bounds of the time that a file takes, whatever it asks for.
#define MOST_IMAGE_VALUES (1u << 14) // with more, an image is CVL_SEEDED
#define MOST_STEPS 300
#define MOST_WORK (1u << 23) // products in MOST_STEPS rows of one operator
#define MOST_VECTORS 4       // with more, there is no selftest
#define MOST_PUSHES 4        // of rows
#define MOST_RESULTS 64      // that are read, of each kind
#define MOST_RANKS 4         // best classes that are looked for

static uint32_t chance_state = 1;

void begin_chances(uint32_t seed) {
    chance_state = seed;
}

uint32_t chance(void) {
    uint32_t state = chance_state; // xorshift32
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return chance_state = state;
}

void *allocate(size_t bytes) {
    void *memory = malloc(bytes);
    if (memory == NULL) {
        fprintf(stderr, "no memory for %zu bytes\n", bytes);
        exit(2);
    }
    return memory;
}

void seal(uint8_t *file, size_t bytes) {
    uint32_t crc = cvl_crc32(0, file + 8, bytes - 8);
    memcpy(file + offsetof(cvl_header_t, crc32), &crc, sizeof crc);
}

static cvl_operator_t operator_of(const cvl_model_t *model, unsigned index) {
    cvl_operator_t copy;
    return *cvl_read_operator(model, index, &copy);
}

static uint64_t values_of(const cvl_model_t *model, unsigned index) {
    cvl_operator_t op = operator_of(model, index);
    return (uint64_t)op.height * op.width * op.channels;
}

// An image of random bytes, as floats too: among those are infinities and NaNs.
static cvl_input_t new_image(const cvl_model_t *model, unsigned index, cvl_element_t element) {
    static const size_t sizes[] = {1, 1, sizeof(float), sizeof(int16_t), 0}; // of the elements
    size_t bytes = values_of(model, index) * sizes[element];
    if (values_of(model, index) > MOST_IMAGE_VALUES || element == CVL_SEEDED) {
        return (cvl_input_t){.element = CVL_SEEDED, .seed = chance()};
    }
    uint8_t *data = allocate(bytes);
    for (size_t i = 0; i < bytes; i++) {
        data[i] = (uint8_t)chance();
    }
    return (cvl_input_t){.data = data, .element = element};
}

// Products in MOST_STEPS steps of the operator, at most.
static uint64_t work_of(const cvl_model_t *model, unsigned index) {
    cvl_operator_t op = operator_of(model, index);
    uint64_t values = (uint64_t)op.width * op.channels, products = 1;
    if (op.code != CVL_OP_INPUT) {
        cvl_operator_t source = operator_of(model, op.input);
        products = op.kernel_h == CVL_KERNEL_ALL
                       ? (uint64_t)cvl_tensor_bytes(&source)
                       : (uint64_t)op.kernel_h * op.kernel_w * source.channels;
    }
    return values * products * (op.height < MOST_STEPS ? op.height : MOST_STEPS);
}

static bool is_quick(const cvl_model_t *model) {
    for (unsigned i = 0; i < model->header.operator_count; i++) {
        if (work_of(model, i) > MOST_WORK) {
            return false;
        }
    }
    return model->header.arena_bytes <= MOST_ARENA_BYTES;
}

// Whether all rows of all tensors are few enough to be made for a selftest.
static bool is_short(const cvl_model_t *model) {
    uint32_t rows = 0;
    for (unsigned i = 0; i < model->header.operator_count; i++) {
        cvl_operator_t op = operator_of(model, i);
        // Those of padding a stream makes before its first row.
        rows += op.height + (op.pad_top > 0 ? (uint32_t)op.pad_top : 0);
        if (op.flags & CVL_FLAG_ACCUMULATES) {
            rows += operator_of(model, op.input).height;
        }
    }
    return rows <= MOST_STEPS && model->header.vector_count <= MOST_VECTORS;
}

// Whether an input that keeps no rows has been given another image than it takes.
static bool lacks_image(const cvl_model_t *model) {
    bool lacks = false;
    for (unsigned i = 0; i < model->header.input_count; i++) {
        lacks =
            lacks || (operator_of(model, i).ring_rows == 0 && !cvl_is_in_place(&model->inputs[i]));
    }
    return lacks;
}

// Now and then somebody else writes to the arena between two rows: anywhere, or to a number of a
// state, where most of what that can do is done.
static void disturb(cvl_model_t *model) {
    if (chance() % 64 != 0 || lacks_image(model)) {
        return;
    }
    if (chance() % 2) {
        model->arena[chance() % model->header.arena_bytes] = (uint8_t)chance();
    } else {
        uint16_t *numbers = (uint16_t *)(void *)model->arena;
        size_t count = model->header.operator_count * sizeof(cvl_state_t) / sizeof *numbers;
        numbers[chance() % count] = (uint16_t)(chance() % 8);
    }
}

static void take_steps(cvl_model_t *model) {
    for (unsigned step = 0; step < MOST_STEPS && cvl_step(model) == CVL_MORE; step++) {
        disturb(model);
    }
}

// Reads all that can be asked of a model that has run. The sum keeps the compiler from leaving it
// out.
static void read_results(const cvl_model_t *model) {
    volatile float sum = 0.0f;
    for (unsigned port = 0; port < model->header.output_count; port++) {
        size_t count = cvl_output_bytes(model, port);
        for (size_t i = 0; i < count && i < MOST_RESULTS; i++) {
            sum += cvl_real_output(model, port, i);
        }
        sum += cvl_real_output(model, port, count - 1);
    }
    unsigned best = cvl_best(model, UINT_MAX);
    for (unsigned i = 0; best != UINT_MAX && i < MOST_RANKS; i++) {
        sum += cvl_probability(model, best);
        best = cvl_best(model, best);
    }
    for (unsigned i = 0; i < model->header.label_count && i < MOST_RESULTS; i++) {
        size_t bytes;
        const char *text = cvl_label(model, i, &bytes);
        sum += (float)cvl_crc32(0, (const uint8_t *)text, bytes);
    }
    (void)sum;
}

// An image may lie in the arena that is being written, as the output of the run before does.
static void run_on_arena(cvl_model_t *model) {
    cvl_input_t images[CVL_MAX_INPUTS];
    for (unsigned i = 0; i < model->header.input_count; i++) {
        bool fits = values_of(model, i) <= model->header.arena_bytes;
        images[i] = (cvl_input_t){.data = model->arena, .element = fits ? CVL_INT8 : CVL_SEEDED};
    }
    cvl_start(model, images);
    take_steps(model);
}

static void run_on_images(cvl_model_t *model, cvl_element_t element) {
    cvl_input_t images[CVL_MAX_INPUTS];
    for (unsigned i = 0; i < model->header.input_count; i++) {
        images[i] = new_image(model, i, element);
    }
    cvl_start(model, images);
    take_steps(model);
    read_results(model);
    for (unsigned i = 0; i < model->header.input_count; i++) {
        free((void *)images[i].data);
    }
}

#if CVL_HAS_PUSH

// The arena may lie elsewhere between two pushes.
static void move_arena(cvl_model_t *model) {
    uint8_t *from = model->arena;
    cvl_fault_t fault;
    void *to = allocate(model->header.arena_bytes);
    memcpy(to, from, model->header.arena_bytes);
    cvl_attach(model, to, model->header.arena_bytes, &fault);
    free(from);
}

static void do_something_else(cvl_model_t *model) {
    switch (chance() % 6) {
    case 0:
        cvl_reset(model);
        break;
    case 1:
        move_arena(model);
        break;
    case 2:
        run_on_images(model, (cvl_element_t)(chance() % (CVL_SEEDED + 1)));
        break;
    }
}

// Rows one after the other.
static void run_on_rows(cvl_model_t *model) {
    cvl_operator_t input = operator_of(model, 0);
    if (model->header.input_count != 1 || input.ring_rows == 0) {
        return;
    }
    for (unsigned pushes = chance() % MOST_PUSHES; pushes > 0; pushes--) {
        uint32_t rows = 1 + chance() % cvl_wanted_rows(model);
        size_t bytes = (size_t)rows * input.width * input.channels;
        if (bytes > MOST_IMAGE_VALUES) {
            return;
        }
        uint8_t *data = allocate(bytes);
        memset(data, (int)(chance() % 256), bytes);
        cvl_push(model, data, chance() % 2 ? CVL_INT8 : CVL_UINT8, rows);
        take_steps(model);
        (void)cvl_has_new_output(model);
        read_results(model);
        free(data);
        do_something_else(model);
    }
}

#else

static void run_on_rows(cvl_model_t *model) {
    (void)model;
}

#endif

static bool passes_selftest(cvl_model_t *model) {
    uint32_t *checksums = allocate(model->header.operator_count * sizeof *checksums);
    bool passes = cvl_selftest(model, checksums) == CVL_NO_OPERATOR;
    free(checksums);
    return passes;
}

static void run_on_all(cvl_model_t *model, unsigned past) {
    run_on_images(model, (cvl_element_t)(past % (CVL_SEEDED + 1)));
    run_on_arena(model);
    run_on_rows(model);
}

typedef struct {
    const uint8_t *file;
    size_t bytes;
    bool is_bad; // now and then it gives nothing, or something else
} stream_t;

static bool read_stream(void *context, uint32_t offset, uint8_t *to, uint32_t bytes) {
    const stream_t *stream = context;
    bool fails = stream->is_bad && chance() % 8 == 0;
    if (fails || (uint64_t)offset + bytes > stream->bytes) {
        return false;
    }
    memcpy(to, stream->file + offset, bytes);
    if (stream->is_bad && bytes > 0 && chance() % 4 == 0) {
        to[chance() % bytes] ^= (uint8_t)(1u << chance() % 8);
    }
    return true;
}

// In an arena of its own, which is as large as that of the model in memory.
static void run_stream(
    cvl_model_t *model, stream_t *stream, unsigned past, trial_counts_t *counts) {
    cvl_fault_t fault;
    void *arena = allocate(model->header.arena_bytes);
    memset(arena, 0x55, model->header.arena_bytes);
    if (cvl_attach(model, arena, model->header.arena_bytes, &fault) == CVL_OK) {
        counts->streamed++;
        counts->streams_passed += is_short(model) && passes_selftest(model);
        stream->is_bad = true;
        run_on_all(model, past);
        arena = model->arena;
    }
    free(arena);
}

// `is_good`: whether the file was loaded in memory. What it was refused for, no window may hide,
// but for where it lies.
static void try_stream(
    const uint8_t *file, size_t bytes, unsigned past, bool is_good, trial_counts_t *counts) {
    stream_t stream = {file, bytes, false};
    cvl_model_t model;
    cvl_fault_t fault;
    cvl_window_t window = {.read = read_stream, .context = &stream, .file_bytes = (uint32_t)bytes};
    window.bytes = past == 0 ? (uint32_t)bytes : chance() % (uint32_t)(bytes + 1);
    if (cvl_open(&model, &window, &fault) != CVL_OK) {
        return;
    }
    void *ram = allocate(cvl_window_ram(&model));
    if (cvl_load_window(&model, ram, &fault) == CVL_OK) {
        if (!is_good && (CVL_WITH_UNALIGNED_FILES || past == 0)) {
            fprintf(stderr, "a window makes a bad file good\n");
            abort();
        }
        if (is_quick(&model)) {
            run_stream(&model, &stream, past, counts);
        }
    }
    free(ram);
}

void try_file(const uint8_t *content, size_t bytes, unsigned past, trial_counts_t *counts) {
    cvl_model_t model;
    cvl_fault_t fault;
    uint8_t *memory = allocate(past + bytes), *file = memory + past;
    if (bytes > 0) {
        memcpy(file, content, bytes);
    }
    bool is_good = cvl_load(&model, file, bytes, &fault) == CVL_OK;
    if (!is_good) {
        counts->refused++;
    } else if (is_quick(&model)) {
        void *arena = allocate(model.header.arena_bytes);
        memset(arena, 0x55, model.header.arena_bytes);
        if (cvl_attach(&model, arena, model.header.arena_bytes, &fault) == CVL_OK) {
            run_on_all(&model, past);
            counts->passed += is_short(&model) && passes_selftest(&model);
            counts->ran++;
            arena = model.arena;
        }
        free(arena);
    }
    try_stream(file, bytes, past, is_good, counts);
    free(memory);
}
