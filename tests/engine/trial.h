// What harness.c and fuzz_load.c do with each file: load it, run it in every way, and read all of
// its results, in buffers of exactly the sizes that the engine was told. And once more through a
// window of any size, from a stream that in the end fails and changes what it gives.
#ifndef TRIAL_H
#define TRIAL_H

#include "internal.h"

// Damaged files that ask for more than this are loaded, but not run: they would only take long.
#define MOST_ARENA_BYTES (1u << 16)

typedef struct {
    unsigned refused, ran, passed;     // the last: its selftest
    unsigned streamed, streams_passed; // ran through a window; of these the selftest
} trial_counts_t;

// The next pseudo-random number, and where they begin anew (a seed other than 0).
uint32_t chance(void);
void begin_chances(uint32_t seed);

void *allocate(size_t bytes);

// Writes the checksum of a file of at least 8 bytes.
void seal(uint8_t *file, size_t bytes);

// Tries a copy of the file that begins `past` bytes past a multiple of 4 and ends with its
// allocation.
void try_file(const uint8_t *content, size_t bytes, unsigned past, trial_counts_t *counts);

#endif
