#include <string.h>
#include "internal.h"
#include "prove.h"

// Everything that a run relies on is proved here, once, in time linear in the file's records. All
// sizes are computed in 64 bits from fields of at most 32, so that none can wrap.

#define CHECK(condition, name, found_value, expected_value)                                       \
    CVL_CHECK(fault, condition, name, found_value, expected_value)

#define NEED(condition, name) CVL_NEED(fault, condition, name)

const cvl_operator_t *cvl_read_operator(
    const cvl_model_t *model, unsigned index, cvl_operator_t *copy) {
    return cvl_operator_at(model, index, copy);
}

void cvl_read_port(const cvl_model_t *model, unsigned index, cvl_port_t *port) {
    const uint8_t *at = model->file + cvl_port_offset(&model->header, index);
    if (CVL_WITH_UNALIGNED_FILES) {
        memcpy(port, at, sizeof *port);
    } else {
        *port = *(const cvl_port_t *)(const void *)at;
    }
}

unsigned cvl_read_goal(const cvl_model_t *model, unsigned index) {
    return cvl_read_u16(model, (uint32_t)cvl_goal_offset(&model->header, 0), index);
}

cvl_status_t cvl_prove_header(const cvl_model_t *model, size_t file_bytes, cvl_fault_t *fault) {
    const cvl_header_t *header = &model->header;
    uint32_t magic;
    memcpy(&magic, header->magic, sizeof magic);
    CHECK(magic == CVL_MAGIC, NOT_CVL, magic, CVL_MAGIC);
    CHECK(header->version == CVL_VERSION, VERSION, header->version, CVL_VERSION);
    CHECK(header->file_bytes == file_bytes, FILE_BYTES, cvl_saturate(file_bytes),
        header->file_bytes);
    NEED(header->input_count > 1 || header->output_count > 1, SEVERAL_PORTS);
    bool all_above_zero = header->input_count && header->output_count && header->goal_count;
    CHECK(all_above_zero, COUNT, 0, 1);
    unsigned inputs = cvl_input_count(header);
    CHECK(inputs <= CVL_MAX_INPUTS, COUNT, inputs, CVL_MAX_INPUTS);
    CHECK(header->operator_count < CVL_NO_OPERATOR, COUNT, header->operator_count,
        CVL_NO_OPERATOR - 1);
    CHECK(header->operator_count > inputs, COUNT, header->operator_count, inputs + 1u);
    NEED(header->flags & CVL_FLAG_STREAM, STREAM);
    NEED(header->flags & CVL_FLAG_LOGITS, LOGITS);
    NEED(header->goal_count > 1, SEVERAL_GOALS);
    NEED(header->vector_count > 0, TEST_VECTORS);
    return CVL_OK;
}

static cvl_status_t prove_kernel(const cvl_proof_t *proof) {
    switch (proof->op->code) {
#define CVL_PROVE(name, stem)                                                                     \
    case CVL_OP_##name:                                                                           \
        if (CVL_WITH_##name) {                                                                    \
            return cvl_##stem##_prove(proof);                                                     \
        }                                                                                         \
        break;
        CVL_OPERATORS(CVL_PROVE)
    default:
        return cvl_refuse(proof->fault, CVL_ERROR_CODE, proof->op->code, CVL_OP_COUNT);
    }
    return cvl_refuse(proof->fault, CVL_ERROR_LEFT_OUT, proof->op->code, 0);
}

static cvl_status_t prove_places(
    const cvl_model_t *model, const cvl_operator_t *op, cvl_fault_t *fault) {
    const cvl_header_t *header = &model->header;
    uint32_t table_bytes = op->height * (uint32_t)sizeof(uint16_t);
    CVL_TRY(cvl_prove_range(fault, CVL_ERROR_PLACES, op->offset, table_bytes, header->file_bytes));
    for (uint32_t row = 0; row < op->height; row++) {
        uint32_t offset = cvl_read_u16(model, op->offset, row);
        CVL_TRY(cvl_prove_place(header, offset, cvl_row_bytes(op), fault));
    }
    return CVL_OK;
}

