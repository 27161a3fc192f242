// What can be given to a model as an image.
#include "model.h"

// Of the elements of cvl_element_t, in their order.
static const char TYPECODES[] = "bBfh";

// Height, width, channels, and the batch that some put around an image.
#define DEEPEST_LIST 4

static bool is_list(mp_obj_t object) {
    const mp_obj_type_t *type = mp_obj_get_type(object);
    return type == &mp_type_list || type == &mp_type_tuple;
}

// A list may hold itself's parts many times, and take no memory for it.
#define MOST_LISTED (1u << 20)

// Counts the numbers in lists of lists; they also go to `values` unless it is NULL.
static size_t read_list(mp_obj_t list, unsigned deep, float *values) {
    size_t length;
    mp_obj_t *items;
    if (deep == 0) {
        binding_raise(&mp_type_ValueError, "the image is nested more than %u deep", DEEPEST_LIST);
    }
    mp_obj_get_array(list, &length, &items);
    size_t count = 0;
    for (size_t i = 0; i < length; i++) {
        float *rest = values == NULL ? NULL : values + count;
        if (is_list(items[i])) {
            count += read_list(items[i], deep - 1, rest);
        } else {
            if (rest != NULL) {
                *rest = binding_get_float(items[i]);
            }
            count++;
        }
        if (count > MOST_LISTED) {
            binding_raise(&mp_type_ValueError, "the image has more than %u values", MOST_LISTED);
        }
    }
    return count;
}

static size_t read_buffer(
    const model_obj_t *self, const mp_buffer_info_t *buffer, cvl_input_t *input) {
    char typecode = buffer->typecode == BYTEARRAY_TYPECODE ? 'B' : (char)buffer->typecode;
    unsigned element = 0;
    while (element < sizeof TYPECODES - 1 && TYPECODES[element] != typecode) {
        element++;
    }
    if (element == sizeof TYPECODES - 1) {
        binding_raise(&mp_type_ValueError,
            "the image has values of type '%c', expected 'f', 'h', 'B' or 'b'", typecode);
    }
    const cvl_model_t *model = &self->model;
    if (model_overlap(buffer->buf, buffer->len, model->arena, model->header.arena_bytes)) {
        binding_raise(&mp_type_ValueError, "the image lies in the model's arena: copy it first");
    }
    input->data = buffer->buf;
    input->element = (cvl_element_t)element;
    return buffer->len / mp_binary_get_size('@', typecode, NULL);
}

size_t model_read_values(const model_obj_t *self, mp_obj_t image, cvl_input_t *input) {
    mp_buffer_info_t buffer;
    if (mp_get_buffer(image, &buffer, MP_BUFFER_READ)) {
        return read_buffer(self, &buffer, input);
    }
    if (!is_list(image)) {
        binding_raise(&mp_type_ValueError,
            "the image is a %q, expected a buffer of 'f', 'h', 'B' or 'b' values, or a list",
            (qstr)mp_obj_get_type(image)->name);
    }
    size_t count = read_list(image, DEEPEST_LIST, NULL);
    float *values = m_new(float, count);
    read_list(image, DEEPEST_LIST, values);
    input->data = values;
    input->element = CVL_FLOAT32;
    return count;
}

static void read_image(
    const model_obj_t *self, unsigned index, mp_obj_t image, cvl_input_t *input) {
    *input = (cvl_input_t){.data = NULL};
    size_t count = model_read_values(self, image, input);
    cvl_shape_t shape;
    cvl_read_shape(&self->model, index, &shape);
    if (count != (size_t)shape.height * shape.width * shape.channels) {
        binding_raise(&mp_type_ValueError,
            "the image has %u values, the model's input has %u x %u x %u", (unsigned)count,
            shape.height, shape.width, shape.channels);
    }
    if (input->element != CVL_INT8 && model_keeps_no_rows(self, index)) {
        binding_raise(&mp_type_ValueError,
            "the image has values of type '%c', but the model reads it where it lies: "
            "expected 'b'",
            TYPECODES[input->element]);
    }
}

void model_read_images(
    model_obj_t *self, size_t count, const mp_obj_t *images, cvl_input_t *inputs) {
    if (model_is_stream(self)) {
        binding_raise(&mp_type_ValueError,
            "the model is a stream, which takes one step after the other: use step");
    }
    if (count != self->model.header.input_count) {
        binding_raise(&mp_type_ValueError, "got %u images, the model has %u inputs",
            (unsigned)count, (unsigned)self->model.header.input_count);
    }
    for (size_t i = 0; i < count; i++) {
        read_image(self, i, images[i], &inputs[i]);
    }
}
