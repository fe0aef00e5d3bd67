"""How the cost of a step and the memory grow with width, depth, batch, rows and threads.

    python -m benchmarks.scaling [--dimensions width depth batch rows threads] [--quick]

One dimension at a time leaves a middle: 64 inputs, two hidden layers of 128 units, 10 classes, batches of 64 of 10,000
standardised rows, float32. Each engine runs in a process of its own that may use the cores of the cell (all but in
"threads"), with its fastest setting; memory is that process's peak over what it had after the library's import: data,
parameters, buffers, and what was compiled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from benchmarks.cell import Cell, measure
from benchmarks.floor import threads_here
from benchmarks.report import machine, number, parser, print_machine, table, write
from benchmarks.runners import RUNNERS, installed
from benchmarks.timing import Effort
from benchmarks.workloads import Workload

MIDDLE = Workload("middle", (64, 128, 128, 10), 64, 10_000)
ENGINES = ("ours", "scikit_learn", "torch", "jax")


def dimensions() -> Mapping[str, Sequence[int]]:
    """What is varied, and over which values."""
    return {
        "width": (4, 16, 64, 256, 1024),
        "depth": (0, 1, 2, 4, 8),
        "batch": (1, 8, 64, 512, 4096),
        "rows": (100, 1_000, 10_000, 100_000),
        "threads": range(1, threads_here() + 1),
    }


def workload(dimension: str, value: int) -> Workload:
    """The middle with one thing changed."""
    inputs, width, classes = MIDDLE.layers[0], MIDDLE.layers[1], MIDDLE.layers[-1]
    changes: dict[str, dict[str, Any]] = {
        "width": {"layers": (inputs, value, value, classes)},
        "depth": {"layers": (inputs, *(width,) * value, classes)},
        "batch": {"batch": value},
        "rows": {"rows": value},
        "threads": {"layers": (inputs, 4 * width, 4 * width, classes)},  # enough work to share
    }
    return replace(MIDDLE, name=f"{dimension} {value}", **changes[dimension])


def main() -> None:
    """Measure, print, write."""
    arguments = parser(__doc__, "scaling")
    arguments.add_argument("--dimensions", nargs="*", choices=dimensions(), default=list(dimensions()))
    arguments.add_argument("--engines", nargs="*", choices=RUNNERS, default=ENGINES, help="ours is always there")
    arguments.add_argument("--repeats", type=int, default=3)
    arguments.add_argument("--seconds", type=float, default=0.3, help="of a turn, at least")
    given = arguments.parse_args()
    effort = Effort(1, 0.02) if given.quick else Effort(given.repeats, given.seconds)
    here = installed()
    engines = ["ours", *(name for name in given.engines if name != "ours" and name in here)]
    found = machine()
    print_machine(found)
    series: dict[str, list[tuple[float, Cell]]] = {}
    for dimension in given.dimensions:
        values = dimensions()[dimension]
        for value in values[:2] if given.quick else values:
            work = workload(dimension, value)
            work = replace(work, rows=min(work.rows, 512)) if given.quick else work
            cores = value if dimension == "threads" else None
            cell = measure(work, "float32", engines, {"engine": given.engine}, effort, cores=cores)
            series.setdefault(dimension, []).append((value, cell))
        print(f"\n{describe(dimension, series[dimension], engines)}", flush=True)
    cells = [cell for column in series.values() for _, cell in column]
    slower = [(c.workload.name, name, c.ratio(name)) for c in cells for name in c.seconds if c.ratio(name) < 1]
    print("\nours is not the fastest in:" if slower else "\nours is the fastest everywhere")
    for name, peer, ratio in slower:
        print(f"  {name}: {peer} takes {number(ratio)} of our time")
    write(given, {"machine": found, "effort": effort.__dict__, "cells": [c.record() for c in cells], "slower": slower})
    from benchmarks.plots import plot_scaling

    print(f"drawn: {plot_scaling(series, given.out / f'{given.name}.png')}")


def describe(dimension: str, cells: Sequence[tuple[float, Cell]], engines: Sequence[str]) -> str:
    """A dimension's cells: µs a step and MB of each engine, the fastest marked."""
    rows = []
    for value, cell in cells:
        fastest = min(cell.seconds, key=cell.median)
        row = [f"{value:g}"]
        for name in engines:
            mark = "*" if name == fastest else ""
            row.append(mark + number(1e6 * cell.median(name)) if name in cell.seconds else "left out")
            row.append(number(cell.memory[name] / 1e6) if name in cell.memory else "")
        rows.append(row)
    header = [dimension, *(text for name in engines for text in (f"{name}, µs", "MB"))]
    reasons = [f"{c.workload.name}, {n}: {r.splitlines()[0]}" for _, c in cells for n, r in c.left_out.items()]
    return "\n".join([table(header, rows), *reasons])


if __name__ == "__main__":
    main()
