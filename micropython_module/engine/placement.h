// Where hot code lies: in flash, as all code does, or in RAM where the build says so.
//
// An RP2040 reads code from its flash through a cache of 16 KB. Weights pass through it too, and
// those of a large layer push the code out again and again; each miss waits for tens of cycles.
// Code in RAM has none. An ESP32 is alike. It costs RAM, as many bytes as the functions have:
// `convlet firmware build --hot-in-ram` prints them.
//
// The build defines CVL_HOT_SECTION as the name, without its point, of a section that the port's
// linker script puts into RAM: time_critical for the Pico SDK (what its __not_in_flash_func does),
// iram1 for ESP-IDF (what its IRAM_ATTR does). CVL_HOT stands in front of a function's first
// declaration, and in front of static ones that such a function calls and that are not inlined:
// from RAM to flash a Cortex-M0+ goes by way of a veneer.
#ifndef CVL_PLACEMENT_H
#define CVL_PLACEMENT_H

#ifdef CVL_HOT_SECTION
#define CVL_TEXT_OF(name) #name
#define CVL_SECTION(name, number)                                                                 \
    __attribute__((section("." CVL_TEXT_OF(name) ".convlet" CVL_TEXT_OF(number))))
#define CVL_SECTION_OF(name, number) CVL_SECTION(name, number)
// A section for each function, so that the linker leaves out those that nobody calls.
#define CVL_HOT CVL_SECTION_OF(CVL_HOT_SECTION, __COUNTER__)
#else
#define CVL_HOT
#endif

#endif
