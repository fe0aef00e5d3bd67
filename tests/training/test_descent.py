"""Gradient descent through `train`: its steps by hand, its bits, what it looks at, and what it refuses."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

import multilayer as ml

RNG = np.random.default_rng(0)
X, T = RNG.normal(size=(30, 3)), RNG.integers(2, size=30)
NET = ml.Network([3, ml.Dropout(0.2), 5, 2], "tanh", "softmax")
J = ml.Objective(NET)
START = NET.initialize(0)


def trained(objective=J, theta=START, rows=X, targets=T, **options) -> ml.Run:
    return ml.train(objective, theta, rows, targets, **{"batch_size": 7, "epochs": 4, **options})


def flat(run: ml.Run) -> list[float]:
    return NET.pack(run.theta).tolist()


LINE = ml.Objective(ml.Network([1, 1]))


def test_full_batch_descent_by_hand():
    # f − y = 1, 3 on x = 1, 2: ∇w = (1 + 6)/2, ∇b = 2
    run = ml.train(
        LINE, [([[2.0]], [0.0])], [[1.0], [2.0]], [1.0, 1.0], rule=ml.GradientDescent(0.1), batch_size=None, epochs=1
    )
    ((W, b),) = run.theta
    np.testing.assert_allclose([W.item(), b.item()], [2 - 0.35, -0.2], rtol=1e-15)
    assert (run.ended, run.message, run.best_epoch) == ("epochs", "all 1 epochs were run", None)


def test_incremental_descent_by_hand():
    # 004: one row a step in the given order. x = 1: f − y = 1, w = 1.5, b = −.5; x = 2: f − y = 1.5, w = 0, b = −1.25
    run = ml.train(
        LINE,
        [([[2.0]], [0.0])],
        [[1.0], [2.0]],
        [1.0, 1.0],
        rule=ml.GradientDescent(0.5),
        batch_size=1,
        sampling="given",
        epochs=1,
    )
    assert LINE.network.pack(run.theta).tolist() == [0.0, -1.25]


def test_a_line_reaches_its_closed_form():
    # 002: ∇E = 0
    rows = RNG.normal(size=(50, 3))
    targets = rows @ [1.0, -2.0, 0.5] + 3.0 + RNG.normal(size=50)
    objective = ml.Objective(ml.Network([3, 1]))
    theta = objective.network.initialize()
    run = ml.train(
        objective, theta, rows, targets, rule=ml.Momentum(0.1, 0.8, nesterov=True), batch_size=None, epochs=500
    )
    solution, *_ = np.linalg.lstsq(np.column_stack([rows, np.ones(50)]), targets, rcond=None)
    np.testing.assert_allclose(objective.network.pack(run.theta), solution, atol=1e-10)


def test_the_parameters_given_are_not_changed():
    before = NET.pack(START)
    assert flat(trained()) != before.tolist()
    np.testing.assert_array_equal(NET.pack(START), before)


@pytest.mark.parametrize("sampling", ["shuffle", "replacement", "given"])
def test_a_seed_gives_the_same_bits_again_and_another_others(sampling):
    first, again, other = (trained(seed=seed, sampling=sampling) for seed in (3, 3, 4))
    assert flat(first) == flat(again)
    assert first.history["loss"].tolist() == again.history["loss"].tolist()
    assert flat(first) != flat(other)  # masks differ even where the order is given


def test_samplings_differ_and_given_needs_no_seed():
    plain = ml.Objective(ml.Network([3, 5, 2], "tanh", "softmax"))
    theta = plain.network.initialize()
    runs = {s: plain.network.pack(trained(plain, theta, sampling=s).theta) for s in ("given", "shuffle", "replacement")}
    assert len({run.tobytes() for run in runs.values()}) == 3
    same = trained(plain, theta, sampling="given", seed=99)
    np.testing.assert_array_equal(plain.network.pack(same.theta), runs["given"])


@given(st.integers(1, 3), st.integers(0, 2))
def test_looking_changes_no_bit(epochs, seed):
    options = {"epochs": epochs, "seed": seed, "rule": ml.Adam(0.01), "schedule": ml.Cosine()}
    plain = trained(**options)
    stop = [ml.GradientNorm(1e-9), lambda e: False]
    looked_at = trained(**options, validation=(X, T), callbacks=[lambda e: e.parameters()], stop=stop)
    assert flat(plain) == flat(looked_at)
    for column in ("loss", "penalty", "rate"):
        assert plain.history[column].tolist() == looked_at.history[column].tolist()


def test_the_state_counts_the_updates():
    run = trained(rule=ml.Adam(0.01))
    assert run.state.step == 4 * math.ceil(30 / 7)
    assert run.state.seed == 0
    assert len(run.state.slots) == 2
    np.testing.assert_array_equal(run.state.theta, NET.pack(run.theta))


def test_callbacks_see_every_epoch_with_parameters_of_their_own():
    seen = []

    def callback(epoch: ml.Epoch) -> None:
        theta = epoch.parameters()
        seen.append((epoch.epoch, NET.pack(theta).tolist()))
        theta[0].W[:] = 0.0  # a copy

    run = trained(callbacks=[callback])
    assert [number for number, _ in seen] == [1, 2, 3, 4]
    assert seen[-1][1] == flat(run) == flat(trained())
    assert seen[0][1] == flat(trained(epochs=1))


def test_a_callbacks_error_is_the_users():
    def callback(epoch):
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        trained(callbacks=[callback])


@pytest.mark.parametrize("where", ["callbacks", "stop"])
def test_ctrl_c_between_epochs_gives_the_run_so_far(where):
    def strike(epoch):
        if epoch.epoch == 2:
            raise KeyboardInterrupt

    run = trained(**{where: [strike]}, validation=(X, T))
    assert (run.ended, run.message) == ("interrupted", "interrupted after epoch 2")
    assert run.history["epoch"].tolist() == [1, 2]
    assert flat(run) == flat(trained(epochs=2))


def test_ctrl_c_inside_an_epoch_gives_the_updates_so_far(monkeypatch):
    from multilayer.engines import reference

    calls = 0

    def strike(*arguments):
        nonlocal calls
        calls += 1
        if calls == 8:
            raise KeyboardInterrupt
        return original(*arguments)

    original = reference.update
    monkeypatch.setattr(reference, "update", strike)
    run = trained(engine="reference")
    monkeypatch.undo()
    assert (run.ended, run.message) == ("interrupted", "interrupted in epoch 2")
    assert run.state.step == 7
    assert run.history["epoch"].tolist() == [1]
    assert run.history["loss"][0] == trained(epochs=1).history["loss"][0]


def test_the_best_epoch_is_restored():
    # At x = 1 the output goes from 0 towards 9 by a fifth of the way: 1.8, 3.24, 4.39, 5.31, 6.05, …; 5 is wanted.
    options = {"rule": ml.GradientDescent(0.1), "batch_size": None, "validation": ([[1.0]], [5.0])}
    start, rows, targets = [([[0.0]], [0.0])], [[1.0]], [9.0]
    best = ml.train(LINE, start, rows, targets, epochs=7, restore_best=True, **options)
    assert best.best_epoch == 4
    fourth = ml.train(LINE, start, rows, targets, epochs=4, **options)
    assert LINE.network.pack(best.theta).tolist() == LINE.network.pack(fourth.theta).tolist()
    last = ml.train(LINE, start, rows, targets, epochs=7, **options)
    assert last.best_epoch is None
    assert LINE.network.pack(last.theta).tolist() == best.state.theta.tolist()


def test_the_initial_parameters_may_be_the_best():
    best = [([[1.0]], [0.0])]
    run = ml.train(
        LINE, best, [[1.0]], [9.0], validation=([[1.0]], [1.0]), restore_best=True, epochs=3, rule=ml.Adam(0.1)
    )
    assert run.best_epoch == 0
    assert LINE.network.pack(run.theta).tolist() == [1.0, 0.0]


def test_the_best_score_wins_over_the_loss():
    scores = iter([0.0, 1.0, 5.0, 2.0])  # of the initial parameters, then of each epoch
    run = trained(validation=(X, T), score=lambda outputs: next(scores), restore_best=True, epochs=3)
    assert run.best_epoch == 2
    assert flat(run) == flat(trained(epochs=2))


def test_of_equal_epochs_the_first_is_best():
    run = trained(validation=(X, T), score=lambda outputs: 0.5, restore_best=True, epochs=3)
    assert run.best_epoch == 0


def test_a_score_that_is_not_a_number_is_never_best():
    scores = iter([math.nan, math.nan, 0.1, math.nan])
    run = trained(validation=(X, T), score=lambda outputs: next(scores), restore_best=True, epochs=3)
    assert run.best_epoch == 2


def test_weights_act_as_repetition_in_the_full_batch():
    plain = ml.Objective(ml.Network([3, 4, 2], "tanh", "softmax"))
    theta = plain.network.initialize()
    counts = RNG.integers(0, 3, size=30)
    options = {"batch_size": None, "epochs": 10, "rule": ml.Adam(0.05)}
    weighted = trained(plain, theta, sample_weight=counts, **options)
    repeated = trained(plain, theta, np.repeat(X, counts, axis=0), np.repeat(T, counts), **options)
    np.testing.assert_allclose(
        plain.network.pack(weighted.theta), plain.network.pack(repeated.theta), rtol=1e-9, atol=1e-12
    )
    np.testing.assert_allclose(weighted.history["loss"], repeated.history["loss"], rtol=1e-10)


def test_rows_of_weight_zero_alone_make_no_noise():
    weight = np.zeros(30)
    weight[4] = 1.0
    run = trained(sample_weight=weight, sampling="replacement", batch_size=3, epochs=12, seed=1)
    assert np.all(np.isfinite(NET.pack(run.theta)))
    losses = run.history["loss"]
    assert np.any(np.isfinite(losses))
    assert np.any(np.isnan(losses))  # an epoch that never drew the row has no mean


def test_clipping_bounds_the_step():
    options = {"rule": ml.GradientDescent(1.0), "batch_size": None, "epochs": 1}
    start = NET.pack(START)
    by_norm = NET.pack(trained(clip_norm=1e-3, **options).theta) - start
    assert np.linalg.norm(by_norm) == pytest.approx(1e-3, rel=1e-9)
    free = NET.pack(trained(**options).theta) - start
    np.testing.assert_allclose(by_norm / 1e-3, free / np.linalg.norm(free), rtol=1e-6, atol=1e-9)
    by_value = NET.pack(trained(clip_value=1e-3, **options).theta) - start
    np.testing.assert_allclose(by_value, np.clip(free, -1e-3, 1e-3), atol=1e-15)


@pytest.mark.parametrize("penalty", [ml.L1(0.2, step="proximal"), ml.ElasticNet(0.2, 0.1, step="proximal")])
def test_proximal_steps_leave_exact_zeros(penalty):
    objective = ml.Objective(ml.Network([3, 1]), penalty=penalty)
    rows = RNG.normal(size=(40, 3))
    run = ml.train(
        objective, objective.network.initialize(), rows, 2.0 * rows[:, 0], rule=ml.GradientDescent(0.1), epochs=200
    )
    ((W, _),) = run.theta
    assert W[0, 0] > 1.0
    assert W[0, 1:].tolist() == [0.0, 0.0]


def test_single_precision_and_sparse_rows():
    run = trained(dtype="float32", epochs=2)
    assert run.theta[0].W.dtype == np.float32
    np.testing.assert_allclose(NET.pack(run.theta), NET.pack(trained(epochs=2).theta), atol=1e-4)
    thin = trained(rows=sparse.csr_array(X), epochs=2, validation=(sparse.csr_array(X), T))
    np.testing.assert_allclose(NET.pack(thin.theta), NET.pack(trained(epochs=2).theta), rtol=1e-9)


def test_no_epochs_leave_everything_as_it_was():
    run = trained(epochs=0)
    assert flat(run) == NET.pack(START).tolist()
    assert run.state.step == 0


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"objective": NET}, TypeError, "objective: must be an Objective, came Network"),
        ({"theta": NET.initialize()[:1]}, ValueError, "theta: must have 2 layers with parameters, came 1"),
        ({"rows": X[:, :2]}, ValueError, r"X: must have shape \(n, 3\), came \(30, 2\)"),
        ({"rows": X[0]}, ValueError, r"X: must have shape \(n, 3\), came \(3,\)"),
        ({"rows": [[1.0, 2.0, 3.0], [1.0]]}, ValueError, "X: must be numbers"),
        ({"rows": np.full((30, 3), np.nan)}, ValueError, "X: holds NaN or infinity"),
        ({"rows": np.zeros((0, 3)), "targets": []}, ValueError, "X: has no rows"),
        ({"targets": T[:5]}, ValueError, r"T: came shape \(5,\)"),
        ({"targets": T + 1}, ValueError, "T: labels: must lie in 0 … 1, came 1 … 2"),
        ({"targets": T.astype(float)}, ValueError, "T: came shape .* integer labels"),
        ({"targets": np.full((30, 2), np.inf)}, ValueError, "T: has NaN or infinity in row 0"),
        ({"rule": "adam"}, TypeError, "rule: must be one of GradientDescent, .*Rprop, came 'adam'"),
        ({"schedule": "cosine"}, TypeError, "schedule: must be one of Constant, .*came 'cosine'"),
        ({"batch_size": 0}, ValueError, "batch_size: must be .*came 0"),
        ({"batch_size": 2.5}, ValueError, "batch_size: must be .*came 2.5"),
        ({"epochs": -1}, ValueError, "epochs: must be an integer of at least 0, came -1"),
        ({"epochs": 1.5}, ValueError, "epochs: must be an integer of at least 0, came 1.5"),
        ({"seed": -1}, ValueError, "seed is -1; it must be a whole number"),
        ({"seed": "a"}, TypeError, "seed is 'a'; it must be a whole number"),
        ({"sampling": "random"}, ValueError, "sampling: must be one of 'given', 'shuffle', 'replacement'"),
        ({"sample_weight": np.ones(5)}, ValueError, r"sample_weight: must be numbers of shape \(30,\)"),
        ({"sample_weight": -np.ones(30)}, ValueError, "sample_weight: must be finite, none negative"),
        ({"validation": X}, TypeError, r"validation: must be a tuple \(X, T\)"),
        ({"validation": (X,)}, TypeError, r"validation: must be a tuple \(X, T\)"),
        ({"validation": (X[:, :1], T)}, ValueError, r"validation: X: must have shape \(n, 3\)"),
        ({"validation": (X, T[:3])}, ValueError, "validation: T: came shape"),
        ({"validation": (X[:0], T[:0])}, ValueError, "validation: X: has no rows"),
        ({"score": len}, ValueError, "validation: needed for restore_best"),
        ({"restore_best": True}, ValueError, "validation: needed for restore_best"),
        ({"clip_norm": 0.0}, ValueError, "clip_norm: must be a finite number above 0, came 0.0"),
        ({"clip_value": -1.0}, ValueError, "clip_value: must be a finite number above 0, came -1.0"),
        ({"clip_norm": math.nan}, ValueError, "clip_norm: must be a finite number above 0, came nan"),
        ({"engine": "warp"}, ValueError, "engine: unknown engine 'warp'; installed: .*reference"),
        ({"engine": "reference", "dtype": int}, ValueError, "dtype: must be a floating type, came int64"),
        ({"engine": "reference", "n_threads": 2}, ValueError, "n_threads: the reference engine takes .*came 2"),
        ({"n_threads": 0}, ValueError, "n_threads: must be an integer of at least 1, came 0"),
        ({"n_threads": 1.0}, ValueError, "n_threads: must be an integer of at least 1, came 1.0"),
        ({"dtype": "quarter"}, TypeError, "dtype: must be a floating type .*came 'quarter'"),
        ({"on_nonfinite": "ignore"}, ValueError, "on_nonfinite: must be 'stop' or 'continue', came 'ignore'"),
    ],
)
def test_bad_arguments_are_named_with_what_is_allowed(options, error, message):
    with pytest.raises(error, match=message):
        trained(**options)


@pytest.mark.parametrize("name", ["heaviside", "sign"])
def test_thresholds_inside_are_refused_in_words(name):
    objective = ml.Objective(ml.Network([3, ml.Dense(2, name), 1], output="sigmoid"))
    with pytest.raises(ValueError, match=f"activation: '{name}' is flat .* no gradient .*'sigmoid'"):
        ml.train(objective, objective.network.initialize(), X, T)


@pytest.mark.parametrize("method", ["gradient", "lbfgs", "layerwise"])
@pytest.mark.parametrize("seed", [-1, 2**64, 0.5])
def test_a_seed_is_refused_before_anything_is_measured(method, seed):
    measured = []

    def score(outputs):
        measured.append(outputs)
        return 0.0

    objective = ml.Objective(ml.Network([3, 1], "tanh"))
    options = {"validation": (X, T), "score": score, "restore_best": True, "seed": seed}
    with pytest.raises((TypeError, ValueError), match=r"seed is .*; it must be a whole number in \[0, 2\*\*64\)"):
        ml.train(objective, objective.network.initialize(), X, T, method=method, **options)
    assert measured == []
