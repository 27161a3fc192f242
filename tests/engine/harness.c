// Loads and runs .cvl files under the sanitizers: the files named on the command line, and with
// `-m COUNT` in front of them each file in many damaged forms whose checksum is right. Every
// buffer has exactly the size that the engine was told, so that one byte too far is an error.
// Prints how many were refused, how many ran, and how many of those passed their selftest.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "internal.h" // cvl_crc32

// Damaged files that ask for more than this are loaded, but not run: they would only take long.
#define MOST_ARENA_BYTES (1u << 16)
#define MOST_IMAGE_VALUES (1u << 18)
#define MOST_STEPS 300
#define MOST_RESULTS 64

static unsigned refused, ran, passed;

static uint32_t chance(void) {
    static uint32_t state = 1; // xorshift32
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

static void *allocate(size_t bytes) {
    void *memory = malloc(bytes);
    if (memory == NULL) {
        fprintf(stderr, "no memory for %zu bytes\n", bytes);
        exit(2);
    }
    return memory;
}

static cvl_operator_t operator_of(const cvl_model_t *model, unsigned index) {
    cvl_operator_t op;
    memcpy(&op, model->file + sizeof(cvl_header_t) + index * sizeof op, sizeof op);
    return op;
}

static uint64_t values_of(const cvl_model_t *model, unsigned index) {
    cvl_operator_t op = operator_of(model, index);
    return (uint64_t)op.height * op.width * op.channels;
}

// An image of random bytes, as floats too: among those are infinities and NaNs.
static cvl_input_t new_image(const cvl_model_t *model, unsigned index, cvl_element_t element) {
    size_t bytes = values_of(model, index) * (element == CVL_FLOAT32 ? sizeof(float) : 1);
    if (values_of(model, index) > MOST_IMAGE_VALUES || element == CVL_SEEDED) {
        return (cvl_input_t){.element = CVL_SEEDED, .seed = chance()};
    }
    uint8_t *data = allocate(bytes);
    for (size_t i = 0; i < bytes; i++) {
        data[i] = (uint8_t)chance();
    }
    return (cvl_input_t){.data = data, .element = element};
}

// Whether all rows of all tensors are few enough to be made.
static bool is_short(const cvl_model_t *model) {
    uint32_t rows = 0;
    for (unsigned i = 0; i < model->header.operator_count; i++) {
        rows += operator_of(model, i).height;
    }
    return rows <= MOST_STEPS;
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
    }
    size_t classes = cvl_output_bytes(model, 0);
    for (unsigned i = 0; i < classes && i < MOST_RESULTS; i++) {
        sum += cvl_probability(model, cvl_best(model, i));
    }
    for (unsigned i = 0; i < model->header.label_count && i < MOST_RESULTS; i++) {
        size_t bytes;
        const char *text = cvl_label(model, i, &bytes);
        sum += (float)cvl_crc32(0, (const uint8_t *)text, bytes);
    }
}

// An image may lie in the arena that is being written, as the output of the run before does.
static void run_on_arena(cvl_model_t *model) {
    cvl_input_t images[CVL_MAX_INPUTS];
    for (unsigned i = 0; i < model->header.input_count; i++) {
        bool fits = values_of(model, i) <= model->header.arena_bytes;
        images[i] = (cvl_input_t){.data = model->arena, .element = fits ? CVL_INT8 : CVL_SEEDED};
    }
    cvl_start(model, images);
    for (unsigned step = 0; step < MOST_STEPS && cvl_step(model) == CVL_MORE; step++) {
    }
}

static void run(cvl_model_t *model, cvl_element_t element) {
    cvl_input_t images[CVL_MAX_INPUTS];
    for (unsigned i = 0; i < model->header.input_count; i++) {
        images[i] = new_image(model, i, element);
    }
    cvl_start(model, images);
    for (unsigned step = 0; step < MOST_STEPS && cvl_step(model) == CVL_MORE; step++) {
    }
    read_results(model);
    if (is_short(model)) {
        uint32_t *checksums = allocate(model->header.operator_count * sizeof *checksums);
        passed += cvl_selftest(model, checksums) == CVL_NO_OPERATOR;
        free(checksums);
    }
    for (unsigned i = 0; i < model->header.input_count; i++) {
        free((void *)images[i].data);
    }
}

