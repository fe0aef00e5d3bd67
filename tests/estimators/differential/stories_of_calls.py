"""What may change between two calls."""

from __future__ import annotations

from typing import Any

import numpy as np
from differential.cases import Data
from differential.runs import Subject
from differential.stories import NUMBERS, SMALL, THREE, TWO, X, stories, story


@story
def another_width_at_a_warm_start_is_ignored(made: Subject) -> tuple[Any, Data]:
    model = made.classifier(**SMALL, warm_start=True).fit(X, THREE)
    return model.set_params(hidden_layer_sizes=(5,)).fit(X, THREE), Data(X, THREE, None, None)


@stories(adam_then_sgd=("adam", "sgd"), sgd_then_adam=("sgd", "adam"), adam_then_lbfgs=("adam", "lbfgs"))
def another_solver_before_partial_fit(made: Subject, solvers: tuple[str, str]) -> tuple[Any, Data]:
    model = made.regressor(**SMALL, solver=solvers[0]).fit(X, NUMBERS)
    return model.set_params(solver=solvers[1]).partial_fit(X, NUMBERS), Data(X, NUMBERS, None, None)


@stories(warm=("fit", True), part=("partial_fit", False))
def a_stochastic_solver_after_lbfgs(made: Subject, call: tuple[str, bool]) -> tuple[Any, Data]:
    model = made.regressor(**SMALL, solver="lbfgs", warm_start=call[1]).fit(X, NUMBERS)
    return getattr(model.set_params(solver="adam"), call[0])(X, NUMBERS), Data(X, NUMBERS, None, None)


@story
def lbfgs_after_a_stochastic_solver_keeps_its_curve(made: Subject) -> tuple[Any, Data]:
    model = made.classifier(**SMALL).fit(X, TWO)
    return model.set_params(solver="lbfgs").fit(X, TWO), Data(X, TWO, None, None)


@story
def early_stopping_is_ignored_by_lbfgs(made: Subject) -> tuple[Any, Data]:
    model = made.regressor(**SMALL, solver="lbfgs", early_stopping=True).fit(X, NUMBERS)
    return model.partial_fit(X, NUMBERS), Data(X, NUMBERS, None, None)


@story
def early_stopping_turned_on_at_a_warm_start(made: Subject) -> tuple[Any, Data]:
    model = made.classifier(**SMALL, warm_start=True).fit(X, THREE)
    return model.set_params(early_stopping=True).fit(X, THREE), Data(X, THREE, None, None)


@story
def early_stopping_turned_off_at_a_warm_start(made: Subject) -> tuple[Any, Data]:
    model = made.classifier(**SMALL, warm_start=True, early_stopping=True).fit(X, THREE)
    return model.set_params(early_stopping=False).fit(X, THREE), Data(X, THREE, None, None)


@stories(alpha={"alpha": 2.0}, activation={"activation": "tanh"}, batch={"batch_size": 4}, order={"shuffle": False})
def a_parameter_changed_before_partial_fit(made: Subject, change: dict[str, Any]) -> tuple[Any, Data]:
    model = made.classifier(**SMALL).partial_fit(X, THREE, classes=[0, 1, 2])
    return model.set_params(**change).partial_fit(X, THREE), Data(X, THREE, None, None)


@stories(float32_after_float64=(np.float64, np.float32), float64_after_float32=(np.float32, np.float64))
def rows_of_another_precision_in_partial_fit(made: Subject, dtypes: tuple[type, type]) -> tuple[Any, Data]:
    model = made.regressor(**SMALL).fit(X.astype(dtypes[0]), NUMBERS)
    return model.partial_fit(X.astype(dtypes[1]), NUMBERS), Data(X, NUMBERS, None, None)


@stories(fit="fit", partial_fit="partial_fit")
def other_columns_at_a_warm_start(made: Subject, call: str) -> tuple[Any, Data]:
    model = made.regressor(**SMALL, warm_start=True).fit(X, NUMBERS)
    return getattr(model, call)(X[:, :2], NUMBERS), Data(X, NUMBERS, None, None)


@story
def fewer_classes_in_partial_fit_with_warm_start(made: Subject) -> tuple[Any, Data]:
    model = made.classifier(**SMALL, warm_start=True).partial_fit(X, THREE, classes=[0, 1, 2])
    return model.partial_fit(X[:4], TWO[:4]), Data(X, THREE, None, None)


@story
def other_classes_in_a_later_partial_fit(made: Subject) -> tuple[Any, Data]:
    model = made.classifier(**SMALL).partial_fit(X, TWO, classes=[0, 1])
    return model.partial_fit(X, TWO, classes=[1, 2]), Data(X, TWO, None, None)


@story
def classes_given_out_of_order(made: Subject) -> tuple[Any, Data]:
    names = np.array(["b", "c", "a"])
    model = made.classifier(**SMALL).partial_fit(X, names[THREE], classes=["c", "a", "b", "d"])
    return model.partial_fit(X[:2], names[:2]), Data(X, names[THREE], None, None)


@story
def partial_fits_until_the_rate_falls(made: Subject) -> tuple[Any, Data]:
    options = {"solver": "sgd", "learning_rate": "adaptive", "tol": 10.0, "n_iter_no_change": 1, "verbose": True}
    model = made.regressor(**(SMALL | options | {"learning_rate_init": 1e-5}))
    for _ in range(9):
        model.partial_fit(X, NUMBERS)
    return model, Data(X, NUMBERS, None, None)


@story
def a_refit_forgets_everything(made: Subject) -> tuple[Any, Data]:
    model = made.classifier(**SMALL, early_stopping=True).fit(X, THREE)
    return model.set_params(early_stopping=False).fit(X[:, :2], TWO), Data(X[:, :2], TWO, None, None)
