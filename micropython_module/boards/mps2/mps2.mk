# What QEMU's MPS2 boards with a floating-point unit share.
QEMU_ARCH = arm
CFLAGS += -mthumb -mfloat-abi=hard
LDSCRIPT ?= mcu/arm/mps2.ld
SRC_BOARD_O = shared/runtime/gchelper_generic.o
MPY_CROSS_FLAGS += -march=armv7emsp
ROM_ADDRESS ?= 0x200000

# Comes before the first instruction that needs it.
SRC_C += $(BOARD_DIR)/../mps2/floating_point.c
LDFLAGS += -Wl,--wrap=uart_init

include $(BOARD_DIR)/../qemu/qemu.mk
