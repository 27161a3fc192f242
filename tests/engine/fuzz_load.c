// libFuzzer's target: a file is loaded, run and read as in harness.c. The mutator knows where the
// records are, and leaves a header that is right but for what it changes, with the right checksum.
// Built and run by fuzzing.py.
#include <stdlib.h>
#include <string.h>
#include "trial.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t bytes, size_t most_bytes);
size_t LLVMFuzzerCustomMutator(uint8_t *file, size_t bytes, size_t most_bytes, unsigned seed);
int LLVMFuzzerTestOneInput(const uint8_t *file, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *file, size_t bytes) {
    // Taken from the file, so that a finding is found again: its address, its images.
    uint32_t seed = cvl_crc32(0, file, bytes) | 1;
    trial_counts_t counts = {.refused = 0};
    begin_chances(seed);
    try_file(file, bytes, seed >> 1 & 3, &counts);
    return 0;
}

// Where a mutation looks for something to change: `count` records of `bytes` bytes.
typedef struct {
    size_t offset, bytes, count;
} table_t;

static table_t choose_table(const cvl_header_t *header) {
    size_t ports = (size_t)header->input_count + header->output_count;
    size_t operators_end = sizeof *header + header->operator_count * sizeof(cvl_operator_t);
    size_t ports_end = operators_end + ports * sizeof(cvl_port_t);
    switch (chance() % 8) {
    case 0:
        return (table_t){8, sizeof *header - 8, 1};
    case 1:
        return (table_t){operators_end, sizeof(cvl_port_t), ports};
    case 2:
        return (table_t){ports_end, sizeof(uint16_t), header->goal_count};
    default:
        return (table_t){sizeof *header, sizeof(cvl_operator_t), header->operator_count};
    }
}

// The values at which the meaning of fields changes, those near the old one, and any.
static uint32_t new_value(uint32_t old, size_t file_bytes, uint32_t arena_bytes) {
    uint32_t power = 1u << chance() % 32;
    switch (chance() % 8) {
    case 0:
        return chance() % 8;
    case 1:
        return old + chance() % 9 - 4;
    case 2:
        return power;
    case 3:
        return power - 1;
    case 4:
        return old ^ power;
    case 5:
        return chance() % (uint32_t)(file_bytes + 1);
    case 6:
        return chance() % (arena_bytes ? arena_bytes : 1);
    default:
        return chance();
    }
}

// Every field lies at a multiple of its size, which is 1, 2 or 4 bytes.
static void change_field(uint8_t *record, size_t record_bytes, size_t file_bytes, uint32_t arena) {
    size_t size = (size_t)1 << chance() % 3;
    size = size > record_bytes ? record_bytes : size;
    uint8_t *field = record + chance() % (record_bytes / size) * size;
    uint32_t value = 0;
    memcpy(&value, field, size);
    value = new_value(value, file_bytes, arena);
    memcpy(field, &value, size);
}

static void change_record(uint8_t *file, size_t bytes) {
    cvl_header_t header;
    memcpy(&header, file, sizeof header);
    table_t table = choose_table(&header);
    if (table.count == 0 || table.offset + table.count * table.bytes > bytes) {
        return;
    }
    uint8_t *record = file + table.offset + chance() % table.count * table.bytes;
    if (chance() % 8 == 0) {
        const uint8_t *other = file + table.offset + chance() % table.count * table.bytes;
        memmove(record, other, table.bytes);
    } else {
        change_field(record, table.bytes, bytes, header.arena_bytes);
    }
}

// A field of the tables and weights: 1, 2 or 4 bytes anywhere.
static void change_data(uint8_t *file, size_t bytes) {
    change_field(file + sizeof(cvl_header_t), bytes - sizeof(cvl_header_t), bytes, 0);
}

static void repair(uint8_t *file, size_t bytes) {
    cvl_header_t header;
    memcpy(&header, file, sizeof header);
    uint32_t magic = CVL_MAGIC;
    memcpy(header.magic, &magic, sizeof magic);
    header.version = CVL_VERSION;
    header.file_bytes = (uint32_t)bytes;
    if (chance() % 4 == 0) { // else most files are refused for a ring that leaves the arena
        header.arena_bytes = MOST_ARENA_BYTES;
    }
    memcpy(file, &header, sizeof header);
    seal(file, bytes);
}

size_t LLVMFuzzerCustomMutator(uint8_t *file, size_t bytes, size_t most_bytes, unsigned seed) {
    begin_chances(seed | 1);
    unsigned kind = chance() % 16;
    if (kind == 0 || bytes <= sizeof(cvl_header_t)) {
        bytes = LLVMFuzzerMutate(file, bytes, most_bytes);
    } else if (kind < 3) {
        change_data(file, bytes);
    } else {
        for (unsigned count = 1 + chance() % 3; count > 0; count--) {
            change_record(file, bytes);
        }
    }
    if (bytes > sizeof(cvl_header_t) && chance() % 64 != 0) {
        repair(file, bytes);
    }
    return bytes;
}
