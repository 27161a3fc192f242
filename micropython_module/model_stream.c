// Models whose weights stay in a file: engine/window.h.
#include <string.h>
#include "engine/window.h"
#include "model.h"

#if CVL_WITH_WINDOW

#define FROM_END 2 // for seek
#define MOST_WINDOW_BYTES (1 << 30)

struct model_stream {
    cvl_window_t window;
    mp_obj_t file;
    // A memoryview on the memory that is read into, whose part is chosen anew for each reading:
    // nothing is allocated.
    mp_obj_array_t *view;
    uint8_t *memory;
    size_t memory_bytes;
    model_obj_t *owner;
};

static void set_memory(model_stream_t *stream, size_t bytes) {
    stream->memory = m_new(uint8_t, bytes);
    stream->memory_bytes = bytes;
    stream->view = binding_new_view(mp_obj_new_bytearray_by_ref(bytes, stream->memory));
}

static mp_obj_t call_file(const model_stream_t *stream, qstr name, mp_obj_t argument) {
    mp_obj_t method[3];
    mp_load_method(stream->file, name, method);
    method[2] = argument;
    return mp_call_method_n_kw(1, 0, method);
}

// The window's `read`. The header goes to another place than the rest.
static bool read_file(void *context, uint32_t offset, uint8_t *to, uint32_t bytes) {
    model_stream_t *stream = context;
    bool is_inside = to >= stream->memory && to < stream->memory + stream->memory_bytes;
    stream->view->free = is_inside ? (size_t)(to - stream->memory) : 0;
    stream->view->len = bytes;
    call_file(stream, MP_QSTR_seek, mp_obj_new_int_from_uint(offset));
    mp_obj_t got = call_file(stream, MP_QSTR_readinto, MP_OBJ_FROM_PTR(stream->view));
    stream->view->len = 0;
    if (stream->owner->running) {
        model_check_buffers(stream->owner);
    }
    if (!is_inside) {
        memcpy(to, stream->memory, bytes);
    }
    return got == MP_OBJ_NEW_SMALL_INT(bytes);
}

static uint32_t size_of(mp_obj_t file) {
    mp_obj_t method[4];
    mp_load_method(file, MP_QSTR_seek, method);
    method[2] = MP_OBJ_NEW_SMALL_INT(0);
    method[3] = MP_OBJ_NEW_SMALL_INT(FROM_END);
    return (uint32_t)mp_obj_get_int(mp_call_method_n_kw(2, 0, method));
}

void model_load_stream(model_obj_t *self, mp_obj_t file, mp_obj_t window) {
    mp_int_t bytes = mp_obj_get_int(window);
    if (bytes <= 0 || bytes > MOST_WINDOW_BYTES) {
        binding_raise(&mp_type_ValueError, "the window has %d bytes, expected 1 to %d", (int)bytes,
            MOST_WINDOW_BYTES);
    }
    model_stream_t *stream = m_new_obj(model_stream_t);
    *stream = (model_stream_t){.file = file, .owner = self};
    self->stream = stream;
    stream->window.read = read_file;
    stream->window.context = stream;
    stream->window.file_bytes = size_of(file);
    stream->window.bytes = (uint32_t)bytes;
    set_memory(stream, sizeof(cvl_header_t));
    cvl_fault_t fault;
    cvl_status_t status = cvl_open(&self->model, &stream->window, &fault);
    if (status == CVL_OK) {
        set_memory(stream, cvl_window_ram(&self->model));
        status = cvl_load_window(&self->model, stream->memory, &fault);
    }
    model_raise_unless_ok(status, &fault);
}

void model_raise_if_stopped(model_obj_t *self) {
    if (self->stream != NULL) {
        cvl_fault_t fault = self->stream->window.fault;
        self->stream->window.fault.status = CVL_OK;
        model_raise_unless_ok(fault.status, &fault);
    }
}

uint32_t model_bytes_read(const model_obj_t *self) {
    return self->stream == NULL ? 0 : self->stream->window.bytes_read;
}

#else
// Left out, with what the engine would need for it.

void model_load_stream(model_obj_t *self, mp_obj_t file, mp_obj_t window) {
    (void)self;
    (void)file;
    (void)window;
    binding_raise(&mp_type_ValueError, "this firmware was built without windows");
}

void model_raise_if_stopped(model_obj_t *self) {
    (void)self;
}

uint32_t model_bytes_read(const model_obj_t *self) {
    (void)self;
    return 0;
}
#endif
