// What the module uses of MicroPython, the same in firmware and in a native module (.mpy): this is
// the one place that includes py/.
#ifndef CVL_BINDING_H
#define CVL_BINDING_H

#ifdef MICROPY_ENABLE_DYNRUNTIME
#include "py/dynruntime.h"
#include "py/objarray.h"

// Not from the caller's globals, which may have other things of these names.
#undef mp_load_global
#define mp_load_global(name) binding_load_builtin(name)
#define mp_type_MemoryError (*(mp_obj_type_t *)mp_load_global(MP_QSTR_MemoryError))
#define mp_call_method_n_kw(n_args, n_kw, args) mp_fun_table.call_method_n_kw(n_args, n_kw, args)

// Remembers the module's globals, in which native.py has what only Python code can do.
void binding_init(mp_obj_t globals);

#else
#include "py/binary.h"
#include "py/objarray.h"
#include "py/objlist.h"
#include "py/objstr.h"
#include "py/runtime.h"
#endif

// Raises an exception of `type`; its text is made as by MicroPython's printf.
void binding_raise(const mp_obj_type_t *type, const char *format, ...) __attribute__((noreturn));

mp_obj_t binding_new_str(const char *format, ...);

// A float, whatever the firmware's floats are.
mp_obj_t binding_new_float(float value);
float binding_get_float(mp_obj_t number);

// Of Python's own names, such as `open`.
mp_obj_t binding_load_builtin(qstr name);

// A memoryview on the object.
mp_obj_array_t *binding_new_view(mp_obj_t object);

// Runs what Python code is due, such as a timer's, and raises KeyboardInterrupt after Ctrl-C.
void binding_poll(void);

// Calls a function, which returns None. Returns the exception that it raised, or None.
mp_obj_t binding_try(mp_fun_1_t function, mp_obj_t argument);

// What binding_now_us needs. Raises RuntimeError where there is no clock.
mp_obj_t binding_find_clock(void);

// Microseconds, modulo at least 2^30.
uint32_t binding_now_us(mp_obj_t clock);
#define BINDING_US_MASK 0x3fffffffu

#endif
