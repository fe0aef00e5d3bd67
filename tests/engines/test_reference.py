"""The reference engine: it runs every plan, its updates are whole wherever Ctrl-C falls, and it makes no noise."""

from __future__ import annotations

import sys
import warnings
from itertools import count

import numpy as np
import pytest

import multilayer as ml
from multilayer.engines import ENGINES
from multilayer.engines.protocol import Rows, State, Stretch
from multilayer.formulas.update_rules import UPDATE_RULES
from multilayer.training.rules import initial_slots, scalar_rows

REFERENCE = ENGINES["reference"]
RULE = ml.Adam(0.1)
NET = ml.Network([2, ml.Dropout(0.5), 3, 1], "tanh")
J = ml.Objective(NET, penalty=ml.L2(0.1))
N_ROWS = 6


def program(dtype="float64"):
    made = REFERENCE.program(J.plan, RULE.formula, dtype=dtype)
    theta = NET.pack(NET.initialize(), dtype)
    made.write(State(theta, initial_slots(RULE, theta), 0, 0))
    return made


def rows() -> Rows:
    X = np.random.default_rng(0).normal(size=(N_ROWS, 2))
    return Rows(X, X[:, :1] * X[:, 1:])


def stretch(batches: int) -> Stretch:
    t = np.arange(batches)
    scalars = scalar_rows(RULE, 1.0 + t, 0.1 + 0.01 * t)
    return Stretch(np.arange(2 * batches) % N_ROWS, np.arange(0, 2 * batches + 1, 2), scalars)


def test_it_refuses_no_plan_and_only_dtypes_that_are_not_floating():
    for rule in UPDATE_RULES.values():
        assert REFERENCE.refuses(J.plan, rule, np.dtype("float32")) is None
    assert REFERENCE.refuses(J.plan, RULE.formula, np.dtype("int64")) == "dtype: must be a floating type, came int64"


def test_threads_are_numpys_own():
    with pytest.raises(ValueError, match=r"n_threads: .*threadpoolctl.*came 2"):
        REFERENCE.program(J.plan, RULE.formula, n_threads=2)


def test_rows_of_the_right_dtype_are_not_copied():
    data = rows()
    loaded = program().load(data)
    assert loaded.X is data.X
    assert loaded.Y is data.Y


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "longdouble"])
def test_any_floating_dtype_runs(dtype):
    made = program(dtype)
    report = made.advance(made.load(rows()), stretch(3))
    assert report.ended == "complete"
    assert made.read().theta.dtype == np.dtype(dtype)


def test_ctrl_c_at_any_line_leaves_a_whole_state_and_a_report_of_it():
    expected = [program()]
    for done in range(1, 4):
        one = program()
        one.advance(one.load(rows()), stretch(done))
        expected.append(one)
    seen = set()
    for line in count(step=11):
        made = program()
        data, plan = made.load(rows()), stretch(3)
        left = line

        def strike(frame, event, argument):
            nonlocal left
            left -= event == "line"
            if left < 0:
                raise KeyboardInterrupt
            return strike

        tracer = sys.gettrace()
        sys.settrace(strike)
        try:
            report = made.advance(data, plan)
        except KeyboardInterrupt:
            continue  # outside of what catches it: before the first update or after the last
        finally:
            sys.settrace(tracer)
        state, judge = made.read(), expected[report.done].read()
        assert state.step == report.done == len(report.loss) == len(report.penalty)
        for array, whole in zip((state.theta, *state.slots), (judge.theta, *judge.slots), strict=True):
            np.testing.assert_array_equal(array, whole)
        seen.add((report.ended, report.done))
        if report.ended == "complete":
            break
    assert seen >= {("interrupted", 0), ("interrupted", 1), ("interrupted", 2), ("complete", 3)}


@pytest.mark.parametrize("on_nonfinite", ["stop", "continue"])
def test_overflow_makes_no_warning(on_nonfinite):
    net = ml.Network([2, 3, 1], "relu")
    made = REFERENCE.program(ml.Objective(net).plan, UPDATE_RULES["gradient_descent"])
    made.write(State(net.pack(net.initialize()), ()))
    data = made.load(rows())
    plan = Stretch(np.arange(6), np.array([0, 2, 4, 6]), np.full((3, 1), 1e300), on_nonfinite)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        report = made.advance(data, plan)
        made.loss(data)
    assert report.ended == ("nonfinite" if on_nonfinite == "stop" else "complete")


def test_a_batch_without_weight_makes_no_noise():
    in_mean = ml.Objective(NET, penalty=ml.L2(0.1), penalty_in_mean=True)
    made = REFERENCE.program(in_mean.plan, UPDATE_RULES["gradient_descent"])
    theta = NET.pack(NET.initialize())
    made.write(State(theta, ()))
    data = made.load(Rows(rows().X, rows().Y, np.array([0.0, 0.0, 1.0, 1.0, 1.0, 1.0])))
    report = made.advance(data, Stretch(np.arange(4), np.array([0, 2, 4]), np.full((2, 1), 0.1)))
    assert report.weight.tolist() == [0.0, 2.0]
    assert np.all(np.isfinite([report.loss, report.penalty]))
    assert np.all(np.isfinite(made.read().theta))


def test_any_whole_number_is_a_seed():
    states = []
    for seed in (3, np.int64(3)):
        made = program()
        theta = NET.pack(NET.initialize())
        made.write(State(theta, initial_slots(RULE, theta), 0, seed))
        made.advance(made.load(rows()), stretch(3))
        states.append(made.read().theta.tolist())
    assert states[0] == states[1]


def test_a_population_needs_a_seed_for_each_member():
    made = REFERENCE.program(J.plan, UPDATE_RULES["gradient_descent"], members=2)
    thetas = np.zeros((2, NET.n_parameters))
    for seed in (0, (1, 2, 3)):
        with pytest.raises(ValueError, match="state: seed must be a number, or a tuple with one for each member"):
            made.write(State(thetas, (), 0, seed))
    made.write(State(thetas, (), 0, (1, 2)))
