"""`convlet deploy --romfs` that is broken off at any point loses no model; a board in CPython shows it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from convlet import rom_deploy, romfs
from convlet.board import Board, connect
from convlet.deploy import Deployed
from convlet.errors import BoardError, ModelError
from convlet.progress import Progress
from convlet.rom_deploy import UPDATE, deploy_to_rom
from raw_repl_board import MappedFlash, RomFlash, board_with
from test_interrupted_deploy import breaking, files_in, no_idle_time

assert no_idle_time  # a fixture, used by all tests here

VECTORS = Path(__file__).parents[1] / "vectors"
NEW_MODEL = VECTORS / "digits_like.cvl"
NEW, OLD, OTHER = ((VECTORS / f"{name}.cvl").read_bytes() for name in ("digits_like", "padded", "moved"))
AT_FIRST = {"other.cvl": OTHER, "m.cvl": OLD, "lib/a.py": b"a = 1"}
DEPLOYED = AT_FIRST | {"m.cvl": NEW}
ROM_BYTES = 24 * RomFlash.BLOCK


@pytest.fixture
def rom(tmp_path: Path) -> Path:
    path = tmp_path / "flash"
    fill(path, romfs.build(AT_FIRST))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "files"
    path.mkdir()
    return path


def fill(rom: Path, image: bytes) -> None:
    rom.write_bytes(image.ljust(ROM_BYTES, b"\xff"))


def files_of(rom: Path) -> dict[str, bytes] | None:
    """None where there is no ROMFS."""
    image = rom.read_bytes()
    return romfs.files_in(image) if romfs.image_bytes(image) else None


def put(port: str) -> Deployed:
    return deploy_to_rom(NEW_MODEL, port, name="m.cvl")


def check_repaired(rom: Path, folder: Path) -> None:
    assert files_of(rom) == DEPLOYED
    assert files_in(folder) == {}


def test_other_files_stay(rom: Path, folder: Path) -> None:
    with board_with(folder, rom=rom) as port:
        done = put(port)
        assert (done.name, done.size) == ("/rom/m.cvl", len(NEW))
        check_repaired(rom, folder)
        assert put(port).sent_bytes == 0


def test_only_blocks_that_differ_are_sent(rom: Path, folder: Path) -> None:
    fill(rom, romfs.build({"other.cvl": OTHER}))
    with board_with(folder, rom=rom) as port:
        done = put(port)
    assert len(NEW) < done.sent_bytes < len(NEW) + 3 * RomFlash.BLOCK < len(NEW) + len(OTHER)


def test_flash_without_romfs_gets_one(rom: Path, folder: Path) -> None:
    fill(rom, b"")
    with board_with(folder, rom=rom) as port:
        put(port)
    assert files_of(rom) == {"m.cvl": NEW}


def test_power_lost_at_every_change(rom: Path, folder: Path) -> None:
    """The ROMFS is the old one, the new one or none, and the next deploy, of another model, has lost nothing."""
    states = set()
    for at in itertools.count():
        fill(rom, romfs.build(AT_FIRST))
        try:
            with board_with(folder, die_at=at, rom=rom) as port:
                put(port)
            break
        except BoardError:
            pass
        left = files_of(rom)
        assert left in (AT_FIRST, DEPLOYED, None)
        states.add("none" if left is None else "old" if left == AT_FIRST else "new")
        with board_with(folder, rom=rom) as port:
            deploy_to_rom(VECTORS / "stream.cvl", port)
        found = files_of(rom)
        assert found is not None
        assert found.pop("stream.cvl") == (VECTORS / "stream.cvl").read_bytes()
        assert found == (AT_FIRST if left == AT_FIRST else DEPLOYED)
        assert files_in(folder) == {}
    assert at > 20
    assert states == {"old", "none", "new"}
    check_repaired(rom, folder)


@pytest.mark.parametrize("tells_sectors", [False, True])
def test_memoryview_of_flash(tells_sectors: bool, rom: Path, folder: Path) -> None:
    """As stm32 has it, where all is erased first, and a word is written once."""
    before = files_of(rom)
    with board_with(folder, rom=MappedFlash(rom, tells_sectors)) as port:
        done = put(port)
        assert (done.name, done.size) == ("/rom/m.cvl", len(NEW))
        check_repaired(rom, folder)
        assert put(port).sent_bytes == 0
    assert before == AT_FIRST


@pytest.mark.parametrize("tells_sectors", [False, True])
def test_power_lost_at_every_change_of_a_memoryview(tells_sectors: bool, rom: Path, folder: Path) -> None:
    """The next deploy, of another model, has lost nothing."""
    for at in itertools.count():
        fill(rom, romfs.build(AT_FIRST))
        flash = MappedFlash(rom, tells_sectors)
        try:
            with board_with(folder, die_at=at, rom=flash) as port:
                put(port)
            break
        except BoardError:
            pass
        begun = (folder / UPDATE).exists()
        with board_with(folder, rom=flash) as port:
            deploy_to_rom(VECTORS / "stream.cvl", port)
        found = files_of(rom)
        assert found is not None
        assert found.pop("stream.cvl") == (VECTORS / "stream.cvl").read_bytes()
        assert found == DEPLOYED or (found == AT_FIRST and not begun)
        assert files_in(folder) == {}
    assert at >= 12
    check_repaired(rom, folder)


def test_power_lost_while_it_is_repaired(rom: Path, folder: Path) -> None:
    fill(rom, romfs.build(AT_FIRST))
    with board_with(folder, die_at=8, rom=rom) as port, pytest.raises(BoardError):
        put(port)
    assert files_of(rom) is None
    for at in (1, 4, 12):
        with board_with(folder, die_at=at, rom=rom) as port, pytest.raises(BoardError):
            put(port)
        assert files_of(rom) is None
        assert (folder / UPDATE).exists()
    with board_with(folder, rom=rom) as port:
        put(port)
    check_repaired(rom, folder)


@pytest.mark.parametrize(("share", "first"), [(0.5, 0), (1, 5)])
def test_connection_lost(
    share: float, first: int, rom: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with board_with(folder, rom=rom) as port:
        for at in itertools.count(first, 10):
            fill(rom, romfs.build(AT_FIRST))
            try:
                with breaking(monkeypatch, at, share):
                    put(port)
                break
            except BoardError:
                pass
            with connect(port, soft_reset=False):  # the board has done what had reached it
                assert files_of(rom) in (AT_FIRST, DEPLOYED)
            put(port)
            check_repaired(rom, folder)
        assert at >= 40


def test_ctrl_c_while_the_board_writes(rom: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(
        board: Board, place: rom_deploy._Rom, old: bytes, image: bytes, progress: Progress
    ) -> int:
        board.write_file(UPDATE, rom_deploy._update(place, old, image))
        board.run("import vfs\nvfs.rom_ioctl(2, 0).ioctl(6, 0)")
        raise KeyboardInterrupt

    monkeypatch.setattr(rom_deploy, "_replace", interrupted)
    with board_with(folder, rom=rom) as port, pytest.raises(KeyboardInterrupt):
        put(port)
    check_repaired(rom, folder)


def test_what_is_written_wrong_is_not_mounted(
    rom: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worn = rom_deploy._CARRY_OVER.replace("f.readinto(b)\n", "f.readinto(b)\n        b[7] ^= 16\n")
    monkeypatch.setattr(rom_deploy, "_CARRY_OVER", worn)
    with (
        board_with(folder, rom=rom) as port,
        pytest.raises(
            BoardError, match=r"m\.cvl was not deployed, .*romfs\.update.*: ValueError: ROMFS does not"
        ),
    ):
        put(port)
    assert files_of(rom) is None
    monkeypatch.undo()
    with board_with(folder, rom=rom) as port:
        put(port)
    check_repaired(rom, folder)


def test_update_that_fits_no_longer_is_given_up(rom: Path, folder: Path) -> None:
    (folder / UPDATE).write_bytes(b"0" * 64 + b" 1000 0\n" + bytes(512))
    fill(rom, b"")
    with board_with(folder, rom=rom) as port:
        put(port)
    assert files_of(rom) == {"m.cvl": NEW}
    assert files_in(folder) == {}


@pytest.mark.parametrize("before", [AT_FIRST, {}])
def test_model_that_the_board_refuses_goes_again(
    before: dict[str, bytes], rom: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(rom, romfs.build(before))
    real: Callable[..., None] = rom_deploy.selftest

    def refused(board: object, name: str) -> None:
        real(board, "/rom/m.cvl.not")

    monkeypatch.setattr(rom_deploy, "selftest", refused)
    with (
        board_with(folder, rom=rom) as port,
        pytest.raises(BoardError, match=r"not deployed, the board is as it was: the board's own test"),
    ):
        put(port)
    assert files_of(rom) == before
    assert files_in(folder) == {}


def test_files_that_are_too_big(rom: Path, folder: Path) -> None:
    fill(rom, romfs.build({"big.bin": bytes(ROM_BYTES - 1000)}))
    before = rom.read_bytes()
    expected = (
        r"as it was: with it the files take 14,0\d\d bytes, and the board's ROMFS has 12,288\. "
        r"It holds big\.bin \(11,288 bytes\); `mpremote romfs .*deploy without --romfs"
    )
    with board_with(folder, rom=rom) as port, pytest.raises(BoardError, match=expected):
        put(port)
    assert rom.read_bytes() == before


def test_file_system_without_room_for_the_update(rom: Path, folder: Path) -> None:
    expected = r"must hold the [\d,]+ bytes that change until .* and has 9,000 left: remove files"
    with board_with(folder, rom=rom, room=9000) as port, pytest.raises(BoardError, match=expected):
        put(port)
    assert files_of(rom) == AT_FIRST


def test_board_without_romfs(folder: Path) -> None:
    with (
        board_with(folder) as port,
        pytest.raises(BoardError, match=r"has no ROMFS: flash .*firmware build --board pico"),
    ):
        put(port)


def test_damaged_model_is_refused_here(tmp_path: Path) -> None:
    damaged = tmp_path / "m.cvl"
    damaged.write_bytes(NEW[:-1])
    with pytest.raises(ModelError, match=r"m\.cvl does not pass its own test: .*compile it again"):
        deploy_to_rom(damaged, "socket://127.0.0.1:9")


@pytest.mark.parametrize("name", ["a/b.cvl", "/rom/b.cvl", "ä.cvl"])
def test_names_that_are_none(name: str) -> None:
    with pytest.raises(BoardError, match=re.escape(f"{name!r} cannot be a file's name")):
        deploy_to_rom(NEW_MODEL, "socket://127.0.0.1:9", name=name)
