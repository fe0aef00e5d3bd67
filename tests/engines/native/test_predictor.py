"""The predictor of single rows gives what `predict` gives, as often as it is asked."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest

import multilayer as ml
from multilayer.formulas.activations import ACTIVATIONS
from multilayer.formulas.outputs import OUTPUTS

dtypes = pytest.mark.parametrize("dtype", ["float64", "float32"])
TOLERANCE = {"float64": 1e-12, "float32": 1e-3}


@pytest.fixture(scope="session")
def agree(deviation):
    """Require that a job's predictor gives what `predict` gives, row by row."""

    def agree(job):
        program, X = job.program(), job.rows().X
        predictor, expected = program.predictor(), program.predict(X)
        found = np.array([predictor(x).copy() for x in X])
        assert found.dtype == expected.dtype == job.dtype
        assert deviation(found, expected).max() <= TOLERANCE[job.dtype]

    return agree


@dtypes
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(job, agree, name, dtype):
    agree(job(ml.Objective(ml.Network([5, 9, 7, 2], name)), n_rows=20, dtype=dtype))


@dtypes
@pytest.mark.parametrize("name", OUTPUTS)
@pytest.mark.parametrize("units", [1, 3, 17])
def test_outputs(job, agree, name, units, dtype):
    if units > 1 or name not in ("softmax", "sparsemax"):
        agree(job(ml.Objective(ml.Network([5, 9, units], "tanh", name)), n_rows=20, dtype=dtype))


@dtypes
@pytest.mark.parametrize("width", [1, 2, 7, 15, 16, 17, 33, 64, 130])
def test_widths(job, agree, width, dtype):
    for layers in ([width, 3], [4, width, 2], [width, width, width], [width, ml.Dense(width, bias=False), 1]):
        agree(job(ml.Objective(ml.Network(layers, "relu")), n_rows=9, dtype=dtype))


def test_it_keeps_the_parameters_of_the_moment_when_it_was_made(job):
    made = job(ml.Objective(ml.Network([5, 9, 3], "tanh", "softmax")))
    program, x = made.program(), made.rows().X[0]
    predictor = program.predictor()
    before = predictor(x).copy()
    program.advance(program.load(made.rows()), made.stretch())
    np.testing.assert_array_equal(predictor(x), before)
    assert (program.predictor()(x) != before).any()


def test_each_call_overwrites_the_one_array(job):
    made = job(ml.Objective(ml.Network([5, 9, 3], "tanh", "softmax")))
    predictor, X = made.program().predictor(), made.rows().X
    first = predictor(X[0])
    kept = first.copy()
    assert predictor(X[1]) is first
    assert (first != kept).any()
    first[:] = 7.0  # what a caller does to it does no harm
    np.testing.assert_array_equal(predictor(X[0]), kept)
    other = made.program().predictor()
    assert not np.shares_memory(other(X[0]), first)


def test_rows_that_do_not_fit_are_refused(job):
    made = job(ml.Objective(ml.Network([5, 9, 3], "tanh", "softmax")))
    predictor, X = made.program().predictor(), made.rows().X
    expected = predictor(X[0]).copy()
    of_other_lengths = [X[0][:4], np.append(X[0], 1.0), X[:1], np.array(1.0), np.empty(0)]
    of_other_types = [X[0].astype(kind) for kind in ("float32", ">f8", "object", "complex", "int64")]
    for x in (*of_other_lengths, *of_other_types, np.repeat(X[0], 2)[::2], X[0].tolist(), None, "x"):
        with pytest.raises(ValueError, match="x: must be a contiguous array of 5 numbers of type float64"):
            predictor(x)
    for arguments in ((), (X[0], X[1])):
        with pytest.raises(TypeError):
            predictor(*arguments)
    frozen = X[0].copy()
    frozen.flags.writeable = False
    np.testing.assert_array_equal(predictor(frozen), expected)
    np.testing.assert_array_equal(predictor(X[:, :5][0]), expected)


def test_nan_and_infinity_are_told(job):
    made = job(ml.Objective(ml.Network([5, 9, 3], "relu")))
    predictor, X = made.program().predictor(), made.rows().X
    for value in (np.nan, np.inf, -np.inf):
        x = X[0].copy()
        x[2] = value
        assert not np.isfinite(predictor(x)).all()
        assert np.isfinite(predictor(X[0])).all()


def test_networks_that_it_does_not_know_are_refused(job):
    for layer in (ml.Maxout(4), ml.APL(4), ml.Dropout(0.5)):
        program = job(ml.Objective(ml.Network([5, layer, 3]))).program()
        with pytest.raises(ValueError, match="predictor: needs a network of dense layers only; use predict"):
            program.predictor()
    made = job(ml.Objective(ml.Network([5, 9, 3])))
    with pytest.raises(ValueError, match="predictor: needs a single network, came a population"):
        replace(made, members=2).program().predictor()


def test_it_is_not_carried_to_other_processes(job):
    with pytest.raises(TypeError):
        pickle.dumps(job(ml.Objective(ml.Network([5, 9, 3]))).program().predictor())
