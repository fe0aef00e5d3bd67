"""What ends a run at NaN and infinity: in each way of making an update, wherever in the step they arise."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

import multilayer as ml
from multilayer.engines.protocol import Rows

# Inputs, hidden units, batch size and threads of each way. Of the large network, ∇W is larger than what a batch leaves
# behind, so that its update is made block by block of W.
WAYS = {
    "single rows": (6, 9, 1, 1),
    "gradient sum": (6, 9, 16, 1),
    "gradient sum, in chunks": (6, 150, 700, 1),
    "gradient sum, shared": (6, 150, 700, 2),
    "blocks": (400, 250, 40, 1),
    "blocks, shared": (400, 250, 40, 2),
}
ways = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
dtypes = pytest.mark.parametrize("dtype", ["float64", "float32"])
BAD_BATCH, BATCHES = 1, 3


class Situation:
    """A network of one hidden layer with squared loss on two linear units, and rows of which one is special."""

    def __init__(self, job, way, dtype, activation="identity", members=None):
        inputs, units, self.batch_size, threads = way
        network = ml.Network([inputs, units, 2], activation)
        n_rows = BATCHES * self.batch_size
        self.job = job(
            ml.Objective(network),
            ml.GradientDescent(1e-3),
            n_rows,
            self.batch_size,
            dtype=dtype,
            n_threads=threads,
            members=members,
        )
        self.largest = float(np.finfo(dtype).max)
        self.state = self.job.state()
        rows = self.job.rows()
        self.X, self.Y = rows.X / 10, rows.Y.astype(dtype)
        self.row = BAD_BATCH * self.batch_size + self.batch_size // 3
        self.stretch = replace(self.job.stretch(), order=np.arange(n_rows))
        self.weight = None

    @property
    def rows(self) -> Rows:
        return Rows(self.X, self.Y, self.weight)

    def set(self, view: str, value: float, member=...):
        v = next(v for v in self.job.plan.views if v.name == view)
        theta = self.state.theta.copy()
        theta[member][..., v.start : v.stop] = value
        self.state = replace(self.state, theta=theta)

    def run(self, engine="native", **options):
        return self.job.run(engine, self.state, self.rows, replace(self.stretch, **options))

    def begin(self, batches):
        return self.run(starts=self.stretch.starts[: batches + 1], scalars=self.stretch.scalars[:batches])


# Each makes something of the special row NaN or infinite, and nothing else that comes before it.


def inputs(s: Situation):
    s.X[s.row, 0] = np.nan


def infinite_inputs(s: Situation):
    s.X[s.row, -1] = np.inf


def targets(s: Situation):
    s.Y[s.row, 1] = np.nan


def first_layer(s: Situation):
    s.set("1.W", 1e3)
    s.X[s.row] = s.largest / 10


def last_layer(s: Situation):
    s.set("2.W", s.largest**0.9)
    s.X[:] = 0
    s.set("1.b", 0)
    s.X[s.row] = s.largest**0.5


def loss(s: Situation):
    s.Y[s.row, 0] = s.largest**0.75


def last_gradient(s: Situation):
    """δ and h are finite, their product is not."""
    s.set("1.W", 1.0)
    s.set("2.W", 0.0)
    s.X[s.row] = s.largest**0.75
    s.Y[s.row] = s.largest**0.49


def first_gradient(s: Situation):
    s.set("1.W", 0.0)
    s.set("2.W", 1.0)
    s.X[s.row] = s.largest**0.75
    s.Y[s.row] = s.largest**0.49


def delta(s: Situation):
    """Wᵀδ overflows; of a relu that rests the slope is 0, and 0·∞ is NaN."""
    s.set("1.W", 0.0)
    s.set("1.b", -1.0)
    s.set("2.W", s.largest**0.75)
    s.Y[s.row] = s.largest**0.49


SOURCES = {
    "NaN in X": (inputs, "tanh"),
    "infinity in X": (infinite_inputs, "relu"),
    "NaN in Y": (targets, "tanh"),
    "first layer": (first_layer, "relu"),
    "last layer": (last_layer, "identity"),
    "loss": (loss, "tanh"),
    "gradient of the last layer": (last_gradient, "identity"),
    "gradient of the first layer": (first_gradient, "identity"),
    "delta": (delta, "relu"),
}
sources = pytest.mark.parametrize(("source", "activation"), SOURCES.values(), ids=SOURCES.keys())


@dtypes
@ways
@sources
@pytest.mark.parametrize("place", [0.0, 0.6], ids=["first", "later"])
def test_it_stops_before_the_bad_batch(job, bits, way, dtype, source, activation, place):
    s = Situation(job, way, dtype, activation)
    s.row = BAD_BATCH * s.batch_size + int(place * (s.batch_size - 1))
    source(s)
    report, after = s.run()
    expected_report, _ = s.run("reference")
    assert (report.ended, report.done) == (expected_report.ended, expected_report.done) == ("nonfinite", BAD_BATCH)
    first, before = s.begin(BAD_BATCH)
    assert bits(after) == bits(before)
    assert np.isfinite(after.theta).all()
    for column in ("loss", "weight", "penalty"):
        np.testing.assert_array_equal(getattr(report, column), getattr(first, column))


@dtypes
@ways
@sources
@pytest.mark.parametrize("weighted", [False, True])
def test_continue_goes_on_as_the_reference_does(job, way, dtype, source, activation, weighted):
    """Also where the special row weighs nothing: 0·∞ is NaN."""
    s = Situation(job, way, dtype, activation)
    source(s)
    if weighted:
        s.weight = np.where(np.arange(len(s.X)) == s.row, 0.0, 1.0)
    report, state = s.run(on_nonfinite="continue")
    expected_report, expected = s.run("reference", on_nonfinite="continue")
    assert (report.ended, report.done) == (expected_report.ended, expected_report.done) == ("complete", BATCHES)
    np.testing.assert_array_equal(np.isfinite(report.loss), np.isfinite(expected_report.loss))
    np.testing.assert_array_equal(np.isfinite(state.theta), np.isfinite(expected.theta))
    assert state.step == expected.step


def near_overflow(s: Situation):
    """Entries of ∇W up to a hundredth of the largest number."""
    s.set("1.W", 1.0)
    s.set("2.W", 0.0)
    error = s.largest**0.45
    s.X[s.row] = s.largest / 100 / error / s.X.shape[1]
    s.Y[s.row] = error


def apart(s: Situation):
    """The largest δ and the largest h, whose product overflows, do not meet: they belong to different rows."""
    s.set("1.W", 1.0)
    s.set("2.W", 0.0)
    s.set("2.b", 0.0)
    other = s.row + 1 if s.batch_size > 1 else s.row
    s.Y[s.row] = s.largest**0.49
    s.X[other], s.Y[other] = s.largest**0.75, 0.0


def saturated(s: Situation):
    """The first layer's z is infinite, tanh brings it back."""
    first_layer(s)


