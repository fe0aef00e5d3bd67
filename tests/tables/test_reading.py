"""Every kind of source, and what is said of one that is no table."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest

from multilayer.tables.errors import TableError
from multilayer.tables.reading import open_table, read_table
from multilayer.tables.samples import SAMPLES

FRAME = pl.DataFrame({"age": [31, 40, None], "wage": [1.5, 2.0, 3.25], "town": ["Rome", None, "Oslo"]})


class ArrowExporter:
    """A data frame of another library, known only by the Arrow columns that it exports."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self._frame = frame

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._frame.__arrow_c_stream__(requested_schema)


def test_data_frames_of_all_kinds_agree() -> None:
    sources = [
        FRAME,
        FRAME.lazy(),
        FRAME.to_dict(as_series=False),
        {
            "age": np.array([31.0, 40.0, np.nan]),
            "wage": (1.5, 2.0, 3.25),
            "town": np.array(["Rome", None, "Oslo"], object),
        },
        ArrowExporter(FRAME),
        pd.DataFrame({"age": [31, 40, None], "wage": [1.5, 2.0, 3.25], "town": ["Rome", float("nan"), "Oslo"]}),
        pd.DataFrame(
            {
                "age": pd.array([31, 40, None], "Int64"),
                "wage": [1.5, 2.0, 3.25],
                "town": pd.array(["Rome", None, "Oslo"], "string"),
            }
        ),
    ]
    for source in sources:
        assert read_table(source).cast({"age": pl.Int64}).equals(FRAME)


def test_names_that_are_no_text_become_text() -> None:
    assert read_table(pd.DataFrame({0: [1, 2], 1: [3, 4]})).columns == ["0", "1"]
    assert read_table({0: [1, 2]}).columns == ["0"]


def test_whole_and_other_numbers_mix() -> None:
    assert read_table({"x": [1, 2.5, None]})["x"].to_list() == [1.0, 2.5, None]


def test_nan_is_a_missing_value() -> None:
    assert read_table(pl.DataFrame({"x": [1.0, float("nan")]}))["x"].to_list() == [1.0, None]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "'a'"),
        ({"a": [1, 2], "b": [1]}, "length"),
        ({"a": [1, "x"]}, "'a'"),
        ({"a": "text"}, "'a'"),
        ({"a": [[1], 2]}, "'a'"),
        ({"a": 3}, "'a'"),
        ({"a": {1, 2}}, "'a'"),
        ({"a": np.array(3)}, "'a'"),
        ({}, "no columns"),
        ({"a": []}, "no rows"),
    ],
)
def test_data_frame_that_is_no_table(source: object, words: str) -> None:
    with pytest.raises(TableError, match=words):
        read_table(source)


@pytest.mark.parametrize("source", [3, None, np.zeros((3, 2)), [[1, 2]]])
def test_other_objects_are_refused(source: object) -> None:
    with pytest.raises(TypeError, match="allowed are a path"):
        read_table(source)


def test_parquet(tmp_path: Path) -> None:
    path = tmp_path / "wages.parquet"
    FRAME.with_columns(pl.col("wage").fill_null(float("nan"))).write_parquet(path)
    table = open_table(path)
    assert table.name == "wages"
    assert table.frame.equals(FRAME)


def test_path_as_text_or_object_and_with_gzip(tmp_path: Path) -> None:
    path = tmp_path / "wages.csv"
    FRAME.write_csv(path)
    (tmp_path / "packed.csv.gz").write_bytes(gzip.compress(path.read_bytes()))
    for source in (path, str(path), tmp_path / "packed.csv.gz"):
        assert read_table(source).equals(FRAME)
    assert open_table(tmp_path / "packed.csv.gz").name == "packed"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("cut.parquet", b"PAR1\x15\x04"),
        ("text.parquet", b"a,b\n1,2\n"),
        ("cut.csv.gz", gzip.compress(b"a,b\n1,2\n" * 100)[:-12]),
        ("sheet.xlsx", b"PK\x03\x04"),
        ("data.arff", b"@relation x\n"),
        ("none", b"a,b\n1,2\n"),
        ("binary.csv", b"\x7fELF\x02\x01\x01\x00\x00"),
        ("controls.csv", bytes(range(1, 32)) * 9),
        ("page.csv", b"<!DOCTYPE html>\n<html><body>404</body></html>\n"),
        ("page2.csv", b"\n <HTML><head></head></html>\n"),
        ("empty.csv", b""),
        ("blank.csv", b"\n\n  \n"),
        ("header.csv", b"a,b,c\n"),
        ("twice.csv", b"a,b,a\n1,2,3\n"),
        ("long.csv", b"a,b\n1,2\n1,2,3\n"),
        ("short.csv", b"a,b\n1,2\n1\n"),
        ("open.csv", b'a,b\n"1,2\n3,4\n'),
    ],
)
def test_file_that_is_no_table(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(TableError, match=name):
        read_table(path)


def test_missing_file_and_directory_say_what_is_allowed(tmp_path: Path) -> None:
    for path, words in ((tmp_path / "none.csv", "there is no file"), (tmp_path, "directory")):
        with pytest.raises(TableError, match=f"{words}.*parquet.*sample:digits"):
            read_table(path)


# Rows and columns as scikit-learn's user guide lists them ("Toy datasets"), with the target.
@pytest.mark.parametrize(
    ("name", "shape", "target"),
    [
        ("digits", (1797, 65), "digit"),
        ("iris", (150, 5), "species"),
        ("wine", (178, 14), "cultivar"),
        ("breast_cancer", (569, 31), "diagnosis"),
        ("diabetes", (442, 11), "progression"),
    ],
)
def test_samples(name: str, shape: tuple[int, int], target: str) -> None:
    table = open_table(f"sample:{name}")
    assert table.name == name
    assert table.frame.shape == shape
    assert table.frame.columns[-1] == target
    assert all(" " not in column for column in table.frame.columns)


def test_sample_values() -> None:
    assert read_table("sample:iris")["species"].unique().sort().to_list() == ["setosa", "versicolor", "virginica"]
    assert read_table("sample:digits").columns[:9] == [*(f"pixel_0_{j}" for j in range(8)), "pixel_1_0"]


def test_unknown_sample_lists_those_that_there_are() -> None:
    with pytest.raises(TableError, match="titanic") as caught:
        read_table("sample:titanic")
    assert all(name in str(caught.value) for name in SAMPLES)
