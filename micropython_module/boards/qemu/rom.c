// A ROMFS as STM32s have it: a memoryview, which `vfs.rom_ioctl` erases by sectors from its
// beginning on, and writes by words, each once after it was erased.
#include <string.h>

#include "extmod/vfs.h"
#include "py/mperrno.h"
#include "py/objarray.h"

#define ROM ((uint8_t *)ROM_ADDRESS)
enum { ROM_BYTES = 1024 * 1024, SECTOR_BYTES = 8192, WORD_BYTES = 16, ERASED = 0xff };

static const MP_DEFINE_MEMORYVIEW_OBJ(rom, 'B', 0, ROM_BYTES, ROM);

mp_obj_t __wrap_mp_vfs_rom_ioctl(size_t n_args, const mp_obj_t *args);

static int erase(size_t size) {
    size = (size + SECTOR_BYTES - 1) / SECTOR_BYTES * SECTOR_BYTES;
    if (size > ROM_BYTES) {
        return -MP_EINVAL;
    }
    memset(ROM, ERASED, size);
    return WORD_BYTES;
}

static int write(size_t offset, const uint8_t *data, size_t size) {
    bool is_inside = offset <= ROM_BYTES && size <= ROM_BYTES - offset;
    if (!is_inside || offset % WORD_BYTES != 0 || size % WORD_BYTES != 0) {
        return -MP_EINVAL;
    }
    for (size_t i = offset; i < offset + size; i++) {
        if (ROM[i] != ERASED) {
            return -MP_EIO;
        }
    }
    memcpy(ROM + offset, data, size);
    return 0;
}

mp_obj_t __wrap_mp_vfs_rom_ioctl(size_t n_args, const mp_obj_t *args) {
    mp_int_t operation = mp_obj_get_int(args[0]);
    int result = -MP_EINVAL;
    if (operation == MP_VFS_ROM_IOCTL_GET_NUMBER_OF_SEGMENTS) {
        result = 1;
    } else if (operation == MP_VFS_ROM_IOCTL_GET_SEGMENT && n_args == 2) {
        return MP_OBJ_FROM_PTR(&rom);
    } else if (operation == MP_VFS_ROM_IOCTL_WRITE_PREPARE && n_args == 3) {
        result = erase(mp_obj_get_int(args[2]));
    } else if (operation == MP_VFS_ROM_IOCTL_WRITE && n_args == 4) {
        mp_buffer_info_t data;
        mp_get_buffer_raise(args[3], &data, MP_BUFFER_READ);
        result = write(mp_obj_get_int(args[2]), data.buf, data.len);
    }
    return MP_OBJ_NEW_SMALL_INT(result);
}
