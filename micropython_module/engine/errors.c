#include <stdbool.h>
#include <string.h>
#include "convlet.h"

// Each text behind the one before: a table of pointers would take as much again as a short text.
static const char *nth_text(const char *texts, unsigned index) {
    for (; index > 0; index--) {
        texts += strlen(texts) + 1;
    }
    return texts;
}

const char *cvl_fault_text(const cvl_fault_t *fault) {
#define CVL_ERROR_TEXT(name, text) text "\0"
    static const char texts[] = "no error (%u, %u)\0" CVL_ERRORS(CVL_ERROR_TEXT);
    unsigned status = fault->status;
    bool is_error = status > CVL_STARVED && status < CVL_STATUS_COUNT;
    return nth_text(texts, is_error ? status - CVL_STARVED : 0);
}

const char *cvl_operator_name(unsigned code) {
#define CVL_OPERATOR_NAME(name, stem) #name "\0"
    static const char names[] = CVL_OPERATORS(CVL_OPERATOR_NAME) "unknown";
    return nth_text(names, code < CVL_OP_COUNT ? code : CVL_OP_COUNT);
}
