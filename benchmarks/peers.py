"""What a step of training costs, beside scikit-learn, torch and JAX, in one run.

    python -m benchmarks.peers [--workloads play images] [--engines scikit_learn torch] [--dtypes float32] [--quick]

Every engine trains from the same weights with the same rule on the same batches; before anything is timed, their
losses over a few epochs in the same order must agree (float64 to 10⁻⁹, float32 to 10⁻⁴), or the engine is left out and
the run ends with an error. Whole epochs are timed (drawing the order, gathering rows, losses), each engine in a process
of its own, in turn, with the setting that was fastest for it; by default five turns of at least a second. Ratio =
peer's median / ours. Beside that stand the floor of this machine, and a line each on further promises.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

from benchmarks import lines
from benchmarks.cell import Cell, measure
from benchmarks.floor import machine as this_machine
from benchmarks.report import machine, number, parser, print_machine, table, verdict, write
from benchmarks.runners import RUNNERS, installed
from benchmarks.timing import Effort
from benchmarks.workloads import WORKLOADS

QUICK_ROWS = 1024


def main() -> int:
    """Measure, print, write."""
    arguments = parser(__doc__, "peers")
    arguments.add_argument("--workloads", nargs="*", choices=WORKLOADS, default=list(WORKLOADS))
    arguments.add_argument("--engines", nargs="*", choices=RUNNERS, default=list(RUNNERS), help="ours is always there")
    arguments.add_argument("--dtypes", nargs="*", choices=("float32", "float64"), default=["float32", "float64"])
    arguments.add_argument(
        "--lines", nargs="*", choices=lines.LINES, default=list(lines.LINES), help="further measures"
    )
    arguments.add_argument("--repeats", type=int, default=5)
    arguments.add_argument("--seconds", type=float, default=1.0, help="of a turn, at least")
    given = arguments.parse_args()
    effort = Effort(2, 0.05) if given.quick else Effort(given.repeats, given.seconds)
    options = {"engine": given.engine}
    here = installed()
    engines = ["ours", *(name for name in given.engines if name != "ours" and name in here)]
    result: dict[str, Any] = {"machine": machine(), "effort": effort.__dict__, "cells": [], "lines": {}}
    print_machine(result["machine"])
    for name in given.engines:
        if name not in here:
            print(f"{name}: not installed (pip install '.[bench]'), left out")
    floor = this_machine(given.out)
    if floor is not None:
        result["peaks"] = floor.describe()
        for threads, peak in result["peaks"].items():
            print(
                f"{threads} thread(s): {peak['peak_float32'] / 1e9:.0f} GFLOP/s float32, "
                f"{peak['peak_float64'] / 1e9:.0f} float64, {peak['bandwidth_large'] / 1e9:.0f} GB/s on large arrays"
            )
    cells = []
    for dtype in given.dtypes:
        for name in given.workloads:
            workload = WORKLOADS[name]
            if given.quick:
                workload = replace(workload, rows=min(workload.rows, QUICK_ROWS))
            cells.append(measure(workload, dtype, engines, options, effort, machine=floor))
            print(f"\n{describe(cells[-1])}", flush=True)
            result["cells"].append(cells[-1].record())
    if cells:
        print(f"\n{overview(cells)}", flush=True)
    for name in given.lines:
        result["lines"][name] = lines.LINES[name](options, effort)
        print("\n" + "\n".join(result["lines"][name]["text"]), flush=True)
    write(given, result)
    if cells:
        from benchmarks.plots import plot_peers

        print(f"drawn: {plot_peers(cells, given.out / f'{given.name}.png')}")
    unequal = [f"{cell.workload.name} {cell.dtype}: {name}" for cell in cells for name in cell.unequal]
    if unequal:
        print(f"\nnot the same work: {'; '.join(unequal)}")
    return 1 if unequal else 0


def describe(cell: Cell) -> str:
    """A cell in full."""
    w = cell.workload
    title = f"{w.name}: {'-'.join(map(str, w.layers))}, batch {w.batch}, n {w.rows}, {cell.dtype}"
    rows = []
    for name, times in cell.seconds.items():
        ratio = "" if name == "ours" else verdict(cell.ratio(name), target(cell, name))
        differs = f"{cell.differs[name]:.0e}" if name in cell.differs else ""
        mean = sum(times) / len(times)
        rows.append((name, number(1e6 * cell.median(name)), number(1e6 * mean), ratio, differs, cell.settings[name]))
    text = [title, table(("engine", "µs a step", "mean", "ratio", "losses differ", "setting"), rows)]
    if cell.floor is not None:
        bound = w.targets.get("floor") if cell.dtype == "float32" else None
        to_floor = verdict(cell.median("ours") / cell.floor, bound, at_least=False)
        text.append(f"floor {number(1e6 * cell.floor)} µs a step; ours / floor {to_floor}")
    text += [f"{name}: left out, {reason.splitlines()[0]}" for name, reason in cell.left_out.items()]
    return "\n".join(text)


def overview(cells: list[Cell]) -> str:
    """All cells, a line each."""
    peers = [name for name in RUNNERS if name != "ours"]
    rows = []
    for cell in cells:
        ratios = [verdict(cell.ratio(name), target(cell, name)) if name in cell.seconds else "-" for name in peers]
        bound = cell.workload.targets.get("floor") if cell.dtype == "float32" else None
        to_floor = "-" if cell.floor is None else verdict(cell.median("ours") / cell.floor, bound, at_least=False)
        rows.append((cell.workload.name, cell.dtype, number(1e6 * cell.median("ours")), *ratios, to_floor))
    return table(("workload", "dtype", "ours, µs", *(f"{name} / ours" for name in peers), "ours / floor"), rows)


def target(cell: Cell, peer: str) -> float | None:
    """The ratio that is to be reached."""
    if cell.dtype == "float64":
        return cell.workload.targets.get("float64") if peer == "scikit_learn" else None
    return cell.workload.targets.get(peer)


if __name__ == "__main__":
    sys.exit(main())
