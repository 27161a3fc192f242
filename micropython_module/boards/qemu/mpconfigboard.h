// What MicroPython's qemu port has, a ROMFS, and what _boot.py mounts.
#include <stdbool.h>

#include "mpconfigport.h"

#undef MICROPY_VFS_ROM_IOCTL
#define MICROPY_VFS_ROM_IOCTL (1)

// From here mp_init takes what is to be done before it mounts the ROMFS.
int pyexec_frozen_module(const char *name, bool allow_keyboard_interrupt);
#define MICROPY_PORT_INIT_FUNC pyexec_frozen_module("_boot.py", false)
