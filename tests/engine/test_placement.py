"""Hot code lies where the build says, and what it calls lies beside it."""

import re
import subprocess

import pytest
from convlet.engine_build import ENGINE, engine_sources

COMPILER = ["arm-none-eabi-gcc", "-mcpu=cortex-m0plus", "-mthumb", "-std=gnu99", "-O2", "-ffunction-sections"]
SECTION = ".time_critical."


def compile_engine(folder, sources, *flags):
    """File and section of each function, and for each section which functions it calls."""
    subprocess.run([*COMPILER, *flags, f"-I{ENGINE}", "-c", *sources], check=True, cwd=folder)
    places, calls = {}, {}
    for made in folder.iterdir():
        command = ["arm-none-eabi-objdump", "-tdr", made]
        printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        for section, name in re.findall(r" F (\S+)\s+[0-9a-f]{8} (?:\.hidden )?(\w+)", printed):
            places[name] = (made.stem, section)
        for part in printed.split("Disassembly of section ")[1:]:
            called = re.findall(r"R_ARM_THM_(?:CALL|JUMP24)\s+(\w+)", part)
            calls.setdefault(part.split(":")[0], set()).update(called)
    return places, calls


def hot_functions():
    """Those that a header declares CVL_HOT."""
    text = "".join(path.read_text() for path in ENGINE.glob("*.h"))
    return set(re.findall(r"^CVL_HOT [^(]*?\b(\w+)\(", text, flags=re.MULTILINE))


@pytest.fixture(scope="module")
def placed(tmp_path_factory):
    return compile_engine(
        tmp_path_factory.mktemp("placed"), engine_sources(), "-DCVL_HOT_SECTION=time_critical"
    )


def test_hot_functions_lie_in_the_section_that_the_build_names(placed):
    places, _ = placed
    assert {"cvl_conv2d_row", "cvl_dense_row"} <= hot_functions()
    for name in hot_functions() & places.keys():
        assert places[name][1].startswith(SECTION), name
    assert places["cvl_load"][1].startswith(".text")


def test_each_has_a_section_of_its_own(placed):
    """Else one that is called would keep all others of its file."""
    hot = [place for place in placed[0].values() if place[1].startswith(SECTION)]
    assert len(set(hot)) == len(hot)


def test_hot_functions_call_nothing_of_the_engine_in_flash(placed):
    places, calls = placed
    called = set().union(*(names for section, names in calls.items() if section.startswith(SECTION)))
    in_flash = {name for name in called & places.keys() if places[name][1].startswith(".text")}
    assert not in_flash


def test_without_the_build_option_all_lies_in_flash(tmp_path):
    places, _ = compile_engine(tmp_path, [ENGINE / "dense.c"])
    assert "cvl_dense_row" in places and all(section.startswith(".text") for _, section in places.values())
