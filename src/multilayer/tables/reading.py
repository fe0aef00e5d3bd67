"""Tables from files, from scikit-learn's samples, and from data frames."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from multilayer.tables.data_frames import nan_to_null, to_polars
from multilayer.tables.delimited import read_delimited
from multilayer.tables.errors import TableError
from multilayer.tables.idx import is_idx, read_idx_table
from multilayer.tables.samples import SAMPLES, read_sample

SAMPLE = "sample:"
TEXT, PARQUET = (".csv", ".tsv", ".txt", ".data"), (".parquet", ".pq")
ALLOWED = (
    f"a table is a file {', '.join(TEXT)} (also with .gz) or {', '.join(PARQUET)}, IDX images such as "
    f"train-images-idx3-ubyte.gz, or one of {', '.join(SAMPLE + name for name in SAMPLES)}"
)


@dataclass(frozen=True)
class Table:
    """A table, a short name for it ("titanic" for titanic.csv.gz), and what was concluded while reading it."""

    frame: pl.DataFrame
    name: str
    notes: tuple[str, ...] = ()


def read_table(source: object) -> pl.DataFrame:
    """The table in `source` as a polars data frame: `open_table` without its name and notes."""
    return open_table(source).frame


def open_table(source: object) -> Table:
    """Read a table.

    Parameters
    ----------
    source : path, "sample:NAME" or data frame
        Path of a text table (.csv, .tsv, .txt, .data, each also .gz), of a Parquet file (.parquet, .pq) or of IDX
        images (train-images-idx3-ubyte.gz, its labels beside it); one of scikit-learn's bundled tables (`read_sample`);
        a data frame of polars, pandas or any library that exports Arrow, or a mapping from names to columns.

    Raises
    ------
    TableError
        if there is no such file or sample, it is no table, or it has no columns or no rows; names the source and what
        is allowed.
    TypeError
        if `source` is something else.
    """
    if isinstance(source, str) and source.startswith(SAMPLE):
        name = source.removeprefix(SAMPLE)
        return Table(read_sample(name), name)
    if isinstance(source, str | os.PathLike):
        return _read_file(Path(source))
    frame = to_polars(source)
    if frame is None:
        raise TypeError(
            f"table: got {type(source).__name__}; allowed are a path, 'sample:NAME', "
            "a data frame (polars, pandas, Arrow) or a mapping from names to columns"
        )
    return _require_content(Table(frame, "table"), "the table")


def _read_file(path: Path) -> Table:
    if path.is_dir():
        raise TableError(f"{path} is a directory: {ALLOWED}")
    if not path.exists():
        raise TableError(f"there is no file {path}: {ALLOWED}")
    plain = path.name.removesuffix(".gz")
    name, suffix = os.path.splitext(plain)
    if is_idx(path):
        return Table(read_idx_table(path), plain.partition("-images")[0])
    if suffix.lower() in TEXT:
        frame, notes = read_delimited(path)
        return _require_content(Table(frame, name, notes), str(path))
    if path.suffix.lower() in PARQUET:
        return _require_content(Table(_read_parquet(path), name), str(path))
    raise TableError(f"{path} is not a table: {ALLOWED}")


def _read_parquet(path: Path) -> pl.DataFrame:
    try:
        return nan_to_null(pl.read_parquet(path, glob=False))
    except (pl.exceptions.PolarsError, OSError) as error:
        raise TableError(f"{path} cannot be read as Parquet: {str(error).splitlines()[0]}") from error


def _require_content(table: Table, what: str) -> Table:
    if table.frame.width == 0:
        raise TableError(f"{what} has no columns")
    if table.frame.height == 0:
        raise TableError(f"{what} has {table.frame.width} columns and no rows")
    return table
