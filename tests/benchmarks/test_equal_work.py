"""Peers do the work that we do: equal losses on small workloads; and one that does other work is not timed."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest
from benchmarks.equal_work import EPOCHS, TOLERANCES, Judge, difference
from benchmarks.runners import Measured, runner
from benchmarks.runners.scikit_learn import ScikitLearn
from benchmarks.worker import Worker
from benchmarks.workloads import Workload

SMALL = (
    Workload("two classes", (2, 4, 2, 2), 10, 64, "normal"),
    Workload("shorter last batch", (64, 16, 10), 32, 100, "digits"),
    Workload("one row a step", (5, 6, 3), 1, 20, "unit"),
)
small = pytest.mark.parametrize("workload", SMALL, ids=lambda w: w.name)
dtypes = pytest.mark.parametrize("dtype", ["float64", "float32"])


def our_curve(workload: Workload, dtype: str, adam: str) -> list[float]:
    ours = runner("ours", workload, dtype)
    ours.adam = adam
    return ours.curve(EPOCHS)


@small
@dtypes
def test_scikit_learn(workload: Workload, dtype: str) -> None:
    peer = runner("scikit_learn", workload, dtype)
    assert difference(our_curve(workload, dtype, peer.adam), peer.curve(EPOCHS)) <= TOLERANCES[dtype]


@pytest.mark.parametrize("name", ["torch", *(["jax"] if find_spec("jax") else [])])
@dtypes
def test_peers_with_processes_of_their_own(name: str, dtype: str) -> None:
    if name == "torch":
        pytest.importorskip("torch")
    workload = SMALL[1]
    with Worker(Measured, name, workload, dtype, {}) as peer:
        curve, adam, version = peer("curve", EPOCHS)
    assert version
    assert difference(our_curve(workload, dtype, adam), curve) <= TOLERANCES[dtype]


@small
def test_shuffled_epochs_are_trained(workload: Workload) -> None:
    for name in ("ours", "scikit_learn"):
        trained = runner(name, workload, "float64").train(3)
        losses = trained.history["loss"] if name == "ours" else trained
        given = runner(name, workload, "float64").curve(3)
        assert len(losses) == 3
        assert np.isfinite(losses).all()
        assert difference(list(losses), given) > 0  # another order


def test_scikit_learn_runs_all_epochs_at_every_setting() -> None:
    peer = ScikitLearn(SMALL[0], "float32", {})
    for setting in peer.settings:
        peer.choose(setting)
        assert len(peer.train(30)) == 30


def test_other_work_is_refused() -> None:
    curve = our_curve(SMALL[0], "float64", "section_2")
    judge = Judge(lambda method, epochs, adam: our_curve(SMALL[0], "float64", adam), "float64")
    assert judge.refuses(judge.difference(curve, "section_2")) is None
    assert "not the same work" in judge.refuses(judge.difference(curve, "algorithm_1"))
    assert "not the same work" in judge.refuses(float("nan"))
