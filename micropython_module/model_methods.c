// The methods of Model.
#include <limits.h>
#include <string.h>
#include "model.h"

// Looking for Ctrl-C takes about 130 cycles on a Pico, a short row 800.
#define ROWS_BETWEEN_POLLS 32

// Of the image with which a model is profiled when none is given: any will do.
#define PROFILE_SEED 1

// ---- Running

// What is done while a model runs.
typedef struct work {
    model_obj_t *self;
    void (*make)(struct work *work);
    uint32_t *results; // for profile and selftest: of each operator
    mp_obj_t clock;    // for profile
    unsigned failed;   // of selftest
} work_t;

static mp_obj_t do_work(mp_obj_t work_in) {
    work_t *work = MP_OBJ_TO_PTR(work_in);
    work->self->running = true;
    work->make(work);
    model_raise_if_stopped(work->self);
    work->self->running = false;
    return mp_const_none;
}

// After Ctrl-C, or when its file fails, the model is as if it had not been run.
static void run(model_obj_t *self, work_t *work) {
    work->self = self;
    mp_obj_t exception = binding_try(do_work, MP_OBJ_FROM_PTR(work));
    if (exception != mp_const_none) {
        self->running = false;
        self->has_output = false;
        cvl_reset(&self->model);
        nlr_raise(exception);
    }
}

// Once in a while Python code may run, and looks for Ctrl-C.
static void poll_after(model_obj_t *self, unsigned rows) {
    if (rows % ROWS_BETWEEN_POLLS == 0) {
        binding_poll();
        model_check_buffers(self);
    }
}

static void make_rows(work_t *work) {
    for (unsigned rows = 1; cvl_step(&work->self->model) == CVL_MORE; rows++) {
        poll_after(work->self, rows);
    }
}

// Until Python code may run there is nothing to guard, and a small model is done by then: a native
// module's guard takes 7,000 cycles of a Pico.
static bool is_done_before_a_poll(model_obj_t *self) {
    for (unsigned rows = 1; self->stream == NULL && rows < ROWS_BETWEEN_POLLS; rows++) {
        if (cvl_step(&self->model) != CVL_MORE) {
            return true;
        }
    }
    return false;
}

static void run_steps(model_obj_t *self) {
    if (!is_done_before_a_poll(self)) {
        work_t work = {.make = make_rows};
        run(self, &work);
    }
}

static void run_images(model_obj_t *self, size_t count, const mp_obj_t *images) {
    cvl_input_t inputs[CVL_MAX_INPUTS];
    model_read_images(self, count, images, inputs);
    model_begin(self, count, images);
    cvl_start(&self->model, inputs);
    run_steps(self);
    self->has_output = true;
}

// Makes the output that of these images, or if there are none looks whether there is one.
static void output_of(model_obj_t *self, size_t count, const mp_obj_t *images) {
    if (count > 0) {
        run_images(self, count, images);
    } else if (!self->has_output) {
        binding_raise(&mp_type_ValueError,
            "there is no output yet: give an image, or push all its rows first");
    }
}

static mp_obj_t model_run(size_t n_args, const mp_obj_t *args) {
    model_obj_t *self = model_enter(args[0]);
    run_images(self, n_args - 1, args + 1);
    return self->output;
}
MP_DEFINE_CONST_FUN_OBJ_VAR(model_run_obj, 1, model_run);

#if CVL_HAS_PUSH

// The next rows of the input; returns the output when there is a new one.
static mp_obj_t model_push(mp_obj_t self_in, mp_obj_t rows) {
    model_obj_t *self = model_enter(self_in);
    if (self->model.header.input_count != 1) {
        binding_raise(&mp_type_ValueError, "the model has %u inputs, only one can be pushed",
            (unsigned)self->model.header.input_count);
    }
    cvl_input_t input;
    size_t count = model_read_values(self, rows, &input);
    if (model_keeps_no_rows(self, 0)) {
        binding_raise(&mp_type_ValueError, "the model reads whole images where they lie: use run");
    }
    cvl_shape_t shape;
    cvl_read_shape(&self->model, 0, &shape);
    size_t row_values = (size_t)shape.width * shape.channels;
    unsigned most = (unsigned)cvl_wanted_rows(&self->model);
    if (count == 0 || count % row_values != 0 || count / row_values > most) {
        binding_raise(&mp_type_ValueError, "got %u values, expected 1 to %u rows of %u",
            (unsigned)count, most, (unsigned)row_values);
    }
    model_begin(self, 1, &rows);
    cvl_push(&self->model, input.data, input.element, count / row_values);
    run_steps(self);
    bool is_new = cvl_has_new_output(&self->model);
    // What an image is made of may use the bytes of the last image's output.
    self->has_output = is_new || (model_is_stream(self) && self->has_output);
    return is_new ? self->output : mp_const_none;
}

#else

static mp_obj_t model_push(mp_obj_t self_in, mp_obj_t rows) {
    (void)self_in;
    (void)rows;
    model_raise_left_out(CVL_FEATURE_PUSH);
    return mp_const_none;
}

#endif

MP_DEFINE_CONST_FUN_OBJ_2(model_push_obj, model_push);

