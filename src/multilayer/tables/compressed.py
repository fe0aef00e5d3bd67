"""Files that may be compressed with gzip."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

from multilayer.tables.errors import TableError

_GZIP = b"\x1f\x8b"


def read_content(path: Path) -> bytes:
    """The file's bytes, decompressed if they begin as gzip does, whatever the file's name.

    Raises
    ------
    TableError
        if the file cannot be read or its compressed content is cut short or damaged.
    """
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if content.startswith(_GZIP) else content
    except (OSError, EOFError, zlib.error) as error:
        raise TableError(f"{path} cannot be read: {error}") from error
