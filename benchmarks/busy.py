"""Whether threads hurt when another process keeps a core busy.

    python -m benchmarks.busy [--workloads digits table images] [--quick]

Fits with one thread and with the engine's own choice, in turn, while nothing else runs, while a process spins on the
second core, and while one spins wherever the system puts it. What counts is the time of a step in the first second of
a fit and after it: the choice of threads may be at most 10 % slower than one thread at first, and 3 % afterwards.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from statistics import median
from typing import Any

import multilayer as ml
from benchmarks.report import machine, number, parser, print_machine, table, write
from benchmarks.runners.ours import Ours
from benchmarks.timing import in_turn
from benchmarks.worker import Worker
from benchmarks.workloads import WORKLOADS, Workload

FIRST, SECONDS, LIMITS = 1.0, 3.0, (10.0, 3.0)
NAMES = ("digits", "table", "images")
SPIN = "import os\nif {cores}: os.sched_setaffinity(0, {cores})\nwhile True: pass"


class Fit:
    """Fits for a given time and looks how the epochs went by."""

    def __init__(self, workload: Workload, options: Mapping[str, Any]) -> None:
        self._ours, self._steps = Ours(workload, "float32", options), workload.steps
        self._ours.train(1)

    def step_times(self, first_part: float, seconds: float) -> tuple[float, float]:
        """Seconds a step in the first part of a fit of so many seconds, and in the rest of it."""
        history = self._ours.train(10**6, stop=ml.Seconds(seconds)).history
        times = history["seconds"]
        first = max(1, int((times <= first_part).sum()))
        at_first, rest = times[first - 1], len(times) - first
        return at_first / first / self._steps, (times[-1] - at_first) / max(rest, 1) / self._steps


@contextmanager
def busy(core: int | None, *, quiet: bool = False) -> Iterator[None]:
    """A process that spins, on a given core or on any."""
    if quiet:
        yield
        return
    spinning = subprocess.Popen([sys.executable, "-c", SPIN.format(cores=[] if core is None else [core])])
    try:
        yield
    finally:
        spinning.kill()
        spinning.wait()


def main() -> None:
    """Measure, print, write."""
    arguments = parser(__doc__, "busy")
    arguments.add_argument("--workloads", nargs="*", choices=WORKLOADS, default=NAMES)
    arguments.add_argument("--repeats", type=int, default=5)
    given = arguments.parse_args()
    repeats, lengths = (1, (0.1, 0.3)) if given.quick else (given.repeats, (FIRST, SECONDS))
    found = machine()
    print_machine(found)
    second_core = sorted(os.sched_getaffinity(0))[-1]
    states = {
        "nothing else": (None, True),
        f"core {second_core} busy": (second_core, False),
        "one core busy": (None, False),
    }
    rows, results = [], []
    for name in given.workloads:
        workload = replace(WORKLOADS[name], rows=min(WORKLOADS[name].rows, 4096))
        options = {"engine": given.engine}
        with (
            Worker(Fit, workload, {**options, "n_threads": 1}) as one,
            Worker(Fit, workload, options) as chosen,
        ):
            turns = {
                "one": partial(one, "step_times", *lengths),
                "chosen": partial(chosen, "step_times", *lengths),
            }
            for state, (core, quiet) in states.items():
                with busy(core, quiet=quiet):
                    times = in_turn(turns, repeats)
                result = compare(times)
                rows.append((name, state, *row(result)))
                results.append({"workload": name, "state": state, "seconds_a_step": times, **result})
                print(f"{name}, {state}: done", file=sys.stderr, flush=True)
    header = ("", "meanwhile", "1 thread, µs", "chosen", "slower by", "after 1 s: 1 thread", "chosen", "slower by")
    print("\n" + table(header, rows))
    write(given, {"machine": found, "results": results})


def compare(times: Mapping[str, list[tuple[float, float]]]) -> dict[str, Any]:
    """Medians of both parts of a fit, and by how many per cent the chosen threads are slower than one."""
    one, chosen = ([median(t[part] for t in times[name]) for part in (0, 1)] for name in ("one", "chosen"))
    return {
        "one": one,
        "chosen": chosen,
        "slower_percent": [100.0 * (c / o - 1.0) for o, c in zip(one, chosen, strict=True)],
    }


def row(result: Mapping[str, Any]) -> Iterator[str]:
    """The cells of a row: both parts of a fit."""
    for one, chosen, slower, limit in zip(
        result["one"], result["chosen"], result["slower_percent"], LIMITS, strict=True
    ):
        yield number(1e6 * one)
        yield number(1e6 * chosen)
        yield f"{slower:+.1f} % ({'met' if slower <= limit else 'MISSED'}: ≤ {limit:g} %)"


if __name__ == "__main__":
    main()
