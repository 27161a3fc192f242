"""The commands that build firmware for the ESP32 family: by ESP-IDF, by its container, or printed."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from convlet import esp_idf, firmware, sources
from convlet.errors import ToolError
from convlet.firmware import MODULE_FOLDER
from convlet.format import CHOOSABLE


@pytest.fixture(autouse=True)
def machine_without_esp_idf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(esp_idf.FOLDER_VARIABLE, raising=False)
    program(tmp_path / "bin" / "docker", "echo no daemon; exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setenv(sources.MICROPYTHON_VARIABLE, str(checkout(tmp_path / "micropython")))
    monkeypatch.setenv("CONVLET_CACHE", str(tmp_path / "cache"))


def program(path: Path, script: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/bash\n{script}\n")
    path.chmod(0o755)


def checkout(folder: Path) -> Path:
    """What of MicroPython the build looks at: the Makefile of its esp32 port, stand-ins for what that starts."""
    real, port = sources.locate().micropython, folder / "ports" / "esp32"
    (port / "boards" / "ESP32_GENERIC_C3").mkdir(parents=True)
    (folder / "py").mkdir()
    (folder / "mpy-cross").mkdir()
    shutil.copy(real / "ports" / "esp32" / "Makefile", port)
    shutil.copy(real / "py" / "verbose.mk", folder / "py")
    (folder / "mpy-cross" / "Makefile").write_text("all:\n")
    (port / "makeimg.py").write_text("import sys\nopen(sys.argv[5], 'w').write('image of ' + sys.argv[4])\n")
    lines = [f"#define MICROPY_VERSION_{part}\n" for part in ("MAJOR 1", "MINOR 25", "MICRO 0")]
    (folder / "py" / "mpconfig.h").write_text("".join(lines))
    for library in ("berkeley-db-1.xx", "micropython-lib"):
        (folder / "lib" / library).mkdir(parents=True)
        (folder / "lib" / library / "LICENSE").touch()
    return folder


def install_esp_idf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An ESP-IDF whose tools export.sh puts on the PATH; idf.py writes down how it was called."""
    idf = tmp_path / "esp idf"
    idf.mkdir()
    (idf / "export.sh").write_text(f'export PATH="{tmp_path}/tools:$PATH"\n')
    monkeypatch.setenv(esp_idf.FOLDER_VARIABLE, str(idf))
    idf_py = """
while [ "$1" != -B ]; do printf '%s\\n' "$1" >> words; shift; done
mkdir -p "$2"; mv words "$2/called"
[ "$3" = build ] && echo elf > "$2/micropython.elf"
"""
    program(tmp_path / "tools" / "idf.py", idf_py)
    program(tmp_path / "tools" / "riscv32-esp-elf-gcc", "echo version")
    sizes = 'if [ "$1" = -A ]; then echo ".dram0.bss 40 0"; else printf "text data\\n1000 20\\n"; fi'
    program(tmp_path / "tools" / "riscv32-esp-elf-size", sizes)


def test_build_by_esp_idf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_esp_idf(tmp_path, monkeypatch)
    made = firmware.build("esp32c3", operators=["CONV_2D", "SOFTMAX"])
    assert made.image.name == "firmware.bin"
    assert re.fullmatch(r"image of \S+/micropython\.bin", made.image.read_text())
    assert (made.flash_bytes, made.ram_bytes) == (1020, 40)
    (called,) = (tmp_path / "cache").glob("builds/*/called")
    board = tmp_path / "micropython/ports/esp32/boards/ESP32_GENERIC_C3"
    assert called.read_text().splitlines() == [
        *("-D", "MICROPY_BOARD=ESP32_GENERIC_C3", "-D", f"MICROPY_BOARD_DIR={board}"),
        *(f"-DUSER_C_MODULES={MODULE_FOLDER / 'micropython.cmake'}", "-DCVL_OPS=CONV_2D SOFTMAX"),
    ]


def test_build_in_the_container(tmp_path: Path) -> None:
    program(tmp_path / "bin" / "docker", "exit")
    idf = esp_idf.locate()
    assert idf == esp_idf.EspIdf(None)
    command = idf.wrap(["make", "-C", "x"], [tmp_path, MODULE_FOLDER])
    assert command[:3] == ["docker", "run", "--rm"]
    assert command[command.index(esp_idf.CONTAINER) :] == [esp_idf.CONTAINER, "make", "-C", "x"]
    mounts = [command[i + 1] for i, word in enumerate(command) if word == "-v"]
    assert mounts == [f"{folder}:{folder}" for folder in (tmp_path, MODULE_FOLDER)]


