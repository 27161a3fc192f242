// The MicroPython module `convlet`: Python objects around the engine, and nothing else. The API is
// the same as that of host/convlet/engine.py, down to the texts of errors; tests/device/ runs the
// same scripts on both.

#include "py/binary.h"
#include "py/mphal.h"
#include "py/objarray.h"
#include "py/objstr.h"
#include "py/runtime.h"
#include "engine/convlet.h"

// Looking for Ctrl-C takes about 130 cycles on a Pico, a short row 800.
#define ROWS_BETWEEN_POLLS 32

// Of the image with which a model is profiled when none is given: any will do.
#define PROFILE_SEED 1

typedef struct {
    mp_obj_base_t base;
    mp_obj_t file;    // whose buffer holds the .cvl
    mp_obj_t arena;   // whose buffer is the engine's RAM
    mp_obj_t output;  // memoryview on the first output in the arena
    mp_obj_t outputs; // a tuple of it and those on the others
    cvl_model_t model;
    bool file_is_writable; // then it may have been changed since it was proved
    bool running;          // Python code that runs between rows must not start the model again
    bool has_output;       // in the arena, whole
} model_obj_t;

// ---- Errors

static void raise_fault(const cvl_fault_t *fault) {
    vstr_t text;
    vstr_init(&text, 64);
    if (fault->operator_index != CVL_NO_OPERATOR) {
        vstr_printf(&text, "operator %u (%s): ", (unsigned)fault->operator_index,
            cvl_operator_name(fault->operator_code));
    }
    vstr_printf(&text, cvl_fault_text(fault), (unsigned)fault->found, (unsigned)fault->expected);
    mp_obj_t argument = mp_obj_new_str_from_vstr(&text);
    bool memory = fault->status == CVL_ERROR_ARENA;
    nlr_raise(mp_obj_new_exception_args(
        memory ? &mp_type_MemoryError : &mp_type_ValueError, 1, &argument));
}

static void raise_unless_ok(cvl_status_t status, const cvl_fault_t *fault) {
    if (status != CVL_OK) {
        raise_fault(fault);
    }
}

// ---- Loading

static void attach_arena(model_obj_t *self) {
    mp_buffer_info_t arena;
    cvl_fault_t fault;
    mp_get_buffer_raise(self->arena, &arena, MP_BUFFER_WRITE);
    raise_unless_ok(cvl_attach(&self->model, arena.buf, arena.len, &fault), &fault);
}

// A read-only view of output `index`. It refers to the arena from its beginning, which is what
// keeps it alive.
static mp_obj_t new_output_view(const model_obj_t *self, unsigned index) {
    mp_obj_t object = mp_call_function_1(MP_OBJ_FROM_PTR(&mp_type_memoryview), self->arena);
    mp_obj_array_t *view = MP_OBJ_TO_PTR(object);
    size_t item_bytes = mp_binary_get_size('@', view->typecode & 0x7f, NULL);
    // In a memoryview `free` is the offset from the beginning of the object, in items.
    size_t offset = (uint8_t *)cvl_output(&self->model, index) - self->model.arena;
    view->free = view->free * item_bytes + offset;
    view->len = cvl_output_bytes(&self->model, index);
    view->typecode = 'b';
    return object;
}

// Made once for an arena, so that running allocates nothing.
static void make_output_views(model_obj_t *self) {
    unsigned count = self->model.header.output_count;
    mp_obj_tuple_t *views = MP_OBJ_TO_PTR(mp_obj_new_tuple(count, NULL));
    for (unsigned i = 0; i < count; i++) {
        views->items[i] = new_output_view(self, i);
    }
    self->outputs = MP_OBJ_FROM_PTR(views);
    self->output = views->items[0];
}

