"""One column of a table as columns of numbers: numeric, boolean, categorical.

An encoder is fitted on the training rows and used for every other table. Each has the column's `name`, the `names` of
the columns that it makes, and `encode(column)`, which gives them as an array (n, len(names)).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl

from multilayer.tables.values import as_numbers, as_text, as_truth

# Scaled numbers are bent towards ±BOUND.
BOUND = 3.0
# A column that is nearly always the same has a tiny deviation; divided by that, its few other values would be huge.
LEAST_DEVIATION = 0.25
# A column that tells of missing values in fewer training rows than this would say no more than which rows they were.
FEWEST_MISSING = 3


@dataclass(frozen=True)
class Numeric:
    """Numbers, centred, scaled, bent where they are far out, then standardised.

        r = (x − center) / scale,   s = r / √(1 + (r / 3)²),   value = (s − mean) / deviation

    center: the median, which also stands for a missing value; scale: the distance of the quartiles, or half the range
    where they coincide; mean and deviation of s over the training rows, the deviation at least 1/4. s is about r for
    |r| < 1 and stays within ±3 whatever the outlier. A second column tells which values are missing, if at least three
    of the training rows lack one; a column with one value and missing ones has only that (scale 0).

    Source: robust scaling and smooth clipping of Holzmüller, Grinsztajn and Steinwart, "Better by default: strong
    pre-tuned MLPs and boosted trees on tabular data" (2024), section 3; standardised afterwards.
    """

    kind: ClassVar[str] = "numeric"
    name: str
    center: float
    scale: float
    mean: float
    deviation: float
    missing: bool

    @staticmethod
    def fit(column: pl.Series) -> Numeric:
        numbers = as_numbers(column)
        missing = np.isnan(numbers)
        present = numbers[~missing]
        if len(present) == 0:
            return Numeric(column.name, 0.0, 0.0, 0.0, 1.0, True)
        lower, center, upper = (float(q) for q in np.quantile(present, (0.25, 0.5, 0.75)))
        scale = upper - lower or float(present.max() - present.min()) / 2
        if scale == 0:
            return Numeric(column.name, center, 0.0, 0.0, 1.0, bool(missing.any()))
        bent = _bend(np.where(missing, center, numbers), center, scale)
        deviation = max(float(bent.std()), LEAST_DEVIATION)
        return Numeric(column.name, center, scale, float(bent.mean()), deviation, bool(missing.sum() >= FEWEST_MISSING))

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name,) * (self.scale > 0) + (f"{self.name} is missing",) * self.missing

    def encode(self, column: pl.Series) -> np.ndarray:
        numbers = as_numbers(column)
        missing = np.isnan(numbers)
        encoded = np.empty((len(numbers), len(self.names)))
        if self.scale > 0:
            bent = _bend(np.where(missing, self.center, numbers), self.center, self.scale)
            encoded[:, 0] = (bent - self.mean) / self.deviation
        if self.missing:
            encoded[:, -1] = missing
        return encoded


def _bend(numbers: np.ndarray, center: float, scale: float) -> np.ndarray:
    with np.errstate(over="ignore"):
        r = np.clip((numbers - center) / scale, -1e9, 1e9)
    return r / np.sqrt(1.0 + (r / BOUND) ** 2)


@dataclass(frozen=True)
class Boolean:
    """False and true as 0 and 1; a missing value as the commoner one, with a column that tells, as for numbers."""

    kind: ClassVar[str] = "boolean"
    name: str
    commoner: float
    missing: bool

    @staticmethod
    def fit(column: pl.Series) -> Boolean:
        truth = as_truth(column)
        return Boolean(column.name, float(np.nanmean(truth) > 0.5), bool(np.isnan(truth).sum() >= FEWEST_MISSING))

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name,) + (f"{self.name} is missing",) * self.missing

    def encode(self, column: pl.Series) -> np.ndarray:
        truth = as_truth(column)
        missing = np.isnan(truth)
        encoded = np.empty((len(truth), len(self.names)))
        encoded[:, 0] = np.where(missing, self.commoner, truth)
        if self.missing:
            encoded[:, 1] = missing
        return encoded


@dataclass(frozen=True)
class Categorical:
    """One column of 0 and 1 for each category that at least two training rows have.

    Rarer ones share a column "other", there only if they occur; so does a category never seen before, or, without that
    column, it is 0 in every column. Missing values have a column of their own if at least three training rows lack a
    value, and are otherwise treated like a category never seen.
    """

    kind: ClassVar[str] = "categorical"
    name: str
    categories: tuple[str, ...]
    other: bool
    missing: bool

    @staticmethod
    def fit(column: pl.Series) -> Categorical:
        text = as_text(column)
        counts = text.drop_nulls().alias("category").value_counts()
        common = counts.filter(counts["count"] >= 2)["category"].sort().to_list()
        return Categorical(column.name, tuple(common), len(common) < len(counts), text.null_count() >= FEWEST_MISSING)

    @property
    def names(self) -> tuple[str, ...]:
        names = tuple(f"{self.name} = {category}" for category in self.categories)
        return names + (f"{self.name} = other",) * self.other + (f"{self.name} is missing",) * self.missing

    def encode(self, column: pl.Series) -> np.ndarray:
        text = as_text(column)
        n_categories = len(self.categories)
        position = {category: k for k, category in enumerate(self.categories)}
        elsewhere = n_categories if self.other else -1
        places = text.replace_strict(position, default=elsewhere, return_dtype=pl.Int64).to_numpy(writable=True)
        places[text.is_null().to_numpy()] = n_categories + self.other if self.missing else elsewhere
        return (places[:, None] == np.arange(len(self.names))).astype(float)


Encoder = Numeric | Boolean | Categorical

ENCODERS: Mapping[str, type[Numeric] | type[Boolean] | type[Categorical]] = {
    encoder.kind: encoder for encoder in (Numeric, Boolean, Categorical)
}


def encoder_to_dict(encoder: Encoder) -> dict[str, Any]:
    """Plain data for JSON."""
    return {"kind": encoder.kind, **vars(encoder)}


def encoder_from_dict(data: Mapping[str, Any]) -> Encoder:
    """The inverse of `encoder_to_dict`; JSON's lists become tuples."""
    fields: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in data.items()}
    return ENCODERS[fields.pop("kind")](**fields)