// Whether its rows lie one behind the other: in the arena, or where the caller has them.
static bool is_whole(const cvl_operator_t *op) {
    bool is_callers = op->code == CVL_OP_INPUT && op->ring_rows == 0;
    return is_callers || (op->ring_rows == op->height && !cvl_is_placed(op));
}

static cvl_status_t prove_tensor(
    const cvl_model_t *model, const cvl_operator_t *op, cvl_fault_t *fault) {
    CHECK(op->height && op->width && op->channels, SHAPE, 0, UINT16_MAX);
    uint32_t values = cvl_multiply(op->height, cvl_row_bytes(op));
    CHECK(values <= CVL_MAX_TENSOR_VALUES, SHAPE, values, CVL_MAX_TENSOR_VALUES);
    bool keeps_rows = // else NEED has seen it
        !CVL_WITH_IN_PLACE_INPUTS || op->ring_rows >= 1 || op->code == CVL_OP_INPUT;
    CHECK(keeps_rows && op->ring_rows <= op->height, SHAPE, op->ring_rows, op->height);
    CHECK(op->clamp_min <= op->clamp_max, CLAMP, 0, 1);
    if (cvl_is_placed(op)) {
        return prove_places(model, op, fault);
    }
    return cvl_prove_place(&model->header, op->offset, op->ring_rows * cvl_row_bytes(op), fault);
}

// An operator that accumulates takes each input row once: its windows lie side by side, and each
// begins inside the image.
static cvl_status_t prove_accumulation(const cvl_proof_t *proof) {
    const cvl_operator_t *op = proof->op;
    cvl_fault_t *fault = proof->fault;
    if (op->kernel_h == CVL_KERNEL_ALL) {
        CHECK(op->height == 1, SHAPE, op->height, 1);
        return CVL_OK;
    }
    CHECK(op->kernel_h == op->stride_h, WINDOW, op->kernel_h, op->stride_h);
    CHECK(op->dilation_h == 1, WINDOW, op->dilation_h, 1);
    bool begins_inside = op->pad_top >= 0 && op->pad_top < op->kernel_h &&
                         cvl_first_row(op, op->height - 1u) < (int32_t)proof->source->height;
    CHECK(begins_inside, WINDOW, op->height, proof->source->height);
    return CVL_OK;
}

static cvl_status_t prove_map(const cvl_proof_t *proof) {
    const cvl_operator_t *op = proof->op;
    cvl_fault_t *fault = proof->fault;
    CVL_TRY(cvl_prove_table(proof, op->height * (uint32_t)sizeof(uint16_t)));
    for (uint32_t row = 0; row < op->height; row++) {
        uint32_t mapped = cvl_read_u16(proof->model, op->table, row);
        bool inside = mapped < proof->source->height || mapped == CVL_NO_ROW;
        CHECK(inside, SHAPE, mapped, proof->source->height);
    }
    return CVL_OK;
}

// Whether a row or column of a window of rows may lie outside the input.
static bool may_reach_beyond(const cvl_proof_t *proof) {
    const cvl_operator_t *op = proof->op;
    int32_t last_row = cvl_is_stream(proof->model) ? 0 : cvl_last_row(op, op->height - 1u);
    int32_t last_column = (int32_t)((op->width - 1u) * op->stride_w) - op->pad_left +
                          (op->kernel_w - 1) * op->dilation_w;
    return cvl_is_mapped(op) || op->pad_top > 0 || op->pad_left > 0 ||
           last_row >= proof->source->height || last_column >= proof->source->width;
}