@dtypes
@ways
@pytest.mark.parametrize(
    ("source", "activation"),
    [(near_overflow, "identity"), (apart, "identity"), (saturated, "tanh")],
    ids=lambda v: getattr(v, "__name__", None),
)
def test_what_is_finite_does_not_stop(job, deviation, way, dtype, source, activation):
    s = Situation(job, way, dtype, activation)
    source(s)
    s.stretch = replace(
        s.stretch, scalars=np.full((BATCHES, 1), s.largest**-0.9)
    )  # the rate; later batches stay finite
    report, state = s.run()
    expected_report, expected = s.run("reference")
    assert (report.ended, expected_report.ended) == ("complete", "complete")
    assert deviation(state.theta, expected.theta).max() <= (1e-10 if dtype == "float64" else 1e-3)


@dtypes
@pytest.mark.parametrize("name", ["heaviside", "sign", "identity"])
@pytest.mark.parametrize("batch_size", [1, 16])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_losses_that_hide_nothing(job, name, batch_size, value, dtype):
    """Perceptron and hinge losses compare; a NaN or infinity in a row is seen in them or in the gradient."""
    for loss_name in ("perceptron", "hinge") if name == "identity" else ("perceptron",):
        for units in (1, 3):
            objective = ml.Objective(ml.Network([4, 5, units], "tanh", name), loss_name)
            made = job(objective, ml.GradientDescent(0.1), 32, batch_size, dtype=dtype)
            rows = made.rows()
            X = rows.X.copy()
            X[5] = value
            for state in (made.state(), replace(made.state(), theta=-made.state().theta)):
                found, _ = made.run("native", state, replace(rows, X=X))
                expected, _ = made.run("reference", state, replace(rows, X=X))
                assert (found.ended, found.done) == (expected.ended, expected.done)


