"""A deploy that is broken off at any point leaves the old or the new model, whole; a board in CPython shows it."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from types import SimpleNamespace
from typing import Any

import pytest
from convlet import board as board_module
from convlet.board import connect
from convlet.deploy import deploy, roll_back
from convlet.errors import BoardError
from mpremote import transport_serial
from raw_repl_board import board_with
from serial.urlhandler import protocol_socket

TESTS = Path(__file__).parents[1]
NEW_MODEL = TESTS / "vectors" / "digits_like.cvl"
NEW, OLD = NEW_MODEL.read_bytes(), (TESTS / "vectors" / "padded.cvl").read_bytes()
OLDER = (TESTS / "vectors" / "moved.cvl").read_bytes()
AT_FIRST = {"m.cvl": OLD, "m.cvl.previous": OLDER}
DEPLOYED = {"m.cvl": NEW, "m.cvl.previous": OLD}


@pytest.fixture(autouse=True)
def no_idle_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """mpremote sleeps 10 ms whenever no answer is there yet, pyserial 300 ms when it closes a socket."""
    time = SimpleNamespace(sleep=lambda seconds: sleep(0.0002), monotonic=monotonic)
    monkeypatch.setattr(transport_serial, "time", time)
    monkeypatch.setattr(protocol_socket, "time", time)


def put(folder: Path, files: dict[str, bytes]) -> None:
    for path in folder.iterdir():
        path.unlink()
    for name, data in files.items():
        (folder / name).write_bytes(data)


def files_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def check_that_nothing_is_lost(files: dict[str, bytes]) -> None:
    assert files["m.cvl"] in (OLD, NEW)
    assert files["m.cvl.previous"] in (OLDER, OLD)


class BrokenWire:
    """A serial port that breaks at a write: `share` of its bytes still pass."""

    def __init__(self, port: Any, at: int, share: float) -> None:
        self.port, self.left, self.share = port, at, share

    def write(self, data: bytes) -> int:
        self.left -= 1
        if self.left < 0:
            if self.left == -1:
                self.port.write(data[: int(len(data) * self.share)])
            raise OSError("the device is gone")
        return int(self.port.write(data))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.port, name)


@contextmanager
def breaking(monkeypatch: pytest.MonkeyPatch, at: int, share: float) -> Iterator[None]:
    open_port = board_module._open_port

    def opened(*arguments: Any, **settings: Any) -> Any:
        transport = open_port(*arguments, **settings)
        transport.serial = BrokenWire(transport.serial, at, share)
        return transport

    with monkeypatch.context() as patch:
        patch.setattr(board_module, "_open_port", opened)
        yield


@pytest.mark.parametrize("share", [0.5, 1])
def test_connection_lost_at_every_write(
    share: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with board_with(tmp_path) as port:
        for at in itertools.count():
            put(tmp_path, AT_FIRST)
            try:
                with breaking(monkeypatch, at, share):
                    deploy(NEW_MODEL, port, name="m.cvl")
                break
            except BoardError:
                pass
            with connect(port, soft_reset=False):  # the board has done what had reached it
                check_that_nothing_is_lost(files_in(tmp_path))
            deploy(NEW_MODEL, port, name="m.cvl")
            assert files_in(tmp_path)["m.cvl"] == NEW
            assert len(files_in(tmp_path)) == 2
        assert at >= 40
        assert files_in(tmp_path) == DEPLOYED


def die_everywhere(
    folder: Path, files: dict[str, bytes], action: Callable[[str], object], is_fat: bool = False
) -> int:
    """Let the board lose power at each operation on its files in turn; the number of those."""
    for at in itertools.count():
        put(folder, files)
        try:
            with board_with(folder, die_at=at, is_fat=is_fat) as port:
                action(port)
            return at
        except BoardError:
            pass
        with board_with(folder, is_fat=is_fat) as port:
            if not is_fat:
                check_that_nothing_is_lost(files_in(folder))
            deploy(NEW_MODEL, port, name="m.cvl")
        left = files_in(folder)
        assert left.pop("m.cvl") == NEW
        assert left.keys() <= {"m.cvl.previous"}
    raise AssertionError


def test_power_lost_at_every_operation_on_files(tmp_path: Path) -> None:
    assert die_everywhere(tmp_path, AT_FIRST, lambda port: deploy(NEW_MODEL, port, name="m.cvl")) >= 4
    assert files_in(tmp_path) == DEPLOYED


def test_power_lost_while_rolling_back(tmp_path: Path) -> None:
    assert die_everywhere(tmp_path, AT_FIRST, lambda port: roll_back(port)) >= 4
    assert files_in(tmp_path) == {"m.cvl": OLDER, "m.cvl.previous": OLD}


def test_power_lost_on_fat(tmp_path: Path) -> None:
    count = die_everywhere(
        tmp_path, {"m.cvl": OLD}, lambda port: deploy(NEW_MODEL, port, name="m.cvl"), is_fat=True
    )
    assert count >= 6
    assert files_in(tmp_path) == DEPLOYED


def test_what_fat_was_left_with_is_finished(tmp_path: Path) -> None:
    with board_with(tmp_path, is_fat=True) as port:
        put(tmp_path, {"m.cvl.proved": NEW})  # power was lost after the old model was removed
        assert deploy(NEW_MODEL, port, name="m.cvl").sent_bytes == 0
        assert files_in(tmp_path) == {"m.cvl": NEW}
        put(tmp_path, {"m.cvl": OLD, "m.cvl.proved": NEW})  # and before
        roll = deploy(NEW_MODEL, port, name="m.cvl")
        assert roll.keeps_previous
        assert files_in(tmp_path) == DEPLOYED


def test_room_for_two_models_only(tmp_path: Path) -> None:
    put(tmp_path, {"m.cvl": OLD})
    with board_with(tmp_path, room=len(OLD) + len(NEW) + 100) as port:
        assert not deploy(NEW_MODEL, port, name="m.cvl").keeps_previous
    assert files_in(tmp_path) == {"m.cvl": NEW}


def test_model_before_the_old_one_makes_room(tmp_path: Path) -> None:
    put(tmp_path, AT_FIRST)
    with board_with(tmp_path, room=len(OLD) + len(OLDER) + 100) as port:
        deploy(NEW_MODEL, port, name="m.cvl")
    assert files_in(tmp_path)["m.cvl"] == NEW


def test_model_before_the_old_one_makes_room_for_the_old_one(tmp_path: Path) -> None:
    put(tmp_path, AT_FIRST)
    with board_with(tmp_path, room=len(OLD) + len(OLDER) + len(NEW) + 100) as port:
        assert deploy(NEW_MODEL, port, name="m.cvl").keeps_previous
    assert files_in(tmp_path) == DEPLOYED


def test_no_room_for_two_models(tmp_path: Path) -> None:
    put(tmp_path, {"m.cvl": OLD})
    with (
        board_with(tmp_path, room=len(OLD) + len(NEW) - 1) as port,
        pytest.raises(BoardError, match=r"as it was: .* could not store the 2,716 bytes .* bytes are left"),
    ):
        deploy(NEW_MODEL, port, name="m.cvl")
    assert files_in(tmp_path) == {"m.cvl": OLD}


def test_rollback_without_room_for_copies(tmp_path: Path) -> None:
    put(tmp_path, AT_FIRST)
    with (
        board_with(tmp_path, room=len(OLD) + len(OLDER) + 10) as port,
        pytest.raises(BoardError, match=r"not rolled back, .* as it was: there is no room for a copy"),
    ):
        roll_back(port)
    assert files_in(tmp_path) == AT_FIRST


def test_same_model_is_not_sent(tmp_path: Path) -> None:
    with board_with(tmp_path) as port:
        put(tmp_path, DEPLOYED)
        done = deploy(NEW_MODEL, port, name="m.cvl")
        assert (done.sent_bytes, done.keeps_previous) == (0, True)
        assert files_in(tmp_path) == DEPLOYED


def test_rollback_changes_the_two_and_again_changes_them_back(tmp_path: Path) -> None:
    put(tmp_path, AT_FIRST)
    with board_with(tmp_path) as port:
        assert roll_back(port).name == "m.cvl"
        assert files_in(tmp_path) == {"m.cvl": OLDER, "m.cvl.previous": OLD}
        roll_back(port, name="m.cvl")
        assert files_in(tmp_path) == AT_FIRST


def test_rollback_with_nothing_to_go_back_to(tmp_path: Path) -> None:
    put(tmp_path, {"m.cvl": OLD})
    with board_with(tmp_path) as port:
        with pytest.raises(BoardError, match="0 models on the board have a previous one"):
            roll_back(port)
        with pytest.raises(
            BoardError, match=r"not rolled back, the board is as it was: .* no m\.cvl\.previous"
        ):
            roll_back(port, name="m.cvl")


def test_rollback_refuses_a_damaged_model(tmp_path: Path) -> None:
    files = {"m.cvl": OLD, "m.cvl.previous": OLDER[:-1]}
    put(tmp_path, files)
    with board_with(tmp_path) as port, pytest.raises(BoardError, match="own test of the model failed"):
        roll_back(port)
    assert files_in(tmp_path) == files


def test_rollback_asks_which_of_several(tmp_path: Path) -> None:
    put(tmp_path, {f"{name}.cvl.previous": OLD for name in "ba"})
    with board_with(tmp_path) as port, pytest.raises(BoardError, match=r"name one of a\.cvl, b\.cvl"):
        roll_back(port)


def test_command_needs_a_model_or_rollback() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "convlet.cli", "deploy", "--port", "x"], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "or give --rollback" in done.stderr
