// The Convlet engine: runs a .cvl file from where it lies, in an arena of exactly the size that
// the file names. Plain C99 without malloc, printf or globals. The layout of the file is
// documented in host/convlet/format.py.
//
//     cvl_model_t model;
//     cvl_fault_t fault;
//     if (cvl_load(&model, file, file_bytes, &fault) != CVL_OK) { ... cvl_fault_text(&fault) ... }
//     if (cvl_attach(&model, arena, arena_bytes, &fault) != CVL_OK) { ... }
//     cvl_input_t image = {pixels, CVL_FLOAT32};
//     cvl_start(&model, &image);
//     while (cvl_step(&model) == CVL_MORE) { }
//     const int8_t *scores = cvl_output(&model, 0);
#ifndef CONVLET_H
#define CONVLET_H

#include <stdbool.h>
#include <stddef.h>
#include "format.h"

// Whether a model can run from a file that is read piece by piece: see window.h.
#ifndef CVL_WITH_WINDOW
#define CVL_WITH_WINDOW 0
#endif

// Whether rows can be pushed: a stream takes nothing else. A build without lacks cvl_push,
// cvl_wanted_rows and cvl_has_new_output.
#define CVL_HAS_PUSH (CVL_WITH_PUSH || CVL_WITH_STREAM)

// Each error and its text. Every text may take two unsigned integers: what was found, what was
// expected; but that of LEFT_OUT takes the name of the part that was found to be missing. Those of
// records are made by a wrong writer, not by damage: the checksum is right. In a build for a few
// models RECORD stands for all of them.
// clang-format off
#if CVL_WITH_WINDOW
#define CVL_WINDOW_ERRORS(X) \
    X(HEAD, "its head ends at byte %u of %u: compile again") \
    X(ORDER, "its constants lie at byte %u, out of order with byte %u: compile again") \
    X(TOO_LARGE, "its constants have %u bytes, the window has %u: convlet compile --window makes a file that fits") \
    X(UNREAD, "the file gives too little at byte %u, expected %u bytes") \
    X(CHANGED, "the file has changed: checksum 0x%08x, expected 0x%08x: load it again")
#else
#define CVL_WINDOW_ERRORS(X)
#endif
#define CVL_FILE_ERRORS(X) \
    X(NOT_CVL, "not a .cvl file: it begins with 0x%08x, expected 0x%08x") \
    X(VERSION, "format version %u, this engine reads %u: compile again") \
    X(FILE_BYTES, "the file has %u bytes, expected %u") \
    X(CHECKSUM, "the file is damaged: checksum 0x%08x, expected 0x%08x") \
    X(LEFT_OUT, "this firmware was built without %s: see convlet firmware build --only") \
    X(ARENA, "an arena of %u bytes is too small: the model needs %u") \
    X(ALIGNMENT, "the arena begins %u bytes past a multiple of %u") \
    CVL_WINDOW_ERRORS(X) \
    X(RECORD, "its record is wrong")
#define CVL_RECORD_ERRORS(X) \
    X(TABLE_END, "its records end at byte %u of %u") \
    X(COUNT, "a count is %u, the limit is %u") \
    X(GOAL, "goal %u is not one of %u operators") \
    X(PORT, "a port names operator %u of %u, or has a bad scale") \
    X(OUTPUT, "the output keeps %u rows of %u") \
    X(LABELS, "the labels end at byte %u of %u") \
    X(VECTORS, "the test vectors end at byte %u of %u") \
    X(CODE, "operator code %u is not one of %u") \
    X(INPUT, "it reads operator %u, expected one before %u") \
    X(SHAPE, "its shape holds %u, expected 1 to %u") \
    X(RING, "its ring ends at byte %u of an arena of %u") \
    X(PLACES, "its rows' places end at byte %u of %u") \
    X(STATE, "its ring begins at byte %u, the first %u are the engine's") \
    X(WINDOW, "its kernel, stride or dilation is %u, expected 1 to %u") \
    X(FLAGS, "its flags are %u, expected %u") \
    X(WHOLE, "its input keeps %u of %u rows, but it reads all") \
    X(WEIGHTS, "its weights end at byte %u of %u") \
    X(CHANNELS, "it makes %u values, expected %u") \
    X(QUANT_TABLE, "its table ends at byte %u of %u") \
    X(RUNS, "its runs make or read %u bytes, expected %u") \
    X(SHIFT, "a table shifts by %u bits, expected at most %u") \
    X(CLAMP, "it clamps to %u values, expected at least %u")
// clang-format on

#define CVL_ERROR_CODE(name, text) CVL_ERROR_##name,
typedef enum {
    CVL_OK,
    CVL_MORE,    // cvl_step made one row, and there are more to make
    CVL_STARVED, // the next row needs one that has not been pushed yet
    CVL_STOPPED, // what the next row needs of the file could not be read: see window.h
    CVL_FILE_ERRORS(CVL_ERROR_CODE) CVL_RECORD_ERRORS(CVL_ERROR_CODE) CVL_STATUS_COUNT
} cvl_status_t;

// Why a file or an arena was refused.
typedef struct {
    cvl_status_t status;
    uint32_t found;
    uint32_t expected;
    uint16_t operator_index; // CVL_NO_OPERATOR where no operator is at fault
    uint8_t operator_code;
} cvl_fault_t;

typedef enum {
    CVL_INT8,    // the model's own quantised values
    CVL_UINT8,   // pixels: quantised values plus 128
    CVL_FLOAT32, // real values, rounded and saturated as TFLite's QUANTIZE does
    CVL_INT16,   // real values that are whole numbers, as sensors give them
    CVL_SEEDED,  // no data: a test vector's pseudo-random image
} cvl_element_t;

