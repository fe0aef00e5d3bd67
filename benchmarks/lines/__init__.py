"""Further promises, each measured by ``measure(options, effort)``: what it found, and as lines of text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from benchmarks.lines import importing, one_row, prediction, simple_chains
from benchmarks.timing import Effort

LINES: Mapping[str, Callable[[Mapping[str, Any], Effort], dict[str, Any]]] = {
    "simple_chains": simple_chains.measure,
    "prediction": prediction.measure,
    "one_row": one_row.measure,
    "import": importing.measure,
}
