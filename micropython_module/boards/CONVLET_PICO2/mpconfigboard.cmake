# Raspberry Pi Pico 2, Cortex-M33 cores, with a ROMFS partition.
set(PICO_BOARD "pico2")
set(PICO_PLATFORM "rp2350")
if(NOT MICROPY_FROZEN_MANIFEST)
    set(MICROPY_FROZEN_MANIFEST ${MICROPY_BOARD_DIR}/manifest.py)
endif()
