// The MicroPython module `convlet`: Python objects around the engine, and nothing else. The API is
// the same as that of host/convlet/engine.py, down to the texts of errors; tests/device/ runs the
// same scripts on both.
#include "model.h"

static mp_obj_t convlet_check(mp_obj_t data) {
    mp_buffer_info_t file;
    cvl_model_t model;
    cvl_fault_t fault;
    mp_get_buffer_raise(data, &file, MP_BUFFER_READ);
    model_raise_unless_ok(cvl_load(&model, file.buf, file.len, &fault), &fault);
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

#define GLOBALS(X)                                                                                \
    X(MP_QSTR_Model, model_type)                                                                  \
    X(MP_QSTR_check, convlet_check_obj)

#ifdef MICROPY_ENABLE_DYNRUNTIME
mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args);

mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args) {
    MP_DYNRUNTIME_INIT_ENTRY(void) n_args;
    (void)n_kw;
    (void)args;
    binding_init(MP_OBJ_FROM_PTR(self->context->module.globals));
    model_init_type();
#define STORE(name, object) mp_store_global(name, MP_OBJ_FROM_PTR(&object));
    GLOBALS(STORE)
    MP_DYNRUNTIME_INIT_EXIT
}
#else
#define ENTRY(name, object) {MP_ROM_QSTR(name), MP_ROM_PTR(&object)},
static const mp_rom_map_elem_t convlet_globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_convlet)}, GLOBALS(ENTRY)};
static MP_DEFINE_CONST_DICT(convlet_globals, convlet_globals_table);

const mp_obj_module_t convlet_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&convlet_globals,
};
MP_REGISTER_MODULE(MP_QSTR_convlet, convlet_module);
#endif
