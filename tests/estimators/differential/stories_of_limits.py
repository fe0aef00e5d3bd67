"""Values at their limits, ends of training, and data of real size."""

from __future__ import annotations

from typing import Any

import numpy as np
from differential.cases import Data
from differential.runs import Subject
from differential.stories import LABELS, NUMBERS, SMALL, THREE, TWO, X, stories, story
from scipy import sparse
from sklearn.datasets import load_diabetes, load_digits
from sklearn.preprocessing import scale

# Values at their limits.


def _by_hand(model: Any, y: Any, weights: float, intercepts: float, **first: Any) -> Any:
    """A model fitted once, whose weights and intercepts are then all the same."""
    model.partial_fit(X, y, **first)
    model.coefs_ = [np.full_like(W, weights) for W in model.coefs_]
    model.intercepts_ = [np.full_like(b, intercepts) for b in model.intercepts_]
    return model


TARGETS = {"two": (TWO, [0, 1]), "three": (THREE, [0, 1, 2]), "labels": (LABELS, [0, 1])}


@stories(**TARGETS)
def probabilities_that_are_tied(made: Subject, target: tuple[Any, list[int]]) -> tuple[Any, Data]:
    y, classes = target
    return _by_hand(made.classifier(**SMALL), y, 0.0, 0.0, classes=classes), Data(X, y, None, None)


@stories(**TARGETS)
def a_hidden_layer_at_its_knee(made: Subject, target: tuple[Any, list[int]]) -> tuple[Any, Data]:
    y, classes = target
    return _by_hand(made.classifier(**SMALL), y, 0.0, 0.0, classes=classes).partial_fit(X, y), Data(X, y, None, None)


@stories(**{f"{name}_{sign}": (target, sign) for name, target in TARGETS.items() for sign in (1.0, -1.0)})
def probabilities_that_saturate(made: Subject, variant: tuple[Any, float]) -> tuple[Any, Data]:
    (y, classes), sign = variant
    model = _by_hand(made.classifier(**SMALL, activation="identity"), y, 50.0 * sign, 5.0, classes=classes)
    model.coefs_[-1] *= np.linspace(-1.0, 1.0, model.coefs_[-1].shape[1])
    model.partial_fit(X, y)
    return model, Data(X, y, None, None)


@stories(float64=np.float64, float32=np.float32)
def the_largest_loss_of_two_classes(made: Subject, dtype: type) -> tuple[Any, Data]:
    rows = np.full((4, 1), 100.0, dtype)
    model = made.classifier((), solver="sgd", alpha=0.0, learning_rate_init=1e-9, random_state=0)
    model.partial_fit(rows, [0, 1, 0, 1], classes=[0, 1])
    model.coefs_, model.intercepts_ = [np.ones((1, 1), dtype)], [np.zeros(1, dtype)]
    return model.partial_fit(rows, [0, 0, 0, 1]), Data(rows, [0, 0, 0, 1], None, None)


@stories(sgd={"solver": "sgd", "learning_rate_init": 1e3}, adam={"learning_rate_init": 1e200})
def training_that_diverges(made: Subject, options: dict[str, Any]) -> tuple[Any, Data]:
    return made.regressor(**(SMALL | {"max_iter": 30} | options)).fit(10 * X, NUMBERS), Data(X, NUMBERS, None, None)


# A classifier is stopped before its products overflow: whether inf − inf is then met depends on the order of its sums.
@stories(regressor=("regressor", NUMBERS, 100), classifier=("classifier", THREE, 50))
def divergence_with_the_best_epoch_restored(made: Subject, variant: tuple[str, Any, int]) -> tuple[Any, Data]:
    kind, y, epochs = variant
    options = {"solver": "sgd", "learning_rate_init": 1.0, "early_stopping": True, "activation": "identity"}
    model = getattr(made, kind)(**(SMALL | options | {"max_iter": epochs, "n_iter_no_change": 200}))
    return model.fit(30 * X, y), Data(X, y, None, None)


