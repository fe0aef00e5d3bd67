"""The old file or the new one, and nothing else."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from multilayer.files import writing
from multilayer.files.errors import FileError
from multilayer.files.writing import write_whole

posix = pytest.mark.xfail(os.name != "posix", reason="permissions and links as POSIX has them", strict=False)


def test_new_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for content in (b"one", b"", b"three" * 10_000):
        write_whole(path, content)
        assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_failure_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    def fail(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / "file"
    write_whole(path, b"old")
    monkeypatch.setattr(writing.os, failing, fail)
    with pytest.raises(FileError, match="file cannot be written: No space left on device"):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_interruption_leaves_the_old_file_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*arguments: object) -> None:
        raise KeyboardInterrupt

    path = tmp_path / "file"
    write_whole(path, b"old")
    monkeypatch.setattr(writing.os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@posix
def test_permissions(tmp_path: Path) -> None:
    ordinary, path = tmp_path / "ordinary", tmp_path / "file"
    ordinary.write_bytes(b"")
    write_whole(path, b"one")
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(ordinary.stat().st_mode)
    path.chmod(0o640)
    write_whole(path, b"two")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@posix
def test_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    path, link = tmp_path / "there" / "file", tmp_path / "link"
    link.symlink_to(path)
    for content in (b"one", b"two"):
        write_whole(link, content)
        assert link.is_symlink()
        assert path.read_bytes() == content


def test_places_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FileError, match="is a directory"):
        write_whole(tmp_path, b"")
    with pytest.raises(FileError, match=r"there is no directory .*nowhere"):
        write_whole(tmp_path / "nowhere" / "file", b"")
    path = tmp_path / "file"
    path.write_bytes(b"old")
    # Whoever runs the tests may be allowed everything.
    monkeypatch.setattr(writing.os, "access", lambda *arguments: False)
    with pytest.raises(FileError, match="write-protected"):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
