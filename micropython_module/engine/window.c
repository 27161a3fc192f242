#include "window.h"
#include "internal.h"
#include "prove.h"

#if CVL_WITH_WINDOW

// Of a window; the size of the RAM is then counted in 32 bits.
#define MOST_BYTES (1u << 30)

#define CHECK(condition, name, found_value, expected_value)                                       \
    CVL_CHECK(fault, condition, name, found_value, expected_value)

// Of the head that is there: a file without constants may end in its last word.
static uint32_t head_bytes(const cvl_window_t *window) {
    return cvl_least(window->begin, window->file_bytes);
}

static cvl_status_t read_file(
    cvl_window_t *window, uint32_t offset, uint8_t *to, uint32_t bytes, cvl_fault_t *fault) {
    CHECK(window->read(window->context, offset, to, bytes), UNREAD, offset, bytes);
    return CVL_OK;
}

cvl_status_t cvl_open(cvl_model_t *model, cvl_window_t *window, cvl_fault_t *fault) {
    *fault = (cvl_fault_t){.operator_index = CVL_NO_OPERATOR};
    *model = (cvl_model_t){.window = window};
    uint32_t file_bytes = window->file_bytes;
    cvl_header_t *header = &model->header;
    CHECK(file_bytes >= sizeof *header, FILE_BYTES, file_bytes, sizeof *header);
    CVL_TRY(read_file(window, 0, (uint8_t *)header, sizeof *header, fault));
    CVL_TRY(cvl_prove_header(model, file_bytes, fault));
    window->begin = header->head_words * (uint32_t)sizeof(uint32_t);
    window->bytes = cvl_least(cvl_least(window->bytes, MOST_BYTES), file_bytes);
    CHECK(window->bytes > 0, TOO_LARGE, 1, 0);
    header->file_bytes = head_bytes(window); // what the records are proved to lie in
    return cvl_prove_records_end(model, fault) == CVL_OK
               ? CVL_OK
               : cvl_refuse(fault, CVL_ERROR_HEAD, header->file_bytes, file_bytes);
}

size_t cvl_window_ram(const cvl_model_t *model) {
    const cvl_window_t *window = model->window;
    return model->header.operator_count * sizeof(cvl_piece_t) + window->begin + window->bytes;
}

// The checksum of the whole file, of which the head has been read.
static cvl_status_t check_sum(const cvl_model_t *model, cvl_window_t *window, cvl_fault_t *fault) {
    uint32_t done = head_bytes(window);
    size_t first = offsetof(cvl_header_t, crc32) + sizeof model->header.crc32;
    uint32_t crc = cvl_crc32(0, window->head + first, done - first);
    while (done < window->file_bytes) {
        uint8_t *to = window->head + window->begin;
        uint32_t bytes = cvl_least(window->bytes, window->file_bytes - done);
        CVL_TRY(read_file(window, done, to, bytes, fault));
        crc = cvl_crc32(crc, to, bytes);
        done += bytes;
    }
    CHECK(crc == model->header.crc32, CHECKSUM, crc, model->header.crc32);
    return CVL_OK;
}

static cvl_operator_t *record_of(const cvl_window_t *window, unsigned index) {
    return (cvl_operator_t *)(void *)(window->head + cvl_operator_offset(index));
}

// What is read between kernels must always be there.
static cvl_status_t prove_in_head(const cvl_model_t *model, const cvl_window_t *window,
    const cvl_operator_t *op, cvl_fault_t *fault) {
    uint32_t bytes = op->height * (uint32_t)sizeof(uint16_t);
    uint32_t limit = head_bytes(window);
    if (cvl_is_placed(op)) {
        uint32_t records = (uint32_t)cvl_operator_offset(model->header.operator_count);
        CHECK(op->offset >= records, ORDER, op->offset, records);
        CVL_TRY(cvl_prove_range(fault, CVL_ERROR_PLACES, op->offset, bytes, limit));
    }
    if (cvl_is_mapped(op)) {
        CVL_TRY(cvl_prove_range(fault, CVL_ERROR_QUANT_TABLE, op->table, bytes, limit));
    }
    return CVL_OK;
}

// Each operator's piece: from its weights or its table, whichever comes first, to the next piece.
static cvl_status_t find_pieces(
    const cvl_model_t *model, const cvl_window_t *window, cvl_fault_t *fault) {
    uint32_t end = window->file_bytes;
    for (unsigned i = model->header.operator_count; i-- > 0;) {
        const cvl_operator_t *op = record_of(window, i);
        fault->operator_index = (uint16_t)i;
        fault->operator_code = op->code;
        CVL_TRY(prove_in_head(model, window, op, fault));
        uint32_t weights = op->weights < window->begin ? UINT32_MAX : op->weights;
        uint32_t table = op->table < window->begin ? UINT32_MAX : op->table;
        uint32_t begin = cvl_least(weights, table);
        window->pieces[i] = (cvl_piece_t){.bytes = 0};
        if (begin != UINT32_MAX) {
            CHECK(begin < end, ORDER, begin, end);
            CHECK(weights < end || weights == UINT32_MAX, ORDER, weights, end);
            CHECK(table < end || table == UINT32_MAX, ORDER, table, end);
            window->pieces[i] = (cvl_piece_t){.offset = begin, .bytes = end - begin};
            CHECK(end - begin <= window->bytes, TOO_LARGE, end - begin, window->bytes);
            end = begin;
        }
    }
    return CVL_OK;
}