@stories(tiny=1e-300, huge=1e300)
def rows_of_extreme_size(made: Subject, size: float) -> tuple[Any, Data]:
    return made.classifier(**SMALL).fit(size * X, TWO), Data(X, TWO, None, None)


@stories(one=1, two=2, three=3)
def few_rows(made: Subject, n: int) -> tuple[Any, Data]:
    return made.regressor(**SMALL).fit(X[:n], NUMBERS[:n]), Data(X[:n], NUMBERS[:n], None, None)


@stories(**{f"{n}_{fraction}": (n, fraction) for n in (2, 4, 12) for fraction in (0.1, 0.5, 0.9)})
def few_rows_to_hold_out(made: Subject, variant: tuple[int, float]) -> tuple[Any, Data]:
    n, fraction = variant
    model = made.classifier(**SMALL, early_stopping=True, validation_fraction=fraction)
    return model.fit(X[:n], np.arange(n) % 2), Data(X[:n], np.arange(n) % 2, None, None)


@stories(
    tol_zero={"tol": 0.0, "n_iter_no_change": 1},
    tol_infinite={"tol": np.inf, "n_iter_no_change": 1},
    rate_at_its_floor={"learning_rate": "adaptive", "learning_rate_init": 1e-6, "tol": 1.0, "n_iter_no_change": 1},
    rate_just_above={"learning_rate": "adaptive", "learning_rate_init": 1.01e-6, "tol": 1.0, "n_iter_no_change": 1},
    five_falls={"learning_rate": "adaptive", "learning_rate_init": 1e-3, "tol": 1.0, "n_iter_no_change": 2},
    never_improves={"tol": 1e9},
    improves_by_exactly_tol={"alpha": 0.0, "learning_rate_init": 1e-300, "tol": 0.0, "n_iter_no_change": 2},
    stops_in_its_last_epoch={"tol": 1e9, "max_iter": 12},
    ends_before_it_stops={"tol": 1e9, "max_iter": 11},
)
def ends_of_training(made: Subject, options: dict[str, Any]) -> tuple[Any, Data]:
    model = made.classifier(**(SMALL | {"max_iter": 60, "solver": "sgd", "verbose": True, "shuffle": False} | options))
    return model.fit(X, TWO), Data(X, TWO, None, None)


@story
def every_score_is_the_best(made: Subject) -> tuple[Any, Data]:
    """Early stopping counts an equal score as a failure, and the first epoch to reach it is the one restored."""
    options = {"early_stopping": True, "tol": 0.0, "n_iter_no_change": 2, "learning_rate_init": 1e-6, "max_iter": 40}
    model = made.classifier(**(SMALL | options), verbose=True, warm_start=True)
    return model.fit(X, TWO).fit(X, TWO), Data(X, TWO, None, None)


# Real data, real sizes.


@stories(adam={}, sgd={"solver": "sgd"}, early={"early_stopping": True}, sparse={"batch_size": 33})
def three_epochs_of_digits(made: Subject, options: dict[str, Any]) -> tuple[Any, Data]:
    rows, y = load_digits(return_X_y=True)
    rows = sparse.csr_matrix(rows / 16.0) if "batch_size" in options else rows / 16.0
    return made.classifier(random_state=1, max_iter=3, **options).fit(rows, y), Data(rows, y, None, None)


@stories(adam={}, sgd={"solver": "sgd", "learning_rate": "invscaling"}, lbfgs={"solver": "lbfgs"})
def a_few_epochs_of_diabetes(made: Subject, options: dict[str, Any]) -> tuple[Any, Data]:
    rows, y = load_diabetes(return_X_y=True)
    rows, y = scale(rows), scale(y)
    return made.regressor(random_state=1, max_iter=5, **options).fit(rows, y), Data(rows, y, None, None)