// That the rows it reads are inside its input, in each of the ways in which engine/run.c finds
// them.
static cvl_status_t prove_reading(const cvl_proof_t *proof) {
    const cvl_operator_t *op = proof->op;
    cvl_fault_t *fault = proof->fault;
    bool all_above_zero = op->stride_h && op->stride_w && op->dilation_h && op->dilation_w;
    CHECK(all_above_zero, WINDOW, 0, UINT8_MAX);
    NEED(op->dilation_h > 1 || op->dilation_w > 1, DILATION);
    if (cvl_accumulates(op)) {
        return prove_accumulation(proof);
    }
    if (cvl_is_mapped(op)) {
        CHECK(op->kernel_h != CVL_KERNEL_ALL, WINDOW, op->kernel_h, CVL_MAX_KERNEL_H);
        CVL_TRY(prove_map(proof));
    }
    if (op->kernel_h == CVL_KERNEL_ALL) {
        const cvl_operator_t *source = proof->source;
        CHECK(is_whole(source), WHOLE, source->ring_rows, source->height);
        return CVL_OK;
    }
    NEED(may_reach_beyond(proof), PADDING);
    CHECK(op->kernel_h <= CVL_MAX_KERNEL_H, WINDOW, op->kernel_h, CVL_MAX_KERNEL_H);
    return CVL_OK;
}

// In a stream rows have no end, and where they lie must not depend on their number.
static cvl_status_t prove_streaming(const cvl_operator_t *op, cvl_fault_t *fault) {
    CHECK(op->height <= CVL_MAX_PERIOD, SHAPE, op->height, CVL_MAX_PERIOD);
    uint32_t flags = op->flags & (CVL_FLAG_ACCUMULATES | CVL_FLAG_MAPPED | CVL_FLAG_PLACED);
    CHECK(flags == 0, FLAGS, op->flags, op->flags & ~flags);
    CHECK(op->ring_rows >= 1, SHAPE, op->ring_rows, op->height);
    CHECK(op->code == CVL_OP_INPUT || op->kernel_h >= 1, WINDOW, op->kernel_h, CVL_MAX_KERNEL_H);
    CHECK(op->input_b == CVL_NO_OPERATOR || op->parameter == 0, WINDOW, op->parameter, 0);
    return CVL_OK;
}

// That it needs no feature that this build was made without.
static cvl_status_t prove_features(const cvl_operator_t *op, cvl_fault_t *fault) {
    NEED(op->flags & CVL_FLAG_ACCUMULATES, ACCUMULATION);
    NEED(op->flags & CVL_FLAG_MAPPED, ROW_MAPS);
    NEED(op->flags & CVL_FLAG_PLACED, ROW_PLACES);
    NEED(op->input_b != CVL_NO_OPERATOR, SECOND_INPUTS);
    NEED(op->ring_rows == 0, IN_PLACE_INPUTS);
    NEED(op->copy != 0, COPIES);
    return CVL_OK;
}

cvl_status_t cvl_prove_operator(const cvl_model_t *model, unsigned index, cvl_fault_t *fault) {
    cvl_operator_t copies[3];
    const cvl_operator_t *op = cvl_read_operator(model, index, &copies[0]);
    cvl_proof_t proof = {model, op, NULL, NULL, fault};
    fault->operator_index = (uint16_t)index;
    fault->operator_code = op->code;
    CVL_TRY(prove_features(op, fault));
    if (cvl_is_stream(model)) {
        CVL_TRY(prove_streaming(op, fault));
    }
    CVL_TRY(prove_tensor(model, op, fault));
    bool is_input = index < cvl_input_count(&model->header);
    bool code_fits = op->code < CVL_OP_COUNT && is_input == (op->code == CVL_OP_INPUT);
    CHECK(code_fits, CODE, op->code, CVL_OP_COUNT);
    CHECK(
        op->input < index || (is_input && op->input == CVL_NO_OPERATOR), INPUT, op->input, index);
    bool b_fits = !CVL_WITH_SECOND_INPUTS || op->input_b < index || op->input_b == CVL_NO_OPERATOR;
    CHECK(b_fits, INPUT, op->input_b, index);
    if (op->input != CVL_NO_OPERATOR) {
        proof.source = cvl_read_operator(model, op->input, &copies[1]);
        CVL_TRY(prove_reading(&proof));
    }
    if (cvl_has_second_input(op)) {
        proof.source_b = cvl_read_operator(model, op->input_b, &copies[2]);
    }
    return prove_kernel(&proof);
}

