// The class Model: how a model is loaded, and what it tells of itself.
#include "model.h"

// ---- Errors

void model_raise_unless_ok(cvl_status_t status, const cvl_fault_t *fault) {
    if (status == CVL_OK) {
        return;
    }
    const char *format = cvl_fault_text(fault);
    mp_obj_t text =
        status == CVL_ERROR_LEFT_OUT
            ? binding_new_str(format, cvl_part_name(fault->found))
            : binding_new_str(format, (unsigned)fault->found, (unsigned)fault->expected);
    const mp_obj_type_t *type =
        status == CVL_ERROR_ARENA ? &mp_type_MemoryError : &mp_type_ValueError;
    if (fault->operator_index == CVL_NO_OPERATOR) {
        binding_raise(type, "%s", mp_obj_str_get_str(text));
    }
    binding_raise(type, "operator %u (%s): %s", (unsigned)fault->operator_index,
        cvl_operator_name(fault->operator_code), mp_obj_str_get_str(text));
}

void model_raise_left_out(unsigned part) {
    cvl_fault_t fault = {CVL_ERROR_LEFT_OUT, part, 0, CVL_NO_OPERATOR, 0};
    model_raise_unless_ok(fault.status, &fault);
}

// ---- Loading

#define OUTPUT_TYPECODE 'b'

static void attach_arena(model_obj_t *self) {
    mp_buffer_info_t arena;
    cvl_fault_t fault;
    mp_get_buffer_raise(self->arena, &arena, MP_BUFFER_WRITE);
    model_raise_unless_ok(cvl_attach(&self->model, arena.buf, arena.len, &fault), &fault);
    const cvl_header_t *header = &self->model.header;
    if (model_overlap(arena.buf, header->arena_bytes, self->model.file, header->file_bytes)) {
        binding_raise(&mp_type_ValueError, "the arena lies in the model's file");
    }
}

// A read-only view of output `index`. It refers to the arena from its beginning, which is what
// keeps it alive.
static mp_obj_t new_output_view(model_obj_t *self, unsigned index) {
    mp_obj_array_t *view = binding_new_view(self->arena);
    size_t item_bytes = mp_binary_get_size('@', view->typecode & 0x7f, NULL);
    // In a memoryview `free` is the offset from the beginning of the object, in items.
    size_t offset = (uint8_t *)cvl_output(&self->model, index) - self->model.arena;
    view->free = view->free * item_bytes + offset;
    view->len = cvl_output_bytes(&self->model, index);
    view->typecode = OUTPUT_TYPECODE;
    return MP_OBJ_FROM_PTR(view);
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
    self->viewed = self->model.arena;
}

static mp_obj_t call_method(mp_obj_t object, qstr name) {
    mp_obj_t method[2];
    mp_load_method(object, name, method);
    return mp_call_method_n_kw(0, 0, method);
}

// In ROMFS its buffer holds the whole file.
static mp_obj_t open_file(mp_obj_t name) {
    mp_obj_t arguments[] = {name, MP_OBJ_NEW_QSTR(MP_QSTR_rb)};
    return mp_call_function_n_kw(binding_load_builtin(MP_QSTR_open), 2, 0, arguments);
}

// Finds the file in memory; `self->file` is the object that it is in. The view of a model's output
// is read-only, but its model writes there.
static void load_buffer(model_obj_t *self) {
    mp_buffer_info_t file;
    cvl_fault_t fault;
    self->file_is_writable = mp_get_buffer(self->file, &file, MP_BUFFER_WRITE);
    mp_get_buffer_raise(self->file, &file, MP_BUFFER_READ);
    self->file_is_writable |= file.typecode == OUTPUT_TYPECODE;
    model_raise_unless_ok(cvl_load(&self->model, file.buf, file.len, &fault), &fault);
}

