# What our boards of QEMU share: a ROMFS in memory of its own at ROM_ADDRESS, as an STM32 has it in flash, and a file
# system in the memory behind it.
QEMU_DIR := $(BOARD_DIR)/../qemu
BOARD_CONFIG ?= $(QEMU_DIR)/mpconfigboard.h
CFLAGS += -DMP_CONFIGFILE='"$(BOARD_CONFIG)"' -DROM_ADDRESS=$(ROM_ADDRESS)
MICROPY_VFS_LFS1 = 1
FROZEN_MANIFEST = $(QEMU_DIR)/manifest.py

# Newer versions of the port have a function of that name, which cannot write.
SRC_C += $(QEMU_DIR)/rom.c
LDFLAGS += -Wl,--wrap=mp_vfs_rom_ioctl
