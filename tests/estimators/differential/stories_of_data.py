"""Rows, targets and weights of every kind that people pass."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from differential.cases import Data
from differential.runs import Subject
from differential.stories import LABELS, NUMBERS, SMALL, THREE, TWO, X, stories
from scipy import sparse

# Rows.

UNSORTED = sparse.csr_matrix(X * (np.abs(X) > 0.5))
UNSORTED.indices, UNSORTED.data = UNSORTED.indices.copy(), UNSORTED.data.copy()
for _row in range(UNSORTED.shape[0]):
    _part = slice(UNSORTED.indptr[_row], UNSORTED.indptr[_row + 1])
    UNSORTED.indices[_part], UNSORTED.data[_part] = UNSORTED.indices[_part][::-1], UNSORTED.data[_part][::-1]
UNSORTED.has_sorted_indices = False
DUPLICATES = sparse.csr_matrix((np.ones(60), np.zeros(60, np.int32), np.arange(0, 61, 2)), shape=(30, 3))
LONG_INDICES = sparse.csr_matrix(X)
LONG_INDICES.indices, LONG_INDICES.indptr = LONG_INDICES.indices.astype(np.int64), LONG_INDICES.indptr.astype(np.int64)
READ_ONLY = X.copy()
READ_ONLY.flags.writeable = False


@stories(
    whole_numbers=np.rint(X).astype(int),
    truths=X > 0,
    float16=X.astype(np.float16),
    objects=X.astype(object),
    read_only=READ_ONLY,
    big_endian=X.astype(">f8"),
    frame=pd.DataFrame(X, columns=["a", "b", "c"]),
    frame_of_float32=pd.DataFrame(X.astype(np.float32), columns=["a", "b", "c"]),
    numbered_frame=pd.DataFrame(X),
    unsorted=UNSORTED,
    duplicates=DUPLICATES,
    long_indices=LONG_INDICES,
    whole_numbers_csr=sparse.csr_array(np.rint(X).astype(int)),
    coo=sparse.coo_array(X),
    empty_rows=sparse.csr_array((30, 3)),
    reversed=X[::-1],
    complex=X.astype(complex),
    text=X.astype(str),
    one_row=X[0],
    cube=X[:, :, None],
    none=None,
    nan=np.where(X > 2, np.nan, X),
    infinity=np.where(X > 1, np.inf, X),
    sparse_nan=sparse.csr_array(np.where(X > 1, np.nan, 0)),
    no_rows=X[:0],
    no_columns=X[:, :0],
)
def rows_of_many_kinds(made: Subject, rows: Any) -> tuple[Any, Data]:
    return made.classifier(**SMALL, batch_size=7).fit(rows, TWO), Data(rows, TWO, None, None)


@stories(
    names=pd.DataFrame(X, columns=["a", "b", "c"]),
    other_names=pd.DataFrame(X, columns=["c", "b", "a"]),
    no_names=X,
    columns=X[:, :2],
    text=X.astype(str),
    nan=np.full((2, 3), np.nan),
    csc=sparse.csc_matrix(X),
    no_rows=X[:0],
    vector=X[0],
)
def rows_to_predict(made: Subject, rows: Any) -> tuple[Any, Data]:
    model = made.classifier(**SMALL).fit(pd.DataFrame(X, columns=["a", "b", "c"]), TWO)
    model.predict(rows)
    return model, Data(rows, TWO, None, None)


@stories(predict="predict", predict_proba="predict_proba", predict_log_proba="predict_log_proba")
def answers_before_fitting(made: Subject, call: str) -> tuple[Any, Data]:
    getattr(made.classifier(), call)(X)
    raise AssertionError


# Targets and weights.


@stories(
    floats=TWO.astype(float),
    float_classes=THREE.astype(float),
    negative=-THREE,
    truths=TWO > 0,
    texts=np.array(["x", "yy", "zzz"])[THREE],
    bytes=np.array([b"x", b"yy", b"zzz"])[THREE],
    series=pd.Series(THREE, index=range(30, 60)),
    categories=pd.Series(["x", "yy", "zzz"]).take(THREE).astype("category"),
    list=THREE.tolist(),
    all_different=np.arange(30),
    more_than_half=np.arange(30) // 2 * 2 + np.arange(30) % 2 * (np.arange(30) < 8),
    one_class=np.zeros(30, int),
    one_word=np.full(30, "a"),
    indicator_lists=LABELS.tolist(),
    indicator_truths=LABELS > 0,
    indicator_floats=LABELS.astype(float),
    indicator_csr=sparse.csr_array(LABELS),
    indicator_frame=pd.DataFrame(LABELS, columns=["p", "q"]),
    indicator_never=np.zeros((30, 2), int),
    indicator_column=LABELS[:, :1],
    continuous=NUMBERS,
    mixed=np.array([1, "a"] * 15, dtype=object),
    nan=np.where(TWO, np.nan, 1.0),
    nothing=np.array([]),
    shorter=TWO[:-1],
    cube=np.zeros((30, 2, 2), int),
)
def labels_of_many_kinds(made: Subject, y: Any) -> tuple[Any, Data]:
    return made.classifier(**SMALL).fit(X, y), Data(X, y, None, None)


@stories(
    whole_numbers=THREE,
    truths=TWO > 0,
    objects=NUMBERS.astype(object),
    float16=NUMBERS.astype(np.float16),
    series=pd.Series(NUMBERS),
    column=NUMBERS[:, None],
    columns=np.column_stack([NUMBERS, 2 * NUMBERS]),
    frame=pd.DataFrame({"p": NUMBERS, "q": 1.0}),
    constant=np.ones(30),
    huge=1e200 * NUMBERS,
    nan=np.where(TWO, np.nan, 1.0),
    infinity=np.where(TWO, np.inf, 1.0),
    shorter=NUMBERS[:-1],
    csr=sparse.csr_array(NUMBERS[:, None]),
)
def numbers_of_many_kinds(made: Subject, y: Any) -> tuple[Any, Data]:
    return made.regressor(**SMALL).fit(X, y), Data(X, y, None, None)


@stories(
    scalar=2.0,
    list=[1, 2, 3] * 10,
    series=pd.Series(np.arange(1.0, 31.0)),
    negative=np.where(TWO, -0.3, 1.0),
    huge=np.full(30, 1e150),
    tiny=np.full(30, 1e-150),
    zero=np.zeros(30),
    shorter=np.ones(29),
    column=np.ones((30, 1)),
    nan=np.where(TWO, np.nan, 1.0),
    text=np.full(30, "a"),
    cancelling=np.tile([1.0, -1.0], 15),
)
def weights_of_many_kinds(made: Subject, weight: Any) -> tuple[Any, Data]:
    return made.classifier(**SMALL).fit(X, THREE, weight), Data(X, THREE, None, None)


@stories(adam="adam", sgd="sgd", lbfgs="lbfgs")
def weights_that_are_all_zero(made: Subject, solver: str) -> tuple[Any, Data]:
    return made.regressor(**SMALL, solver=solver).fit(X, NUMBERS, np.zeros(30)), Data(X, NUMBERS, None, None)


@stories(adam="adam", sgd="sgd")
def a_batch_that_weighs_nothing(made: Subject, solver: str) -> tuple[Any, Data]:
    weight = np.repeat([1.0, 0.0, 1.0], 10)
    model = made.regressor(**SMALL, solver=solver, batch_size=10, shuffle=False)
    return model.fit(X, NUMBERS, weight), Data(X, NUMBERS, None, None)


@stories(classifier="classifier", regressor="regressor")
def validation_rows_that_weigh_nothing(made: Subject, kind: str) -> tuple[Any, Data]:
    model = getattr(made, kind)(**SMALL, early_stopping=True)
    weight = np.zeros(30)
    weight[[2, 4, 11, 23]] = 1.0
    return model.set_params(batch_size=200).fit(X, TWO, weight), Data(X, TWO, None, None)
