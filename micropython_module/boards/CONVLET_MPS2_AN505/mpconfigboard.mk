# QEMU's MPS2 with a Cortex-M33, the core of the Pico 2: its memory and UART lie elsewhere.
QEMU_MACHINE = mps2-an505
CFLAGS += -mcpu=cortex-m33 -mfpu=fpv5-sp-d16
CFLAGS += -DMICROPY_HW_MCU_NAME='"Cortex-M33"'
LDSCRIPT = $(BOARD_DIR)/memory.ld
ROM_ADDRESS = 0x10200000
SRC_C += $(BOARD_DIR)/uart.c
include $(BOARD_DIR)/../mps2/mps2.mk
