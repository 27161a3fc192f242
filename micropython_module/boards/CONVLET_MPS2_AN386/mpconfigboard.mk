# QEMU's MPS2 with a Cortex-M4F, which has the DSP extension: MicroPython's own boards of the qemu port end at the M3.
QEMU_MACHINE = mps2-an386
CFLAGS += -mcpu=cortex-m4 -mfpu=fpv4-sp-d16
CFLAGS += -DQEMU_SOC_MPS2 -DMICROPY_HW_MCU_NAME='"Cortex-M4"'
include $(BOARD_DIR)/../mps2/mps2.mk
