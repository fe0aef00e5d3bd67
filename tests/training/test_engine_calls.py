"""What `train` asks of an engine, how often, and what it holds in memory meanwhile."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

import multilayer as ml
from multilayer import engines
from multilayer.engines.reference import ReferenceEngine, ReferenceProgram

RNG = np.random.default_rng(0)
NET = ml.Network([2, 4, 2, 2], "tanh", "softmax")
X, T = RNG.normal(size=(60, 2)).astype(np.float32), RNG.integers(2, size=60)


class Listener:
    """An engine that works as the reference engine does and notes what it is asked."""

    name = "listener"

    def __init__(self):
        self.calls, self.options, self.held = [], [], []

    def refuses(self, plan, rule, dtype):
        return None

    def program(self, plan, rule, *, n_threads=None, **options):
        self.options.append({"n_threads": n_threads, **options})
        return Notes(ReferenceEngine().program(plan, rule, **options), self)


class Notes:
    """A program whose calls are noted, with the memory that is traced at each."""

    def __init__(self, program, listener):
        self._program, self._listener = program, listener

    def __getattr__(self, name):
        self._listener.calls.append(name)
        self._listener.held.append(tracemalloc.get_traced_memory()[0])
        return getattr(self._program, name)


@pytest.fixture
def listener(monkeypatch):
    heard = Listener()
    monkeypatch.setitem(engines.ENGINES, "listener", heard)
    return heard


def trained(network=NET, rows=X, targets=T, **options):
    theta = np.zeros(network.n_parameters, dtype=np.float32)
    usual = {"engine": "listener", "dtype": "float32", "batch_size": 10, "epochs": 40}
    return ml.train(ml.Objective(network), theta, rows, targets, **{**usual, **options})


@pytest.mark.parametrize("method", ["gradient", "lbfgs"])
@pytest.mark.parametrize("n_threads", [None, 3])
def test_the_engine_is_told_the_threads_and_the_type(listener, n_threads, method):
    trained(n_threads=n_threads, method=method, batch_size="auto", epochs=1)
    assert listener.options == [{"n_threads": n_threads, "dtype": np.dtype("float32")}]


def test_one_call_makes_all_updates_where_nothing_is_seen_between(listener):
    run = trained()
    assert listener.calls == ["write", "load", "advance", "release"]
    assert run.state.step == 40 * 6
    assert len(set(run.history["seconds"])) == 1


def test_the_state_is_read_only_when_something_asks_for_it(listener):
    validation = (X[:20], T[:20])
    trained(validation=validation, callbacks=[lambda epoch: None], stop=ml.Patience(), epochs=3)
    assert listener.calls == ["write", "load", "load", *["advance", "loss"] * 3, "release"]
    listener.calls.clear()
    trained(validation=validation, score=lambda outputs: 1.0, restore_best=True, epochs=2)
    best = ["loss", "predict", "read_theta"]  # of the initial parameters, which no epoch surpasses
    assert listener.calls == ["write", "load", "load", *best, *["advance", "loss", "predict"] * 2, "release"]


def test_inputs_of_the_validation_rows_are_converted_once(listener, monkeypatch):
    seen, predict = [], ReferenceProgram.predict

    def noted(program, rows):
        seen.append(rows)
        return predict(program, rows)

    monkeypatch.setattr(ReferenceProgram, "predict", noted)
    trained(validation=(X.astype(np.float64), T), score=lambda outputs: 0.0, epochs=3)
    assert [rows.dtype for rows in seen] == [np.float32] * 3
    assert all(rows is seen[0] for rows in seen)


def at(listener, call, before):
    """The most memory that was held at a call, beyond what was before."""
    return max(held for name, held in zip(listener.calls, listener.held, strict=True) if name == call) - before


def test_while_the_engine_runs_nobody_else_holds_parameters(listener):
    network = ml.Network([300, 3000, 2], "tanh", "softmax")
    size = 4 * network.n_parameters
    rows = np.zeros((4, 300), dtype=np.float32)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0] + size  # the θ that is given
        trained(network, rows, T[:4], batch_size=None, epochs=1, rule=ml.GradientDescent(0.1))
    finally:
        tracemalloc.stop()
    # What the reference program holds itself.
    assert at(listener, "advance", before) < 1.2 * size


def test_rows_are_held_once_and_labels_are_not_written_out(listener):
    rows = np.zeros((20_000, 30), dtype=np.float32)
    targets = np.zeros(20_000, dtype=np.int64)
    network = ml.Network([30, 2, 10], "tanh", "softmax")
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        trained(network, rows, targets, batch_size=5000, epochs=2)
    finally:
        tracemalloc.stop()
    labels, ids, order = 20_000 * 4, 20_000 * 8, 20_000 * 8 * 2
    assert at(listener, "advance", before) < labels + ids + order + 2**18


def test_a_run_with_patience_is_looked_at_only_when_it_could_end(listener):
    losses = trained(epochs=40, rule=ml.GradientDescent(1e-9)).history["loss"]
    assert listener.calls.count("advance") == 1
    run = trained(epochs=40, rule=ml.GradientDescent(1e-9), stop=ml.Patience(tolerance=1.0, patience=5))
    # The first epoch improves on infinity, then six fail; the first look is due after six epochs.
    assert (run.ended, run.history["epoch"][-1]) == ("stopped", 7)
    np.testing.assert_array_equal(run.history["loss"], losses[:7])
    assert listener.calls.count("advance") == 1 + 2
