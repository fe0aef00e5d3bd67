"""One workload in one floating type: which engines run, that they do equal work, and their times in turn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from statistics import median
from typing import Any

from benchmarks.equal_work import EPOCHS, Judge, shortened
from benchmarks.floor import Machine, threads_here
from benchmarks.runners import Measured
from benchmarks.timing import Effort, in_turn, summary
from benchmarks.worker import Failed, Worker
from benchmarks.workloads import Workload


@dataclass
class Cell:
    """What was measured.

    Attributes
    ----------
    seconds : dict
        Of each engine, seconds a step of every round.
    differs, settings, memory : dict
        Of each engine: how far its losses were from ours, the setting that was fastest, bytes at the peak.
    left_out : dict
        Engines that were not timed, and why.
    unequal : list of str
        Those of them that did other work.
    floors : list of dict
        The floor in each round.
    """

    workload: Workload
    dtype: str
    seconds: dict[str, list[float]] = field(default_factory=dict)
    differs: dict[str, float] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)
    memory: dict[str, int] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    unequal: list[str] = field(default_factory=list)
    floors: list[dict[str, float]] = field(default_factory=list)

    def median(self, name: str) -> float:
        """Median seconds a step."""
        return median(self.seconds[name])

    def ratio(self, name: str) -> float:
        """A peer's median over ours."""
        return self.median(name) / self.median("ours")

    @property
    def floor(self) -> float | None:
        """Median floor of a step, in seconds."""
        return median(f["seconds"] for f in self.floors) if self.floors else None

    def record(self) -> dict[str, Any]:
        """For the JSON; times in µs a step."""
        w = self.workload
        return {
            "workload": w.name,
            "layers": w.layers,
            "batch": w.batch,
            "rows": w.rows,
            "dtype": self.dtype,
            "us_a_step": {name: summary([1e6 * s for s in times]) for name, times in self.seconds.items()},
            "ratios": {name: self.ratio(name) for name in self.seconds if name != "ours"},
            "floor_us": None if self.floor is None else 1e6 * self.floor,
            "ours_to_floor": None if self.floor is None else self.median("ours") / self.floor,
            "floors": self.floors,
            "losses_differ": self.differs,
            "settings": self.settings,
            "memory_bytes": self.memory,
            "left_out": self.left_out,
            "unequal": self.unequal,
        }


def measure(
    workload: Workload,
    dtype: str,
    engines: Sequence[str],
    options: Mapping[str, Any],
    effort: Effort,
    *,
    machine: Machine | None = None,
    cores: int | None = None,
) -> Cell:
    """Prove equal work, choose settings, and time round after round; `engines` must name "ours"."""
    cell = Cell(workload, dtype)
    _compare(cell, engines, options, cores)
    with ExitStack() as stack:
        workers: dict[str, Worker] = {}
        for name in engines:
            if name in cell.left_out:
                continue
            try:
                workers[name] = stack.enter_context(Worker(Measured, name, workload, dtype, options, cores=cores))
                cell.settings[name] = workers[name]("prepare", effort.seconds)
            except Failed as failure:
                if name == "ours":
                    raise
                cell.left_out[name] = str(failure)
                workers.pop(name, None)
        turns: dict[str, Callable[[], Any]] = {name: partial(worker, "seconds") for name, worker in workers.items()}
        if machine is not None:
            turns["floor"] = partial(machine.step, workload, dtype, cores or threads_here())
        results = in_turn(turns, effort.repeats)
        cell.floors = results.pop("floor", [])
        cell.seconds = {name: [s / workload.steps for s in times] for name, times in results.items()}
        cell.memory = {name: worker("memory") for name, worker in workers.items()}
    return cell


def _compare(cell: Cell, engines: Sequence[str], options: Mapping[str, Any], cores: int | None) -> None:
    """Train a few epochs in the order of the data with every engine; leave out those whose losses differ from ours."""
    small = shortened(cell.workload)
    with Worker(Measured, "ours", small, cell.dtype, options, cores=cores) as ours:
        judge = Judge(ours, cell.dtype)
        for name in engines:
            if name == "ours":
                continue
            try:
                with Worker(Measured, name, small, cell.dtype, options, cores=cores) as peer:
                    curve, adam, _ = peer("curve", EPOCHS)
            except Failed as failure:
                cell.left_out[name] = str(failure)
                continue
            cell.differs[name] = judge.difference(curve, adam)
            if reason := judge.refuses(cell.differs[name]):
                cell.left_out[name] = reason
                cell.unequal.append(name)
