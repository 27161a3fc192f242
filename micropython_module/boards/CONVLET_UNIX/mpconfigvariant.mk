# A unix variant for tests: without what needs submodules or libraries of the system.
MICROPY_PY_SSL = 0
MICROPY_PY_BTREE = 0
MICROPY_PY_FFI = 0
FROZEN_MANIFEST ?= $(VARIANT_DIR)/manifest.py
# For what mpconfigvariant.h turns on.
CFLAGS += -Wno-sign-compare
