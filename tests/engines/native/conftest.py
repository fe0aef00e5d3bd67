"""What engines are given to do, and how far apart their answers are."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
from scipy import sparse

import multilayer as ml
from multilayer.engines import ENGINES
from multilayer.engines.native import NativeEngine
from multilayer.engines.protocol import Program, Report, Rows, State, Stretch
from multilayer.network.plan import Plan
from multilayer.training.rules import Rule, initial_slots, scalar_rows

SMALL = 1e-3  # numbers below it are compared absolutely, in proportion to it


@pytest.fixture(scope="session")
def native() -> NativeEngine:
    """The native engine; without it there is nothing to test."""
    engine = ENGINES.get("native")
    if not isinstance(engine, NativeEngine):
        pytest.skip("the native engine was not compiled")
    return engine


@dataclass(frozen=True)
class Job:
    """Updates that any engine can make: an epoch or more of random rows, from random weights."""

    objective: ml.Objective
    rule: Rule = field(default_factory=lambda: ml.Adam(0.01))
    n_rows: int = 53
    batch_size: int = 16
    epochs: int = 1
    dtype: str = "float64"
    n_threads: int = 1
    members: int | None = None
    own_orders: bool = False
    weighted: bool = False
    sparse: bool = False
    on_nonfinite: str = "stop"
    changes: dict[str, Any] = field(default_factory=dict)  # of the plan
    rates: tuple[float, ...] = (1.0,)  # of the views in turn
    seed: int = 0

    @property
    def lead(self) -> tuple[int, ...]:
        return () if self.members is None else (self.members,)

    @property
    def plan(self) -> Plan:
        plan, decay = self.objective.plan, getattr(self.rule, "weight_decay", 0.0)
        views = tuple(
            replace(v, decay=decay if v.name.endswith(".W") else 0.0, rate=self.rates[i % len(self.rates)])
            for i, v in enumerate(plan.views)
        )
        return replace(plan, views=views, **self.changes)

    def state(self) -> State:
        network = self.objective.network
        theta = np.stack([network.pack(network.initialize(self.seed + k)) for k in range(self.members or 1)])
        theta += 0.1 * np.random.default_rng(self.seed).normal(size=theta.shape)  # biases and slopes are 0 before
        theta = theta.reshape(*self.lead, -1).astype(self.dtype)
        seed = self.seed if self.members is None else tuple(range(self.seed, self.seed + self.members))
        return State(theta, initial_slots(self.rule, theta), 3, seed)

    def rows(self) -> Rows:
        rng = np.random.default_rng(self.seed + 100)
        n, k, head = self.n_rows, self.objective.network.n_outputs, self.objective.head
        X: Any = rng.normal(size=(n, self.objective.network.n_inputs)).astype(self.dtype)
        if self.sparse:
            X[rng.random(X.shape) < 0.7] = 0.0
            X[::7], X[:, ::5] = 0.0, 0.0
            X = sparse.csr_array(X)
        match head.targets:
            case "classes":
                sizes = head.output.groups
                targets: Any = rng.integers(sizes, size=(n, len(sizes))) if sizes else rng.integers(k, size=n)
            case "zero_one":
                targets = rng.integers(2, size=(n, k))
            case "signs":
                targets = rng.choice([-1, 1], size=(n, k))
            case _:
                targets = rng.normal(size=(n, k)) if "poisson" not in head.loss.name else rng.poisson(2.0, size=(n, k))
        weight = rng.uniform(0.1, 2.0, size=n) * (rng.random(n) > 0.2) if self.weighted else None
        return Rows(X, self.objective.encode(targets, n), weight, first_id=17)

    def stretch(self) -> Stretch:
        rng = np.random.default_rng(self.seed + 200)
        orders = self.members if self.own_orders else 1
        order = np.stack([[rng.permutation(self.n_rows) for _ in range(self.epochs)] for _ in range(orders)])
        order = order.reshape(orders, -1)
        within = np.arange(0, self.n_rows, self.batch_size)
        starts = np.append((np.arange(self.epochs)[:, None] * self.n_rows + within).ravel(), order.shape[1])
        t = self.state().step + 1.0 + np.arange(len(starts) - 1)
        rates = np.linspace(1.0, 0.5, len(t)) * self.rule.rate
        return Stretch(
            order if self.own_orders else order[0], starts, scalar_rows(self.rule, t, rates), self.on_nonfinite
        )

    def program(self, engine: str = "native", state: State | None = None) -> Program:
        threads = {"n_threads": self.n_threads} if engine == "native" else {}
        program = ENGINES[engine].program(
            self.plan, self.rule.formula, dtype=self.dtype, members=self.members, **threads
        )
        program.write(self.state() if state is None else state)
        return program

    def run(
        self,
        engine: str = "native",
        state: State | None = None,
        rows: Rows | None = None,
        stretch: Stretch | None = None,
    ) -> tuple[Report, State]:
        """Report and state after the updates."""
        program = self.program(engine, state)
        data = program.load(self.rows() if rows is None else rows)
        return program.advance(data, self.stretch() if stretch is None else stretch), program.read()


def deviation(found: Any, expected: Any) -> np.ndarray:
    """|found − expected| relative to the expected number, or to a small one where that is smaller."""
    found, expected = np.asarray(found, np.float64), np.asarray(expected, np.float64)
    scale = np.maximum(np.abs(expected), SMALL)
    both = (found == expected) | (np.isnan(found) & np.isnan(expected))  # infinities and NaN where they ought to be
    with np.errstate(invalid="ignore", over="ignore"):
        return np.where(both, 0.0, np.abs(found - expected) / scale)


def bits(state: State) -> tuple[Any, ...]:
    return state.step, state.seed, *(a.tobytes() for a in (state.theta, *state.slots))


def in_new_process(
    code: str, *, environment: dict[str, str] | None = None, timeout: float = 60.0
) -> subprocess.CompletedProcess[str]:
    """Run Python code in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=timeout, check=False
    )


@pytest.fixture(scope="session")
def job(native: NativeEngine) -> type[Job]:
    return Job


@pytest.fixture(scope="session", name="deviation")
def _deviation() -> Callable[[Any, Any], np.ndarray]:
    return deviation


@pytest.fixture(scope="session", name="bits")
def _bits() -> Callable[[State], tuple[Any, ...]]:
    return bits


@pytest.fixture(scope="session", name="in_new_process")
def _in_new_process() -> Callable[..., subprocess.CompletedProcess[str]]:
    return in_new_process
