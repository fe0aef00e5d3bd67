"""Mistakes that show only where a value is at its limit, each with a story that is to tell it."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
from differential.mutants import optimizer_with, overriding, with_names
from differential.runs import Subject
from scipy.special import xlogy


def a_tied_probability_is_a_yes() -> Subject:
    def predict(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
        forward = self._forward_pass_fast
        self._forward_pass_fast = lambda *a, **k: np.nextafter(forward(*a, **k), np.inf)
        try:
            return original(self, *args, **kwargs)
        finally:
            del self._forward_pass_fast

    return overriding(_predict=predict)


def relu_has_slope_one_at_its_knee() -> Subject:
    return with_names(DERIVATIVES=lambda module: module.DERIVATIVES | {"relu": lambda h, delta: None})


def losses_of_scores_are_not_clipped() -> Subject:
    def make(module: ModuleType) -> dict[str, Any]:
        def loss(y: Any, p: Any, weight: Any) -> Any:
            return -np.average(xlogy(y, p) + xlogy(1 - y, 1 - p), weights=weight, axis=0).sum()

        return module.LOSS_FUNCTIONS | {"binary_log_loss": loss}

    return with_names(LOSS_FUNCTIONS=make)


def the_gradient_is_clipped() -> Subject:
    def forward(original: Any, self: Any, activations: Any) -> Any:
        activations = original(self, activations)
        if self.out_activation_ in ("logistic", "softmax"):
            epsilon = np.finfo(activations[-1].dtype).eps
            activations[-1] = np.clip(activations[-1], 1e6 * epsilon, 1 - 1e6 * epsilon)
        return activations

    return overriding(_forward_pass=forward)


def the_rate_falls_once_more() -> Subject:
    def stopping(original: Any, self: Any, text: str, verbose: Any) -> bool:
        if self.lr_schedule == "adaptive" and self.learning_rate == 1e-6:
            self.learning_rate /= 5.0
            return False
        return original(self, text, verbose)

    return optimizer_with("SGDOptimizer", trigger_stopping=stopping)


def an_equal_score_is_better() -> Subject:
    def update(original: Any, self: Any, early_stopping: bool, *args: Any) -> None:
        best = self.best_validation_score_
        original(self, early_stopping, *args)
        if early_stopping and self.validation_scores_[-1] == best:
            self._best_coefs = [W.copy() for W in self.coefs_]
            self._best_intercepts = [b.copy() for b in self.intercepts_]

    return overriding(_update_no_improvement_count=update)


def a_nan_counts_as_a_failure() -> Subject:
    def update(original: Any, self: Any, early_stopping: bool, *args: Any) -> None:
        before = self._no_improvement_count
        original(self, early_stopping, *args)
        if early_stopping and np.isnan(self.validation_scores_[-1]):
            self._no_improvement_count = before + 1

    return overriding(_update_no_improvement_count=update)


def lbfgs_clears_the_curve() -> Subject:
    def fit(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
        original(self, *args, **kwargs)
        if self.solver == "lbfgs":
            vars(self).pop("loss_curve_", None)
        return self

    return overriding(_fit=fit)


def partial_fit_takes_the_solver_of_the_moment() -> Subject:
    def fit(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
        if hasattr(self, "_optimizer") and type(self._optimizer).__name__[:3].lower() != self.solver[:3]:
            del self._optimizer
        return original(self, *args, **kwargs)

    return overriding(partial_fit=fit)


MUTANTS_AT_LIMITS: dict[Callable[[], Subject], str] = {
    a_tied_probability_is_a_yes: "probabilities_that_are_tied-two",
    relu_has_slope_one_at_its_knee: "a_hidden_layer_at_its_knee-two",
    losses_of_scores_are_not_clipped: "the_largest_loss_of_two_classes-float64",
    the_gradient_is_clipped: "probabilities_that_saturate-two_1.0",
    the_rate_falls_once_more: "ends_of_training-rate_at_its_floor",
    an_equal_score_is_better: "every_score_is_the_best",
    a_nan_counts_as_a_failure: "divergence_with_the_best_epoch_restored-regressor",
    lbfgs_clears_the_curve: "lbfgs_after_a_stochastic_solver_keeps_its_curve",
    partial_fit_takes_the_solver_of_the_moment: "another_solver_before_partial_fit-adam_then_sgd",
}
