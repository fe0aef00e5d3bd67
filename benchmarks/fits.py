"""What a fit and an epoch cost beside their steps, and whether fits run beside each other.

    python -m benchmarks.fits [--quick]

The costs are taken from `play`'s network: a fit of E epochs of s steps lasts a + E(b + s·c), where c is the step's, b
the epoch's besides (at most 3 µs) and a the fit's besides (at most 300 µs). Then two fits run from two Python threads;
at best they finish twice as many a second as one alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import repeat
from statistics import median
from typing import Any

import multilayer as ml
from benchmarks.report import machine, number, parser, print_machine, table, verdict, write
from benchmarks.runners.ours import Ours
from benchmarks.runners.scikit_learn import ScikitLearn
from benchmarks.timing import enough, in_turn, seconds_of
from benchmarks.worker import Worker
from benchmarks.workloads import WORKLOADS

PLAY = WORKLOADS["play"]
SHORT = replace(PLAY, rows=PLAY.batch)
EPOCH_LIMIT, FIT_LIMIT = 3.0, 300.0
BESIDE = (("digits", 1), ("digits", None), ("table", 1), ("table", None))


class FixedCosts:
    """µs an epoch, a step, and a fit."""

    def __init__(self, options: Mapping[str, Any], seconds: float) -> None:
        self._whole, self._short = Ours(PLAY, "float32", options), Ours(SHORT, "float32", options)
        self._peer = ScikitLearn(SHORT, "float32", {})
        self._seconds = seconds
        self._counts: dict[str, int] = {}

    def measure(self, looked_at: bool) -> dict[str, float]:
        """Once; `looked_at` has a callback see every epoch."""
        callbacks = (_look,) if looked_at else ()
        epoch_of_many = self._time("many", lambda epochs: self._whole.train(epochs, callbacks=callbacks))
        epoch_of_one = self._time("one", lambda epochs: self._short.train(epochs, callbacks=callbacks))
        step = (epoch_of_many - epoch_of_one) / (PLAY.steps - 1)
        fit = self._time("fit", lambda fits: [self._short.train(1, callbacks=callbacks) for _ in range(fits)])
        peer = self._time("peer", lambda fits: [self._peer.train(1) for _ in range(fits)])
        return {"step": step, "epoch": epoch_of_one - step, "fit": fit - epoch_of_one, "scikit-learn's fit": peer}

    def _time(self, name: str, run: Callable[[int], Any]) -> float:
        """µs each."""
        if name not in self._counts:
            self._counts[name] = enough(run, self._seconds)
        return 1e6 * seconds_of(run, self._counts[name]) / self._counts[name]


class Beside:
    """Fits from Python threads."""

    def __init__(self, name: str, options: Mapping[str, Any], seconds: float) -> None:
        workload = replace(WORKLOADS[name], rows=min(WORKLOADS[name].rows, 8192))
        self._fits = [Ours(workload, "float32", options) for _ in range(2)]
        self._epochs = enough(self._fits[0].train, seconds)

    def seconds(self, fits: int) -> float:
        """So many fits at once."""
        with ThreadPoolExecutor(fits) as pool:
            return seconds_of(
                lambda epochs: list(pool.map(Ours.train, self._fits[:fits], repeat(epochs))), self._epochs
            )


def main() -> None:
    """Measure, print, write."""
    arguments = parser(__doc__, "fits")
    arguments.add_argument("--repeats", type=int, default=7)
    given = arguments.parse_args()
    repeats, seconds = (1, 0.02) if given.quick else (given.repeats, 0.5)
    options = {"engine": given.engine}
    found = machine()
    print_machine(found)
    result: dict[str, Any] = {"machine": found, "fixed_us": {}, "beside": []}
    rows = []
    for looked_at in (False, True):
        with Worker(FixedCosts, options, seconds) as worker:
            costs = [worker("measure", looked_at) for _ in range(repeats)]
        title = "every epoch seen by a callback" if looked_at else "nothing seen between"
        mid = {name: median(cost[name] for cost in costs) for name in costs[0]}
        result["fixed_us"][title] = {"median": mid, "values": costs}
        epoch_limit = None if looked_at else EPOCH_LIMIT
        fit = verdict(mid["fit"], FIT_LIMIT, at_least=False)
        epoch = verdict(mid["epoch"], epoch_limit, at_least=False)
        rows.append((title, number(mid["step"]), epoch, fit, number(mid["scikit-learn's fit"])))
    print(
        "\n" + table(("µs, float32", "step", "an epoch besides", "a fit besides", "scikit-learn's fit, 1 step"), rows)
    )
    beside = []
    for name, n_threads in BESIDE:
        with Worker(Beside, name, {**options, "n_threads": n_threads}, seconds) as worker:
            turns = {str(n): partial(worker, "seconds", n) for n in (1, 2)}
            times = in_turn(turns, repeats)
        speedup = 2.0 * median(times["1"]) / median(times["2"])
        result["beside"].append({"workload": name, "n_threads": n_threads, "seconds": times, "throughput": speedup})
        beside.append((name, n_threads or "its own choice", f"{speedup:.2f}"))
    print("\n" + table(("two fits at once", "threads of each", "throughput / one fit's"), beside))
    write(given, result)


def _look(epoch: ml.Epoch) -> None:
    """Sees an epoch."""


if __name__ == "__main__":
    main()
