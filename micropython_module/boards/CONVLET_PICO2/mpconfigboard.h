// Raspberry Pi Pico 2 with a ROMFS partition, in which models are run in place: no copy in RAM.
#define MICROPY_HW_BOARD_NAME "Raspberry Pi Pico 2 (Convlet)"
#define MICROPY_HW_ROMFS_BYTES (1024 * 1024)
// A quarter of the 4 MB for firmware, a quarter for ROMFS, the upper half for the file system.
#define MICROPY_HW_FLASH_STORAGE_BYTES (2 * 1024 * 1024)
