"""IDX files made by hand after the format's description."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from multilayer.tables.errors import TableError
from multilayer.tables.reading import open_table

IMAGES = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)


def content(values: np.ndarray) -> bytes:
    return struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape) + values.tobytes()


@pytest.mark.parametrize(
    "names",
    [("train-images-idx3-ubyte", "train-labels-idx1-ubyte"), ("train-images.idx3-ubyte", "train-labels.idx1-ubyte")],
)
@pytest.mark.parametrize("images_packed", [False, True])
@pytest.mark.parametrize("labels_packed", [False, True])
def test_images_and_the_labels_beside_them(
    tmp_path: Path, names: tuple[str, str], images_packed: bool, labels_packed: bool
) -> None:
    paths = []
    for name, values, packed in zip(
        names, (IMAGES, np.array([7, 2], np.uint8)), (images_packed, labels_packed), strict=True
    ):
        paths.append(tmp_path / (f"{name}.gz" if packed else name))
        paths[-1].write_bytes(gzip.compress(content(values)) if packed else content(values))
    table = open_table(paths[0])
    assert table.name == "train"
    assert table.frame.shape == (2, 13)
    assert table.frame["pixel_1_2"].to_list() == [6, 18]
    assert table.frame["label"].to_list() == [7, 2]


def test_images_alone(tmp_path: Path) -> None:
    path = tmp_path / "t10k-images-idx3-ubyte"
    path.write_bytes(content(IMAGES))
    assert "label" not in open_table(path).frame.columns


@pytest.mark.parametrize(
    ("images", "labels", "words"),
    [
        (content(IMAGES)[:-1], None, "promises 24 values, holds 23"),
        (content(IMAGES) + b"\0", None, "holds 25"),
        (b"\0\0\x08\x03", None, "not an IDX file"),
        (b"a,b\n1,2\n", None, "not an IDX file"),
        (content(IMAGES[:0]), None, "no images"),
        (content(IMAGES), content(np.zeros(3, np.uint8)), "2 images, .* 3 labels"),
        (content(IMAGES), b"", "labels-idx1-ubyte is not an IDX file"),
    ],
)
def test_damaged_files(tmp_path: Path, images: bytes, labels: bytes | None, words: str) -> None:
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(images)
    if labels is not None:
        (tmp_path / "train-labels-idx1-ubyte").write_bytes(labels)
    with pytest.raises(TableError, match=words):
        open_table(path)


def test_labels_alone_are_no_table(tmp_path: Path) -> None:
    path = tmp_path / "train-labels-idx1-ubyte"
    path.write_bytes(content(np.zeros(3, np.uint8)))
    with pytest.raises(TableError, match="give the images, train-images-idx3-ubyte"):
        open_table(path)
