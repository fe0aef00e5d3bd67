"""The range test: a quadratic's known limit, what it leaves alone, and what it refuses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st

import multilayer as ml
from multilayer.engines import ENGINES
from multilayer.training import rate_range as module
from multilayer.training.train import program_for

LINE = ml.Objective(ml.Network([1, 1], bias=False))  # of one weight w: J(w) = ½ mean((w·x − t)²), J″ = mean(x²)
START = np.array([0.0])

RNG = np.random.default_rng(0)
X = RNG.normal(size=(400, 4))
LABELS = (X[:, 0] + X[:, 1] > 0).astype(int)
NET = ml.Network([4, 16, 2], activation="tanh", output="softmax")
OBJECTIVE = ml.Objective(NET, loss="cross_entropy")
THETA = NET.pack(NET.initialize(seed=0))
RULES = [
    ml.GradientDescent(),
    ml.Momentum(),
    ml.Momentum(nesterov=True),
    ml.Adam(),
    ml.AdamW(),
    ml.RMSprop(),
    ml.Adagrad(),
]


class TestOnAQuadratic:
    @given(st.lists(st.floats(0.1, 3.0), min_size=1, max_size=5), st.floats(0.5, 5.0))
    def test_the_loss_falls_exactly_below_two_over_the_curvature(self, x: list[float], slope: float) -> None:
        rows = np.array(x)[:, None]
        limit = 2.0 / np.mean(rows**2)
        bounds = {"lowest": 1e-4 * limit, "highest": 1e3 * limit}
        found = ml.rate_range(LINE, START, rows, slope * rows, rule=ml.GradientDescent(), batch_size=None, **bounds)
        at_start = 0.5 * np.mean((slope * rows) ** 2)
        losses = np.concatenate([[at_start], found.losses])
        seen = losses > 1e-25 * at_start  # below that it is rounding that falls or rises
        falls = (np.diff(losses) < 0)[seen[:-1]]
        np.testing.assert_array_equal(falls, (found.rates < limit)[seen[:-1]])
        assert found.ended == "diverged"

    def test_the_suggestion_converges_and_ten_times_it_does_not(self) -> None:
        rows = np.linspace(-2.0, 2.0, 9)[:, None]
        found = ml.rate_range(LINE, START, rows, 3.0 * rows, rule=ml.GradientDescent(), batch_size=None)
        assert found.suggestion is not None
        run = ml.train(LINE, START, rows, 3.0 * rows, rule=ml.GradientDescent(found.suggestion), batch_size=None)
        np.testing.assert_allclose(run.theta[0].W, 3.0)
        with pytest.raises(ml.Diverged):
            ml.train(
                LINE,
                START,
                rows,
                3.0 * rows,
                rule=ml.GradientDescent(10 * found.suggestion),
                batch_size=None,
                epochs=5000,
            )

    def test_where_nothing_can_be_gained_nothing_is_suggested(self) -> None:
        rows = np.ones((5, 1))
        found = ml.rate_range(LINE, np.array([3.0]), rows, 3.0 * rows, rule=ml.GradientDescent(), batch_size=None)
        assert found.suggestion is None
        assert "did not fall" in found.reason

    def test_a_loss_that_still_falls_asks_for_higher_rates(self) -> None:
        rows = np.ones((5, 1))
        found = ml.rate_range(
            LINE, START, rows, rows, rule=ml.GradientDescent(), batch_size=None, highest=0.1, updates=10
        )
        assert found.ended == "complete"
        assert "still fell at the highest rate, 0.1" in found.reason

    def test_a_start_out_of_bounds_is_told(self) -> None:
        rows = np.full((3, 1), 1e200)
        found = ml.rate_range(LINE, np.array([1e200]), rows, rows, rule=ml.GradientDescent(), engine="reference")
        assert len(found.rates) == len(found.losses) == len(found.smoothed) == 0
        assert (found.suggestion, found.ended) == (None, "diverged")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.formula.name)
class TestEveryRule:
    def test_a_suggestion_that_learns(self, rule: ml.Adam) -> None:
        found = ml.rate_range(OBJECTIVE, THETA, X, LABELS, rule=rule)
        assert found.suggestion is not None
        run = ml.train(OBJECTIVE, THETA, X, LABELS, rule=replace(rule, rate=found.suggestion), epochs=30)
        assert run.history["loss"][-1] < 0.5 * run.history["loss"][0]

    def test_its_own_rate_has_no_part(self, rule: ml.Adam) -> None:
        one, other = (ml.rate_range(OBJECTIVE, THETA, X, LABELS, rule=replace(rule, rate=r)) for r in (1e-5, 1.0))
        np.testing.assert_array_equal(one.losses, other.losses)

    def test_its_updates_are_those_of_training(self, rule: ml.Adam) -> None:
        """At a rate that hardly changes, each batch's loss is what training on full batches records."""
        found = ml.rate_range(
            OBJECTIVE, THETA, X, LABELS, rule=rule, batch_size=None, lowest=0.01, highest=0.01 + 1e-12, updates=20
        )
        run = ml.train(OBJECTIVE, THETA, X, LABELS, rule=replace(rule, rate=0.01), batch_size=None, epochs=21)
        np.testing.assert_allclose(found.losses, run.history["loss"][1:], rtol=1e-8)


