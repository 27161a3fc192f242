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

#ifdef CVL_ONLY
#define TEXTS CVL_FILE_ERRORS(TEXT)
#else
#define TEXTS CVL_FILE_ERRORS(TEXT) CVL_RECORD_ERRORS(TEXT)
#endif

const char *cvl_fault_text(const cvl_fault_t *fault) {
    static const char texts[] = TEXTS;
    return nth_text(texts, fault->status - (CVL_STOPPED + 1u));
}

// Of what an error can name: an operator, or a feature that the build lacks.
#define NAME(name, stem) #name "\0"
#define NAME_UNLESS_BUILT(name) NAME_UNLESS(CVL_WITH_##name, name)
#define NAME_UNLESS(with, name) NAME_UNLESS_(with, name)
#define NAME_UNLESS_(with, name) NAME_UNLESS_##with(name)
#define NAME_UNLESS_0(name) #name "\0"
#define NAME_UNLESS_1(name) "\0"

const char *cvl_part_name(unsigned part) {
    static const char names[] = CVL_OPERATORS(NAME) CVL_FEATURES(NAME_UNLESS_BUILT) "unknown";
    return nth_text(names, part < CVL_PART_COUNT ? part : CVL_PART_COUNT);
}

const char *cvl_operator_name(unsigned code) {
    return cvl_part_name(code < CVL_OP_COUNT ? code : CVL_PART_COUNT);
}