@dtypes
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("way", ["single rows", "gradient sum", "blocks"])
def test_a_population_stops_as_a_whole(job, bits, way, threads, dtype):
    s = Situation(job, (*WAYS[way][:3], threads), dtype, "relu", members=3)
    s.set("1.W", 0.0, member=1)
    s.set("1.b", -1.0, member=1)
    s.set("2.W", s.largest**0.75, member=1)
    s.Y[s.row] = s.largest**0.4
    s.stretch = replace(s.stretch, scalars=s.stretch.scalars * 0 + s.largest**-0.9)
    report, after = s.run()
    expected_report, _ = s.run("reference")
    assert (report.ended, report.done) == (expected_report.ended, expected_report.done) == ("nonfinite", BAD_BATCH)
    first, before = s.begin(BAD_BATCH)
    assert bits(after) == bits(before)
    np.testing.assert_array_equal(report.loss, first.loss)
    # The members that came further are back too, and all go on from there.
    rest = replace(s.stretch, starts=s.stretch.starts[2:], scalars=s.stretch.scalars[2:])
    assert s.job.run("native", after, s.rows, rest)[0].ended == "complete"


def test_members_of_a_population_meet_the_bad_row_when_it_is_their_turn(job, bits):
    s = Situation(job, (6, 9, 4, 2), "float64", "tanh", members=2)
    loss(s)
    n = s.X.shape[0]
    own = np.stack([np.arange(n), np.roll(np.arange(n), -4)])  # row 5 in batch 1, and in batch 0
    s.stretch = replace(s.stretch, scalars=s.stretch.scalars * 0 + s.largest**-0.9)
    report, after = s.run(order=own)
    assert (report.ended, report.done) == ("nonfinite", 0)
    assert bits(after) == bits(s.state)
    report, after = s.run(order=own, on_nonfinite="continue")
    np.testing.assert_array_equal(np.isfinite(report.loss), [[True, False], [False, True], [True, True]])


@pytest.mark.parametrize("engine", ["native", "reference"])
@pytest.mark.parametrize("batch_size", [1, 10, None])
def test_train_tells_where_it_diverged_and_what_may_help(native, engine, batch_size):
    rng = np.random.default_rng(0)
    X, T = rng.normal(size=(60, 4)), rng.normal(size=60)
    J = ml.Objective(ml.Network([4, 8, 1], "relu"))
    theta = J.network.initialize(0)
    options = dict(rule=ml.GradientDescent(30.0), batch_size=batch_size, epochs=1000, engine=engine)
    with pytest.raises(ml.Diverged) as caught:
        ml.train(J, theta, X, T, **options)
    message, run = str(caught.value), caught.value.run
    told = re.search(r"in epoch (\d+), batch (\d+): first in layer (\d+) \(\w+\); .*smaller rate", message)
    if told is None:  # of the loss or of the gradient no layer is told
        told = re.search(r"in epoch (\d+), batch (\d+); .*smaller rate", message)
    per_epoch = -(-60 // (batch_size or 60))
    epoch, batch = int(told[1]), int(told[2])
    assert run.state.step == (epoch - 1) * per_epoch + batch - 1
    assert np.isfinite(run.state.theta).all()
    assert run.ended == "nonfinite"
    run = ml.train(J, theta, X, T, **{**options, "epochs": epoch}, on_nonfinite="continue")
    assert not np.isfinite(run.history["loss"][-1])
    assert np.isfinite(run.history["loss"][:-1]).all()
