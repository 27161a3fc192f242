# QEMU's MPS2 with a Cortex-M7 that calculates in double precision, too.
QEMU_MACHINE = mps2-an500
CFLAGS += -mcpu=cortex-m7 -mfpu=fpv5-d16
CFLAGS += -DQEMU_SOC_MPS2 -DMICROPY_HW_MCU_NAME='"Cortex-M7"'
include $(BOARD_DIR)/../mps2/mps2.mk
