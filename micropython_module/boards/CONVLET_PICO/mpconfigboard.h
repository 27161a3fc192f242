// Raspberry Pi Pico with a ROMFS partition, in which models are run in place: no copy in RAM.
#define MICROPY_HW_BOARD_NAME "Raspberry Pi Pico (Convlet)"
#define MICROPY_HW_ROMFS_BYTES (256 * 1024)
// The file system gives up what ROMFS takes, and a little more firmware room: it ends at 2 MB.
#define MICROPY_HW_FLASH_STORAGE_BYTES (1024 * 1024)
