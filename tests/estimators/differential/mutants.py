"""scikit-learn's estimators with one mistake each, such as a replacement of them might make."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from types import ModuleType
from typing import Any

import numpy as np
from differential.runs import Subject
from differential.scikit_learn import copied_module, subject


def overriding(**methods: Callable[..., Any]) -> Subject:
    """Both classes with these methods; each is given the method that it replaces first."""
    module = copied_module()
    for name, method in methods.items():
        for owner in (module.MLPClassifier, module.MLPRegressor):
            _override(owner, name, method)
    return subject(module)


def _override(owner: type, name: str, method: Callable[..., Any]) -> None:
    original = getattr(owner, name)

    @wraps(original)  # scikit-learn reads the parameters from the signature
    def replacement(self: Any, *args: Any, **kwargs: Any) -> Any:
        return method(original, self, *args, **kwargs)

    setattr(owner, name, replacement)


def with_names(**names: Callable[[ModuleType], Any]) -> Subject:
    """Both classes of a module in which these names stand for something else, made from what the module holds."""
    module = copied_module()
    for name, make in names.items():
        setattr(module, name, make(module))
    return subject(module)


def optimizer_with(base: str, **methods: Callable[..., Any]) -> Subject:
    def make(module: ModuleType) -> type:
        changed = type(base, (getattr(module, base),), {})
        for name, method in methods.items():
            _override(changed, name, method)
        return changed

    return with_names(**{base: make})


def no_sample_weight() -> Subject:
    return overriding(_backprop=lambda original, self, X, y, weight, *rest: original(self, X, y, None, *rest))


def another_beta_1() -> Subject:
    def init(original: Any, self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        if self.beta_1 == 0.9:
            self.beta_1 = 0.91

    return overriding(__init__=init)


def loss_of_an_epoch_by_weights() -> Subject:
    """As if the losses of batches counted by their weights, not by their rows."""

    def fit_stochastic(original: Any, self: Any, X: Any, y: Any, weight: Any, *rest: Any) -> None:
        before = len(self.loss_curve_)
        original(self, X, y, weight, *rest)
        if weight is not None:
            factor = weight[: max(1, len(weight) // 2)].mean() / weight.mean()
            self.loss_curve_[before:] = [loss * factor for loss in self.loss_curve_[before:]]

    return overriding(_fit_stochastic=fit_stochastic)


def penalty_over_rows_not_weights() -> Subject:
    """The penalty's gradient divided by the batch's rows where it is to be by the sum of its weights."""

    def compute(
        original: Any, self: Any, layer: int, total: float, activations: Any, deltas: Any, coefs: Any, b: Any
    ) -> None:
        original(self, layer, total, activations, deltas, coefs, b)
        coefs[layer] += self.alpha * self.coefs_[layer] * (1.0 / activations[0].shape[0] - 1.0 / total)

    return overriding(_compute_loss_grad=compute)


def penalised_intercepts() -> Subject:
    def compute(
        original: Any, self: Any, layer: int, total: float, activations: Any, deltas: Any, coefs: Any, b: Any
    ) -> None:
        original(self, layer, total, activations, deltas, coefs, b)
        b[layer] = b[layer] + self.alpha * self.intercepts_[layer] / total

    return overriding(_compute_loss_grad=compute)


def loss_without_penalty() -> Subject:
    def backprop(original: Any, self: Any, X: Any, y: Any, weight: Any, *rest: Any) -> Any:
        loss, *gradients = original(self, X, y, weight, *rest)
        total = X.shape[0] if weight is None else weight.sum()
        return loss - 0.5 * self.alpha * sum(np.vdot(W, W) for W in self.coefs_) / total, *gradients

    return overriding(_backprop=backprop)


def same_initial_bound_for_logistic() -> Subject:
    def init_coef(original: Any, self: Any, *sizes: Any) -> Any:
        W, b = original(self, *sizes)
        factor = np.sqrt(3.0) if self.activation == "logistic" else 1.0
        return W * factor, b * factor

    return overriding(_init_coef=init_coef)


def intercepts_begin_at_zero() -> Subject:
    def init_coef(original: Any, self: Any, *sizes: Any) -> Any:
        W, b = original(self, *sizes)
        return W, np.zeros_like(b)

    return overriding(_init_coef=init_coef)


def each_epoch_shuffles_anew() -> Subject:
    def make(module: ModuleType) -> Callable[..., Any]:
        shuffle = module.shuffle
        return lambda order, random_state: shuffle(np.arange(len(order)), random_state=random_state)

    return with_names(shuffle=make)


def one_draw_too_many() -> Subject:
    def fit(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
        original(self, *args, **kwargs)
        self._random_state.randint(2)
        return self

    return overriding(_fit=fit)


def never_stratified() -> Subject:
    def make(module: ModuleType) -> Callable[..., Any]:
        split = module.train_test_split
        return lambda *arrays, stratify, **options: split(*arrays, **options)

    return with_names(train_test_split=make)


def several_classes_stratified() -> Subject:
    def make(module: ModuleType) -> Callable[..., Any]:
        split = module.train_test_split

        def stratified(X: Any, Y: Any, *rest: Any, stratify: Any, **options: Any) -> Any:
            if stratify is None and Y.dtype == bool and (Y.sum(axis=1) == 1).all():
                stratify = Y.argmax(axis=1)
            return split(X, Y, *rest, stratify=stratify, **options)

        return stratified

    return with_names(train_test_split=make)


def unweighted_validation_score() -> Subject:
    return overriding(_score=lambda original, self, X, y, sample_weight=None: original(self, X, y))


def last_weights_kept() -> Subject:
    def update(original: Any, self: Any, *args: Any) -> None:
        original(self, *args)
        self._best_coefs = [W.copy() for W in self.coefs_]

    return overriding(_update_no_improvement_count=update)


def patience_one_shorter() -> Subject:
    def update(original: Any, self: Any, *args: Any) -> None:
        before = self._no_improvement_count
        original(self, *args)
        self._no_improvement_count += before == 0 and self._no_improvement_count == 1

    return overriding(_update_no_improvement_count=update)


def best_moves_only_beyond_tol() -> Subject:
    def update(original: Any, self: Any, early_stopping: bool, *args: Any) -> None:
        best = self.best_loss_
        original(self, early_stopping, *args)
        if not early_stopping and self.loss_curve_[-1] > best - self.tol:
            self.best_loss_ = best

    return overriding(_update_no_improvement_count=update)


def counter_forgotten_by_a_warm_start() -> Subject:
    def fit(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
        self._no_improvement_count = 0
        return original(self, *args, **kwargs)

    return overriding(fit=fit)


def curve_forgotten_by_a_warm_start() -> Subject:
    def fit(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
        if hasattr(self, "loss_curve_"):
            self.loss_curve_ = []
        return original(self, *args, **kwargs)

    return overriding(fit=fit)


def partial_fit_forgets_the_optimiser() -> Subject:
    def fit(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
        vars(self).pop("_optimizer", None)
        return original(self, *args, **kwargs)

    return overriding(partial_fit=fit)


def int_seed_goes_on() -> Subject:
    def make(module: ModuleType) -> Callable[..., Any]:
        check, streams = module.check_random_state, {}

        def one_stream_a_seed(seed: Any) -> Any:
            return streams.setdefault(seed, check(seed)) if isinstance(seed, int) else check(seed)

        return one_stream_a_seed

    return with_names(check_random_state=make)


def squared_loss_summed_over_outputs() -> Subject:
    def make(module: ModuleType) -> dict[str, Any]:
        loss = module.LOSS_FUNCTIONS["squared_error"]
        return module.LOSS_FUNCTIONS | {"squared_error": lambda y, f, weight: y.shape[1] * loss(y, f, weight)}

    return with_names(LOSS_FUNCTIONS=make)


def poisson_loss_without_its_constant() -> Subject:
    return with_names(
        LOSS_FUNCTIONS=lambda module: (
            module.LOSS_FUNCTIONS
            | {"poisson": lambda y, f, weight: np.average(f - y * np.log(f), weights=weight, axis=0).sum()}
        )
    )


def no_nesterov() -> Subject:
    def init(original: Any, self: Any, *args: Any) -> None:
        original(self, *args)
        self.nesterov = False

    return optimizer_with("SGDOptimizer", __init__=init)


def rate_by_rows_without_the_one() -> Subject:
    return optimizer_with("SGDOptimizer", iteration_ends=lambda original, self, rows: original(self, rows - 1))


def adam_with_the_papers_epsilon() -> Subject:
    """Epsilon added after v is corrected for its start, as in the algorithm's box, not in the text's faster form."""

    def updates(original: Any, self: Any, gradients: Any) -> Any:
        epsilon = self.epsilon
        self.epsilon = epsilon * np.sqrt(1.0 - self.beta_2 ** (self.t + 1))
        try:
            return original(self, gradients)
        finally:
            self.epsilon = epsilon

    return optimizer_with("AdamOptimizer", _get_updates=updates)


def tolerance_of_lbfgs_is_the_functions() -> Subject:
    def make(module: ModuleType) -> Any:
        class Namespace:
            @staticmethod
            def minimize(*args: Any, options: dict[str, Any], **kwargs: Any) -> Any:
                options = options | {"ftol": options["gtol"]}
                return scipy_optimize.minimize(*args, options=options, **kwargs)

        scipy_optimize = module.scipy.optimize
        return type("scipy", (), {"optimize": Namespace})

    return with_names(scipy=make)


def silent() -> Subject:
    def fit(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
        verbose, self.verbose = self.verbose, False
        original(self, *args, **kwargs)
        self.verbose = verbose
        return self

    return overriding(_fit=fit)


# The draws among which each is to be found.
MUTANTS = {
    no_sample_weight: "single epochs",
    another_beta_1: "single epochs",
    loss_of_an_epoch_by_weights: "single epochs",
    penalty_over_rows_not_weights: "single epochs",
    penalised_intercepts: "single epochs",
    loss_without_penalty: "single epochs",
    same_initial_bound_for_logistic: "single epochs",
    intercepts_begin_at_zero: "single epochs",
    each_epoch_shuffles_anew: "free runs",
    one_draw_too_many: "single epochs",
    never_stratified: "free runs",
    several_classes_stratified: "free runs",
    unweighted_validation_score: "free runs",
    last_weights_kept: "free runs",
    patience_one_shorter: "free runs",
    best_moves_only_beyond_tol: "free runs",
    counter_forgotten_by_a_warm_start: "free runs",
    curve_forgotten_by_a_warm_start: "free runs",
    partial_fit_forgets_the_optimiser: "single epochs",
    int_seed_goes_on: "single epochs",
    squared_loss_summed_over_outputs: "single epochs",
    poisson_loss_without_its_constant: "single epochs",
    no_nesterov: "single epochs",
    rate_by_rows_without_the_one: "single epochs",
    adam_with_the_papers_epsilon: "single epochs",
    tolerance_of_lbfgs_is_the_functions: "L-BFGS",
    silent: "free runs",
}
