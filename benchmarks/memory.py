"""Peak memory of training, against data + 5 × parameters + the buffers of two batches + 20 MB.

    python -m benchmarks.memory [--quick]

The data are the float32 inputs and the labels. A batch's buffers are its inputs and, for each unit, its value and its
δ. What is measured is the peak of the process over what it held after a fit of a tiny network, without the data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.memory_use import held_memory, peak_memory
from benchmarks.report import machine, number, parser, print_machine, table, write
from benchmarks.runners.ours import Ours
from benchmarks.worker import Worker
from benchmarks.workloads import WORKLOADS, Workload

MEGABYTE = 1e6
SLACK = 20 * MEGABYTE
TINY = Workload("tiny", (2, 3, 2), 4, 16)
CASES = (
    WORKLOADS["table"],
    WORKLOADS["images"],
    Workload("many rows", (100, 64, 10), 256, 500_000),
    Workload("large network", (256, 2048, 2048, 10), 256, 10_000),
)


class Fit:
    """Fits in a process of its own and looks at its memory."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._options = options
        Ours(TINY, "float32", options).train(2)  # modules are loaded, threads started

    def measure(self, workload: Workload) -> int:
        """Bytes at the peak, over those held before the data were there."""
        before = held_memory()
        Ours(workload, "float32", self._options).train(2)
        return peak_memory() - before


def allowed(workload: Workload) -> float:
    """Bytes that training may take."""
    inputs, units = workload.layers[0], sum(workload.layers[1:])
    data = workload.rows * (4 * inputs + np.dtype(np.int64).itemsize)
    buffers = 2 * workload.batch * 4 * (inputs + 2 * units)
    return data + 5 * 4 * workload.parameters + buffers + SLACK


def main() -> None:
    """Measure, print, write."""
    given = parser(__doc__, "memory").parse_args()
    cases = [replace(w, rows=min(w.rows, 2000)) for w in CASES] if given.quick else CASES
    found = machine()
    print_machine(found)
    rows, results = [], []
    for workload in cases:
        with Worker(Fit, {"engine": given.engine}) as worker:
            peak, bound = worker("measure", workload), allowed(workload)
        verdict = "met" if peak <= bound else f"MISSED by {number((peak - bound) / MEGABYTE)}"
        shape = "-".join(map(str, workload.layers))
        rows.append((workload.name, shape, workload.rows, number(peak / MEGABYTE), number(bound / MEGABYTE), verdict))
        results.append(
            {"workload": workload.name, "layers": workload.layers, "peak_bytes": peak, "allowed_bytes": bound}
        )
    print("\n" + table(("float32", "layers", "rows", "peak, MB", "allowed, MB", ""), rows))
    write(given, {"machine": found, "cases": results})


if __name__ == "__main__":
    main()