// `model`: the name of a file, or an object. A window is used where there is no buffer.
static void load(model_obj_t *self, mp_obj_t model, mp_obj_t window) {
    self->stream = NULL;
    self->file_is_writable = false;
    self->file = mp_obj_is_str(model) ? open_file(model) : model;
    mp_buffer_info_t buffer;
    bool is_in_memory = mp_get_buffer(self->file, &buffer, MP_BUFFER_READ);
    if (!is_in_memory && window != mp_const_none) {
        model_load_stream(self, self->file, window);
        return;
    }
    if (!is_in_memory && mp_obj_is_str(model)) {
        mp_obj_t content = call_method(self->file, MP_QSTR_read);
        call_method(self->file, MP_QSTR_close);
        self->file = content;
    }
    load_buffer(self);
}

static mp_obj_t model_make_new(
    const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *all_args) {
    const mp_arg_t allowed[] = {
        {MP_QSTR_model, MP_ARG_REQUIRED | MP_ARG_OBJ, {.u_obj = MP_OBJ_NULL}},
        {MP_QSTR_arena, MP_ARG_OBJ, {.u_obj = MP_OBJ_NULL}},
        {MP_QSTR_window, MP_ARG_OBJ, {.u_obj = MP_OBJ_NULL}},
    };
    mp_arg_val_t args[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all_kw_array(n_args, n_kw, all_args, MP_ARRAY_SIZE(allowed), allowed, args);

    model_obj_t *self = mp_obj_malloc(model_obj_t, type);
    self->running = false;
    self->has_output = false;
    self->viewed = NULL;
    load(self, args[0].u_obj, args[2].u_obj == MP_OBJ_NULL ? mp_const_none : args[2].u_obj);

    self->arena = args[1].u_obj;
    if (self->arena == MP_OBJ_NULL || self->arena == mp_const_none) {
        size_t bytes = self->model.header.arena_bytes;
        self->arena = mp_obj_new_bytearray_by_ref(bytes, m_new(byte, bytes));
    }
    attach_arena(self);
    make_output_views(self);
    return MP_OBJ_FROM_PTR(self);
}

// Looks again where the buffers are. A file that may have been written to is proved again.
static void find_buffers(model_obj_t *self) {
    if (self->file_is_writable) {
        mp_buffer_info_t file;
        cvl_fault_t fault;
        uint32_t crc32 = self->model.header.crc32;
        mp_get_buffer_raise(self->file, &file, MP_BUFFER_READ);
        model_raise_unless_ok(cvl_prove(&self->model, file.buf, file.len, &fault), &fault);
        if (self->model.header.crc32 != crc32) { // another model
            self->viewed = NULL;
            self->has_output = false;
        }
    }
    attach_arena(self);
}

// A method of a subclass may call one of ours before the model is made.
static model_obj_t *check_self(mp_obj_t self_in) {
    model_obj_t *self =
        MP_OBJ_TO_PTR(mp_obj_cast_to_native_base(self_in, MP_OBJ_FROM_PTR(&model_type)));
    if (self == NULL || self->base.type != (const mp_obj_type_t *)&model_type) {
        binding_raise(&mp_type_TypeError, "it is no Model");
    }
    return self;
}

model_obj_t *model_enter(mp_obj_t self_in) {
    model_obj_t *self = check_self(self_in);
    if (self->running) {
        binding_raise(&mp_type_RuntimeError, "the model is running");
    }
    find_buffers(self);
    if (self->viewed != self->model.arena) {
        make_output_views(self);
    }
    return self;
}

// Of what says how much the engine reads of the images, and how many operators there are.
static uint32_t sum_of_records(const model_obj_t *self) {
    size_t records = self->model.header.operator_count * sizeof(cvl_operator_t);
    const uint8_t *at = self->model.file, *end = at + sizeof(cvl_header_t) + records;
    uint32_t sum = 0;
    while (self->file_is_writable && at != end) {
        sum = 31 * sum + *at++;
    }
    return sum;
}

void model_begin(model_obj_t *self, size_t count, const mp_obj_t *images) {
    self->images = images;
    self->image_count = count;
    self->records_sum = sum_of_records(self);
}

void model_check_buffers(model_obj_t *self) {
    const uint8_t *file = self->model.file, *arena = self->model.arena;
    find_buffers(self);
    bool stay = self->model.file == file && self->model.arena == arena &&
                sum_of_records(self) == self->records_sum;
    for (size_t i = 0; i < self->image_count; i++) {
        mp_buffer_info_t image;
        bool is_list = !mp_get_buffer(self->images[i], &image, MP_BUFFER_READ);
        stay = stay && (is_list || image.buf == self->model.inputs[i].data);
    }
    if (!stay) {
        binding_raise(
            &mp_type_RuntimeError, "a buffer was moved or changed while the model was running");
    }
}

bool model_is_stream(const model_obj_t *self) {
    return CVL_WITH_STREAM && (self->model.header.flags & CVL_FLAG_STREAM) != 0;
}

bool model_keeps_no_rows(const model_obj_t *self, unsigned index) {
    cvl_operator_t copy;
    return cvl_read_operator(&self->model, index, &copy)->ring_rows == 0;
}

mp_obj_t model_new_label(const model_obj_t *self, unsigned index) {
    if (self->model.header.label_count == 0) {
        return binding_new_str("%u", index);
    }
    size_t bytes;
    const char *text = cvl_label(&self->model, index, &bytes);
    return mp_obj_new_str(text, bytes);
}

// ---- Attributes

static mp_obj_t shape_of(const model_obj_t *self, unsigned port) {
    cvl_shape_t shape;
    cvl_read_shape(&self->model, port, &shape);
    mp_obj_t items[] = {MP_OBJ_NEW_SMALL_INT(shape.height), MP_OBJ_NEW_SMALL_INT(shape.width),
        MP_OBJ_NEW_SMALL_INT(shape.channels)};
    return mp_obj_new_tuple(3, items);
}

// A tuple of what `make` makes of each index from `first` on.
static mp_obj_t tuple_of(const model_obj_t *self, unsigned first, unsigned count,
    mp_obj_t (*make)(const model_obj_t *, unsigned)) {
    mp_obj_tuple_t *tuple = MP_OBJ_TO_PTR(mp_obj_new_tuple(count, NULL));
    for (unsigned i = 0; i < count; i++) {
        tuple->items[i] = make(self, first + i);
    }
    return MP_OBJ_FROM_PTR(tuple);
}

static cvl_port_t port_of(const model_obj_t *self, unsigned index) {
    cvl_port_t port;
    cvl_read_port(&self->model, index, &port);
    return port;
}

static unsigned first_output(const model_obj_t *self) {
    return self->model.header.input_count;
}

// What Python sees: its name, and its value for a model `m`. They stand in no dictionary: there a
// subclass of Model would find them first.
#define ATTRIBUTES(X)                                                                             \
    X(MP_QSTR_arena_bytes, mp_obj_new_int_from_uint(m->model.header.arena_bytes))                 \
    X(MP_QSTR_bytes_read, mp_obj_new_int_from_uint(model_bytes_read(m)))                          \
    X(MP_QSTR_input_scale, binding_new_float(port_of(m, 0).scale))                                \
    X(MP_QSTR_input_shape, shape_of(m, 0))                                                        \
    X(MP_QSTR_input_shapes, tuple_of(m, 0, first_output(m), shape_of))                            \
    X(MP_QSTR_input_zero_point, MP_OBJ_NEW_SMALL_INT(port_of(m, 0).zero_point))                   \
    X(MP_QSTR_labels, tuple_of(m, 0, m->model.header.label_count, model_new_label))               \
    X(MP_QSTR_output, m->output)                                                                  \
    X(MP_QSTR_output_scale, binding_new_float(port_of(m, first_output(m)).scale))                 \
    X(MP_QSTR_output_shape, shape_of(m, first_output(m)))                                         \
    X(MP_QSTR_output_shapes,                                                                      \
        tuple_of(m, first_output(m), m->model.header.output_count, shape_of))                     \
    X(MP_QSTR_output_zero_point, MP_OBJ_NEW_SMALL_INT(port_of(m, first_output(m)).zero_point))    \
    X(MP_QSTR_outputs, m->outputs)

#define METHODS(X)                                                                                \
    X(MP_QSTR_classify, model_classify_obj)                                                       \
    X(MP_QSTR_predict, model_predict_obj)                                                         \
    X(MP_QSTR_profile, model_profile_obj)                                                         \
    X(MP_QSTR_push, model_push_obj)                                                               \
    X(MP_QSTR_reset, model_reset_obj)                                                             \
    X(MP_QSTR_run, model_run_obj)                                                                 \
    X(MP_QSTR_selftest, model_selftest_obj)                                                       \
    X(MP_QSTR_step, model_push_obj)

static void model_attr(mp_obj_t self_in, qstr name, mp_obj_t *dest) {
    if (dest[0] != MP_OBJ_NULL) {
        return; // storing or deleting: not allowed
    }
    model_obj_t *m = model_enter(self_in);
#define RETURN_IF_NAMED(its_name, value)                                                          \
    if (name == its_name) {                                                                       \
        dest[0] = value;                                                                          \
        return;                                                                                   \
    }
    ATTRIBUTES(RETURN_IF_NAMED)
    dest[1] = MP_OBJ_SENTINEL; // look among the methods
}

static void print_shapes(
    const mp_print_t *print, model_obj_t *self, unsigned begin, unsigned end) {
    for (unsigned i = begin; i < end; i++) {
        cvl_shape_t shape;
        cvl_read_shape(&self->model, i, &shape);
        const char *comma = i == begin ? "" : ", ";
        mp_printf(print, "%s%ux%ux%u", comma, shape.height, shape.width, shape.channels);
    }
}

static void model_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind) {
    (void)kind;
    model_obj_t *self = model_enter(self_in);
    const cvl_header_t *header = &self->model.header;
    mp_printf(print, model_is_stream(self) ? "<Model stream " : "<Model ");
    print_shapes(print, self, 0, header->input_count);
    mp_printf(print, " -> ");
    print_shapes(print, self, header->input_count, header->input_count + header->output_count);
    mp_printf(print, ", %u labels, arena %u bytes>", (unsigned)header->label_count,
        (unsigned)header->arena_bytes);
}

