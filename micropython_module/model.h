// The Python class Model, between its files.
#ifndef CVL_MODEL_H
#define CVL_MODEL_H

#include <stdbool.h>
#include "binding.h"
#include "engine/convlet.h"

typedef struct model_stream model_stream_t;

typedef struct {
    mp_obj_base_t base;
    mp_obj_t file;          // whose buffer holds the .cvl
    mp_obj_t arena;         // whose buffer is the engine's RAM
    const uint8_t *viewed;  // where the arena was when the views on its outputs were made
    mp_obj_t output;        // memoryview on the first output in the arena
    mp_obj_t outputs;       // a tuple of it and those on the others
    model_stream_t *stream; // NULL: the file lies in memory
    cvl_model_t model;
    const mp_obj_t *images; // of the run that is going on
    size_t image_count;
    uint32_t records_sum;  // of a writable file, when the run began
    bool file_is_writable; // then it may have been changed since it was proved
    bool running;          // Python code that runs between rows must not start the model again
    bool has_output;       // in the arena, whole
} model_obj_t;

#ifdef MICROPY_ENABLE_DYNRUNTIME
extern mp_obj_full_type_t model_type;
void model_init_type(void);
#else
extern const mp_obj_type_t model_type;
#endif

// Every use of a model begins here. Python code may have changed or moved the buffers since the
// last one: a bytearray can be written to and extended. What is in a writable file is therefore
// proved again.
model_obj_t *model_enter(mp_obj_t self);

// Begins a run on these images.
void model_begin(model_obj_t *self, size_t count, const mp_obj_t *images);

// Whenever Python code has run in the middle of a run: raises an exception if it has moved a
// buffer, or changed the file.
void model_check_buffers(model_obj_t *self);

// Whether two pieces of memory have a byte in common.
static inline bool model_overlap(
    const uint8_t *a, size_t a_bytes, const uint8_t *b, size_t b_bytes) {
    return a < b + b_bytes && b < a + a_bytes;
}

void model_raise_unless_ok(cvl_status_t status, const cvl_fault_t *fault);

// For what the build was made without: CVL_FEATURE_...
void model_raise_left_out(unsigned part);

// Loads an open file that is read through a window of so many bytes.
void model_load_stream(model_obj_t *self, mp_obj_t file, mp_obj_t window);

// Raises an exception if the last run stopped because the file did not give what was proved.
void model_raise_if_stopped(model_obj_t *self);

// Of constants, since the model was loaded.
uint32_t model_bytes_read(const model_obj_t *self);

bool model_is_stream(const model_obj_t *self);

// Whether the model keeps no rows of its input `index`, but reads it where it lies.
bool model_keeps_no_rows(const model_obj_t *self, unsigned index);

mp_obj_t model_new_label(const model_obj_t *self, unsigned index);

// Type and place of the values of an image, or of some of its rows: a buffer, or numbers in lists.
// Returns how many they are.
size_t model_read_values(const model_obj_t *self, mp_obj_t image, cvl_input_t *input);

// Makes `inputs` of one image for each input of the model.
void model_read_images(
    model_obj_t *self, size_t count, const mp_obj_t *images, cvl_input_t *inputs);

extern const mp_obj_fun_builtin_var_t model_classify_obj;
extern const mp_obj_fun_builtin_var_t model_predict_obj;
extern const mp_obj_fun_builtin_var_t model_profile_obj;
extern const mp_obj_fun_builtin_fixed_t model_push_obj;
extern const mp_obj_fun_builtin_fixed_t model_reset_obj;
extern const mp_obj_fun_builtin_var_t model_run_obj;
extern const mp_obj_fun_builtin_fixed_t model_selftest_obj;

#endif
