"""What was written comes back; what was not is told apart."""

from __future__ import annotations

import json
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from safetensors import safe_open
from safetensors.numpy import save_file

from multilayer.files.container import load_container, save_container
from multilayer.files.errors import FileError

ARRAYS = {"W": np.arange(6.0).reshape(2, 3), "b": np.float32([1.5, -2]), "steps": np.array(7)}
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
DTYPES = st.sampled_from(["?", "<i8", ">i4", "u1", "<u8", "<f2", "<f4", ">f8", "<f8"])


TEXT = st.text(st.characters(codec="utf-8"), max_size=5)
VALUES = DTYPES.flatmap(lambda dtype: arrays(dtype, array_shapes(min_dims=0, min_side=0)))


@given(st.dictionaries(TEXT, VALUES, max_size=3), st.dictionaries(TEXT, JSON, max_size=3))
def test_round_trip(
    tmp_path_factory: pytest.TempPathFactory, values: dict[str, np.ndarray], metadata: dict[str, object]
) -> None:
    path = tmp_path_factory.mktemp("files") / "model.mlp"
    save_container(path, values, metadata)
    read, read_metadata = load_container(path)
    assert read_metadata == metadata
    assert read.keys() == values.keys()
    for name, array in values.items():
        assert read[name].shape == array.shape
        assert read[name].dtype == array.dtype.newbyteorder("=")
        np.testing.assert_array_equal(read[name], array)


@pytest.mark.parametrize(
    "view",
    [lambda a: a.T, lambda a: a[::2, ::-1], lambda a: np.asfortranarray(a), lambda a: np.broadcast_to(a[0], (3, 6))],
)
def test_arrays_that_lie_otherwise_in_memory(tmp_path: Path, view: object) -> None:
    array = view(np.arange(24.0).reshape(4, 6))
    save_container(tmp_path / "m", {"a": array}, {})
    np.testing.assert_array_equal(load_container(tmp_path / "m")[0]["a"], array)


def test_any_reader_of_safetensors_finds_the_arrays_and_one_json_text(tmp_path: Path) -> None:
    save_container(tmp_path / "m", ARRAYS, {"name": "é"})
    with safe_open(tmp_path / "m", framework="numpy") as file:
        np.testing.assert_array_equal(file.get_tensor("W"), ARRAYS["W"])
        (text,) = file.metadata().values()
    assert json.loads(text) == {"format": "multilayer", "version": 1, "name": "é"}


def test_same_content_is_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        save_container(tmp_path / name, ARRAYS, {"a": 1, "b": [2]})
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


@pytest.mark.parametrize(
    ("arrays_", "metadata", "error", "words"),
    [
        (ARRAYS, {"x": float("nan")}, ValueError, "JSON"),
        (ARRAYS, {"x": {1, 2}}, TypeError, "JSON"),
        (ARRAYS, {"version": 2}, ValueError, "'version'"),
        (ARRAYS, {"format": "other"}, ValueError, "'format'"),
        ({"z": np.array([1j])}, {}, TypeError, "'z' has dtype complex128"),
        ({"__metadata__": np.zeros(2)}, {}, ValueError, "'__metadata__' is reserved"),
        ({"names": np.array(["a"])}, {}, TypeError, "'names'"),
        ({"things": np.array([None])}, {}, TypeError, "'things'"),
    ],
)
def test_what_cannot_be_kept_is_refused_and_nothing_is_touched(
    tmp_path: Path, arrays_: dict[str, np.ndarray], metadata: dict[str, object], error: type[Exception], words: str
) -> None:
    path = tmp_path / "model.mlp"
    path.write_bytes(b"before")
    with pytest.raises(error, match=words):
        save_container(path, arrays_, metadata)
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_missing_file_and_directory(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"there is no file .*none\.mlp"):
        load_container(tmp_path / "none.mlp")
    with pytest.raises(FileError, match="directory"):
        load_container(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"x",
        b"a,b\n1,2\n",
        pickle.dumps({"W": 1}),
        struct.pack("<Q", 2**40) + b"{}",
        struct.pack("<Q", 2) + b"{}",
        bytes(64),
    ],
)
def test_foreign_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "foreign.mlp"
    path.write_bytes(content)
    with pytest.raises(FileError, match=r"foreign\.mlp"):
        load_container(path)


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        (None, "not written by multilayer"),
        ({"format": "pt"}, "not written by multilayer"),
        ({"multilayer": "{"}, "not JSON"),
        ({"multilayer": "[1]"}, "not written by multilayer"),
        ({"multilayer": '{"format": "other", "version": 1}'}, "not written by multilayer"),
        ({"multilayer": '{"format": "multilayer"}'}, "version is None"),
        ({"multilayer": '{"format": "multilayer", "version": "1"}'}, "version is '1'"),
        ({"multilayer": '{"format": "multilayer", "version": 2}'}, "newest known here is 1: update"),
    ],
)
def test_safetensors_of_something_else_or_of_later_versions(
    tmp_path: Path, metadata: dict[str, str] | None, words: str
) -> None:
    path = tmp_path / "foreign.mlp"
    save_file({"W": np.zeros(2)}, path, metadata)
    with pytest.raises(FileError, match=words):
        load_container(path)


def test_file_cut_anywhere_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.mlp"
    save_container(path, ARRAYS, {"key": "value"})
    content = path.read_bytes()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(FileError, match=r"model\.mlp"):
            load_container(path)
