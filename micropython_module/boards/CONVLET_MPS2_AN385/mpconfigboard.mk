# MicroPython's own board with a Cortex-M3, and what ours share.
ROM_ADDRESS = 0x200000
include boards/MPS2_AN385/mpconfigboard.mk
include $(BOARD_DIR)/../qemu/qemu.mk