// The object whose buffer holds the file of this name: the open file itself where it lies in
// memory (ROMFS).
static mp_obj_t open_file(mp_obj_t name) {
    mp_obj_t arguments[] = {name, MP_OBJ_NEW_QSTR(MP_QSTR_rb)};
    mp_obj_t file = mp_call_function_n_kw(mp_load_global(MP_QSTR_open), 2, 0, arguments);
    mp_buffer_info_t buffer;
    if (mp_get_buffer(file, &buffer, MP_BUFFER_READ)) {
        return file;
    }
    mp_obj_t method[2];
    mp_load_method(file, MP_QSTR_read, method);
    mp_obj_t content = mp_call_method_n_kw(0, 0, method);
    mp_load_method(file, MP_QSTR_close, method);
    mp_call_method_n_kw(0, 0, method);
    return content;
}

static mp_obj_t model_make_new(
    const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *all_args) {
    static const mp_arg_t allowed[] = {
        {MP_QSTR_model, MP_ARG_REQUIRED | MP_ARG_OBJ, {.u_obj = MP_OBJ_NULL}},
        {MP_QSTR_arena, MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE}},
    };
    mp_arg_val_t args[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all_kw_array(n_args, n_kw, all_args, MP_ARRAY_SIZE(allowed), allowed, args);

    model_obj_t *self = mp_obj_malloc(model_obj_t, type);
    self->running = false;
    self->has_output = false;
    self->file = mp_obj_is_str(args[0].u_obj) ? open_file(args[0].u_obj) : args[0].u_obj;
    mp_buffer_info_t file;
    self->file_is_writable = mp_get_buffer(self->file, &file, MP_BUFFER_WRITE);
    mp_get_buffer_raise(self->file, &file, MP_BUFFER_READ);
    cvl_fault_t fault;
    raise_unless_ok(cvl_load(&self->model, file.buf, file.len, &fault), &fault);

    self->arena = args[1].u_obj;
    if (self->arena == mp_const_none) {
        size_t bytes = self->model.header.arena_bytes;
        self->arena = mp_obj_new_bytearray_by_ref(bytes, m_new(byte, bytes));
    }
    attach_arena(self);
    make_output_views(self);
    return MP_OBJ_FROM_PTR(self);
}

// Every use of a model begins here. Python code may have changed or moved the buffers since the
// last one: a bytearray can be written to and extended. What is in a writable file is therefore
// proved again.
static model_obj_t *enter(mp_obj_t self_in) {
    model_obj_t *self = MP_OBJ_TO_PTR(self_in);
    if (self->running) {
        mp_raise_msg(&mp_type_RuntimeError, MP_ERROR_TEXT("the model is running"));
    }
    uint8_t *arena = self->model.arena;
    if (self->file_is_writable) {
        mp_buffer_info_t file;
        cvl_fault_t fault;
        mp_get_buffer_raise(self->file, &file, MP_BUFFER_READ);
        raise_unless_ok(cvl_prove(&self->model, file.buf, file.len, &fault), &fault);
    }
    attach_arena(self);
    if (self->model.arena != arena) {
        make_output_views(self);
    }
    return self;
}

// ---- Running

static bool is_stream(const model_obj_t *self) {
    return CVL_WITH_STREAM && (self->model.header.flags & CVL_FLAG_STREAM) != 0;
}

// Whether the model keeps no rows of its input `index`, but reads it where it lies.
static bool keeps_no_rows(const model_obj_t *self, unsigned index) {
    cvl_operator_t copy;
    return cvl_read_operator(&self->model, index, &copy)->ring_rows == 0;
}

