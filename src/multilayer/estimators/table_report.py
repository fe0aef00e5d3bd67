"""How good is a model? Rows held out from training, and simple models to compare with on the same rows."""

from __future__ import annotations

import hashlib
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge

from multilayer.estimators.splitting import part_rows
from multilayer.estimators.table_model import TableModel, table_scores
from multilayer.tables.preparation import Preparation
from multilayer.tables.reading import Table
from multilayer.tables.target import TargetPreparation

HELD_OUT_SHARE = 0.2


@dataclass(frozen=True)
class Scored:
    """A model's name, its scores on the held-out rows, and the seconds that its training took."""

    name: str
    scores: dict[str, float]
    seconds: float


def hold_out(table: Table, target: TargetPreparation, seed: int) -> tuple[Table, Table]:
    """Part a table into training rows and a fifth held out for the scores, each class in proportion."""
    kept, apart = _parted(target, target.encode(table.frame), seed)
    return Table(table.frame[kept], table.name, table.notes), Table(table.frame[apart], table.name)


def rows_not_trained_on(model: TableModel, X: NDArray[Any], y: NDArray[Any]) -> NDArray[np.int64] | None:
    """Rows of a prepared table that were held out, if it is the table that the model was made from; None if it is not.

    Empty if the model was trained on all of them.
    """
    wanted = model.training["fingerprint"]
    everything = np.arange(len(y))
    if fingerprint(X) == wanted:
        return everything[:0]
    kept, apart = _parted(model.target, y, model.training["seed"])
    return apart if fingerprint(X[kept]) == wanted else None


def fingerprint(X: NDArray[Any]) -> str:
    """A text that two arrays share only if they are equal."""
    return hashlib.blake2b(np.ascontiguousarray(X).tobytes(), digest_size=16).hexdigest()


def compare(training: Table, held_out: Table, preparation: Preparation, target: TargetPreparation, seed: int) -> Iterator[Scored]:
    """Train the models to compare with, and score them on the held-out rows.

    - histogram gradient boosting, scikit-learn's, with its defaults and without early stopping; it gets missing values
      and categories as such
    - a linear model, scikit-learn's logistic regression or ridge regression, on the inputs of the network
    - a constant: the commonest class with the classes' shares as probabilities, or the mean

    Parameters
    ----------
    training, held_out : Table
        All training rows, also those that chose the network's best epoch.
    preparation, target
        Those of the network.
    seed : int
        Of the boosting.
    """
    X, y = preparation.transform(training.frame), target.encode(training.frame)
    X_held_out, y_held_out = preparation.transform(held_out.frame), target.encode(held_out.frame)
    classes = target.task == "classification"
    categorical = _categorical(preparation)
    boosting = HistGradientBoostingClassifier if classes else HistGradientBoostingRegressor
    models: list[tuple[str, Any, Any]] = [
        (
            "histogram gradient boosting",
            boosting(early_stopping=False, categorical_features=categorical, random_state=seed),
            lambda rows: _for_trees(preparation, rows),
        ),
        (
            "logistic regression" if classes else "ridge regression",
            LogisticRegression(max_iter=300) if classes else Ridge(),
            lambda rows: rows,
        ),
        (
            "most frequent class" if classes else "mean of the training rows",
            DummyClassifier(strategy="prior") if classes else DummyRegressor(),
            lambda rows: rows,
        ),
    ]
    for name, model, form in models:
        began = time.perf_counter()
        with warnings.catch_warnings():
            # An optimum that is not quite reached scores the same.
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(form(X), y)
        seconds = time.perf_counter() - began
        rows = form(X_held_out)
        outputs = _all_classes(model, rows, len(target.classes)) if classes else model.predict(rows)[:, None]
        yield Scored(name, table_scores(target, y_held_out, outputs), seconds)


def _parted(target: TargetPreparation, y: NDArray[Any], seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    labels = y if target.task == "classification" else None
    return part_rows(len(y), HELD_OUT_SHARE, seed=seed, labels=labels)


def _all_classes(model: Any, rows: NDArray[Any], n_classes: int) -> NDArray[np.float64]:
    """Probabilities of all classes; one that the training rows lack has probability 0."""
    outputs = np.zeros((len(rows), n_classes))
    outputs[:, model.classes_] = model.predict_proba(rows)
    return outputs


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
