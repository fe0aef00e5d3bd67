"""Arrays and metadata in one file: safetensors, whose header carries the metadata as one JSON text. Never pickle."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from multilayer.files.errors import FileError
from multilayer.files.writing import write_whole

FORMAT, VERSION = "multilayer", 1
_KEY = "multilayer"
_INTEGERS = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64")
_DTYPES = ("bool", *_INTEGERS, "float16", "float32", "float64")


def save_container(path: str | os.PathLike[str], arrays: Mapping[str, np.ndarray], metadata: Mapping[str, Any]) -> None:
    """Write arrays and metadata to one file, whole or not at all (`write_whole`); a file there is replaced.

    Parameters
    ----------
    path : the file
    arrays : by name; booleans, whole numbers and floats of any shape
    metadata : what JSON can hold; the keys "format" and "version" are written here and reserved

    Raises
    ------
    ValueError
        if metadata holds NaN, infinity or a reserved key, or an array is called "__metadata__".
    TypeError
        if an array has another type, or metadata holds what JSON cannot.
    FileError
        if the file cannot be written.
    """
    reserved = {"format", "version"} & metadata.keys()
    if reserved:
        raise ValueError(f"metadata: the keys {sorted(reserved)} are reserved")
    plain = {}
    for name, array in arrays.items():
        if name == "__metadata__":
            raise ValueError(f"arrays: the name {name!r} is reserved")
        kept = np.asarray(array)
        if kept.dtype.name not in _DTYPES:
            raise TypeError(f"arrays: {name!r} has dtype {kept.dtype}; allowed are {', '.join(_DTYPES)}")
        # The bytes are written as they lie in memory: rows first, least significant byte first.
        plain[name] = kept.astype(kept.dtype.newbyteorder("<"), order="C", copy=False)
    text = json.dumps({"format": FORMAT, "version": VERSION, **metadata}, allow_nan=False)
    write_whole(path, save(plain, metadata={_KEY: text}))


def load_container(path: str | os.PathLike[str]) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The arrays and the metadata of a file that `save_container` wrote.

    Raises
    ------
    FileError
        if there is no such file, it is cut short or damaged, was written by something else, or by a newer version.
    """
    if os.path.isdir(path):
        raise FileError(f"{path} is a directory: give a file written by multilayer")
    try:
        with safe_open(path, framework="numpy") as file:
            header = file.metadata() or {}
            metadata = _metadata(header.get(_KEY), path)
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except FileNotFoundError as error:
        raise FileError(f"there is no file {path}") from error
    except (OSError, SafetensorError) as error:
        raise FileError(f"{path} is not a file written by multilayer, or is cut short or damaged: {error}") from error
    return arrays, metadata


def _metadata(text: str | None, path: str | os.PathLike[str]) -> dict[str, Any]:
    try:
        metadata = json.loads(text or "null")
    except json.JSONDecodeError as error:
        raise FileError(f"{path} is damaged: its metadata is not JSON") from error
    if not isinstance(metadata, dict) or metadata.get("format") != FORMAT:
        raise FileError(f"{path} was not written by multilayer: it holds arrays of something else")
    version = metadata.pop("version", None)
    if not isinstance(version, int) or version < 1:
        raise FileError(f"{path} is damaged: its version is {version!r}")
    if version > VERSION:
        raise FileError(f"{path} is of version {version}, the newest known here is {VERSION}: update multilayer")
    del metadata["format"]
    return metadata
