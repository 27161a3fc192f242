// Loads and runs .cvl files under the sanitizers: the files named on the command line, and with
// `-m COUNT` in front of them each file in many damaged forms whose checksum is right. Prints how
// many were refused, how many ran, how many of those passed their selftest, how many ran through a
// window, and how many of those passed.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "trial.h"

static trial_counts_t counts;

static void try_sealed(uint8_t *file, size_t bytes) {
    seal(file, bytes);
    try_file(file, bytes, chance() % 4, &counts);
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
            try_file(content, bytes, past, &counts);
        }
        if (damage) {
            damage_bytes(content, bytes);
            damage_at_random(content, bytes, (unsigned)atoi(argv[2]));
        }
        free(content);
    }
    printf("%u %u %u %u %u\n", counts.refused, counts.ran, counts.passed, counts.streamed,
        counts.streams_passed);
    return 0;
}
