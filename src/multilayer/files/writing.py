"""Writing a file whole or not at all."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from multilayer.files.errors import FileError


def write_whole(path: str | os.PathLike[str], content: bytes) -> None:
    """Write `content` to `path`; whatever happens, the file there is the old one or the new one, complete.

    The content goes to a new file in the same directory, is flushed to the disk, and takes the name of `path` in one
    step. A file that is replaced keeps its permissions; a link stays a link to the file written.

    Raises
    ------
    FileError
        if the directory is missing, `path` is a directory or is write-protected, or the disk refuses. Nothing is left
        behind.
    """
    target = _writable_target(path)
    temporary = _temporary(target)
    try:
        _write(temporary, content)
        if target.exists():
            os.chmod(temporary, stat.S_IMODE(target.stat().st_mode))
        os.replace(temporary, target)
        _flush_directory(target.parent)
    except OSError as error:
        raise FileError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)


def require_writable(path: str | os.PathLike[str]) -> None:
    """Refuse a path that `write_whole` could not write, before the work whose result shall go there.

    Raises
    ------
    FileError
        as `write_whole`. The file there, if any, is not touched.
    """
    temporary = _temporary(_writable_target(path))
    try:
        _write(temporary, b"")
    except OSError as error:
        raise FileError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)


def _writable_target(path: str | os.PathLike[str]) -> Path:
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise FileError(f"{path} is a directory: give the name of a file")
    if not target.parent.is_dir():
        raise FileError(f"{path} cannot be written: there is no directory {target.parent}")
    if target.exists() and not os.access(target, os.W_OK):
        raise FileError(f"{path} is write-protected")
    return target


def _temporary(target: Path) -> Path:
    return target.with_name(f".{target.name}.{secrets.token_hex(8)}.tmp")


def _write(path: Path, content: bytes) -> None:
    # Opened without `tempfile`, so that a new file gets the permissions any new file of the user gets.
    with open(path, "xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _flush_directory(directory: Path) -> None:
    # The new name is on the disk only once the directory is; Windows cannot open one.
    if os.name != "posix":
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