static cvl_status_t prove_goals(const cvl_model_t *model, cvl_fault_t *fault) {
    const cvl_header_t *header = &model->header;
    for (unsigned i = 0; i < cvl_goal_count(header); i++) {
        unsigned goal = cvl_read_goal(model, i);
        CHECK(goal >= cvl_input_count(header) && goal < header->operator_count, GOAL, goal,
            header->operator_count);
    }
    return CVL_OK;
}

// Above 0 and at most 3.0e38. Such numbers are ordered as their bits are, which spares a processor
// without floating point two calls.
static bool is_scale(float scale) {
    uint32_t bits;
    memcpy(&bits, &scale, sizeof bits);
    return bits - 1u < 0x7f61b1e6;
}

static cvl_status_t prove_ports(const cvl_model_t *model, cvl_fault_t *fault) {
    const cvl_header_t *header = &model->header;
    unsigned count = cvl_input_count(header) + cvl_output_count(header);
    for (unsigned i = 0; i < count; i++) {
        cvl_port_t port;
        cvl_read_port(model, i, &port);
        bool is_input = i < cvl_input_count(header);
        bool index_ok = is_input ? port.op_index == i : port.op_index < header->operator_count;
        bool scale_ok = is_scale(port.scale);
        CHECK(index_ok && scale_ok, PORT, port.op_index, header->operator_count);
        if (!is_input) {
            cvl_operator_t copy;
            const cvl_operator_t *op = cvl_read_operator(model, port.op_index, &copy);
            uint32_t kept = cvl_is_stream(model) ? 1 : op->height;
            bool in_ring = !cvl_is_placed(op);
            CHECK(op->ring_rows == kept && in_ring, OUTPUT, op->ring_rows, kept);
        }
    }
    return CVL_OK;
}

// A stream has one input, and pulls its one output, which has a row for each step.
static cvl_status_t prove_stream(const cvl_model_t *model, cvl_fault_t *fault) {
    const cvl_header_t *header = &model->header;
    CHECK(header->input_count == 1, COUNT, header->input_count, 1);
    CHECK(header->output_count == 1, COUNT, header->output_count, 1);
    CHECK(header->goal_count == 1, COUNT, header->goal_count, 1);
    cvl_operator_t copies[2];
    cvl_port_t output;
    cvl_read_port(model, 1, &output);
    CHECK(cvl_read_goal(model, 0) == output.op_index, GOAL, cvl_read_goal(model, 0),
        output.op_index);
    uint32_t rows_in = cvl_read_operator(model, 0, &copies[0])->height;
    uint32_t rows_out = cvl_read_operator(model, output.op_index, &copies[1])->height;
    CHECK(rows_in % rows_out == 0, SHAPE, rows_in, rows_out);
    return CVL_OK;
}

static cvl_status_t prove_labels(const cvl_model_t *model, cvl_fault_t *fault) {
    const cvl_header_t *header = &model->header;
    if (header->label_count == 0) {
        return CVL_OK;
    }
    size_t classes = cvl_output_bytes(model, 0);
    CHECK(header->label_count == classes, COUNT, header->label_count, classes);
    size_t end = header->labels;
    for (unsigned i = 0; i < header->label_count; i++) {
        CHECK(end < header->file_bytes, LABELS, cvl_saturate(end + 1u), header->file_bytes);
        end += 1u + model->file[end];
    }
    CHECK(end <= header->file_bytes, LABELS, cvl_saturate(end), header->file_bytes);
    return CVL_OK;
}

