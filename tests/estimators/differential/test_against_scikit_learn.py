"""Whatever is drawn, our estimators do as the installed scikit-learn's."""

from __future__ import annotations

import pytest
from differential.cases import Case
from differential.draws import free_runs, quasi_newton_runs, single_epochs
from differential.judging import judge_free_run, judge_one_epoch
from differential.runs import Subject
from hypothesis import event, given
from hypothesis import strategies as st

import multilayer as ml

OURS = Subject(ml.MLPClassifier, ml.MLPRegressor)

either_solver = pytest.mark.parametrize("solver", ["adam", "sgd"])


@either_solver
@given(data=st.data())
def test_one_epoch_from_scikit_learns_weights(solver: str, data: st.DataObject) -> None:
    judge_one_epoch(data.draw(single_epochs(solver)), OURS)


@either_solver
@given(data=st.data())
def test_free_runs(solver: str, data: st.DataObject) -> None:
    event(judge_free_run(data.draw(free_runs(solver)), OURS))


@given(case=quasi_newton_runs())
def test_free_runs_of_lbfgs(case: Case) -> None:
    event(judge_free_run(case, OURS))


@either_solver
@given(data=st.data())
def test_one_epoch_in_float32(solver: str, data: st.DataObject) -> None:
    judge_one_epoch(data.draw(single_epochs(solver, dtype="float32")), OURS)


@given(
    case=st.one_of(
        free_runs("adam", dtype="float32"), free_runs("sgd", dtype="float32"), quasi_newton_runs(dtype="float32")
    )
)
def test_free_runs_in_float32(case: Case) -> None:
    event(judge_free_run(case, OURS))
