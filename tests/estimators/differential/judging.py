"""The verdicts: one epoch from scikit-learn's own state, and free runs.

One epoch: no number further than 1e-8, half of them within 1e-11.
Free runs: within 1e-9, or within 100 times the change that scikit-learn itself shows when its first weights move by one
unit in the last place: training amplifies the last digits, and no implementation can hold more of them than the model.
(Where a line search may turn either way, one unit seldom shows it: within twice the change by 100 units does as well.)
A run stops, or lowers its rate, by a comparison. Where that is a near tie, the last digit decides: scikit-learn itself
then takes either path once its first weights move by up to 100 units in the last place. Only where it is seen to do so
is another path excused, and then the curves are still compared as far as both runs go.
In float32, whose unit in the last place is 1.2e-7, scikit-learn was seen to differ from itself, with its sums taken
backwards, by up to 2e-6 after an epoch and 3e-5 after a free run (300 draws each; nine in ten by less than 2.4e-7). As
Adam divides small gradients by themselves, the limits stand well above: 1e-3 at most, 1e-5 in the median; 1e-4.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from functools import cache

import numpy as np
from differential.cases import Case
from differential.comparison import Difference, difference, distance
from differential.runs import Seen, Session, Subject, run
from differential.scikit_learn import THEIRS, moved
from differential.stories import told

NEIGHBOURS = 12  # how often scikit-learn is moved before a verdict falls against ours
AMPLIFIED = 100.0


@dataclass(frozen=True)
class Limits:
    """How far numbers may be apart: in one epoch at most and in the median, and in a free run at least."""

    most: float
    median: float
    free: float


LIMITS = {"float64": Limits(1e-8, 1e-11, 1e-9), "float32": Limits(1e-3, 1e-5, 1e-4)}


class Disagreement(AssertionError):
    """Ours does other than scikit-learn."""

    def __init__(self, case: Case | str, step: int, found: Difference, why: str) -> None:
        super().__init__(f"{why}\ncall {step + 1} of {case}\n{found}")


def judge_one_epoch(case: Case, subject: Subject) -> None:
    """Each call trains for one epoch, and ours takes scikit-learn's weights before the next.

    Raises
    ------
    Disagreement
        When anything differs, or numbers by more than the limits.
    """
    limits = LIMITS[case.dtype]
    ours, theirs = Session(case, subject), Session(case, THEIRS)
    for number, step in enumerate(case.steps):
        a, b = theirs.advance(step), ours.advance(step)
        found = difference(a, b)
        if found.facts or found.path:
            raise Disagreement(case, number, found, "not the same")
        if found.largest() > limits.most or np.median(found.all_numbers()) > limits.median:
            raise Disagreement(case, number, found, f"numbers are further apart than {limits}")
        if a.error is not None:
            return
        ours.estimator.coefs_ = copy.deepcopy(theirs.estimator.coefs_)
        ours.estimator.intercepts_ = copy.deepcopy(theirs.estimator.intercepts_)


def judge_free_run(case: Case, subject: Subject) -> str:
    """Both go their own way from the same stream. Returns "equal", "amplified" or "near tie".

    Raises
    ------
    Disagreement
        When ours differs otherwise than scikit-learn differs from itself.
    """
    limit, verdict = LIMITS[case.dtype].free, "equal"

    @cache
    def neighbours(ulps: int) -> list[list[Seen]]:
        return [run(case, moved(ulps, seed)) for seed in range(NEIGHBOURS)]

    theirs, ours = run(case, THEIRS), run(case, subject)
    for number, (a, b) in enumerate(zip(theirs, ours, strict=False)):
        found = difference(a, b)
        if found.facts:
            raise Disagreement(case, number, found, "not the same")
        if not found.path and found.largest() <= limit:
            continue
        near, far = ([seen[number] for seen in neighbours(ulps) if number < len(seen)] for ulps in (1, 100))
        if not found.path and found.largest() <= max(AMPLIFIED * _change(a, near), 2.0 * _change(a, far)):
            verdict = "amplified"
            continue
        if len(near + far) == 2 * NEIGHBOURS and not any(difference(a, seen).path for seen in near + far):
            raise Disagreement(case, number, found, "scikit-learn differs less from itself, and takes one path")
        if not _common_prefix_agrees(a, b, near, limit):
            raise Disagreement(case, number, found, "the curves differ before a near tie can matter")
        return "near tie"
    return verdict


def _change(theirs: Seen, neighbours: list[Seen]) -> float:
    """The largest, of those that took the same path."""
    differences = [difference(theirs, seen) for seen in neighbours]
    return max((d.largest() for d in differences if not d.path), default=0.0)


def _common_prefix_agrees(theirs: Seen, ours: Seen, nearest: list[Seen], limit: float) -> bool:
    """Epoch by epoch, as long as scikit-learn's neighbours say how far its own losses move."""
    a, b = (seen.fitted.get("loss_curve_") or [] for seen in (theirs, ours))
    n = min(len(a), len(b))
    allowed = np.full(n, limit)
    for seen in nearest:
        other = (seen.fitted.get("loss_curve_") or [])[:n]
        change = np.full(n, np.inf)
        change[: len(other)] = distance(other, a[: len(other)])
        allowed = np.maximum(allowed, AMPLIFIED * np.maximum.accumulate(change))
    return bool(np.all(distance(b[:n], a[:n]) <= allowed))


def judge_story(name: str, subject: Subject) -> None:
    """A story that drawing would not tell.

    Raises
    ------
    Disagreement
        When anything differs, or numbers by more than the limit of a free run.
    """
    theirs, ours = told(name, THEIRS), told(name, subject)
    if ours.error is not None:
        ours.error = (ours.error[0], ours.error[1].replace("multilayer", "sklearn"))
    found = difference(theirs, ours)
    if found.facts or found.path or found.largest() > LIMITS["float32" if "float32" in name else "float64"].free:
        raise Disagreement(name, 0, found, "not the same")
