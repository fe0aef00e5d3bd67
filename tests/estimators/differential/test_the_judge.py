"""The judge acquits scikit-learn, also when it rounds otherwise, and finds every mistake that is put into it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from differential import stories_of_calls, stories_of_limits
from differential.cases import Case
from differential.draws import free_runs, quasi_newton_runs, single_epochs
from differential.judging import Disagreement, judge_free_run, judge_one_epoch, judge_story
from differential.mutants import MUTANTS
from differential.mutants_at_limits import MUTANTS_AT_LIMITS
from differential.runs import Subject
from differential.scikit_learn import THEIRS, summed_backwards
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

TOLD_IN = (stories_of_calls, stories_of_limits)
DRAWS = {
    "single epochs": (judge_one_epoch, st.one_of(single_epochs("adam"), single_epochs("sgd"))),
    "free runs": (judge_free_run, st.one_of(free_runs("adam"), free_runs("sgd"))),
    "L-BFGS": (judge_free_run, quasi_newton_runs()),
    "float32": (judge_free_run, st.one_of(free_runs("adam", dtype="float32"), free_runs("sgd", dtype="float32"))),
    "L-BFGS in float32": (judge_free_run, quasi_newton_runs(dtype="float32")),
}
SEARCH = settings(
    max_examples=500,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("draws", DRAWS)
@pytest.mark.parametrize("right", [lambda: THEIRS, summed_backwards], ids=["itself", "summed backwards"])
def test_scikit_learn_is_acquitted(draws: str, right: Callable[[], Subject]) -> None:
    subject = right()
    judge, cases = DRAWS[draws]

    @settings(max_examples=10)
    @given(case=cases)
    def acquitted(case: Case) -> None:
        judge(case, subject)

    acquitted()


@pytest.mark.parametrize(("mutant", "draws"), MUTANTS.items(), ids=[mutant.__name__ for mutant in MUTANTS])
def test_every_mistake_is_found(mutant: Callable[[], Subject], draws: str) -> None:
    subject = mutant()
    judge, cases = DRAWS[draws]

    def refuted(case: Case) -> bool:
        try:
            judge(case, subject)
        except Disagreement:
            return True
        return False

    find(cases, refuted, settings=SEARCH)


@pytest.mark.parametrize(
    ("mutant", "story"), MUTANTS_AT_LIMITS.items(), ids=[mutant.__name__ for mutant in MUTANTS_AT_LIMITS]
)
def test_every_mistake_at_a_limit_is_told(mutant: Callable[[], Subject], story: str) -> None:
    judge_story(story, summed_backwards())
    with pytest.raises(Disagreement):
        judge_story(story, mutant())