// Their images are made row by row: each input must keep rows.
static cvl_status_t prove_vectors(const cvl_model_t *model, cvl_fault_t *fault) {
    const cvl_header_t *header = &model->header;
    for (unsigned i = 0; CVL_WITH_IN_PLACE_INPUTS && i < cvl_input_count(header); i++) {
        cvl_operator_t copy;
        bool keeps_rows = cvl_read_operator(model, i, &copy)->ring_rows >= 1;
        CHECK(keeps_rows || header->vector_count == 0, COUNT, header->vector_count, 0);
    }
    // Of each the seed, and a checksum for each operator.
    uint32_t vector_bytes = (uint32_t)sizeof(uint32_t) * (1u + header->operator_count);
    uint32_t bytes = cvl_multiply(header->vector_count, vector_bytes);
    return cvl_prove_range(fault, CVL_ERROR_VECTORS, header->vectors, bytes, header->file_bytes);
}

static cvl_status_t read_header(
    cvl_model_t *model, const uint8_t *file, size_t file_bytes, cvl_fault_t *fault) {
    fault->operator_index = CVL_NO_OPERATOR;
    CHECK(file_bytes >= sizeof(cvl_header_t), FILE_BYTES, file_bytes, sizeof(cvl_header_t));
    model->file = file;
    const uint8_t *operators = file + cvl_operator_offset(0);
    bool is_aligned = (uintptr_t)operators % sizeof(uint32_t) == 0;
    NEED(!is_aligned, UNALIGNED_FILES);
    model->operators = is_aligned ? (const cvl_operator_t *)(const void *)operators : NULL;
    memcpy(&model->header, file, sizeof model->header);
    return cvl_prove_header(model, file_bytes, fault);
}

cvl_status_t cvl_prove_records_end(const cvl_model_t *model, cvl_fault_t *fault) {
    const cvl_header_t *header = &model->header;
    size_t end = cvl_goal_offset(header, cvl_goal_count(header));
    return cvl_prove_range(fault, CVL_ERROR_TABLE_END, (uint32_t)end, 0, header->file_bytes);
}

cvl_status_t cvl_prove_model(const cvl_model_t *model, cvl_fault_t *fault) {
    fault->operator_index = CVL_NO_OPERATOR;
    CVL_TRY(prove_goals(model, fault));
    CVL_TRY(prove_ports(model, fault));
    if (cvl_is_stream(model)) {
        CVL_TRY(prove_stream(model, fault));
    }
    CVL_TRY(prove_labels(model, fault));
    return prove_vectors(model, fault);
}

// The checksum is taken before the records are read, so that a damaged file is called damaged
// whatever the damage looks like.
static cvl_status_t prove(cvl_model_t *model, const uint8_t *file, size_t file_bytes,
    cvl_fault_t *fault, bool with_checksum) {
    CVL_TRY(read_header(model, file, file_bytes, fault));
    if (with_checksum) {
        size_t summed = offsetof(cvl_header_t, crc32) + sizeof model->header.crc32;
        uint32_t crc = cvl_crc32(0, file + summed, file_bytes - summed);
        CHECK(crc == model->header.crc32, CHECKSUM, crc, model->header.crc32);
    }
    CVL_TRY(cvl_prove_records_end(model, fault));
    for (unsigned i = 0; i < model->header.operator_count; i++) {
        CVL_TRY(cvl_prove_operator(model, i, fault));
    }
    return cvl_prove_model(model, fault);
}

cvl_status_t cvl_prove(
    cvl_model_t *model, const uint8_t *file, size_t file_bytes, cvl_fault_t *fault) {
    return prove(model, file, file_bytes, fault, false);
}

cvl_status_t cvl_load(
    cvl_model_t *model, const uint8_t *file, size_t file_bytes, cvl_fault_t *fault) {
    *model = (cvl_model_t){.arena = NULL};
    return prove(model, file, file_bytes, fault, true);
}

cvl_status_t cvl_attach(cvl_model_t *model, void *arena, size_t arena_bytes, cvl_fault_t *fault) {
    fault->operator_index = CVL_NO_OPERATOR;
    CHECK(arena_bytes >= model->header.arena_bytes, ARENA, arena_bytes, model->header.arena_bytes);
    uintptr_t past = (uintptr_t)arena % sizeof(uint32_t);
    CHECK(past == 0, ALIGNMENT, past, sizeof(uint32_t));
    model->arena = arena;
    return CVL_OK;
}
