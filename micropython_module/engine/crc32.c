#include "internal.h"

// CRC-32 of zlib and Ethernet, polynomial 0xedb88320 reflected.

#if CVL_WITH_OTHERS

// Four bits at a time: a table of 64 bytes.
uint32_t cvl_crc32(uint32_t crc, const uint8_t *data, size_t bytes) {
    static const uint32_t table[16] = {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190,
        0x6b6b51f4, 0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
        0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
    crc = ~crc;
    for (size_t i = 0; i < bytes; i++) {
        crc = table[(crc ^ data[i]) & 15] ^ (crc >> 4);
        crc = table[(crc ^ (uint32_t)(data[i] >> 4)) & 15] ^ (crc >> 4);
    }
    return ~crc;
}

#else

// Bit by bit: firmware for a few models is small, and so are they.
uint32_t cvl_crc32(uint32_t crc, const uint8_t *data, size_t bytes) {
    crc = ~crc;
    for (; bytes > 0; bytes--) {
        crc ^= *data++;
        for (uint32_t bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ (0xedb88320u & -(crc & 1u));
        }
    }
    return ~crc;
}

#endif
