"""Tables as the content of a file."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from multilayer.tables.errors import TableError
from multilayer.tables.frames import columns_to_frame

WRITTEN = (".csv", ".parquet")


def table_content(columns: Mapping[str, np.ndarray], path: str | Path) -> bytes:
    """The content of a CSV or Parquet file with these columns; the name of `path` says which, nothing is written.

    Raises
    ------
    TableError
        if the name ends in neither .csv nor .parquet.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in WRITTEN:
        raise TableError(f"{path}: a table is written as {' or '.join(WRITTEN)}, by the end of its name")
    frame, content = columns_to_frame(columns), io.BytesIO()
    if suffix == ".csv":
        frame.write_csv(content)
    else:
        frame.write_parquet(content)
    return content.getvalue()
