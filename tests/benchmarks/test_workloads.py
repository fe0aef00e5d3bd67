"""Data, weights and counts of the workloads, and the floor that follows from them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from benchmarks.floor import Machine
from benchmarks.workloads import WORKLOADS, Workload

every_workload = pytest.mark.parametrize("workload", WORKLOADS.values(), ids=WORKLOADS)


@every_workload
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_data(workload: Workload, dtype: str) -> None:
    few = replace(workload, rows=min(workload.rows, 300))
    X, labels = few.data(dtype)
    assert X.shape == (few.rows, few.layers[0])
    assert X.dtype == dtype
    assert labels.shape == (few.rows,)
    assert set(labels) == set(range(few.layers[-1]))
    assert np.isfinite(X).all()
    if few.source != "normal":
        assert X.min() >= 0
        assert X.max() <= 1
    again, same = few.data(dtype)
    assert np.array_equal(X, again)
    assert np.array_equal(labels, same)


@every_workload
def test_initial_weights(workload: Workload) -> None:
    weights = workload.initial_weights("float32")
    assert [W.shape[::-1] for W, _ in weights] == list(zip(workload.layers, workload.layers[1:], strict=False))
    assert {a.dtype.name for layer in weights for a in layer} == {"float32"}
    assert sum(W.size + b.size for W, b in weights) == workload.parameters


def test_counts() -> None:
    # Rows of 3, 4, 2: forward 2·(12 + 8), gradient as many, δ of the hidden layer 2·8; 10 rows in 3 steps.
    workload = Workload("small", (3, 4, 2), 4, 10)
    assert workload.steps == 3
    assert workload.parameters == 4 * 4 + 5 * 2
    assert workload.operations == pytest.approx((2 * 40 + 16) * 10 / 3)


def test_floor(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    workload = WORKLOADS["table"]
    for dtype in ("float32", "float64"):
        assert machine.peak(dtype, 1, 0.01) > 1e8
    found = machine.step(workload, "float32", 1)
    passes = 6 * 4 * workload.parameters / found["bandwidth"]
    assert found["seconds"] == pytest.approx(workload.operations / found["peak"] + passes)
