#include "convlet.h"

const char *cvl_fault_text(const cvl_fault_t *fault) {
    switch (fault->status) {
#define CVL_ERROR_TEXT(name, text)                                                                \
    case CVL_ERROR_##name:                                                                        \
        return text;
        CVL_ERRORS(CVL_ERROR_TEXT)
    default:
        return "no error (%u, %u)";
    }
}

const char *cvl_operator_name(unsigned code) {
    switch (code) {
#define CVL_OPERATOR_NAME(name, stem)                                                             \
    case CVL_OP_##name:                                                                           \
        return #name;
        CVL_OPERATORS(CVL_OPERATOR_NAME)
    default:
        return "unknown";
    }
}
