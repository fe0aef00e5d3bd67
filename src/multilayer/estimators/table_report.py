"""How good is a model? Rows held out from training, and simple models to compare with on the same rows."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from threadpoolctl import threadpool_limits

from multilayer.estimators.splitting import part_rows
from multilayer.estimators.table_fitting import fingerprint
from multilayer.estimators.table_model import TableModel, table_scores
from multilayer.tables.preparation import Preparation
from multilayer.tables.reading import Table, open_table
from multilayer.tables.target import TargetPreparation, with_known_target

Form = Callable[[NDArray[Any]], NDArray[Any]]

HELD_OUT_SHARE = 0.2
# Of boosting, whose trees are as many as rounds times classes.
ROUNDS, ROUNDS_AT_ONCE = 100, 10
LONGEST_SECONDS = 60.0


@dataclass(frozen=True)
class Scored:
    """What was scored: its name, its scores by name, and the seconds that its training took."""

    name: str
    scores: dict[str, float]
    seconds: float


@dataclass(frozen=True)
class Peer:
    """A model to compare with: its name, and `fit`, which trains and scores it."""

    name: str
    fit: Callable[[], Scored]


def hold_out(table: Table, target: TargetPreparation, seed: int) -> tuple[Table, Table, TargetPreparation]:
    """Part a table into training rows and a fifth held out for the scores, each class in proportion.

    The third is the target, its scale taken from the training rows alone.
    """
    kept, apart = _parted(target, target.encode(table.frame), seed)
    training = replace(table, frame=table.frame[kept])
    if target.task == "regression":
        scaled = TargetPreparation.fit(training.frame, target.name, "regression")
        target = replace(scaled, reason=target.reason)
    return training, replace(table, frame=table.frame[apart]), target


def open_held_out(table: object, target: TargetPreparation) -> Table:
    """Read a table of its own to score on; refused if its targets are not those of the training."""
    opened = open_table(table)
    frame, notes = with_known_target(opened.frame, target.name)
    target.encode(frame)
    return Table(frame, opened.name, opened.notes + notes)


def with_scores(model: TableModel, held_out: Table) -> TableModel:
    """The model, its `training` widened by its scores on the held-out rows."""
    record = {"table": held_out.name, "rows": held_out.frame.height, "scores": model.scores(held_out.frame)}
    return replace(model, training={**model.training, "held_out": record})


def rows_not_trained_on(model: TableModel, X: NDArray[Any], y: NDArray[Any]) -> NDArray[np.int64] | None:
    """Rows of a prepared table that were held out, if it is the table that the model was made from; None if it is not.

    Empty if the model was made from all of them.
    """
    made_from = model.training["fingerprint"]
    if fingerprint(X) == made_from:
        return np.zeros(0, np.int64)
    kept, apart = _parted(model.target, y, model.training["seed"])
    return apart if fingerprint(X[kept]) == made_from else None


def peers(model: TableModel, training: Table, held_out: Table) -> list[Peer]:
    """Models to compare with, trained and scored on the same rows as the network, each on one thread as the network is.

    - histogram gradient boosting, scikit-learn's, with its defaults but no early stopping; it gets missing values and
      categories as such, and no further round after a minute
    - a linear model, scikit-learn's logistic regression or ridge regression, on the inputs of the network
    - a constant: the commonest class, with the classes' shares as probabilities, or the mean

    Parameters
    ----------
    model : TableModel
        The network's.
    training : Table
        All its training rows, also those that chose its best epoch.
    held_out : Table
        Rows to score on.
    """
    X, y = model.encode(training.frame)
    X_held_out, y_held_out = model.encode(held_out.frame)
    classes = model.target.task == "classification"

    def peer(name: str, estimator: Any, train: Callable[..., str], form: Form = np.asarray) -> Peer:
        def fit() -> Scored:
            with threadpool_limits(1), warnings.catch_warnings():
                # An optimum that is not quite reached scores the same.
                warnings.simplefilter("ignore", ConvergenceWarning)
                began = time.perf_counter()
                extent = train(estimator, form(X), y)
                seconds = time.perf_counter() - began
                rows = form(X_held_out)
                outputs = estimator.predict_proba(rows) if classes else estimator.predict(rows)[:, None]
            return Scored(name + extent, table_scores(model.target, y_held_out, outputs), seconds)

        return Peer(name, fit)

    boosting = (HistGradientBoostingClassifier if classes else HistGradientBoostingRegressor)(
        categorical_features=_categorical(model.preparation),
        early_stopping=False,
        warm_start=True,
        random_state=model.training["seed"],
    )
    return [
        peer("histogram gradient boosting", boosting, _boost, lambda rows: _for_trees(model.preparation, rows)),
        peer("logistic regression", LogisticRegression(), _fit) if classes else peer("ridge regression", Ridge(), _fit),
        peer("most frequent class", DummyClassifier(), _fit) if classes else peer("mean", DummyRegressor(), _fit),
    ]


def _fit(estimator: Any, X: NDArray[Any], y: NDArray[Any]) -> str:
    estimator.fit(X, y)
    return ""


def _boost(estimator: Any, X: NDArray[Any], y: NDArray[Any]) -> str:
    """Add rounds as long as there is time; says how many if they are not all."""
    began = time.perf_counter()
    for rounds in range(ROUNDS_AT_ONCE, ROUNDS + 1, ROUNDS_AT_ONCE):
        estimator.set_params(max_iter=rounds).fit(X, y)
        if rounds < ROUNDS and time.perf_counter() - began > LONGEST_SECONDS:
            return f", {rounds} of {ROUNDS} rounds"
    return ""


def _parted(target: TargetPreparation, y: NDArray[Any], seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    labels = y if target.task == "classification" else None
    return part_rows(len(y), HELD_OUT_SHARE, seed=seed, labels=labels)


def _categorical(preparation: Preparation) -> NDArray[np.bool_]:
    """Which columns of `_for_trees` hold categories."""
    return np.array([encoder.kind == "categorical" for encoder in preparation.encoders])


def _for_trees(preparation: Preparation, X: NDArray[Any]) -> NDArray[Any]:
    """One column for each column of the table: numbers, or numbers of categories, NaN where missing.

    Trees ask only for the order of numbers, which scaling keeps.
    """
    columns, start = [], 0
    for encoder in preparation.encoders:
        part = X[:, start : start + len(encoder.names)]
        start += len(encoder.names)
        if encoder.kind == "categorical":
            columns.append(np.where(part.any(axis=1), part.argmax(axis=1), np.nan))
        else:
            columns.append(np.where(part[:, -1] > 0, np.nan, part[:, 0]) if encoder.missing else part[:, 0])
    return np.stack(columns, axis=1)
