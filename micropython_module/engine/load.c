#include <string.h>
#include "internal.h"
#include "requantize.h"

// Everything that a run relies on is proved here, once, in time linear in the file's records. All
// sizes are computed in 64 bits from fields of at most 32, so that none can wrap.

#define CHECK(condition, name, found_value, expected_value)                                       \
    do {                                                                                          \
        if (!(condition)) {                                                                       \
            return refuse(fault, CVL_ERROR_##name, found_value, expected_value);                  \
        }                                                                                         \
    } while (0)

#define TRY(expression)                                                                           \
    do {                                                                                          \
        cvl_status_t status = (expression);                                                       \
        if (status != CVL_OK) {                                                                   \
            return status;                                                                        \
        }                                                                                         \
    } while (0)

static uint32_t saturate(uint64_t value) {
    return value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

static cvl_status_t refuse(
    cvl_fault_t *fault, cvl_status_t status, uint64_t found, uint64_t expected) {
    fault->status = status;
    fault->found = saturate(found);
    fault->expected = saturate(expected);
    return status;
}

void cvl_read_operator(const cvl_model_t *model, unsigned index, cvl_operator_t *op) {
    memcpy(op, model->file + cvl_operator_offset(index), sizeof *op);
}

void cvl_read_port(const cvl_model_t *model, unsigned index, cvl_port_t *port) {
    memcpy(port, model->file + cvl_port_offset(&model->header, index), sizeof *port);
}

unsigned cvl_read_goal(const cvl_model_t *model, unsigned index) {
    uint16_t goal;
    memcpy(&goal, model->file + cvl_goal_offset(&model->header, index), sizeof goal);
    return goal;
}

void cvl_read_channel(
    const uint8_t *table, uint32_t channels, uint32_t c, cvl_channel_t *channel) {
    memcpy(&channel->bias, table + 4 * c, 4);
    memcpy(&channel->multiplier, table + 4 * (channels + c), 4);
    int32_t shift = (int8_t)table[8 * channels + c];
    channel->left_shift = shift > 0 ? shift : 0;
    channel->right_shift = shift < 0 ? -shift : 0;
}

static cvl_status_t prove_header(const cvl_model_t *model, size_t file_bytes, cvl_fault_t *fault) {
    const cvl_header_t *header = &model->header;
    uint32_t magic;
    memcpy(&magic, header->magic, sizeof magic);
    CHECK(magic == CVL_MAGIC, NOT_CVL, magic, CVL_MAGIC);
    CHECK(header->version == CVL_VERSION, VERSION, header->version, CVL_VERSION);
    CHECK(header->file_bytes == file_bytes, FILE_BYTES, file_bytes, header->file_bytes);
    CHECK(header->input_count >= 1, COUNT, header->input_count, 1);
    CHECK(header->input_count <= CVL_MAX_INPUTS, COUNT, header->input_count, CVL_MAX_INPUTS);
    CHECK(header->output_count >= 1, COUNT, header->output_count, 1);
    CHECK(header->operator_count < CVL_NO_OPERATOR, COUNT, header->operator_count,
        CVL_NO_OPERATOR - 1);
    CHECK(header->operator_count > header->input_count, COUNT, header->operator_count,
        header->input_count + 1u);
    CHECK(header->goal_count >= 1, COUNT, header->goal_count, 1);
    return CVL_OK;
}

static cvl_status_t prove_weights(const cvl_operator_t *op, uint32_t kernel_bytes,
    const cvl_model_t *model, cvl_fault_t *fault) {
    uint64_t file_bytes = model->header.file_bytes;
    CHECK(kernel_bytes >= 1 && kernel_bytes <= CVL_MAX_KERNEL_BYTES, WINDOW, kernel_bytes,
        CVL_MAX_KERNEL_BYTES);
    uint64_t weights_end = op->weights + (uint64_t)op->channels * kernel_bytes;
    CHECK(weights_end <= file_bytes, WEIGHTS, weights_end, file_bytes);
    uint64_t table_end = op->table + (uint64_t)op->channels * CVL_CHANNEL_BYTES;
    CHECK(table_end <= file_bytes, QUANT_TABLE, table_end, file_bytes);
    for (uint32_t c = 0; c < op->channels; c++) {
        cvl_channel_t channel;
        cvl_read_channel(model->file + op->table, op->channels, c, &channel);
        CHECK(channel.left_shift <= 30, SHIFT, channel.left_shift, 30);
        CHECK(channel.right_shift <= 31, SHIFT, channel.right_shift, 31);
    }
    return CVL_OK;
}

// Windows may lie anywhere: kernels skip what is outside the image. Only their size is bounded.
static cvl_status_t prove_window(const cvl_operator_t *op, cvl_fault_t *fault) {
    CHECK(op->kernel_h >= 1 && op->kernel_h <= CVL_MAX_KERNEL_H, WINDOW, op->kernel_h,
        CVL_MAX_KERNEL_H);
    CHECK(op->kernel_w >= 1, WINDOW, op->kernel_w, UINT8_MAX);
    CHECK(op->stride_h >= 1 && op->stride_w >= 1, WINDOW, 0, UINT8_MAX);
    CHECK(op->dilation_h >= 1 && op->dilation_w >= 1, WINDOW, 0, UINT8_MAX);
    return CVL_OK;
}

static cvl_status_t prove_whole(
    const cvl_operator_t *op, const cvl_operator_t *source, cvl_fault_t *fault) {
    CHECK(op->kernel_h == CVL_KERNEL_ALL, WINDOW, op->kernel_h, CVL_KERNEL_ALL);
    CHECK(source->ring_rows == source->height, WHOLE, source->ring_rows, source->height);
    return CVL_OK;
}

static cvl_status_t prove_kernel(const cvl_operator_t *op, const cvl_operator_t *source,
    const cvl_model_t *model, cvl_fault_t *fault) {
    uint64_t source_bytes = (uint64_t)source->height * cvl_row_bytes(source);
    uint64_t own_bytes = (uint64_t)op->height * cvl_row_bytes(op);
    switch (op->code) {
    case CVL_OP_CONV_2D:
        TRY(prove_window(op, fault));
        return prove_weights(
            op, saturate((uint64_t)op->kernel_h * op->kernel_w * source->channels), model, fault);
    case CVL_OP_MAX_POOL_2D:
        CHECK(op->channels == source->channels, CHANNELS, op->channels, source->channels);
        return prove_window(op, fault);
    case CVL_OP_FULLY_CONNECTED:
        CHECK(own_bytes == op->channels, CHANNELS, own_bytes, op->channels);
        TRY(prove_whole(op, source, fault));
        return prove_weights(op, saturate(source_bytes), model, fault);
    case CVL_OP_RESHAPE:
        CHECK(own_bytes == source_bytes, CHANNELS, own_bytes, source_bytes);
        return prove_whole(op, source, fault);
    default:
        return refuse(fault, CVL_ERROR_CODE, op->code, CVL_OP_COUNT);
    }
}

static cvl_status_t prove_operator(unsigned index, const cvl_model_t *model, cvl_fault_t *fault) {
    const cvl_header_t *header = &model->header;
    cvl_operator_t op;
    cvl_read_operator(model, index, &op);
    fault->operator_index = (uint16_t)index;
    fault->operator_code = op.code;
    CHECK(op.height >= 1, SHAPE, op.height, UINT16_MAX);
    CHECK(op.width >= 1, SHAPE, op.width, UINT16_MAX);
    CHECK(op.channels >= 1, SHAPE, op.channels, UINT16_MAX);
    uint64_t values = (uint64_t)op.height * cvl_row_bytes(&op);
    CHECK(values <= CVL_MAX_TENSOR_VALUES, SHAPE, values, CVL_MAX_TENSOR_VALUES);
    CHECK(op.ring_rows >= 1 && op.ring_rows <= op.height, SHAPE, op.ring_rows, op.height);
    uint32_t state_bytes = header->operator_count * (uint32_t)sizeof(cvl_state_t);
    CHECK(op.offset >= state_bytes, STATE, op.offset, state_bytes);
    uint64_t ring_end = op.offset + (uint64_t)op.ring_rows * cvl_row_bytes(&op);
    CHECK(ring_end <= header->arena_bytes, RING, ring_end, header->arena_bytes);
    CHECK(op.clamp_min <= op.clamp_max, CLAMP, 0, 1);
    if (index < header->input_count) {
        CHECK(op.code == CVL_OP_INPUT && op.input == CVL_NO_OPERATOR, INPUT, op.input, index);
        return CVL_OK;
    }
    CHECK(op.code != CVL_OP_INPUT && op.code < CVL_OP_COUNT, CODE, op.code, CVL_OP_COUNT);
    CHECK(op.input < index, INPUT, op.input, index);
    cvl_operator_t source;
    cvl_read_operator(model, op.input, &source);
    return prove_kernel(&op, &source, model, fault);
}

static cvl_status_t prove_goals(const cvl_model_t *model, cvl_fault_t *fault) {
    const cvl_header_t *header = &model->header;
    for (unsigned i = 0; i < header->goal_count; i++) {
        unsigned goal = cvl_read_goal(model, i);
        CHECK(goal >= header->input_count && goal < header->operator_count, GOAL, goal,
            header->operator_count);
    }
    return CVL_OK;
}

static cvl_status_t prove_ports(const cvl_model_t *model, cvl_fault_t *fault) {
    const cvl_header_t *header = &model->header;
    unsigned count = (unsigned)header->input_count + header->output_count;
    for (unsigned i = 0; i < count; i++) {
        cvl_port_t port;
        cvl_read_port(model, i, &port);
        bool is_input = i < header->input_count;
        bool index_ok = is_input ? port.op_index == i : port.op_index < header->operator_count;
        bool scale_ok = port.scale > 0.0f && port.scale <= 3.0e38f;
        CHECK(index_ok && scale_ok, PORT, port.op_index, header->operator_count);
        if (!is_input) {
            cvl_operator_t op;
            cvl_read_operator(model, port.op_index, &op);
            CHECK(op.ring_rows == op.height, OUTPUT, op.ring_rows, op.height);
        }
    }
    return CVL_OK;
}

static cvl_status_t prove_labels(const cvl_model_t *model, cvl_fault_t *fault) {
    const cvl_header_t *header = &model->header;
    if (header->label_count == 0) {
        return CVL_OK;
    }
    size_t classes = cvl_output_bytes(model, 0);
    CHECK(header->label_count == classes, COUNT, header->label_count, classes);
    uint64_t end = header->labels;
    for (unsigned i = 0; i < header->label_count; i++) {
        CHECK(end < header->file_bytes, LABELS, end + 1, header->file_bytes);
        end += 1u + model->file[end];
    }
    CHECK(end <= header->file_bytes, LABELS, end, header->file_bytes);
    return CVL_OK;
}

static cvl_status_t prove_vectors(const cvl_model_t *model, cvl_fault_t *fault) {
    uint64_t end = cvl_vector_offset(&model->header, model->header.vector_count);
    CHECK(end <= model->header.file_bytes, VECTORS, end, model->header.file_bytes);
    return CVL_OK;
}

static cvl_status_t read_header(
    cvl_model_t *model, const uint8_t *file, size_t file_bytes, cvl_fault_t *fault) {
    *fault = (cvl_fault_t){.operator_index = CVL_NO_OPERATOR};
    CHECK(file_bytes >= sizeof(cvl_header_t), TRUNCATED, file_bytes, sizeof(cvl_header_t));
    model->file = file;
    model->arena = NULL;
    memcpy(&model->header, file, sizeof model->header);
    return prove_header(model, file_bytes, fault);
}

static cvl_status_t prove_records(cvl_model_t *model, cvl_fault_t *fault) {
    size_t end = cvl_goal_offset(&model->header, model->header.goal_count);
    CHECK(end <= model->header.file_bytes, TABLE_END, end, model->header.file_bytes);
    for (unsigned i = 0; i < model->header.operator_count; i++) {
        TRY(prove_operator(i, model, fault));
    }
    fault->operator_index = CVL_NO_OPERATOR;
    TRY(prove_goals(model, fault));
    TRY(prove_ports(model, fault));
    TRY(prove_labels(model, fault));
    return prove_vectors(model, fault);
}

cvl_status_t cvl_prove(
    cvl_model_t *model, const uint8_t *file, size_t file_bytes, cvl_fault_t *fault) {
    TRY(read_header(model, file, file_bytes, fault));
    return prove_records(model, fault);
}

cvl_status_t cvl_load(
    cvl_model_t *model, const uint8_t *file, size_t file_bytes, cvl_fault_t *fault) {
    TRY(read_header(model, file, file_bytes, fault));
    // Before the records, so that a damaged file is called damaged whatever the damage looks like.
    size_t summed = offsetof(cvl_header_t, crc32) + sizeof model->header.crc32;
    uint32_t crc = cvl_crc32(0, file + summed, file_bytes - summed);
    CHECK(crc == model->header.crc32, CHECKSUM, crc, model->header.crc32);
    return prove_records(model, fault);
}

cvl_status_t cvl_attach(cvl_model_t *model, void *arena, size_t arena_bytes, cvl_fault_t *fault) {
    *fault = (cvl_fault_t){.operator_index = CVL_NO_OPERATOR};
    CHECK(arena_bytes >= model->header.arena_bytes, ARENA, arena_bytes, model->header.arena_bytes);
    uintptr_t past = (uintptr_t)arena % sizeof(uint32_t);
    CHECK(past == 0, ALIGNMENT, past, sizeof(uint32_t));
    model->arena = arena;
    return CVL_OK;
}
