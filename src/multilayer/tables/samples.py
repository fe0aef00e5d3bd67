"""scikit-learn's bundled tables, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import polars as pl

from multilayer.tables.errors import TableError, listed


def _digits() -> pl.DataFrame:
    from sklearn.datasets import load_digits

    data = load_digits()
    return _frame(data.feature_names, data.data.astype(np.uint8), "digit", data.target)


def _iris() -> pl.DataFrame:
    from sklearn.datasets import load_iris

    data = load_iris()
    names = [name.replace(" (cm)", "_cm").replace(" ", "_") for name in data.feature_names]
    return _frame(names, data.data, "species", data.target_names[data.target])


def _wine() -> pl.DataFrame:
    from sklearn.datasets import load_wine

    data = load_wine()
    return _frame(data.feature_names, data.data, "cultivar", data.target_names[data.target])


def _breast_cancer() -> pl.DataFrame:
    from sklearn.datasets import load_breast_cancer

    data = load_breast_cancer()
    names = [name.replace(" ", "_") for name in data.feature_names]
    return _frame(names, data.data, "diagnosis", data.target_names[data.target])


def _diabetes() -> pl.DataFrame:
    from sklearn.datasets import load_diabetes

    data = load_diabetes(scaled=False)
    return _frame(data.feature_names, data.data, "progression", data.target)


def _frame(names: list[str], values: np.ndarray, target: str, labels: np.ndarray) -> pl.DataFrame:
    columns = {str(name): pl.Series(str(name), values[:, j]) for j, name in enumerate(names)}
    kept = labels.tolist() if labels.dtype.kind == "U" else labels
    return pl.DataFrame({**columns, target: pl.Series(target, kept)})


SAMPLES: Mapping[str, Callable[[], pl.DataFrame]] = {
    "digits": _digits,
    "iris": _iris,
    "wine": _wine,
    "breast_cancer": _breast_cancer,
    "diabetes": _diabetes,
}


def read_sample(name: str) -> pl.DataFrame:
    """A bundled table of scikit-learn, its target the last column.

    Parameters
    ----------
    name : "digits" (target `digit`), "iris" (`species`), "wine" (`cultivar`), "breast_cancer" (`diagnosis`) or
        "diabetes" (`progression`, numbers, the inputs in their own units)

    Raises
    ------
    TableError
        if there is no such table, listing those that there are.
    """
    if name not in SAMPLES:
        raise TableError(f"there is no sample table {name!r}: allowed are {listed(SAMPLES)}")
    return SAMPLES[name]()