class TestWhatItLeavesAndTakes:
    def test_parameters_stay(self) -> None:
        theta = NET.initialize(seed=0)
        ml.rate_range(OBJECTIVE, theta, X, LABELS)
        np.testing.assert_array_equal(NET.pack(theta), THETA)

    def test_the_same_seed_sees_the_same(self) -> None:
        one, again, other = (ml.rate_range(OBJECTIVE, THETA, X, LABELS, seed=seed) for seed in (1, 1, 2))
        np.testing.assert_array_equal(one.losses, again.losses)
        assert not np.array_equal(one.losses, other.losses)

    def test_rates_are_a_geometric_series(self) -> None:
        found = ml.rate_range(OBJECTIVE, THETA, X, LABELS, lowest=1e-4, highest=1e-1, updates=4)
        np.testing.assert_allclose(found.rates, [1e-4, 1e-3, 1e-2, 1e-1])
        assert found.ended == "complete"

    @pytest.mark.parametrize("name", ENGINES)
    def test_engines_agree(self, name: str) -> None:
        found = ml.rate_range(OBJECTIVE, THETA, X, LABELS, engine=name, highest=0.1)
        judge = ml.rate_range(OBJECTIVE, THETA, X, LABELS, engine="reference", highest=0.1)
        np.testing.assert_allclose(found.losses, judge.losses, rtol=1e-7)

    def test_sparse_rows(self) -> None:
        dense, sparse = (ml.rate_range(OBJECTIVE, THETA, rows, LABELS) for rows in (X, scipy.sparse.csr_array(X)))
        np.testing.assert_allclose(dense.losses, sparse.losses, rtol=1e-7)

    def test_batches_without_weight_have_no_loss_and_harm_none(self) -> None:
        weight = np.where(np.arange(400) < 40, 0.0, 1.0)
        found = ml.rate_range(OBJECTIVE, THETA, X, LABELS, sample_weight=weight, batch_size=20, sampling="given")
        assert np.isnan(found.losses).sum() >= 5
        assert np.isfinite(found.smoothed).all()
        assert found.suggestion is not None

    def test_ctrl_c_is_passed_on(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def interrupted(*arguments: object) -> ml.RateRange:
            program = program_for(*arguments)
            advance = program.advance
            program.advance = lambda data, stretch: advance(data, stretch, lambda: True)
            return program

        monkeypatch.setattr(module, "program_for", interrupted)
        with pytest.raises(KeyboardInterrupt):
            ml.rate_range(OBJECTIVE, THETA, X, LABELS, engine="reference")

    def test_clipping_takes_part(self) -> None:
        free, clipped = (ml.rate_range(OBJECTIVE, THETA, X, LABELS, clip_norm=limit) for limit in (None, 1e-3))
        assert free.losses[-1] != clipped.losses[-1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rule": ml.Rprop(), "batch_size": None}, r"^rule: Rprop sets its own steps"),
        ({"rule": "adam"}, r"^rule: must be one of GradientDescent"),
        ({"lowest": 0.0}, r"^lowest: must be a finite number above 0, came 0.0"),
        ({"lowest": 1.0, "highest": 1.0}, r"^highest: must be above lowest \(1\), came 1.0"),
        ({"updates": 1}, r"^updates: must be an integer of at least 2, came 1"),
        ({"seed": -1}, r"seed"),
        ({"n_threads": 0}, r"^n_threads: must be an integer of at least 1"),
        ({"clip_norm": 0.0}, r"^clip_norm: must be a finite number above 0"),
        ({"batch_size": 0}, r"^batch_size: must be an integer of at least 1"),
        ({"sampling": "all"}, r"^sampling: must be one of"),
    ],
)
def test_refusals(options: dict[str, object], message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        ml.rate_range(OBJECTIVE, THETA, X, LABELS, **options)


def test_an_objective_is_needed() -> None:
    with pytest.raises(TypeError, match=r"^objective: must be an Objective, came Network"):
        ml.rate_range(NET, THETA, X, LABELS)  # type: ignore[arg-type]