// Type and place of the values of an image, or of some of its rows. Returns how many they are.
static size_t read_values(const model_obj_t *self, mp_obj_t image, cvl_input_t *input) {
    mp_buffer_info_t buffer;
    if (!mp_get_buffer(image, &buffer, MP_BUFFER_READ)) {
        mp_raise_msg_varg(&mp_type_ValueError,
            MP_ERROR_TEXT("the image is a %s, expected a buffer of 'f', 'B' or 'b' values"),
            mp_obj_get_type_str(image));
    }
    size_t item_bytes = 1;
    if (buffer.typecode == 'b') {
        input->element = CVL_INT8;
    } else if (buffer.typecode == 'B' || buffer.typecode == BYTEARRAY_TYPECODE) {
        input->element = CVL_UINT8;
    } else if (buffer.typecode == 'f') {
        input->element = CVL_FLOAT32;
        item_bytes = sizeof(float);
    } else {
        mp_raise_msg_varg(&mp_type_ValueError,
            MP_ERROR_TEXT("the image has values of type '%c', expected 'f', 'B' or 'b'"),
            buffer.typecode);
    }
    const uint8_t *data = buffer.buf;
    const uint8_t *arena = self->model.arena;
    if (data < arena + self->model.header.arena_bytes && data + buffer.len > arena) {
        mp_raise_ValueError(MP_ERROR_TEXT("the image lies in the model's arena: copy it first"));
    }
    input->data = data;
    return buffer.len / item_bytes;
}

static void set_input(
    const model_obj_t *self, unsigned index, mp_obj_t image, cvl_input_t *input) {
    *input = (cvl_input_t){.data = NULL};
    size_t count = read_values(self, image, input);
    cvl_shape_t shape;
    cvl_read_shape(&self->model, index, &shape);
    if (count != (size_t)shape.height * shape.width * shape.channels) {
        mp_raise_msg_varg(&mp_type_ValueError,
            MP_ERROR_TEXT("the image has %u values, the model's input has %u x %u x %u"),
            (unsigned)count, shape.height, shape.width, shape.channels);
    }
    if (input->element != CVL_INT8 && keeps_no_rows(self, index)) {
        mp_raise_msg_varg(&mp_type_ValueError,
            MP_ERROR_TEXT("the image has values of type '%c', but the model reads it where it "
                          "lies: expected 'b'"),
            input->element == CVL_UINT8 ? 'B' : 'f');
    }
}

// Looks for Ctrl-C. After it the model is as if it had not been run.
static void poll(model_obj_t *self) {
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        mp_handle_pending(true);
        nlr_pop();
    } else {
        self->running = false;
        self->has_output = false;
        cvl_reset(&self->model);
        nlr_jump(nlr.ret_val);
    }
}

// Does what there is to do for the image, or the rows of one, that the model has been given.
static void run_steps(model_obj_t *self) {
    self->running = true;
    for (unsigned rows = 1; cvl_step(&self->model) == CVL_MORE; rows++) {
        if (rows % ROWS_BETWEEN_POLLS == 0) {
            poll(self);
        }
    }
    self->running = false;
}

// Makes `inputs` of one image for each input of the model.
static void set_inputs(
    model_obj_t *self, size_t count, const mp_obj_t *images, cvl_input_t *inputs) {
    if (is_stream(self)) {
        mp_raise_ValueError(MP_ERROR_TEXT(
            "the model is a stream, which takes one step after the other: use step"));
    }
    if (count != self->model.header.input_count) {
        mp_raise_msg_varg(&mp_type_ValueError,
            MP_ERROR_TEXT("got %u images, the model has %u inputs"), (unsigned)count,
            (unsigned)self->model.header.input_count);
    }
    for (size_t i = 0; i < count; i++) {
        set_input(self, i, images[i], &inputs[i]);
    }
}

static void run_images(model_obj_t *self, size_t count, const mp_obj_t *images) {
    cvl_input_t inputs[CVL_MAX_INPUTS];
    set_inputs(self, count, images, inputs);
    cvl_start(&self->model, inputs);
    run_steps(self);
    self->has_output = true;
}

// Makes the output that of these images, or if there are none looks whether there is one.
static void output_of(model_obj_t *self, size_t count, const mp_obj_t *images) {
    if (count > 0) {
        run_images(self, count, images);
    } else if (!self->has_output) {
        mp_raise_ValueError(
            MP_ERROR_TEXT("there is no output yet: give an image, or push all its rows first"));
    }
}

