"""The notations in which a step can be written, each a function from a step to a document."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Literal

from multilayer.display.document import Document
from multilayer.display.notations import lecture_001, lecture_002, lecture_003, lecture_004, multilayer
from multilayer.display.step import Step

Notation = Literal["multilayer", "001", "002", "003", "004"]

NOTATIONS: Mapping[str, Callable[[Step], Document]] = MappingProxyType(
    {
        "multilayer": multilayer.write,
        "001": lecture_001.write,
        "002": lecture_002.write,
        "003": lecture_003.write,
        "004": lecture_004.write,
    }
)