static mp_obj_t model_reset(mp_obj_t self_in) {
    model_obj_t *self = model_enter(self_in);
    cvl_reset(&self->model);
    self->has_output = false;
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_1(model_reset_obj, model_reset);

// ---- Results

static mp_obj_t real_values(const model_obj_t *self, unsigned output) {
    size_t count = cvl_output_bytes(&self->model, output);
    mp_obj_t list = mp_obj_new_list(0, NULL);
    for (size_t i = 0; i < count; i++) {
        mp_obj_list_append(list, binding_new_float(cvl_real_output(&self->model, output, i)));
    }
    return list;
}

// A list of the output's values; of several outputs a list of such lists.
static mp_obj_t model_predict(size_t n_args, const mp_obj_t *args) {
    model_obj_t *self = model_enter(args[0]);
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
MP_DEFINE_CONST_FUN_OBJ_VAR(model_predict_obj, 1, model_predict);

// (label, probability)
static mp_obj_t new_class(const model_obj_t *self, unsigned index) {
    mp_obj_t items[] = {
        model_new_label(self, index), binding_new_float(cvl_probability(&self->model, index))};
    return mp_obj_new_tuple(2, items);
}

static mp_obj_t model_classify(size_t n_args, const mp_obj_t *args, mp_map_t *kwargs) {
    const mp_arg_t allowed[] = {{MP_QSTR_top, MP_ARG_KW_ONLY | MP_ARG_INT, {.u_int = 0}}};
    mp_arg_val_t top;
    mp_arg_parse_all(0, NULL, kwargs, 1, allowed, &top);
    model_obj_t *self = model_enter(args[0]);
    output_of(self, n_args - 1, args + 1);
    unsigned best = cvl_best(&self->model, UINT_MAX);
    if (top.u_int <= 0) {
        return new_class(self, best);
    }
    mp_obj_t list = mp_obj_new_list(0, NULL);
    for (mp_int_t left = top.u_int; left > 0 && best != UINT_MAX; left--) {
        mp_obj_list_append(list, new_class(self, best));
        best = cvl_best(&self->model, best);
    }
    return list;
}
MP_DEFINE_CONST_FUN_OBJ_KW(model_classify_obj, 1, model_classify);

// ---- Testing and profiling

static const char *operator_name(const model_obj_t *self, unsigned index) {
    cvl_operator_t copy;
    return cvl_operator_name(cvl_read_operator(&self->model, index, &copy)->code);
}

static void test(work_t *work) {
    work->failed = cvl_selftest(&work->self->model, work->results);
}

static mp_obj_t model_selftest(mp_obj_t self_in) {
    model_obj_t *self = model_enter(self_in);
    size_t count = self->model.header.operator_count;
    work_t work = {.make = test, .results = m_new(uint32_t, count)};
    model_begin(self, 0, NULL);
    run(self, &work);
    cvl_reset(&self->model);
    self->has_output = false;
    m_del(uint32_t, work.results, count);
    if (work.failed != CVL_NO_OPERATOR) {
        binding_raise(&mp_type_ValueError,
            "selftest: operator %u (%s) gives other values than the compiler's", work.failed,
            operator_name(self, work.failed));
    }
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_1(model_selftest_obj, model_selftest);

#if CVL_WITH_PROFILE

// Where no image is given.
static void need_kept_rows(const model_obj_t *self) {
    for (unsigned i = 0; i < self->model.header.input_count; i++) {
        if (model_keeps_no_rows(self, i)) {
            binding_raise(
                &mp_type_ValueError, "the model reads whole images where they lie: give one");
        }
    }
}

// As make_rows, and adds the time that each row took to that of its operator.
static void time_rows(work_t *work) {
    unsigned index;
    for (unsigned rows = 1;; rows++) {
        uint32_t begin = binding_now_us(work->clock);
        if (cvl_step_operator(&work->self->model, &index) != CVL_MORE) {
            return;
        }
        uint32_t end = binding_now_us(work->clock);
        work->results[index] += (end - begin) & BINDING_US_MASK;
        poll_after(work->self, rows);
    }
}

// Runs the model once, on the images given or on pseudo-random ones; of each operator a tuple of
// its name, the microseconds that its rows took, and its multiply-accumulates.
static mp_obj_t model_profile(size_t n_args, const mp_obj_t *args) {
    mp_obj_t clock = binding_find_clock();
    model_obj_t *self = model_enter(args[0]);
    cvl_input_t inputs[CVL_MAX_INPUTS];
    if (n_args > 1) {
        model_read_images(self, n_args - 1, args + 1, inputs);
    } else {
        need_kept_rows(self);
        cvl_seed_inputs(&self->model, PROFILE_SEED, inputs);
    }
    size_t count = self->model.header.operator_count;
    work_t work = {.make = time_rows, .results = m_new(uint32_t, count), .clock = clock};
    memset(work.results, 0, count * sizeof *work.results);
    self->has_output = false;
    model_begin(self, n_args - 1, args + 1);
    cvl_start(&self->model, inputs);
    run(self, &work);
    cvl_reset(&self->model);
    mp_obj_t list = mp_obj_new_list(0, NULL);
    for (unsigned i = 0; i < count; i++) {
        mp_obj_t items[] = {binding_new_str("%s", operator_name(self, i)),
            mp_obj_new_int_from_uint(work.results[i]),
            mp_obj_new_int_from_uint(cvl_operator_macs(&self->model, i))};
        mp_obj_list_append(list, mp_obj_new_tuple(MP_ARRAY_SIZE(items), items));
    }
    m_del(uint32_t, work.results, count);
    return list;
}

#else

static mp_obj_t model_profile(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    (void)args;
    model_raise_left_out(CVL_FEATURE_PROFILE);
    return mp_const_none;
}

#endif

MP_DEFINE_CONST_FUN_OBJ_VAR(model_profile_obj, 1, model_profile);
