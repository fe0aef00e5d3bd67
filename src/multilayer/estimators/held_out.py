"""Rows held out: given by the user, or drawn for early stopping; and what is measured on them."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import get_scorer
from sklearn.model_selection import train_test_split
from sklearn.utils.validation import _check_sample_weight

from multilayer.engines.protocol import Program, Rows
from multilayer.estimators import learned
from multilayer.estimators.split_rows import last_split
from multilayer.network.network import Network
from multilayer.network.targets import OneHot
from multilayer.training.history import Epoch


class HeldOut(NamedTuple):
    """Rows as engines take them, their targets as users give them, and the numbers of those that they were drawn from
    and that are left.
    """

    rows: Rows
    y: Any
    others: NDArray[np.int64] | None = None


def parted(estimator: Any, rows: Rows, groups: Any) -> tuple[Rows, HeldOut | None]:
    """Training rows, and rows held out: the user's, or some of these if there is early stopping.

    Raises
    ------
    ValueError
        In scikit-learn's words, if the data are too few to be parted; for `validation_data`, and for a splitter in
        `validation_fraction`, naming it.
    """
    if estimator.validation_data is not None:
        return rows, given_rows(estimator)
    if not estimator.early_stopping:
        return rows, None
    train, held = _drawn(estimator, rows, groups)
    held_out = _taken(rows, held)
    return _taken(rows, train), HeldOut(held_out, estimator._decoded(held_out.Y), train)


def restores_best(estimator: Any) -> bool:
    """Whether a run with rows held out ends with its best weights."""
    return bool(estimator.early_stopping if estimator.restore_best is None else estimator.restore_best)


def scoring(
    estimator: Any, held_out: HeldOut, program: Program, network: Network, loss_divisor: int
) -> Callable[[Epoch], float]:
    """A function from an epoch to what early stopping watches, larger when better: accuracy or R², the loss's negative,
    or a scorer's answer.
    """
    rows, y, _ = held_out
    if estimator.early_stopping_on == "loss":

        def of_loss(epoch: Epoch) -> float:
            assert epoch.validation_loss is not None
            return -epoch.validation_loss / loss_divisor

        return of_loss
    if estimator.early_stopping_on == "score":
        of_outputs = estimator._held_out_score(rows)
        return lambda epoch: of_outputs(program.predict(rows.X))
    scorer = get_scorer(estimator.early_stopping_on)
    weight = {} if rows.weight is None else {"sample_weight": rows.weight}

    def of_scorer(epoch: Epoch) -> float:
        learned.keep(estimator, network.unpack(program.read_theta()))
        return float(scorer(estimator, rows.X, y, **weight))

    return of_scorer


def given_rows(estimator: Any) -> HeldOut:
    """The user's rows.

    Raises
    ------
    ValueError
        For bad `validation_data`, naming it.
    """
    given = estimator.validation_data
    if len(given) not in (2, 3):
        raise ValueError(f"validation_data: must be (X, y) or (X, y, sample_weight), came a tuple of {len(given)}")
    try:
        X, y = estimator._checked(given[0], given[1], reset=False)
        T = estimator._encoded(y, known=True)
        weight = None if len(given) == 2 or given[2] is None else _check_sample_weight(given[2], X)
    except ValueError as error:
        raise ValueError(f"validation_data: {error}") from error
    return HeldOut(Rows(X.tocsr() if hasattr(X, "tocsr") else X, T, weight), y)


def _drawn(estimator: Any, rows: Rows, groups: Any) -> tuple[Any, Any]:
    """Numbers of the rows of both parts: a splitter's, or drawn from the random state as in scikit-learn."""
    if not isinstance(estimator.validation_fraction, Real):
        y = estimator._decoded(rows.Y)
        return last_split(estimator.validation_fraction, rows.X, y, groups, estimator._random_state)
    train, held = train_test_split(
        np.arange(rows.X.shape[0]),
        random_state=estimator._random_state,
        test_size=estimator.validation_fraction,
        stratify=estimator._stratify(rows.Y),
    )
    if len(held) < 2:
        raise ValueError("The validation set is too small. Increase 'validation_fraction' or the size of your dataset.")
    return train, held


def _taken(rows: Rows, numbers: Any) -> Rows:
    """Some of the rows."""
    Y = rows.Y
    taken = OneHot(Y.labels[numbers], Y.n_classes, Y.on, Y.off) if isinstance(Y, OneHot) else Y[numbers]
    return Rows(rows.X[numbers], taken, None if rows.weight is None else rows.weight[numbers])