// Rows one after the other, while somebody else writes to the arena now and then.
static void run_rows(cvl_model_t *model) {
    cvl_operator_t input = operator_of(model, 0);
    if (model->header.input_count != 1 || input.ring_rows == 0) {
        return;
    }
    for (unsigned pushes = chance() % 4; pushes > 0; pushes--) {
        uint32_t rows = 1 + chance() % cvl_wanted_rows(model);
        size_t bytes = (size_t)rows * input.width * input.channels;
        if (bytes > MOST_IMAGE_VALUES) {
            return;
        }
        uint8_t *data = allocate(bytes);
        memset(data, (int)(chance() % 256), bytes);
        cvl_push(model, data, chance() % 2 ? CVL_INT8 : CVL_UINT8, rows);
        for (unsigned step = 0; step < MOST_STEPS && cvl_step(model) == CVL_MORE; step++) {
            if (chance() % 64 == 0) {
                model->arena[chance() % model->header.arena_bytes] = (uint8_t)chance();
            }
        }
        (void)cvl_has_new_output(model);
        read_results(model);
        free(data);
    }
}

// Loads a copy of the file that begins `past` bytes past a multiple of 4 and ends with its
// allocation.
static void try_file(const uint8_t *content, size_t bytes, unsigned past) {
    cvl_model_t model;
    cvl_fault_t fault;
    uint8_t *memory = allocate(past + bytes), *file = memory + past;
    if (bytes > 0) {
        memcpy(file, content, bytes);
    }
    if (cvl_load(&model, file, bytes, &fault) != CVL_OK) {
        refused++;
    } else if (model.header.arena_bytes <= MOST_ARENA_BYTES) {
        void *arena = allocate(model.header.arena_bytes);
        memset(arena, 0x55, model.header.arena_bytes);
        if (cvl_attach(&model, arena, model.header.arena_bytes, &fault) == CVL_OK) {
            run(&model, (cvl_element_t)(past % 4));
            run_on_arena(&model);
            run_rows(&model);
            ran++;
        }
        free(arena);
    }
    free(memory);
}

static void seal(uint8_t *file, size_t bytes) {
    uint32_t crc = cvl_crc32(0, file + 8, bytes - 8);
    memcpy(file + 4, &crc, sizeof crc);
}

static void try_sealed(uint8_t *file, size_t bytes) {
    seal(file, bytes);
    try_file(file, bytes, chance() % 4);
}

static size_t records_end(const uint8_t *file) {
    cvl_header_t header;
    memcpy(&header, file, sizeof header);
    size_t ports = (size_t)header.input_count + header.output_count;
    return sizeof header + header.operator_count * sizeof(cvl_operator_t) +
           ports * sizeof(cvl_port_t) + header.goal_count * sizeof(uint16_t);
}

// Every byte of the records takes the values at which fields change their meaning.
static void damage_bytes(uint8_t *file, size_t bytes) {
    for (size_t i = 8; i < records_end(file); i++) {
        uint8_t good = file[i];
        const uint8_t values[] = {0, 1, 2, 3, 0x20, 0x7f, 0x80, 0xfe, 0xff, (uint8_t)(good + 1),
            (uint8_t)(good - 1), (uint8_t)(good * 2), (uint8_t)(good / 2)};
        for (size_t v = 0; v < sizeof values; v++) {
            file[i] = values[v];
            try_sealed(file, bytes);
        }
        file[i] = good;
    }
}

// Several bytes anywhere, most of them in the records. Half of the files get a large arena, else
// most would be refused for a ring that leaves it.
static void damage_at_random(uint8_t *file, size_t bytes, unsigned count) {
    uint8_t *good = allocate(bytes);
    memcpy(good, file, bytes);
    for (; count > 0; count--) {
        if (chance() % 2) {
            uint32_t arena_bytes = MOST_ARENA_BYTES;
            memcpy(file + offsetof(cvl_header_t, arena_bytes), &arena_bytes, sizeof arena_bytes);
        }
        for (unsigned i = chance() % 5; i < 5; i++) {
            size_t end = chance() % 4 ? records_end(good) : bytes;
            uint8_t value = (uint8_t)(chance() >> (chance() % 8));
            file[8 + chance() % (end - 8)] = value;
        }
        try_sealed(file, bytes);
        memcpy(file, good, bytes);
    }
    free(good);
}

static uint8_t *read_file(const char *name, size_t *bytes) {
    FILE *stream = fopen(name, "rb");
    if (stream == NULL) {
        fprintf(stderr, "cannot read %s\n", name);
        exit(2);
    }
    uint8_t *content = allocate(1 << 20);
    *bytes = fread(content, 1, 1 << 20, stream);
    fclose(stream);
    return content;
}

int main(int argc, char **argv) {
    bool damage = argc > 2 && strcmp(argv[1], "-m") == 0;
    for (int i = damage ? 3 : 1; i < argc; i++) {
        size_t bytes;
        uint8_t *content = read_file(argv[i], &bytes);
        for (unsigned past = 0; past < 4; past++) {
            try_file(content, bytes, past);
        }
        if (damage) {
            damage_bytes(content, bytes);
            damage_at_random(content, bytes, (unsigned)atoi(argv[2]));
        }
        free(content);
    }
    printf("%u %u %u\n", refused, ran, passed);
    return 0;
}
