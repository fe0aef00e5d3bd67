"""IDX files: the images and labels of MNIST and its relatives, as a table.

A file is 0, 0, a type code, the number of dimensions, each dimension as a 32-bit integer (most significant byte first),
then the values row by row. Only unsigned bytes (code 8) occur in those sets.
Source: LeCun, Cortes and Burges, "The MNIST database of handwritten digits", section "File formats".
"""

from __future__ import annotations

import re
import struct
from pathlib import Path

import numpy as np
import polars as pl

from multilayer.tables.compressed import read_content
from multilayer.tables.errors import TableError

_NAME = re.compile(r"(images|labels)[-.]idx[13]-ubyte(\.gz)?$")


def is_idx(path: Path) -> bool:
    """Whether the name is that of an IDX file of images or labels, compressed or not."""
    return _NAME.search(path.name) is not None


def read_idx_table(path: Path) -> pl.DataFrame:
    """Images as columns `pixel_0_0`, `pixel_0_1`, … (row, column; 0 to 255), and `label` from the file beside them.

    Parameters
    ----------
    path : the file of images, such as train-images-idx3-ubyte.gz; its labels are looked for beside it, in
        train-labels-idx1-ubyte.gz or train-labels-idx1-ubyte. Without them the table has no column `label`.

    Raises
    ------
    TableError
        if `path` is the file of labels, or a file is no IDX file, is cut short, or the two differ in length.
    """
    if "images" not in path.name:
        images_name = path.name.replace("labels", "images").replace("idx1", "idx3")
        raise TableError(f"{path} holds labels alone: give the images, {images_name}")
    images = read_idx(path, n_dimensions=3)
    n, height, width = images.shape
    if n == 0 or height * width == 0:
        raise TableError(f"{path} holds no images")
    pixels = images.reshape(n, -1)
    columns = [pl.Series(f"pixel_{j // width}_{j % width}", pixels[:, j]) for j in range(height * width)]
    labels_name = path.name.replace("images", "labels").replace("idx3", "idx1").removesuffix(".gz")
    for beside in (path.with_name(f"{labels_name}.gz"), path.with_name(labels_name)):
        if beside.is_file():
            labels = read_idx(beside, n_dimensions=1)
            if len(labels) != n:
                raise TableError(f"{path} holds {n} images, {beside} {len(labels)} labels: they do not belong together")
            return pl.DataFrame([*columns, pl.Series("label", labels)])
    return pl.DataFrame(columns)


def read_idx(path: Path, *, n_dimensions: int) -> np.ndarray:
    """The array of unsigned bytes in an IDX file, compressed with gzip or not."""
    content = read_content(path)
    header = 4 + 4 * n_dimensions
    if content[:4] != bytes([0, 0, 8, n_dimensions]) or len(content) < header:
        raise TableError(f"{path} is not an IDX file of unsigned bytes with {n_dimensions} dimensions")
    shape = struct.unpack(f">{n_dimensions}I", content[4:header])
    expected = int(np.prod(shape, dtype=object))
    if len(content) - header != expected:
        raise TableError(
            f"{path} promises {expected} values, holds {len(content) - header}: it is cut short or damaged"
        )
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)
