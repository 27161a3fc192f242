"""ROMFS images: what is built is read again, what mpremote builds too, and files lie aligned."""

from __future__ import annotations

import pytest
from convlet import romfs
from mpremote.romfs import VfsRomWriter

FILES = {f"file{size}": bytes([size % 250 + 1]) * size for size in (5, 6, 7, 300, 1001, 20_000)}
WITH_FOLDERS = {"lib/a.mpy": b"first", "b.cvl": b"second", "lib/deep/c.cvl": b"third", "empty": b""}


def test_files_lie_aligned() -> None:
    image = romfs.build(FILES)
    assert len({image.index(data) for data in FILES.values()}) == len(FILES)
    assert all(image.index(data) % romfs.ALIGNMENT == 0 for data in FILES.values())


def test_files_in_folders_lie_aligned() -> None:
    image = romfs.build(WITH_FOLDERS)
    assert [image.index(data) % romfs.ALIGNMENT for data in (b"first", b"second", b"third")] == [0, 0, 0]


@pytest.mark.parametrize("files", [FILES, WITH_FOLDERS, {}])
def test_what_is_built_is_read(files: dict[str, bytes]) -> None:
    image = romfs.build(files)
    assert romfs.files_in(image) == files
    assert romfs.image_bytes(image[: romfs.HEADER_BYTES]) == len(image)
    assert romfs.files_in(image + b"\xff" * 100) == files  # the rest of a block


def test_images_of_mpremote_are_read() -> None:
    writer = VfsRomWriter()
    place = writer.mkdata(b"..somewhere..")
    writer.mkfile("a.cvl", b"a" * 300)
    writer.opendir("lib")
    writer.mkfile("b.mpy", b"b")
    writer.closedir()
    writer.mkfile("c", (9, place + 2))
    image = writer.finalise()
    assert romfs.image_bytes(image) == len(image)
    assert romfs.files_in(image) == {"a.cvl": b"a" * 300, "lib/b.mpy": b"b", "c": b"somewhere"}


@pytest.mark.parametrize("erased", [b"\xff" * 8, bytes(8)])
def test_erased_flash_is_no_image(erased: bytes) -> None:
    assert romfs.image_bytes(erased) == 0


def test_reading_stops_where_the_firmware_does() -> None:
    image = romfs.build({"a": b"first", "b": b"second"})
    second = image.index(b"second") - 5
    assert romfs.files_in(image[:second] + b"\xff" * 4 + image[second + 4 :]) == {"a": b"first"}