// Whether the constants of operator `index` come and go.
static bool is_changing(const cvl_window_t *window, unsigned index) {
    return index >= window->changing;
}

// Where the constants of operator `index` are in the window, behind the head's beginning.
static uint32_t place_of(const cvl_window_t *window, unsigned index) {
    return window->begin + (is_changing(window, index) ? window->stays : 0);
}

// The record of an operator says where its constants lie when they are in the window.
static void move_constants(const cvl_window_t *window, unsigned index) {
    cvl_operator_t *op = record_of(window, index);
    uint32_t back = window->pieces[index].offset - place_of(window, index);
    if (op->weights >= window->begin) {
        op->weights -= back;
    }
    if (op->table >= window->begin) {
        op->table -= back;
    }
}

// As many pieces stay, from the first on, as leave room for the largest of the others.
static void choose_what_stays(const cvl_model_t *model, cvl_window_t *window) {
    unsigned count = model->header.operator_count;
    window->stays = 0;
    window->changing = 0;
    if (!cvl_is_stream(model)) {
        return;
    }
    for (unsigned i = 0; i < count; i++) {
        window->stays += window->pieces[i].bytes;
    }
    uint32_t largest = 0;
    for (window->changing = count; window->stays + largest > window->bytes;) {
        uint32_t bytes = window->pieces[--window->changing].bytes;
        window->stays -= bytes;
        largest = largest < bytes ? bytes : largest;
    }
}

// Pieces of neighbours from `first` to `end` become one as long as it has at most `most` bytes.
static void join_pieces(const cvl_window_t *window, unsigned first, unsigned end, uint32_t most) {
    for (unsigned next; first < end; first = next) {
        cvl_piece_t joined = window->pieces[first];
        for (next = first + 1; next < end; next++) {
            const cvl_piece_t *piece = &window->pieces[next];
            if (joined.bytes + piece->bytes > most) {
                break;
            }
            joined.offset = joined.bytes == 0 ? piece->offset : joined.offset;
            joined.bytes += piece->bytes;
        }
        for (unsigned i = first; i < next; i++) {
            if (window->pieces[i].bytes > 0) {
                window->pieces[i] = joined;
                move_constants(window, i);
            }
        }
    }
}

bool cvl_fetch(cvl_window_t *window, unsigned index) {
    const cvl_piece_t *piece = &window->pieces[index];
    cvl_piece_t *held = &window->held[is_changing(window, index)];
    if (piece->bytes == 0 || (held->bytes > 0 && held->offset == piece->offset)) {
        return true;
    }
    cvl_fault_t *fault = &window->fault;
    *fault = (cvl_fault_t){
        .operator_index = (uint16_t)index, .operator_code = record_of(window, index)->code};
    uint8_t *to = window->head + place_of(window, index);
    held->bytes = 0;
    if (read_file(window, piece->offset, to, piece->bytes, fault) != CVL_OK) {
        return false;
    }
    window->bytes_read += piece->bytes;
    uint32_t crc = cvl_crc32(0, to, piece->bytes);
    if (window->is_proved && crc != piece->crc32) {
        cvl_refuse(fault, CVL_ERROR_CHANGED, crc, piece->crc32);
        return false;
    }
    *held = (cvl_piece_t){piece->offset, piece->bytes, crc};
    return true;
}

// The kernel of an operator may read the head, and of the window what came for this operator.
static cvl_status_t prove_operators(cvl_model_t *model, cvl_window_t *window, cvl_fault_t *fault) {
    for (unsigned i = 0; i < model->header.operator_count; i++) {
        cvl_piece_t *piece = &window->pieces[i];
        if (!cvl_fetch(window, i)) {
            *fault = window->fault;
            return fault->status;
        }
        piece->crc32 = window->held[is_changing(window, i)].crc32;
        model->header.file_bytes =
            piece->bytes > 0 ? place_of(window, i) + piece->bytes : head_bytes(window);
        CVL_TRY(cvl_prove_operator(model, i, fault));
    }
    return CVL_OK;
}

cvl_status_t cvl_load_window(cvl_model_t *model, void *ram, cvl_fault_t *fault) {
    cvl_window_t *window = model->window;
    window->pieces = ram;
    window->head = (uint8_t *)(window->pieces + model->header.operator_count);
    window->held[0] = window->held[1] = (cvl_piece_t){.bytes = 0};
    window->fault = (cvl_fault_t){.status = CVL_OK};
    window->is_proved = false;
    *fault = (cvl_fault_t){.operator_index = CVL_NO_OPERATOR};
    CVL_TRY(read_file(window, 0, window->head, head_bytes(window), fault));
    CVL_TRY(check_sum(model, window, fault));
    CVL_TRY(find_pieces(model, window, fault));
    choose_what_stays(model, window);
    join_pieces(window, 0, window->changing, window->stays);
    join_pieces(
        window, window->changing, model->header.operator_count, window->bytes - window->stays);
    model->file = window->head;
    model->operators = record_of(window, 0);
    CVL_TRY(prove_operators(model, window, fault));
    model->header.file_bytes = head_bytes(window);
    CVL_TRY(cvl_prove_model(model, fault));
    window->is_proved = true;
    window->bytes_read = 0;
    return CVL_OK;
}

#else
typedef int cvl_no_window; // a C file needs a declaration
#endif
