# User C module for MicroPython's ports that are built with CMake (rp2, esp32):
#   cmake -DUSER_C_MODULES=<path of this file>
# -DCVL_OPS="CONV_2D MAX_POOL_2D FULLY_CONNECTED" leaves out all other operators and features. What a model needs is
# told by `convlet inspect`; `convlet firmware build --only MODEL` sets it. EXTRAS of host/convlet/format.py may be added.
# -DCVL_HOT_IN_RAM=ON puts the kernels into RAM.

add_library(usermod_convlet INTERFACE)

function(convlet_read_list variable file)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/${file})
    file(STRINGS ${CMAKE_CURRENT_LIST_DIR}/${file} paths REGEX "^[^#].*\\.c$")
    list(TRANSFORM paths PREPEND ${CMAKE_CURRENT_LIST_DIR}/)
    set(${variable} ${paths} PARENT_SCOPE)
endfunction()

convlet_read_list(CONVLET_SOURCES sources.txt)
convlet_read_list(CONVLET_SMALL small.txt)

target_sources(usermod_convlet INTERFACE ${CONVLET_SOURCES})
target_include_directories(usermod_convlet INTERFACE ${CMAKE_CURRENT_LIST_DIR})
target_link_libraries(usermod INTERFACE usermod_convlet)

# The kernels are made for speed, whatever the port's flags are: the last -O wins.
set(CONVLET_FAST ${CONVLET_SOURCES})
list(REMOVE_ITEM CONVLET_FAST ${CONVLET_SMALL})
set_source_files_properties(${CONVLET_FAST} PROPERTIES COMPILE_OPTIONS "-O2")

set(CONVLET_DEFINITIONS "")

# The kernels in RAM instead of flash: engine/placement.h says why.
option(CVL_HOT_IN_RAM "Convlet's kernels lie in RAM" OFF)
if(CVL_HOT_IN_RAM AND (ESP_PLATFORM OR IDF_TARGET))
    list(APPEND CONVLET_DEFINITIONS CVL_HOT_SECTION=iram1)
elseif(CVL_HOT_IN_RAM)
    list(APPEND CONVLET_DEFINITIONS CVL_HOT_SECTION=time_critical)
endif()

if(CVL_OPS)
    string(REPLACE " " ";" CONVLET_OPS "${CVL_OPS}")
    file(STRINGS ${CMAKE_CURRENT_LIST_DIR}/engine/format.h CONVLET_KNOWN REGEX "^#ifndef CVL_WITH_")
    foreach(name ${CONVLET_OPS})
        if(NOT "#ifndef CVL_WITH_${name}" IN_LIST CONVLET_KNOWN)
            message(FATAL_ERROR "CVL_OPS names ${name}, which is no operator of engine/format.h")
        endif()
    endforeach()
    list(TRANSFORM CONVLET_OPS PREPEND CVL_WITH_)
    list(APPEND CONVLET_DEFINITIONS CVL_ONLY ${CONVLET_OPS})
else() # firmware for a few models has them in flash, and reads none through a window
    list(APPEND CONVLET_DEFINITIONS CVL_WITH_WINDOW=1)
endif()

set_source_files_properties(${CONVLET_SOURCES} PROPERTIES COMPILE_DEFINITIONS "${CONVLET_DEFINITIONS}")