// One input of the model: all its elements [height, width, channels] in row-major order, at any
// alignment. CVL_INT8 is read where it lies, and an input that keeps no rows takes nothing else.
typedef struct {
    const void *data;
    cvl_element_t element;
    uint32_t seed;      // for CVL_SEEDED
    uint16_t first_row; // of those in `data`
    uint16_t rows;      // how many are in `data`; 0: all rows of the input
} cvl_input_t;

// Of an input or output: int8[height, width, channels]. In a stream: what goes into a step and
// what comes out of it.
typedef struct {
    uint16_t height;
    uint16_t width;
    uint16_t channels;
} cvl_shape_t;

// What is read most comes first: a Cortex-M0+ reaches the first 31 bytes, or 31 halfwords, at
// once.
typedef struct {
    const uint8_t *file;
    const cvl_operator_t *operators; // where they lie in the file; NULL if they do not lie aligned
    cvl_header_t header;
    uint16_t current; // the operator that makes the next row, or CVL_NO_OPERATOR
    uint16_t goal;    // index of the goal that is being pulled
    uint16_t outputs; // of a stream: those made before the last cvl_push
    uint8_t *arena;
    const cvl_input_t *inputs;
    cvl_input_t pushed;        // the rows that cvl_push gave
    struct cvl_window *window; // NULL: the file lies in memory
} cvl_model_t;

// Proves that running `file` can never leave its buffers, whatever its bytes are. The file stays
// where it is and must not change while the model is in use. On failure fills `fault` and returns
// its status.
cvl_status_t cvl_load(
    cvl_model_t *model, const uint8_t *file, size_t file_bytes, cvl_fault_t *fault);

// The same proof without the checksum, for a file that was loaded before and may have been written
// to since.
cvl_status_t cvl_prove(
    cvl_model_t *model, const uint8_t *file, size_t file_bytes, cvl_fault_t *fault);

// Gives a loaded model its RAM: header.arena_bytes bytes, aligned to 4.
cvl_status_t cvl_attach(cvl_model_t *model, void *arena, size_t arena_bytes, cvl_fault_t *fault);

// Begins an inference. `inputs`: one for each input of the model; they and their data must stay
// until it is done.
void cvl_start(cvl_model_t *model, const cvl_input_t *inputs);

// Gives a model with one input its next rows, 1 to cvl_wanted_rows, and begins an inference or a
// stream if none is going on. Then cvl_step until it does not return CVL_MORE: so long they must
// stay. Not for an input that keeps no rows.
void cvl_push(cvl_model_t *model, const void *data, cvl_element_t element, uint32_t rows);

// How many rows of the input can be pushed now: those of it that are still to come, or a step's.
uint32_t cvl_wanted_rows(const cvl_model_t *model);

// Whether what was pushed last has completed an output: in a stream each full step does, else the
// last row.
bool cvl_has_new_output(const cvl_model_t *model);

// Forgets what was pushed: the next row is the first one.
void cvl_reset(cvl_model_t *model);

// Makes one row. Returns CVL_MORE, CVL_OK when the inference is done, CVL_STARVED or CVL_STOPPED.
cvl_status_t cvl_step(cvl_model_t *model);

// As cvl_step, and tells in `index` which operator made the row, if one did. A build without
// CVL_WITH_PROFILE lacks this and the next.
cvl_status_t cvl_step_operator(cvl_model_t *model, unsigned *index);

// Multiply-accumulates that the operator does in an inference; in a stream, in a period.
uint32_t cvl_operator_macs(const cvl_model_t *model, unsigned index);

// The operator with this index: where it lies in the file, or in `copy` if it does not lie
// aligned.
const cvl_operator_t *cvl_read_operator(
    const cvl_model_t *model, unsigned index, cvl_operator_t *copy);

// Input or output number `index`, inputs first.
void cvl_read_port(const cvl_model_t *model, unsigned index, cvl_port_t *port);

void cvl_read_shape(const cvl_model_t *model, unsigned index, cvl_shape_t *shape);

// int8[height, width, channels] in the arena, valid from the end of an inference to the next
// start.
int8_t *cvl_output(const cvl_model_t *model, unsigned index);
size_t cvl_output_bytes(const cvl_model_t *model, unsigned index);

// The UTF-8 text of label `index`, not terminated; its length goes to `bytes`.
const char *cvl_label(const cvl_model_t *model, unsigned index, size_t *bytes);

// Index of the best value of the first output, or of those that come behind that with index
// `behind`, which is UINT_MAX if there is none; UINT_MAX if none comes behind it. Of equal values
// that with the lower index is better.
unsigned cvl_best(const cvl_model_t *model, unsigned behind);

// Probability of class `index` of the first output: its real value, or its softmax where the
// output holds logits. Computed in float32 operations whose results do not depend on the processor
// or its libm.
float cvl_probability(const cvl_model_t *model, unsigned index);

// Real value of element `index` of output `port`.
float cvl_real_output(const cvl_model_t *model, unsigned port, size_t index);

// Makes `inputs`, one for each input of the model, the pseudo-random images of a test vector.
void cvl_seed_inputs(const cvl_model_t *model, uint32_t seed, cvl_input_t *inputs);

// Runs all test vectors of the file. Returns the index of the first operator whose tensor differs
// from the compiler's, or CVL_NO_OPERATOR when all are equal. `checksums`: room for operator_count
// values.
unsigned cvl_selftest(cvl_model_t *model, uint32_t *checksums);

// Text of a fault with two %u or %x for found and expected; it concerns the operator if
// operator_index is one.
const char *cvl_fault_text(const cvl_fault_t *fault);
const char *cvl_operator_name(unsigned code);

// Of an operator by its code, or of what else can be left out of a build: CVL_FEATURE_...
const char *cvl_part_name(unsigned part);

#endif
