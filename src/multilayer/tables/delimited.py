"""Text tables: cells between commas, semicolons, tabs or bars."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator
from itertools import islice, pairwise
from pathlib import Path

import polars as pl

from multilayer.tables.cells import MISSING, is_number, typed
from multilayer.tables.compressed import read_content
from multilayer.tables.errors import TableError, require_distinct

# In this order, because a comma may also stand inside a number and the others hardly ever do.
SEPARATORS = {"\t": "tabs", ";": "semicolons", "|": "bars", ",": "commas"}
ROWS_LOOKED_AT = 100
_LINE = re.compile(r"[^\n]*\n|[^\n]+")


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
    try:
        separator = _separator(text)
        width, n_rows = _require_rectangle(text, separator, path)
        head = [[cell.strip() for cell in row] for row in islice(_rows(text, separator), ROWS_LOOKED_AT)]
        has_header = _has_header(head)
        if n_rows == has_header:
            raise TableError(f"{path} has a header and no rows")
        frame = _frame(text, separator, has_header)
    except (csv.Error, pl.exceptions.PolarsError) as error:
        raise TableError(f"{path} cannot be read as a table: {str(error).splitlines()[0]}") from error
    if has_header:
        names = [name or f"unnamed_{j}" for j, name in enumerate(head[0], 1)]
    else:
        names = [f"column_{j}" for j in range(1, width + 1)]
        notes += (f"{path.name} has no header: its columns are named column_1 to column_{width}",)
    require_distinct(names, str(path))
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
    lines = (line.group() for line in _LINE.finditer(text))
    return csv.reader(lines, delimiter=separator, strict=True)


def _frame(text: str, separator: str, has_header: bool) -> pl.DataFrame:
    """The cells as text; the header's names are not kept."""
    # polars is many times faster, but takes quotation marks inside a cell otherwise than the csv module.
    if '"' not in text:
        return pl.read_csv(
            text.encode(), separator=separator, has_header=has_header, quote_char=None, infer_schema=False
        )
    rows = islice(_rows(text, separator), int(has_header), None)
    blocks = iter(lambda: list(islice(rows, 50_000)), [])
    return pl.concat(
        pl.DataFrame([pl.Series(str(j), cells) for j, cells in enumerate(zip(*block, strict=True))]) for block in blocks
    )


def _separator(text: str) -> str:
    """The first separator that cuts the first rows into equally many cells, otherwise the one of the first line."""
    for separator in SEPARATORS:
        try:
            widths = {len(row) for row in islice(_rows(text, separator), ROWS_LOOKED_AT)}
        except csv.Error:
            continue
        if len(widths) == 1 and widths != {1}:
            return separator
    first_line = text.partition("\n")[0]
    return max(SEPARATORS, key=first_line.count)


def _require_rectangle(text: str, separator: str, path: Path) -> tuple[int, int]:
    """The number of cells in every row, and of rows, the header among them."""
    # The csv module reads quotation marks and counting does not, but counting is many times faster.
    quoted = '"' in text
    counted = (line.count(separator) + 1 for line in text.split("\n"))
    widths = (len(row) for row in _rows(text, separator)) if quoted else counted
    first = n_rows = 0
    for n_rows, width in enumerate(widths, 1):
        first = first or width
        if width != first:
            raise TableError(
                f"{path} is not a table: row {n_rows} has {width} cells and row 1 has {first} "
                f"(cells between {SEPARATORS[separator]}, blank lines not counted)"
            )
    return first, n_rows


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
