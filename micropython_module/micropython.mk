# User C module for MicroPython's ports that are built with make (unix, qemu, stm32 ...):
#   make USER_C_MODULES=<the folder that holds this folder>
# CVL_OPS="CONV_2D MAX_POOL_2D FULLY_CONNECTED" leaves out all other operators and features. What a model needs is
# told by `convlet inspect`; `convlet firmware build --only MODEL` sets it. EXTRAS of host/convlet/format.py may be added.

CONVLET_DIR := $(USERMOD_DIR)
CONVLET_BUILD := $(BUILD)/$(notdir $(CONVLET_DIR))
CONVLET_SOURCES := $(shell grep '^[^#].*\.c$$' $(CONVLET_DIR)/sources.txt)
CONVLET_SMALL := $(shell grep '^[^#].*\.c$$' $(CONVLET_DIR)/small.txt)
CONVLET_GLUE := $(filter-out engine/%,$(CONVLET_SOURCES))

# Only the glue is searched for names of Python: the engine knows nothing of MicroPython.
SRC_USERMOD_C += $(addprefix $(CONVLET_DIR)/,$(CONVLET_GLUE))
SRC_USERMOD_LIB_C += $(addprefix $(CONVLET_DIR)/,$(filter-out $(CONVLET_GLUE),$(CONVLET_SOURCES)))
CFLAGS_USERMOD += -I$(CONVLET_DIR)

# The kernels are made for speed, whatever the port's flags are: the last -O wins.
CONVLET_FAST := $(filter-out $(CONVLET_SMALL),$(CONVLET_SOURCES))
$(addprefix $(CONVLET_BUILD)/,$(CONVLET_FAST:.c=.o)): CFLAGS += -O2

CONVLET_KNOWN := $(shell sed -n 's/^\#ifndef CVL_WITH_//p' $(CONVLET_DIR)/engine/format.h)
ifneq ($(filter-out $(CONVLET_KNOWN),$(CVL_OPS)),)
$(error CVL_OPS names $(filter-out $(CONVLET_KNOWN),$(CVL_OPS)); there are $(CONVLET_KNOWN))
endif
CONVLET_OBJECTS := $(addprefix $(CONVLET_BUILD)/,$(CONVLET_SOURCES:.c=.o))
# Firmware for a few models has them in flash, and reads none through a window.
$(CONVLET_OBJECTS): CFLAGS += $(if $(CVL_OPS),-DCVL_ONLY $(CVL_OPS:%=-DCVL_WITH_%),-DCVL_WITH_WINDOW=1)
# Holds CVL_OPS and is written when it changes, which make would not notice.
CONVLET_OPS_FILE := $(CONVLET_BUILD)/ops.txt
$(shell mkdir -p $(CONVLET_BUILD); echo '$(CVL_OPS)' | cmp -s - $(CONVLET_OPS_FILE) || \
    echo '$(CVL_OPS)' > $(CONVLET_OPS_FILE))
$(CONVLET_OBJECTS): $(CONVLET_OPS_FILE)
