# User C module for MicroPython's ports that are built with make (unix, qemu, stm32 ...):
#   make USER_C_MODULES=<the folder that holds this folder>

CONVLET_DIR := $(USERMOD_DIR)
CONVLET_SOURCES := $(shell grep '^[^#].*\.c$$' $(CONVLET_DIR)/sources.txt)
CONVLET_SMALL := $(shell grep '^[^#].*\.c$$' $(CONVLET_DIR)/small.txt)
CONVLET_GLUE := modconvlet.c

# Only the glue is searched for names of Python: the engine knows nothing of MicroPython.
SRC_USERMOD_C += $(addprefix $(CONVLET_DIR)/,$(CONVLET_GLUE))
SRC_USERMOD_LIB_C += $(addprefix $(CONVLET_DIR)/,$(filter-out $(CONVLET_GLUE),$(CONVLET_SOURCES)))
CFLAGS_USERMOD += -I$(CONVLET_DIR)

# The kernels are made for speed, whatever the port's flags are: the last -O wins.
CONVLET_FAST := $(filter-out $(CONVLET_SMALL),$(CONVLET_SOURCES))
$(addprefix $(BUILD)/$(notdir $(CONVLET_DIR))/,$(CONVLET_FAST:.c=.o)): CFLAGS += -O2
