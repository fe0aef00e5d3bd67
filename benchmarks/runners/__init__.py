"""Engines that train a workload, each with its own best settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Literal, Protocol

from benchmarks.memory_use import peak_memory
from benchmarks.timing import enough, seconds_of
from benchmarks.workloads import Workload

Adam = Literal["algorithm_1", "section_2"]


class Runner(Protocol):
    """Trains one workload with one library. Made by ``Runner(workload, dtype, options)``.

    Attributes
    ----------
    adam : {"algorithm_1", "section_2"}
        Where the library's Adam has its ε (`multilayer.Adam`).
    version : str
        The library's.
    settings : tuple of str
        Ways to run it, of which the fastest is measured.
    """

    adam: Adam
    version: str
    settings: tuple[str, ...]

    def choose(self, setting: str) -> None:
        """Take one of the settings."""

    def curve(self, epochs: int) -> list[float]:
        """Train from the initial weights in the order of the data; each epoch's mean loss."""

    def train(self, epochs: int) -> Any:
        """Train whole epochs from the initial weights, each in an order drawn anew, with each epoch's loss."""


@dataclass(frozen=True)
class Home:
    """Where a runner is found."""

    module: str
    name: str
    needs: str


RUNNERS: Mapping[str, Home] = {
    "ours": Home("ours", "Ours", "multilayer"),
    "scikit_learn": Home("scikit_learn", "ScikitLearn", "sklearn"),
    "torch": Home("torch", "Torch", "torch"),
    "torch_compiled": Home("torch", "TorchCompiled", "torch"),
    "jax": Home("jax", "Jax", "jax"),
}


def installed() -> list[str]:
    """Names of the runners whose library is there."""
    return [name for name, home in RUNNERS.items() if find_spec(home.needs)]


def runner(name: str, workload: Workload, dtype: str, options: Mapping[str, Any] | None = None) -> Runner:
    """A runner by name; `options` go to ours: the engine's name and its number of threads."""
    home = RUNNERS[name]
    return getattr(import_module(f"benchmarks.runners.{home.module}"), home.name)(workload, dtype, options or {})


class Measured:
    """A runner, asked from outside its process."""

    def __init__(self, name: str, workload: Workload, dtype: str, options: Mapping[str, Any]) -> None:
        import_module(f"benchmarks.runners.{RUNNERS[name].module}")
        self._before = peak_memory()
        self._runner = runner(name, workload, dtype, options)
        self._count = 1

    def curve(self, epochs: int) -> tuple[list[float], Adam, str]:
        """The loss curve, whose Adam it is, and the library's version."""
        return self._runner.curve(epochs), self._runner.adam, self._runner.version

    def curve_with(self, epochs: int, adam: Adam) -> list[float]:
        """Ours with the Adam of another."""
        self._runner.adam = adam
        return self._runner.curve(epochs)

    def prepare(self, seconds: float) -> str:
        """Choose the fastest setting, and epochs that last at least `seconds`."""
        best: dict[str, float] = {}
        for setting in self._runner.settings if len(self._runner.settings) > 1 else ():
            self._runner.choose(setting)
            count = enough(self._runner.train, seconds / 8)
            best[setting] = min(seconds_of(self._runner.train, count) for _ in range(3)) / count
        chosen = min(best, key=best.__getitem__) if best else self._runner.settings[0]
        self._runner.choose(chosen)
        self._count = enough(self._runner.train, seconds)
        return chosen

    def seconds(self) -> float:
        """Seconds an epoch, in one turn."""
        return seconds_of(self._runner.train, self._count) / self._count

    def memory(self) -> int:
        """Bytes at the peak over those after the library's import: the data and all that training needs."""
        return peak_memory() - self._before
