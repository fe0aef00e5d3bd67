"""Text tables: cells between commas, semicolons, tabs or bars."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from itertools import islice, pairwise
from pathlib import Path

import polars as pl

from multilayer.tables.cells import MISSING, is_number, typed
from multilayer.tables.compressed import read_content
from multilayer.tables.errors import TableError, listed

# In this order, because a comma may also stand inside a number and the others hardly ever do.
SEPARATORS = ("\t", ";", "|", ",")
ROWS_LOOKED_AT = 100


def read_delimited(path: Path) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """The table in a text file, compressed with gzip or not, and what was concluded about the file.

    The separator is the first of tab, semicolon, bar and comma that cuts the first rows into equally many cells. Blank
    lines are skipped, cells stripped of spaces, and typed (`cells.typed`); between semicolons or tabs a number may be
    written 0,5. The first row is the header unless it holds numbers where names belong; a table without header gets the
    names column_1, column_2, …

    Raises
    ------
    TableError
        if the content is binary, a web page or empty, has no rows, rows of different lengths, or one name twice.
    """
    text, notes = _decode(read_content(path), path)
    separator = _separator(text)
    width, n_rows = _require_rectangle(text, separator, path)
    head = [[cell.strip() for cell in row] for row in islice(_rows(text, separator), ROWS_LOOKED_AT)]
    has_header = _has_header(head)
    if has_header:
        names = [name or f"unnamed_{j}" for j, name in enumerate(head[0], 1)]
    else:
        names = [f"column_{j}" for j in range(1, width + 1)]
        notes += (f"{path.name} has no header: its columns are named column_1 to column_{width}",)
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise TableError(f"{path} has several columns of the same name: {listed(repeated)}")
    if n_rows == has_header:
        raise TableError(f"{path} has a header and no rows")
    try:
        frame = pl.read_csv(text.encode(), separator=separator, has_header=has_header, infer_schema=False)
    except pl.exceptions.PolarsError as error:
        raise TableError(f"{path} cannot be read as a table: {error}") from error
    if frame.height != n_rows - has_header:
        raise TableError(f"{path} cannot be read as a table: a quotation mark is not closed")
    frame.columns = names
    decimal_comma = separator != ","
    return frame.with_columns(typed(column, decimal_comma=decimal_comma) for column in frame), notes


def _decode(content: bytes, path: Path) -> tuple[str, tuple[str, ...]]:
    """The text with "\\n" at the end of its lines and without blank ones, and what was concluded about its encoding."""
    notes: tuple[str, ...] = ()
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = content.decode("utf-16", errors="replace")
    elif b"\0" in content:
        raise TableError(f"{path} is not a table: it holds binary data")
    else:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = content.decode("cp1252", errors="replace")
            notes = (f"{path.name} is not UTF-8: read as Windows-1252",)
    beginning = text[:4096]
    if sum(character < " " and character not in "\t\r\n\f" for character in beginning) > len(beginning) / 100:
        raise TableError(f"{path} is not a table: it holds binary data")
    if beginning.lstrip().lower().startswith(("<!doctype", "<html", "<?xml")):
        raise TableError(f"{path} is not a table: it holds a web page or XML")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = re.sub(r"\n *(?=\n)", "", text).strip("\n ")
    if not text:
        raise TableError(f"{path} is empty")
    return text, notes


def _rows(text: str, separator: str) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(text, newline=""), delimiter=separator)


def _separator(text: str) -> str:
    lines = "\n".join(text.split("\n", ROWS_LOOKED_AT)[:ROWS_LOOKED_AT])
    widths = {}
    for separator in SEPARATORS:
        widths[separator] = [len(row) for row in _rows(lines, separator)]
        # The last row may be a cell of several lines, cut in the middle.
        if widths[separator][0] > 1 and len(set(widths[separator][:-1] or widths[separator])) == 1:
            return separator
    return max(reversed(SEPARATORS), key=lambda separator: widths[separator][0])


def _require_rectangle(text: str, separator: str, path: Path) -> tuple[int, int]:
    """The number of cells in every row, and of rows, the header among them."""
    # The csv module reads quotation marks and counting does not, but counting is many times faster.
    quoted = '"' in text
    counted = (line.count(separator) + 1 for line in text.split("\n"))
    widths = (len(row) for row in _rows(text, separator)) if quoted else counted
    first = n_rows = 0
    try:
        for n_rows, width in enumerate(widths, 1):
            first = first or width
            if width != first:
                raise TableError(
                    f"{path} is not a table: row {n_rows} has {width} cells and row 1 has {first} "
                    f"(cells between {_SEPARATOR_NAMES[separator]}, blank lines not counted)"
                )
    except csv.Error as error:
        raise TableError(f"{path} cannot be read as a table: {error}") from error
    return first, n_rows


_SEPARATOR_NAMES = {"\t": "tabs", ";": "semicolons", "|": "bars", ",": "commas"}


def _has_header(head: list[list[str]]) -> bool:
    """Whether the first row names the columns.

    It does if it holds no number, if a cell that is no number stands above nothing but numbers, or if its numbers count
    up by one, as names made by a program or years do. Otherwise its numbers are data.
    """
    first, *others = head
    numbers = [float(cell.replace(",", ".")) for cell in first if is_number(cell)]
    if not numbers:
        return True
    for name, *cells in zip(first, *others, strict=False):
        below = [cell for cell in cells if cell not in MISSING]
        if name not in MISSING and not is_number(name) and below and all(is_number(cell) for cell in below):
            return True
    return len(numbers) >= 3 and all(b - a == 1 for a, b in pairwise(numbers))
