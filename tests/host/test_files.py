import errno
import os
import stat
from pathlib import Path

import pytest
from convlet.errors import ConvletError
from convlet.files import cache_folder, read_file, replacing, write_atomic


def test_files_are_written_and_replaced(tmp_path):
    path = tmp_path / "new" / "folder" / "file.bin"
    write_atomic(path, b"one")
    write_atomic(path, b"two")
    assert path.read_bytes() == b"two" and list(path.parent.iterdir()) == [path]


def test_a_failure_leaves_the_old_file(tmp_path):
    path = tmp_path / "file.bin"
    path.write_bytes(b"old")
    with pytest.raises(RuntimeError), replacing(path) as temporary:
        temporary.write_bytes(b"half of the n")
        assert temporary.parent == tmp_path and path.read_bytes() == b"old"
        raise RuntimeError
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]


def test_others_may_read_the_file(tmp_path):
    old = os.umask(0o022)
    try:
        write_atomic(tmp_path / "file.bin", b"")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "file.bin").stat().st_mode) == 0o644


def test_what_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ConvletError, match=r"cannot write .*file.model\.cvl: "):
        write_atomic(tmp_path / "file" / "model.cvl", b"")


def test_a_full_disk_is_told_with_the_file(tmp_path):
    with (
        pytest.raises(ConvletError, match=r"cannot write .*file\.bin: No space left on device"),
        replacing(tmp_path / "file.bin"),
    ):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_not_replaced(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(ConvletError, match=r"cannot write .*folder: it is a folder"):
        write_atomic(tmp_path / "folder", b"")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_what_cannot_be_read_is_named(tmp_path):
    with pytest.raises(ConvletError, match=r"cannot read the model .*no\.tflite: No such file or directory"):
        read_file(tmp_path / "no.tflite", "the model")
    with pytest.raises(ConvletError, match=r"cannot read the model .*: Is a directory"):
        read_file(tmp_path, "the model")


def test_the_cache_is_where_the_variable_says(tmp_path, monkeypatch):
    monkeypatch.setenv("CONVLET_CACHE", str(tmp_path / "cache"))
    assert cache_folder() == tmp_path / "cache" and cache_folder().is_dir()


def test_the_cache_is_in_the_home_folder_else(tmp_path, monkeypatch):
    monkeypatch.delenv("CONVLET_CACHE", raising=False)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert cache_folder() == tmp_path / ".cache" / "convlet"