// ---- The type

#ifdef MICROPY_ENABLE_DYNRUNTIME
// A native module has no constants that hold names: they are filled in when it is imported.
#define ONE(name, ...) +1
extern mp_map_elem_t
    model_locals_table[]; // the linker of native modules takes no static variables
mp_map_elem_t model_locals_table[0 METHODS(ONE)];
static MP_DEFINE_CONST_DICT(model_locals, model_locals_table);
mp_obj_full_type_t model_type;

void model_init_type(void) {
    mp_map_elem_t *entry = model_locals_table;
#define FILL_METHOD(name, object)                                                                 \
    *entry++ = (mp_map_elem_t){MP_OBJ_NEW_QSTR(name), MP_OBJ_FROM_PTR(&object)};
    METHODS(FILL_METHOD)
    model_type.base.type = &mp_type_type;
    model_type.flags = MP_TYPE_FLAG_NONE;
    model_type.name = MP_QSTR_Model;
    MP_OBJ_TYPE_SET_SLOT(&model_type, make_new, model_make_new, 0);
    MP_OBJ_TYPE_SET_SLOT(&model_type, print, model_print, 1);
    MP_OBJ_TYPE_SET_SLOT(&model_type, attr, model_attr, 2);
    MP_OBJ_TYPE_SET_SLOT(&model_type, locals_dict, &model_locals, 3);
}
#else
#define METHOD_ENTRY(name, object) {MP_ROM_QSTR(name), MP_ROM_PTR(&object)},
static const mp_rom_map_elem_t model_locals_table[] = {METHODS(METHOD_ENTRY)};
static MP_DEFINE_CONST_DICT(model_locals, model_locals_table);

MP_DEFINE_CONST_OBJ_TYPE(model_type, MP_QSTR_Model, MP_TYPE_FLAG_NONE, make_new, model_make_new,
    print, model_print, attr, model_attr, locals_dict, &model_locals);
#endif
