// Runs a model from a file that does not lie in memory. The file's head, all but the constants of
// operators, is kept in RAM, and behind it a window of a few KB, which holds the constants of the
// operator that works: of as many neighbours in the file as fit. A stream needs all of them in
// each step, one after the other: the first that leave room for each of the others stay there. To
// the rest of the engine it is one small file.
//
//     cvl_window_t window = {.read = read, .context = stream, .file_bytes = 82164, .bytes = 4096};
//     if (cvl_open(&model, &window, &fault) != CVL_OK) { ... }
//     void *ram = malloc(cvl_window_ram(&model));
//     if (cvl_load_window(&model, ram, &fault) != CVL_OK) { ... }
//
// and then as after cvl_load. When cvl_step has returned CVL_STOPPED, window.fault says why. It
// may be called again.
#ifndef CVL_WINDOW_H
#define CVL_WINDOW_H

#include "convlet.h"

// What is in the window together with an operator's constants. The file may change after it was
// proved: what comes with another checksum is refused.
typedef struct {
    uint32_t offset; // in the file
    uint32_t bytes;  // 0: the operator has no constants outside the head
    uint32_t crc32;
} cvl_piece_t;

typedef struct cvl_window {
    // Copies `bytes` bytes of the file from `offset` on; false if it cannot.
    bool (*read)(void *context, uint32_t offset, uint8_t *to, uint32_t bytes);
    void *context;
    uint32_t file_bytes;
    uint32_t bytes; // of the window
    // The rest is the engine's.
    uint8_t *head;
    cvl_piece_t *pieces; // of each operator
    uint32_t begin;      // of the window, behind the head's beginning
    uint32_t stays;      // bytes at its beginning that are read once
    unsigned changing;   // the first operator whose constants come behind them
    cvl_piece_t held[2]; // what is there, and what is behind; its bytes are 0: nothing
    bool is_proved;
    uint32_t bytes_read; // so far, of constants
    cvl_fault_t fault;
} cvl_window_t;

// Reads the header. The first four fields of `window` are the caller's; it must stay where it is.
cvl_status_t cvl_open(cvl_model_t *model, cvl_window_t *window, cvl_fault_t *fault);

// Bytes of RAM that an opened model needs for its head and the window.
size_t cvl_window_ram(const cvl_model_t *model);

// Reads the file, and proves what cvl_load proves. `ram`: cvl_window_ram bytes, aligned to 4.
cvl_status_t cvl_load_window(cvl_model_t *model, void *ram, cvl_fault_t *fault);

// Whether the constants of operator `index` are in the window now, which they are then.
bool cvl_fetch(cvl_window_t *window, unsigned index);

#endif
