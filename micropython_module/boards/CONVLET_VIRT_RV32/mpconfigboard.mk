# MicroPython's own board with a RISC-V, and what ours share. Debian's assembler takes the control registers for an
# extension of their own unless told of the older standard, in which rv32imac has them.
RV32_ARCH = rv32imac
AFLAGS += -misa-spec=2.2
ROM_ADDRESS = 0x84000000
include boards/VIRT_RV32/mpconfigboard.mk
include $(BOARD_DIR)/../qemu/qemu.mk
