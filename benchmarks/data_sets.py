"""Data sets that estimators are compared on: four that come with scikit-learn, and public tables from a folder.

Rows with missing values are left out, categories become indicators, numbers are standardised on all rows, and so is the
target of a regression: both estimators see the same arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn import datasets


@dataclass(frozen=True)
class DataSet:
    """Arrays of a task.

    Parameters
    ----------
    X : ndarray (n, D)
        Inputs in float64.
    y : ndarray (n,)
        Classes or standardised numbers.
    classes : bool
        Which of the two.
    """

    X: NDArray[Any]
    y: NDArray[Any]
    classes: bool


@dataclass(frozen=True)
class Table:
    """A public table as a CSV file, plain or compressed.

    Parameters
    ----------
    file : str
        Below the folder.
    target : str
        Column.
    classes : bool
        Whether it holds classes.
    names : tuple of str
        Names of the columns where the file gives none.
    dropped : tuple of str
        Columns that say nothing or give the target away.
    """

    file: str
    target: str
    classes: bool
    names: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()

    def load(self, folder: Path) -> DataSet:
        """Read and encode."""
        frame = pl.read_csv(folder / self.file, has_header=not self.names, infer_schema=False)
        frame = frame.with_columns(pl.all().str.strip_chars()).with_columns(pl.all().replace({"": None, "?": None}))
        if self.names:
            frame.columns = list(self.names)
        frame = _numbers(frame.drop(self.dropped).drop_nulls())
        target = frame[self.target].to_numpy()
        inputs = frame.drop(self.target)
        encoded = inputs.to_dummies([c for c, t in inputs.schema.items() if t == pl.String])
        X = encoded.to_numpy().astype(np.float64)
        y = target if self.classes else _standardised(target.astype(np.float64))
        return DataSet(_standardised(X), y, self.classes)


def _numbers(frame: pl.DataFrame) -> pl.DataFrame:
    """Columns of text that are all numbers, as numbers."""
    cast = frame.with_columns(pl.all().cast(pl.Float64, strict=False))
    return frame.with_columns(cast[name] for name in frame.columns if cast[name].null_count() == 0)


def _standardised(values: NDArray[Any]) -> NDArray[Any]:
    spread = values.std(axis=0)
    return (values - values.mean(axis=0)) / np.where(spread == 0, 1.0, spread)


def _bundled(load: Callable[..., Any], *, classes: bool) -> Callable[[], DataSet]:
    def make() -> DataSet:
        X, y = load(return_X_y=True)
        return DataSet(_standardised(X), y if classes else _standardised(y), classes)

    return make


BUNDLED = {
    "digits": _bundled(datasets.load_digits, classes=True),
    "breast cancer": _bundled(datasets.load_breast_cancer, classes=True),
    "wine": _bundled(datasets.load_wine, classes=True),
    "diabetes": _bundled(datasets.load_diabetes, classes=False),
}

# UCI's names of Adult's columns.
ADULT = (
    "age", "workclass", "fnlwgt", "education", "education-num", "marital-status", "occupation", "relationship", "race",
    "sex", "capital-gain", "capital-loss", "hours-per-week", "native-country", "income",
)  # fmt: skip
ABALONE = ("sex", "length", "diameter", "height", "whole", "shucked", "viscera", "shell", "rings")

TABLES = {
    "adult": Table("classification/adult-train.csv.gz", "income", True, names=ADULT),
    "bank marketing": Table("classification/bank-marketing.csv.gz", "deposit", True),
    "electricity": Table("classification/electricity.csv.gz", "class", True),
    "magic telescope": Table("classification/magic-telescope.csv.gz", "Class", True),
    "california housing": Table("regression/california-housing-ageron.csv.gz", "median_house_value", False),
    "bike sharing": Table("regression/bike-hour.csv.gz", "cnt", False, dropped=("instant", "dteday")),
    "diamonds": Table("regression/diamonds.csv.gz", "price", False),
    "abalone": Table("regression/abalone.csv.gz", "rings", False, names=ABALONE),
}
