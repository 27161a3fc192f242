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

// ---- Names

mp_obj_t binding_load_builtin(qstr name) {
    mp_obj_t builtins = mp_import_name(MP_QSTR_builtins, mp_const_none, MP_OBJ_NEW_SMALL_INT(0));
    return mp_load_attr(builtins, name);
}

mp_obj_array_t *binding_new_view(mp_obj_t object) {
    mp_obj_t memoryview = binding_load_builtin(MP_QSTR_memoryview);
    return MP_OBJ_TO_PTR(mp_call_function_n_kw(memoryview, 1, 0, &object));
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

void binding_poll(void) {
    call(MP_QSTR__poll, 0, NULL);
}

mp_obj_t binding_try(mp_fun_1_t function, mp_obj_t argument) {
    mp_obj_fun_builtin_fixed_t callee = {{&mp_type_fun_builtin_1}, {._1 = function}};
    mp_obj_t arguments[] = {MP_OBJ_FROM_PTR(&callee), argument};
    return call(MP_QSTR__try, MP_ARRAY_SIZE(arguments), arguments);
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

void binding_poll(void) {
    mp_handle_pending(true);
}

mp_obj_t binding_try(mp_fun_1_t function, mp_obj_t argument) {
    nlr_buf_t nlr;
    if (nlr_push(&nlr) != 0) {
        return MP_OBJ_FROM_PTR(nlr.ret_val);
    }
    function(argument);
    nlr_pop();
    return mp_const_none;
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
