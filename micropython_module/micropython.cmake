# User C module for MicroPython's ports that are built with CMake (rp2, esp32):
#   cmake -DUSER_C_MODULES=<path of this file>

add_library(usermod_convlet INTERFACE)

set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/sources.txt)
file(STRINGS ${CMAKE_CURRENT_LIST_DIR}/sources.txt CONVLET_SOURCES REGEX "^[^#].*\\.c$")
list(TRANSFORM CONVLET_SOURCES PREPEND ${CMAKE_CURRENT_LIST_DIR}/)

target_sources(usermod_convlet INTERFACE ${CONVLET_SOURCES})
target_include_directories(usermod_convlet INTERFACE ${CMAKE_CURRENT_LIST_DIR})
target_link_libraries(usermod INTERFACE usermod_convlet)

# Kernels are made for speed, whatever the port's flags are: the last -O wins.
set_source_files_properties(${CONVLET_SOURCES} PROPERTIES COMPILE_OPTIONS "-O2")
