"""torch, eager and compiled: fused Adam, subnormals flushed, losses read at the end, rows without a `DataLoader`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Any

import torch
import torch._inductor.config as inductor
from torch.nn.functional import cross_entropy

from benchmarks.runners import Adam
from benchmarks.workloads import RATE, SEED, Workload

Batches = Iterator[tuple[torch.Tensor, torch.Tensor]]


class Torch:
    """Batches are picked by index one by one, or all at once; with one thread, or one a core."""

    adam: Adam = "algorithm_1"
    version = torch.__version__

    def __init__(self, workload: Workload, dtype: str, options: Mapping[str, Any]) -> None:
        torch.set_flush_denormal(True)
        torch.manual_seed(SEED)
        self._workload = workload
        X, labels = workload.data(dtype)
        self._X, self._labels = torch.from_numpy(X), torch.from_numpy(labels)
        self._initial = [torch.from_numpy(a) for layer in workload.initial_weights(dtype) for a in layer]
        modules: list[torch.nn.Module] = []
        for n_in, n_out in pairwise(workload.layers):
            modules += [torch.nn.Linear(n_in, n_out, dtype=self._X.dtype), torch.nn.ReLU()]
        self._network = torch.nn.Sequential(*modules[:-1])
        self._loss: Callable[..., torch.Tensor] = self._mean_loss
        threads = sorted({1, len(os.sched_getaffinity(0))})
        self._choices = {
            f"{name}, {n} thread(s)": (deal, n)
            for n in threads
            for name, deal in (("batch by batch", self._picked), ("rows put in order first", self._ordered))
        }
        self.settings = tuple(self._choices)
        self.choose(self.settings[0])

    def choose(self, setting: str) -> None:
        """Take a way to deal batches and a number of threads."""
        self._deal, threads = self._choices[setting]
        torch.set_num_threads(threads)

    def curve(self, epochs: int) -> list[float]:
        """Each epoch's loss in the order of the data."""
        return self._train(epochs, lambda: torch.arange(self._workload.rows))

    def train(self, epochs: int) -> list[float]:
        """Whole epochs."""
        return self._train(epochs, lambda: torch.randperm(self._workload.rows))

    def _mean_loss(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return cross_entropy(self._network(x), y)

    def _train(self, epochs: int, draw: Callable[[], torch.Tensor]) -> list[float]:
        with torch.no_grad():
            for parameter, value in zip(self._network.parameters(), self._initial, strict=True):
                parameter.copy_(value)
        adam = torch.optim.Adam(self._network.parameters(), lr=RATE, fused=True)
        losses = []
        for _ in range(epochs):
            total = torch.zeros((), dtype=self._X.dtype)
            for x, y in self._deal(draw()):
                adam.zero_grad()
                loss = self._loss(x, y)
                loss.backward()
                adam.step()
                total += loss.detach() * len(y)
            losses.append(total)
        return (torch.stack(losses) / self._workload.rows).tolist()

    def _picked(self, order: torch.Tensor) -> Batches:
        for rows in order.split(self._workload.batch):
            yield self._X[rows], self._labels[rows]

    def _ordered(self, order: torch.Tensor) -> Batches:
        batch = self._workload.batch
        return zip(self._X[order].split(batch), self._labels[order].split(batch), strict=True)


class TorchCompiled(Torch):
    """Forward and backward pass through `torch.compile`; the fused Adam is one kernel already."""

    _threads = 0

    def choose(self, setting: str) -> None:
        """The number of threads is compiled in."""
        super().choose(setting)
        if torch.get_num_threads() != self._threads:
            self._threads = torch.get_num_threads()
            torch.compiler.reset()
            inductor.cpp.threads, inductor.compile_threads = self._threads, 1
            # The last batch of an epoch is compiled for itself.
            self._loss = torch.compile(self._mean_loss, dynamic=False)
