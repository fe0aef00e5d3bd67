"""Text tables as people write them."""

from __future__ import annotations

import contextlib
import csv
import datetime
import io
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from multilayer.tables.cells import typed
from multilayer.tables.delimited import read_delimited
from multilayer.tables.errors import TableError

Read = Callable[[str | bytes], tuple[pl.DataFrame, tuple[str, ...]]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def from_text(text: str | bytes) -> tuple[pl.DataFrame, tuple[str, ...]]:
        path = tmp_path / "table.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_delimited(path)

    return from_text


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_separators_and_line_ends(read: Read, separator: str, end: str) -> None:
    text = end.join(separator.join(row) for row in [("name", "x"), ("ann", "1.5"), ("bo", "2")]) + end
    frame, notes = read(text)
    assert frame.to_dict(as_series=False) == {"name": ["ann", "bo"], "x": [1.5, 2.0]}
    assert notes == ()


def test_types(read: Read) -> None:
    frame, _ = read(
        "n,x,flag,day,time,word\n"
        "1,1e-3,True,2020-02-29,2020-02-29T10:30:00,a b\n"
        "-2,.5,false,1969-07-20,2020-02-29T10:30:01.5,c\n"
    )
    assert frame.row(0) == (1, 0.001, True, datetime.date(2020, 2, 29), datetime.datetime(2020, 2, 29, 10, 30), "a b")
    assert frame.dtypes == [pl.Int64, pl.Float64, pl.Boolean, pl.Date, pl.Datetime("us"), pl.String]


@pytest.mark.parametrize("missing", ["", " ", "NA", "N/A", "NaN", "nan", "null", "NULL", "?", " ? "])
def test_missing_values(read: Read, missing: str) -> None:
    frame, _ = read(f"n,x,flag,word\n1,1.5,true,a\n{missing},{missing},{missing},{missing}\n")
    assert frame.dtypes == [pl.Int64, pl.Float64, pl.Boolean, pl.String]
    assert frame.row(1) == (None, None, None, None)


def test_one_bad_cell_makes_text(read: Read) -> None:
    frame, _ = read("x,y\n1,2\nunknown,3\n")
    assert frame.to_dict(as_series=False) == {"x": ["1", "unknown"], "y": [2, 3]}


def test_decimal_commas(read: Read) -> None:
    frame, _ = read("x;y\n1,5;2\n-0,25;3,5\n")
    assert frame.to_dict(as_series=False) == {"x": [1.5, -0.25], "y": [2.0, 3.5]}


def test_quotation_marks(read: Read) -> None:
    frame, _ = read('name,"x, in m"\n"Smith, J",1\n"say ""hi""\ntwice",2\n')
    assert frame.to_dict(as_series=False) == {"name": ["Smith, J", 'say "hi"\ntwice'], "x, in m": [1, 2]}


def test_spaces_and_blank_lines_do_not_count(read: Read) -> None:
    frame, _ = read("\n a , b \n\n1, x\n  \n 2 ,y \n\n")
    assert frame.to_dict(as_series=False) == {"a": [1, 2], "b": ["x", "y"]}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings(read: Read, encoding: str) -> None:
    frame, notes = read("Größe,café\n1,é\n".encode(encoding))
    assert frame.to_dict(as_series=False) == {"Größe": [1], "café": ["é"]}
    assert bool(notes) == (encoding == "cp1252")


@pytest.mark.parametrize(
    "text",
    [
        "39, State-gov, 77516, <=50K\n50, Private, 83311, >50K\n",
        "M,0.455,0.365,15\nF,0.35,0.265,7\n",
        "7.4,0.7,0,5\n7.8,0.88,0,5\n",
        "0,0,0\n0,1,1\n",
        "5.1,?,a\n4.9,3.0,b\n",
    ],
)
def test_table_without_header_is_told_by_numbers_in_its_first_row(read: Read, text: str) -> None:
    frame, notes = read(text)
    assert frame.height == 2
    assert frame.columns == [f"column_{j}" for j in range(1, frame.width + 1)]
    assert "no header" in notes[0]


@pytest.mark.parametrize(
    "header",
    ["age,sex,y", "0,1,2", "1960,1961,1962", "id,2019,2021", "column one,50%,y"],
)
def test_header(read: Read, header: str) -> None:
    frame, notes = read(f"{header}\n1,5,3\n4,2,6\n")
    assert frame.columns == header.split(",")
    assert frame.height == 2
    assert notes == ()


def test_nameless_columns_get_a_name(read: Read) -> None:
    frame, _ = read(",x,\n0,1.5,a\n1,2.5,b\n")
    assert frame.columns == ["unnamed_1", "x", "unnamed_3"]


def test_row_of_wrong_length_is_named(read: Read) -> None:
    with pytest.raises(ValueError, match="row 3 has 3 cells and row 1 has 2"):
        read("a,b\n1,2\n3,4,5\n")


WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=("C", "Z"), exclude_characters='"'), min_size=1, max_size=8
)


@given(
    st.lists(st.tuples(st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False), st.booleans(), WORDS), min_size=1)
)
def test_what_polars_writes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, float, bool, str]]
) -> None:
    # A word before each text keeps it from being a number, a date or a missing value.
    columns = {
        "whole": [r[0] for r in rows],
        "x": [r[1] for r in rows],
        "flag": [r[2] for r in rows],
        "word": [f"w {r[3]}" for r in rows],
    }
    frame = pl.DataFrame(columns)
    path = tmp_path_factory.mktemp("tables") / "table.csv"
    frame.write_csv(path)
    read, _ = read_delimited(path)
    assert read.cast({"x": pl.Float64}).equals(frame)


@given(st.lists(st.sampled_from(["1", "2.5", "true", "2020-01-01", "x", "", "NA"]), min_size=1))
def test_a_type_loses_no_cell(cells: list[str]) -> None:
    column = typed(pl.Series("x", cells))
    assert column.null_count() == sum(cell in ("", "NA") for cell in cells)


CELLS = st.text(st.sampled_from('ab"; ,\n.'), max_size=4).map("x{}".format)


@given(st.integers(2, 3).flatmap(lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1)))
def test_what_python_quotes_is_read_back(tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]) -> None:
    text = io.StringIO(newline="")
    names = [f"column {j}" for j in range(len(rows[0]))]
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([names, *rows])
    path = tmp_path_factory.mktemp("tables") / "table.csv"
    path.write_text(text.getvalue(), newline="")
    frame, _ = read_delimited(path)
    # Spaces round a cell and blank lines inside one are dropped.
    squeezed = [["".join(cell.split()) for cell in row] for row in rows]
    assert [["".join(cell.split()) for cell in row] for row in frame.iter_rows()] == squeezed


@given(st.binary() | st.text(st.sampled_from('a1.,;"\n\t ?')).map(str.encode))
def test_any_file_is_a_table_or_refused_in_words(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("tables") / "table.csv"
    path.write_bytes(content)
    with contextlib.suppress(TableError):
        read_delimited(path)
