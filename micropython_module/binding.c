#include <stdarg.h>
#include <string.h>
#include "binding.h"

// ---- Texts

#define MOST_CHARACTERS 160

typedef struct {
    char characters[MOST_CHARACTERS];
    size_t count;
} text_t;

static void append(void *data, const char *characters, size_t count) {
    text_t *text = data;
    size_t room = MOST_CHARACTERS - text->count;
    count = count < room ? count : room;
    memcpy(text->characters + text->count, characters, count);
    text->count += count;
}

static mp_obj_t new_str(const char *format, va_list arguments) {
    text_t text = {.count = 0};
    mp_print_t print = {&text, append};
    mp_vprintf(&print, format, arguments);
    return mp_obj_new_str(text.characters, text.count);
}

mp_obj_t binding_new_str(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    mp_obj_t text = new_str(format, arguments);
    va_end(arguments);
    return text;
}

void binding_raise(const mp_obj_type_t *type, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    mp_obj_t text = new_str(format, arguments);
    va_end(arguments);
    nlr_raise(mp_obj_new_exception_arg1(type, text));
}

// ---- Floats
// They pass through memory, and never as arguments: of two firmwares for the same processor one
// may have its arguments in registers for floats, the other not.

mp_obj_t binding_new_float(float value) {
    return mp_binary_get_val_array('f', &value, 0);
}

float binding_get_float(mp_obj_t number) {
    float value;
    mp_binary_set_val_array('f', &value, 0, number);
    return value;
}

#ifdef MICROPY_ENABLE_DYNRUNTIME
// ---- In a native module

extern mp_obj_t binding_globals; // the linker of native modules takes no static variables
mp_obj_t binding_globals;

void binding_init(mp_obj_t globals) {
    binding_globals = globals;
}

// Calls a function of native.py.
static mp_obj_t call(qstr name, size_t count, const mp_obj_t *arguments) {
    mp_obj_t function = mp_obj_subscr(binding_globals, MP_OBJ_NEW_QSTR(name), MP_OBJ_SENTINEL);
    return mp_call_function_n_kw(function, count, 0, arguments);
}

mp_obj_t binding_poll(void) {
    mp_obj_t exception = call(MP_QSTR__poll, 0, NULL);
    return exception == mp_const_none ? MP_OBJ_NULL : exception;
}

#ifdef __x86_64__
// On the unix port Ctrl-C interrupts C code wherever it is.
mp_obj_t binding_try(mp_obj_t (*function)(void *), void *data) {
    struct {
        nlr_buf_t nlr;
        void *spare[4]; // some firmware keeps more there
    } here;
    if (mp_fun_table.nlr_push(&here.nlr) != 0) {
        return MP_OBJ_FROM_PTR(here.nlr.ret_val);
    }
    mp_obj_t exception = function(data);
    mp_fun_table.nlr_pop();
    return exception;
}
#else
mp_obj_t binding_try(mp_obj_t (*function)(void *), void *data) {
    return function(data);
}
#endif

mp_obj_t binding_read(mp_obj_t file, mp_obj_t offset, mp_obj_t buffer) {
    mp_obj_t arguments[] = {file, offset, buffer};
    return call(MP_QSTR__read, MP_ARRAY_SIZE(arguments), arguments);
}

mp_obj_t binding_find_clock(void) {
    return call(MP_QSTR__find_clock, 0, NULL);
}

uint32_t binding_now_us(mp_obj_t clock) {
    return (uint32_t)mp_obj_get_int_truncated(mp_call_function_n_kw(clock, 0, 0, NULL));
}

#else
// ---- In firmware

#include "py/mphal.h"

mp_obj_t binding_poll(void) {
    mp_handle_pending(true);
    return MP_OBJ_NULL;
}

mp_obj_t binding_try(mp_obj_t (*function)(void *), void *data) {
    nlr_buf_t nlr;
    if (nlr_push(&nlr) != 0) {
        return MP_OBJ_FROM_PTR(nlr.ret_val);
    }
    mp_obj_t exception = function(data);
    nlr_pop();
    return exception;
}

mp_obj_t binding_read(mp_obj_t file, mp_obj_t offset, mp_obj_t buffer) {
    nlr_buf_t nlr;
    if (nlr_push(&nlr) != 0) {
        return MP_OBJ_FROM_PTR(nlr.ret_val);
    }
    mp_obj_t method[3];
    mp_load_method(file, MP_QSTR_seek, method);
    method[2] = offset;
    mp_call_method_n_kw(1, 0, method);
    mp_load_method(file, MP_QSTR_readinto, method);
    method[2] = buffer;
    mp_obj_t count = mp_call_method_n_kw(1, 0, method);
    nlr_pop();
    return count;
}

mp_obj_t binding_find_clock(void) {
#if !MICROPY_PY_TIME
    binding_raise(&mp_type_RuntimeError, "this firmware has no clock");
#endif
    return mp_const_none;
}

uint32_t binding_now_us(mp_obj_t clock) {
    (void)clock;
#if MICROPY_PY_TIME
    return (uint32_t)mp_hal_ticks_us();
#else
    return 0;
#endif
}
#endif
