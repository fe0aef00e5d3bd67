"""Members trained at once end where each would have ended alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array

import multilayer as ml
from multilayer.training import members as module
from multilayer.training.members import train_members

RNG = np.random.default_rng(0)
X = RNG.normal(size=(70, 3))
T = np.sin(X[:, :1])
OBJECTIVE = ml.Objective(ml.Network([3, ml.Dense(8, "tanh"), ml.Dropout(0.2), 1]), penalty=ml.L2(1e-3))
SEEDS = [3, 1, 2]
THETA = np.stack([OBJECTIVE.network.pack(OBJECTIVE.network.initialize(seed)) for seed in SEEDS])
OPTIONS: dict[str, Any] = dict(rule=ml.Adam(0.01), schedule=ml.Cosine(), batch_size=16, epochs=5)


@pytest.fixture(params=["native", "reference"])
def _engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "reference":
        reference = module.engine_for("reference", OBJECTIVE.plan, ml.Adam().formula, np.dtype(float))
        monkeypatch.setattr(module, "engine_for", lambda *_: reference)


@pytest.mark.usefixtures("_engine")
@pytest.mark.parametrize("rule", [ml.Adam(0.01), ml.GradientDescent(0.1), ml.Momentum(0.05)])
def test_each_ends_as_if_trained_alone(rule: Any) -> None:
    theta, epochs = train_members(OBJECTIVE, THETA, X, T, **{**OPTIONS, "rule": rule}, seeds=SEEDS)
    assert epochs == 5
    for start, seed, end in zip(THETA, SEEDS, theta, strict=True):
        alone = ml.train(OBJECTIVE, start, X, T, **{**OPTIONS, "rule": rule}, seed=seed)
        np.testing.assert_allclose(end, OBJECTIVE.network.pack(alone.theta), rtol=1e-9, atol=1e-12)


@pytest.mark.usefixtures("_engine")
def test_weights_count_as_they_do_alone() -> None:
    weight = np.linspace(0.0, 2.0, 70)
    theta, _ = train_members(OBJECTIVE, THETA, X, T, sample_weight=weight, **OPTIONS, seeds=SEEDS)
    for start, seed, end in zip(THETA, SEEDS, theta, strict=True):
        alone = ml.train(OBJECTIVE, start, X, T, sample_weight=weight, **OPTIONS, seed=seed)
        np.testing.assert_allclose(end, OBJECTIVE.network.pack(alone.theta), rtol=1e-9, atol=1e-12)


@pytest.mark.usefixtures("_engine")
def test_sparse_rows_give_the_dense_answer() -> None:
    rows = X * (np.abs(X) > 0.5)
    sparse, dense = (train_members(OBJECTIVE, THETA, R, T, **OPTIONS, seeds=SEEDS)[0] for R in (csr_array(rows), rows))
    np.testing.assert_allclose(sparse, dense, rtol=1e-9, atol=1e-12)


def test_the_start_stays() -> None:
    before = THETA.copy()
    train_members(OBJECTIVE, THETA, X, T, **OPTIONS, seeds=SEEDS)
    np.testing.assert_array_equal(THETA, before)


def test_float32() -> None:
    theta, _ = train_members(OBJECTIVE, THETA, X, T, **OPTIONS, seeds=SEEDS, dtype=np.float32)
    assert theta.dtype == np.float32
    double, _ = train_members(OBJECTIVE, THETA, X, T, **OPTIONS, seeds=SEEDS)
    np.testing.assert_allclose(theta, double, atol=1e-4)


def test_the_same_start_and_seed_end_the_same() -> None:
    theta, _ = train_members(OBJECTIVE, THETA[[0, 0]], X, T, **OPTIONS, seeds=[7, 7])
    np.testing.assert_array_equal(theta[0], theta[1])


def test_divergence_is_told() -> None:
    with pytest.raises(FloatingPointError, match="NaN or infinite; use a smaller rate"):
        train_members(OBJECTIVE, THETA, X, T, **{**OPTIONS, "rule": ml.GradientDescent(1e200)}, seeds=SEEDS)


def test_ctrl_c_keeps_what_all_have_made(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = module.engine_for

    def interrupted(*arguments: Any) -> Any:
        engine = whole("reference", *arguments[1:])

        class Engine:
            def program(self, *a: Any, **k: Any) -> Any:
                program = engine.program(*a, **k)
                advance, asked = program.advance, iter(range(100))
                program.advance = lambda data, stretch: advance(data, stretch, lambda: next(asked) == 7)
                return program

        return Engine()

    monkeypatch.setattr(module, "engine_for", interrupted)
    theta, epochs = train_members(OBJECTIVE, THETA, X, T, **OPTIONS, seeds=SEEDS)
    assert epochs == 1  # seven updates of five an epoch
    assert np.isfinite(theta).all()
    assert (theta != THETA).any(axis=1).all()


def test_refusals() -> None:
    with pytest.raises(ValueError, match=r"^epochs: must be an integer of at least 1, came 0"):
        train_members(OBJECTIVE, THETA, X, T, **{**OPTIONS, "epochs": 0}, seeds=SEEDS)
    with pytest.raises(ValueError, match="state"):
        train_members(OBJECTIVE, THETA, X, T, **OPTIONS, seeds=[1, 2])
