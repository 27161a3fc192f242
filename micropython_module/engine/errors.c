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

#define TEXT(name, text) text "\0"
#define COUNT(name, text) +1

// A build for a few models has one text for all errors of records.
#ifdef CVL_ONLY
#define RECORD_TEXTS "its record has %u, expected %u"
#define RECORD_COUNT 1u
#else
#define RECORD_TEXTS CVL_RECORD_ERRORS(TEXT)
#define RECORD_COUNT (0u CVL_RECORD_ERRORS(COUNT))
#endif

const char *cvl_fault_text(const cvl_fault_t *fault) {
    static const char texts[] = "no error (%u, %u)\0" CVL_FILE_ERRORS(TEXT) RECORD_TEXTS;
    const unsigned last = (0u CVL_FILE_ERRORS(COUNT)) + RECORD_COUNT;
    unsigned status = fault->status;
    bool is_error = status > CVL_STARVED && status < CVL_STATUS_COUNT;
    unsigned index = is_error ? status - CVL_STARVED : 0;
    return nth_text(texts, index < last ? index : last);
}

// The names of operators that the build has.
#define NAME(name, stem) NAME_IF(CVL_WITH_##name, name)
#define NAME_IF(with, name) NAME_IF_(with, name)
#define NAME_IF_(with, name) NAME_##with(name)
#define NAME_1(name) #name "\0"
#define NAME_0(name) "\0"

const char *cvl_operator_name(unsigned code) {
    static const char names[] = CVL_OPERATORS(NAME) "unknown";
    const char *name = nth_text(names, code < CVL_OP_COUNT ? code : CVL_OP_COUNT);
    return *name == '\0' ? "left out" : name;
}
