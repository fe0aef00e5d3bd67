"""What is wrong with a file, in one message."""

from __future__ import annotations


class FileError(ValueError):
    """A file that cannot be written, read, or understood."""
