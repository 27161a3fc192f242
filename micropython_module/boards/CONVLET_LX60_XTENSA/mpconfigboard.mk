# QEMU's LX60 with an Xtensa that has register windows, as the ESP32s have them: their native modules run here. The
# compiler is Debian's for the ESP8266, to whose assembler xtensa/windowed.s teaches the instructions.
QEMU_ARCH = xtensa
QEMU_MACHINE = lx60
MODULE_DIR := $(abspath $(BOARD_DIR)/../..)
CROSS_COMPILE = xtensa-lx106-elf-
CFLAGS += -mabi=windowed -Wa,$(MODULE_DIR)/xtensa/windowed.s -D__aeabi_fdiv=__divsf3 -I$(MODULE_DIR)
CFLAGS += -DMICROPY_HW_MCU_NAME='"Xtensa"' -DLFS1_NO_INTRINSICS
LDFLAGS += -nostdlib -Wl,--no-relax
LDSCRIPT = $(BOARD_DIR)/memory.ld
BOARD_CONFIG = $(BOARD_DIR)/mpconfigboard.h
ROM_ADDRESS = 0x02000000
MICROPY_HEAP_SIZE = 143360
MPY_CROSS_FLAGS += -march=xtensawin

SRC_C += $(addprefix $(BOARD_DIR)/,clock.c runtime.c uart.c)
SRC_C += $(addprefix $(MODULE_DIR)/,native_divide.c)
SRC_C += $(addprefix $(MODULE_DIR)/xtensa/,divide.c float.c multiply.c)
SRC_BOARD_O += $(BOARD_DIR)/start.o $(BOARD_DIR)/setjmp.o shared/runtime/gchelper_generic.o
include $(BOARD_DIR)/../qemu/qemu.mk
