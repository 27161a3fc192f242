// The standard variant's features.
#define MICROPY_CONFIG_ROM_LEVEL (MICROPY_CONFIG_ROM_LEVEL_EXTRA_FEATURES)

// A WebREPL, through which tests deploy as to a board with a network.
#define MICROPY_PY_WEBREPL (1)
#define MICROPY_PY_OS_DUPTERM (1)

#include "variants/mpconfigvariant_common.h"