static mp_obj_t model_run(size_t n_args, const mp_obj_t *args) {
    model_obj_t *self = enter(args[0]);
    run_images(self, n_args - 1, args + 1);
    return self->output;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR(model_run_obj, 1, model_run);

// The next rows of the input; returns the output when there is a new one.
static mp_obj_t model_push(mp_obj_t self_in, mp_obj_t rows) {
    model_obj_t *self = enter(self_in);
    if (self->model.header.input_count != 1) {
        mp_raise_msg_varg(&mp_type_ValueError,
            MP_ERROR_TEXT("the model has %u inputs, only one can be pushed"),
            (unsigned)self->model.header.input_count);
    }
    cvl_input_t input;
    size_t count = read_values(self, rows, &input);
    if (keeps_no_rows(self, 0)) {
        mp_raise_ValueError(MP_ERROR_TEXT("the model reads whole images where they lie: use run"));
    }
    cvl_shape_t shape;
    cvl_read_shape(&self->model, 0, &shape);
    size_t row_values = (size_t)shape.width * shape.channels;
    unsigned most = (unsigned)cvl_wanted_rows(&self->model);
    if (count == 0 || count % row_values != 0 || count / row_values > most) {
        mp_raise_msg_varg(&mp_type_ValueError,
            MP_ERROR_TEXT("got %u values, expected 1 to %u rows of %u"), (unsigned)count, most,
            (unsigned)row_values);
    }
    cvl_push(&self->model, input.data, input.element, count / row_values);
    run_steps(self);
    bool is_new = cvl_has_new_output(&self->model);
    // What an image is made of may use the bytes of the last image's output.
    self->has_output = is_new || (is_stream(self) && self->has_output);
    return is_new ? self->output : mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(model_push_obj, model_push);

static mp_obj_t model_reset(mp_obj_t self_in) {
    model_obj_t *self = enter(self_in);
    cvl_reset(&self->model);
    self->has_output = false;
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(model_reset_obj, model_reset);

static mp_obj_t real_values(const model_obj_t *self, unsigned output) {
    size_t count = cvl_output_bytes(&self->model, output);
    mp_obj_t list = mp_obj_new_list(count, NULL);
    for (size_t i = 0; i < count; i++) {
        mp_obj_t value = mp_obj_new_float((mp_float_t)cvl_real_output(&self->model, output, i));
        mp_obj_list_store(list, MP_OBJ_NEW_SMALL_INT(i), value);
    }
    return list;
}

// A list of the output's values; of several outputs a list of such lists.
static mp_obj_t model_predict(size_t n_args, const mp_obj_t *args) {
    model_obj_t *self = enter(args[0]);
    output_of(self, n_args - 1, args + 1);
    unsigned count = self->model.header.output_count;
    if (count == 1) {
        return real_values(self, 0);
    }
    mp_obj_t lists = mp_obj_new_list(0, NULL);
    for (unsigned i = 0; i < count; i++) {
        mp_obj_list_append(lists, real_values(self, i));
    }
    return lists;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR(model_predict_obj, 1, model_predict);

static mp_obj_t label_of(const model_obj_t *self, unsigned index) {
    if (self->model.header.label_count == 0) {
        return mp_obj_str_make_new(&mp_type_str, 1, 0, (mp_obj_t[]){MP_OBJ_NEW_SMALL_INT(index)});
    }
    size_t bytes;
    const char *text = cvl_label(&self->model, index, &bytes);
    return mp_obj_new_str(text, bytes);
}

// The class behind the best `skip` ones, as (label, probability).
static mp_obj_t ranked_class(const model_obj_t *self, unsigned skip) {
    unsigned index = cvl_best(&self->model, skip);
    mp_float_t probability = (mp_float_t)cvl_probability(&self->model, index);
    mp_obj_t items[] = {label_of(self, index), mp_obj_new_float(probability)};
    return mp_obj_new_tuple(2, items);
}

static mp_obj_t model_classify(size_t n_args, const mp_obj_t *args, mp_map_t *kwargs) {
    static const mp_arg_t allowed[] = {{MP_QSTR_top, MP_ARG_KW_ONLY | MP_ARG_INT, {.u_int = 0}}};
    mp_arg_val_t top;
    mp_arg_parse_all(0, NULL, kwargs, 1, allowed, &top);
    model_obj_t *self = enter(args[0]);
    output_of(self, n_args - 1, args + 1);
    if (top.u_int <= 0) {
        return ranked_class(self, 0);
    }
    size_t classes = cvl_output_bytes(&self->model, 0);
    mp_obj_t list = mp_obj_new_list(0, NULL);
    for (size_t skip = 0; skip < classes && skip < (size_t)top.u_int; skip++) {
        mp_obj_list_append(list, ranked_class(self, skip));
    }
    return list;
}
static MP_DEFINE_CONST_FUN_OBJ_KW(model_classify_obj, 1, model_classify);

static mp_obj_t model_selftest(mp_obj_t self_in) {
    model_obj_t *self = enter(self_in);
    size_t count = self->model.header.operator_count;
    uint32_t *checksums = m_new(uint32_t, count);
    unsigned failed = cvl_selftest(&self->model, checksums);
    cvl_reset(&self->model);
    self->has_output = false;
    m_del(uint32_t, checksums, count);
    if (failed != CVL_NO_OPERATOR) {
        cvl_operator_t copy;
        unsigned code = cvl_read_operator(&self->model, failed, &copy)->code;
        mp_raise_msg_varg(&mp_type_ValueError,
            MP_ERROR_TEXT("selftest: operator %u (%s) gives other values than the compiler's"),
            failed, cvl_operator_name(code));
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(model_selftest_obj, model_selftest);

// ---- Profiling

#if MICROPY_PY_TIME
static uint32_t now_us(void) {
    return (uint32_t)mp_hal_ticks_us();
}
#else
static uint32_t now_us(void) {
    mp_raise_msg(&mp_type_RuntimeError, MP_ERROR_TEXT("this firmware has no clock"));
}
#endif

// As run_steps. times: microseconds of each operator, to which those of its rows are added.
static void time_steps(model_obj_t *self, uint32_t *times) {
    unsigned index;
    uint32_t begin = now_us();
    self->running = true;
    for (unsigned rows = 1; cvl_step_operator(&self->model, &index) == CVL_MORE; rows++) {
        uint32_t end = now_us();
        times[index] += end - begin;
        begin = end;
        if (rows % ROWS_BETWEEN_POLLS == 0) {
            poll(self);
            begin = now_us();
        }
    }
    self->running = false;
}

static void set_profiled_inputs(
    model_obj_t *self, size_t count, const mp_obj_t *images, cvl_input_t *inputs) {
    if (count > 0) {
        set_inputs(self, count, images, inputs);
        return;
    }
    for (unsigned i = 0; i < self->model.header.input_count; i++) {
        if (keeps_no_rows(self, i)) {
            mp_raise_ValueError(
                MP_ERROR_TEXT("the model reads whole images where they lie: give one"));
        }
    }
    cvl_seed_inputs(&self->model, PROFILE_SEED, inputs);
}

// Runs the model once, on the images given or on pseudo-random ones; of each operator a tuple of
// its name, the microseconds that its rows took, and its multiply-accumulates.
static mp_obj_t model_profile(size_t n_args, const mp_obj_t *args) {
    model_obj_t *self = enter(args[0]);
    cvl_input_t inputs[CVL_MAX_INPUTS];
    set_profiled_inputs(self, n_args - 1, args + 1, inputs);
    size_t count = self->model.header.operator_count;
    uint32_t *times = m_new0(uint32_t, count);
    cvl_start(&self->model, inputs);
    time_steps(self, times);
    cvl_reset(&self->model);
    self->has_output = false;
    mp_obj_t list = mp_obj_new_list(0, NULL);
    for (size_t i = 0; i < count; i++) {
        cvl_operator_t copy;
        const char *name = cvl_operator_name(cvl_read_operator(&self->model, i, &copy)->code);
        uint32_t macs = cvl_operator_macs(&self->model, i);
        mp_obj_t items[] = {mp_obj_new_str(name, strlen(name)), mp_obj_new_int_from_uint(times[i]),
            mp_obj_new_int_from_uint(macs)};
        mp_obj_list_append(list, mp_obj_new_tuple(MP_ARRAY_SIZE(items), items));
    }
    m_del(uint32_t, times, count);
    return list;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR(model_profile_obj, 1, model_profile);

// ---- Attributes

static mp_obj_t shape_of(const model_obj_t *self, unsigned port) {
    cvl_shape_t shape;
    cvl_read_shape(&self->model, port, &shape);
    mp_obj_t items[] = {MP_OBJ_NEW_SMALL_INT(shape.height), MP_OBJ_NEW_SMALL_INT(shape.width),
        MP_OBJ_NEW_SMALL_INT(shape.channels)};
    return mp_obj_new_tuple(3, items);
}

static mp_obj_t shapes_of(const model_obj_t *self, unsigned first, unsigned count) {
    mp_obj_tuple_t *shapes = MP_OBJ_TO_PTR(mp_obj_new_tuple(count, NULL));
    for (unsigned i = 0; i < count; i++) {
        shapes->items[i] = shape_of(self, first + i);
    }
    return MP_OBJ_FROM_PTR(shapes);
}

static mp_obj_t labels_of(const model_obj_t *self) {
    unsigned count = self->model.header.label_count;
    mp_obj_tuple_t *labels = MP_OBJ_TO_PTR(mp_obj_new_tuple(count, NULL));
    for (unsigned i = 0; i < count; i++) {
        labels->items[i] = label_of(self, i);
    }
    return MP_OBJ_FROM_PTR(labels);
}

static void model_attr(mp_obj_t self_in, qstr name, mp_obj_t *dest) {
    if (dest[0] != MP_OBJ_NULL) {
        return; // storing or deleting: not allowed
    }
    model_obj_t *self = enter(self_in);
    unsigned inputs = self->model.header.input_count;
    cvl_port_t input, output;
    cvl_read_port(&self->model, 0, &input);
    cvl_read_port(&self->model, inputs, &output);
    switch (name) {
    case MP_QSTR_output:
        dest[0] = self->output;
        break;
    case MP_QSTR_outputs:
        dest[0] = self->outputs;
        break;
    case MP_QSTR_input_shapes:
        dest[0] = shapes_of(self, 0, inputs);
        break;
    case MP_QSTR_output_shapes:
        dest[0] = shapes_of(self, inputs, self->model.header.output_count);
        break;
    case MP_QSTR_labels:
        dest[0] = labels_of(self);
        break;
    case MP_QSTR_arena_bytes:
        dest[0] = mp_obj_new_int_from_uint(self->model.header.arena_bytes);
        break;
    case MP_QSTR_input_shape:
        dest[0] = shape_of(self, 0);
        break;
    case MP_QSTR_output_shape:
        dest[0] = shape_of(self, inputs);
        break;
    case MP_QSTR_input_scale:
        dest[0] = mp_obj_new_float((mp_float_t)input.scale);
        break;
    case MP_QSTR_input_zero_point:
        dest[0] = MP_OBJ_NEW_SMALL_INT(input.zero_point);
        break;
    case MP_QSTR_output_scale:
        dest[0] = mp_obj_new_float((mp_float_t)output.scale);
        break;
    case MP_QSTR_output_zero_point:
        dest[0] = MP_OBJ_NEW_SMALL_INT(output.zero_point);
        break;
    default:
        dest[1] = MP_OBJ_SENTINEL; // look among the methods
    }
}

static void model_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind) {
    (void)kind;
    const model_obj_t *self = enter(self_in);
    cvl_shape_t in, out;
    cvl_read_shape(&self->model, 0, &in);
    cvl_read_shape(&self->model, self->model.header.input_count, &out);
    mp_printf(print, "<Model %ux%ux%u -> %ux%ux%u, arena %u bytes>", in.height, in.width,
        in.channels, out.height, out.width, out.channels,
        (unsigned)self->model.header.arena_bytes);
}

static const mp_rom_map_elem_t model_locals_table[] = {
    {MP_ROM_QSTR(MP_QSTR_classify), MP_ROM_PTR(&model_classify_obj)},
    {MP_ROM_QSTR(MP_QSTR_predict), MP_ROM_PTR(&model_predict_obj)},
    {MP_ROM_QSTR(MP_QSTR_profile), MP_ROM_PTR(&model_profile_obj)},
    {MP_ROM_QSTR(MP_QSTR_push), MP_ROM_PTR(&model_push_obj)},
    {MP_ROM_QSTR(MP_QSTR_reset), MP_ROM_PTR(&model_reset_obj)},
    {MP_ROM_QSTR(MP_QSTR_run), MP_ROM_PTR(&model_run_obj)},
    {MP_ROM_QSTR(MP_QSTR_selftest), MP_ROM_PTR(&model_selftest_obj)},
    {MP_ROM_QSTR(MP_QSTR_step), MP_ROM_PTR(&model_push_obj)},
};
static MP_DEFINE_CONST_DICT(model_locals, model_locals_table);

static MP_DEFINE_CONST_OBJ_TYPE(model_type, MP_QSTR_Model, MP_TYPE_FLAG_NONE, make_new,
    model_make_new, print, model_print, attr, model_attr, locals_dict, &model_locals);

// ---- Module

static mp_obj_t convlet_check(mp_obj_t data) {
    mp_buffer_info_t file;
    cvl_model_t model;
    cvl_fault_t fault;
    mp_get_buffer_raise(data, &file, MP_BUFFER_READ);
    raise_unless_ok(cvl_load(&model, file.buf, file.len, &fault), &fault);
    const struct {
        qstr name;
        uint32_t value;
    } facts[] = {
        {MP_QSTR_file_bytes, model.header.file_bytes},
        {MP_QSTR_arena_bytes, model.header.arena_bytes},
        {MP_QSTR_version, model.header.version},
        {MP_QSTR_operator_count, model.header.operator_count},
        {MP_QSTR_input_count, model.header.input_count},
        {MP_QSTR_output_count, model.header.output_count},
        {MP_QSTR_label_count, model.header.label_count},
        {MP_QSTR_vector_count, model.header.vector_count},
    };
    mp_obj_t dict = mp_obj_new_dict(MP_ARRAY_SIZE(facts));
    for (size_t i = 0; i < MP_ARRAY_SIZE(facts); i++) {
        mp_obj_t value = mp_obj_new_int_from_uint(facts[i].value);
        mp_obj_dict_store(dict, MP_OBJ_NEW_QSTR(facts[i].name), value);
    }
    return dict;
}
static MP_DEFINE_CONST_FUN_OBJ_1(convlet_check_obj, convlet_check);

static const mp_rom_map_elem_t convlet_globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_convlet)},
    {MP_ROM_QSTR(MP_QSTR_Model), MP_ROM_PTR(&model_type)},
    {MP_ROM_QSTR(MP_QSTR_check), MP_ROM_PTR(&convlet_check_obj)},
};
static MP_DEFINE_CONST_DICT(convlet_globals, convlet_globals_table);

const mp_obj_module_t convlet_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&convlet_globals,
};
MP_REGISTER_MODULE(MP_QSTR_convlet, convlet_module);