def test_commands_are_printed_where_neither_is() -> None:
    with pytest.raises(ToolError, match=r"Nothing was built") as caught:
        firmware.build("esp32s3", operators=["ADD"])
    _, submodules, build, _, docker, _, flash = str(caught.value).splitlines()
    assert submodules == "  make -C ports/esp32 BOARD=ESP32_GENERIC_S3 submodules"
    last = shlex.split(build)[-1].removeprefix("CMAKE_ARGS=")
    assert shlex.split(last)[-1] == "-DCVL_OPS=ADD"
    assert docker.split()[-5:] == ["-v", "$PWD:$PWD", "-w", "$PWD", esp_idf.CONTAINER]
    image = "ports/esp32/build-ESP32_GENERIC_S3/firmware.bin"
    assert flash == f"  convlet firmware flash --board esp32s3 --image {image}"


def test_all_operators_need_no_list() -> None:
    assert (
        esp_idf.setting(MODULE_FOLDER, CHOOSABLE) == f"USER_C_MODULES={MODULE_FOLDER / 'micropython.cmake'}"
    )


def test_variable_that_names_no_esp_idf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(esp_idf.FOLDER_VARIABLE, str(tmp_path))
    with pytest.raises(ToolError, match=r"IDF_PATH is .*no export\.sh"):
        esp_idf.locate()


def test_checkout_without_its_submodules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_esp_idf(tmp_path, monkeypatch)
    (tmp_path / "micropython/lib/micropython-lib/LICENSE").unlink()
    with pytest.raises(
        ToolError, match=r"needs micropython-lib in .*ports/esp32 BOARD=ESP32_GENERIC_C3 submodules"
    ):
        firmware.build("esp32c3")


# As the esp32 port's CMake files do it, with MicroPython's own usermod.cmake and stubs of ESP-IDF's functions.
PORT = """
cmake_minimum_required(VERSION 3.16)
project(port C)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
add_compile_options(-Os)
function(idf_component_register)
    cmake_parse_arguments(ARG "" "" "SRCS;INCLUDE_DIRS" ${ARGN})
    add_library(component STATIC ${ARG_SRCS})
    target_include_directories(component PRIVATE ${ARG_INCLUDE_DIRS})
endfunction()
include(${MICROPY_DIR}/py/usermod.cmake)
idf_component_register(SRCS ${MICROPY_SOURCE_USERMOD} INCLUDE_DIRS ${MICROPY_INC_USERMOD})
target_compile_options(component PUBLIC -Wno-clobbered)
target_link_libraries(component usermod)
"""


@pytest.fixture
def configure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Configures the project with our module; how each file is compiled."""
    monkeypatch.undo()
    (tmp_path / "port").mkdir()
    (tmp_path / "port" / "CMakeLists.txt").write_text(PORT)

    def run(*options: str) -> dict[str, list[str]]:
        settings = {"MICROPY_DIR": sources.locate().micropython, "USER_C_MODULES": MODULE_FOLDER}
        command = ["cmake", "-S", tmp_path / "port", "-B", tmp_path / "build", *options]
        command += [f"-D{name}={value}" for name, value in settings.items()]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert "Found User C Module(s): usermod_convlet" in done.stdout + done.stderr
        entries = json.loads((tmp_path / "build" / "compile_commands.json").read_text())
        return {str(Path(e["file"]).relative_to(MODULE_FOLDER)): e["command"].split() for e in entries}

    return run


def listed(name: str) -> set[str]:
    lines = (MODULE_FOLDER / name).read_text().splitlines()
    return {line for line in lines if re.fullmatch(r"[^#].*\.c", line)}


def test_cmake_gives_kernels_their_optimisation_whatever_the_port_has(configure) -> None:
    commands = configure()
    assert commands.keys() == listed("sources.txt")
    for file, command in commands.items():
        levels = [word for word in command if word.startswith("-O")]
        assert levels[-1] == ("-Os" if file in listed("small.txt") else "-O2"), file
        assert f"-I{MODULE_FOLDER}" in command


def test_cmake_puts_kernels_into_the_ram_that_esp_idf_has_for_code(configure) -> None:
    for command in configure("-DESP_PLATFORM=1", "-DCVL_HOT_IN_RAM=ON").values():
        assert "-DCVL_HOT_SECTION=iram1" in command


def test_cmake_leaves_operators_out(configure) -> None:
    for command in configure("-DCVL_OPS=CONV_2D SOFTMAX").values():
        defined = {word for word in command if word.startswith("-DCVL_")}
        assert defined == {"-DCVL_ONLY", "-DCVL_WITH_CONV_2D", "-DCVL_WITH_SOFTMAX"}
    assert {"CONV_2D", "SOFTMAX"} <= set(CHOOSABLE)
