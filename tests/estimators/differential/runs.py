"""Run a case, and note all that its user could see."""

from __future__ import annotations

import copy
import io
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from differential.cases import Case, Data, Step, data
from scipy import sparse
from sklearn.base import is_classifier

# What scikit-learn sets, for one solver or another.
FITTED = (
    "coefs_", "intercepts_", "loss_", "loss_curve_", "best_loss_", "validation_scores_", "best_validation_score_",
    "n_iter_", "t_", "n_layers_", "n_outputs_", "out_activation_", "classes_", "n_features_in_", "feature_names_in_",
    "_no_improvement_count",
)  # fmt: skip


class Subject(NamedTuple):
    """The two classes that are judged together."""

    classifier: type
    regressor: type


@dataclass
class Seen:
    """After one call: its error, warnings, prints; the fitted attributes; the random stream; predictions."""

    error: tuple[str, str] | None = None
    warnings: list[tuple[str, str]] = field(default_factory=list)
    printed: str = ""
    fitted: dict[str, Any] = field(default_factory=dict)
    rate: float | None = None
    stream: tuple[Any, ...] | None = None
    answers: dict[str, Any] = field(default_factory=dict)


class Session:
    """An estimator on its way through the steps of a case."""

    def __init__(self, case: Case, subject: Subject) -> None:
        self.case, self.data = case, data(case)
        self.stream = np.random.RandomState(case.seed)
        options = dict(case.options)
        if case.stream != "global":
            options["random_state"] = self.stream if case.stream == "instance" else case.seed
        self.estimator = (subject.classifier if case.is_classification else subject.regressor)(**options)

    def advance(self, step: Step) -> Seen:
        """Make one call."""
        with self._stream_in_place():
            seen = witness(lambda: self._call(step))
        if self.case.stream != "seed":
            name, keys, *rest = self.stream.get_state()
            seen.stream = (name, keys.tobytes(), *rest)
        if seen.error is None:
            describe(self.estimator, self.data, seen)
        return seen

    @contextmanager
    def _stream_in_place(self) -> Iterator[None]:
        """Lend the stream to NumPy's global one, where the estimator is to draw from that."""
        if self.case.stream != "global":
            yield
            return
        before = np.random.get_state()  # noqa: NPY002 (scikit-learn draws from it)
        np.random.set_state(self.stream.get_state())  # noqa: NPY002
        try:
            yield
        finally:
            self.stream.set_state(np.random.get_state())  # noqa: NPY002
            np.random.set_state(before)  # noqa: NPY002

    def _call(self, step: Step) -> None:
        if step.call == "copy":
            stream = self.estimator.random_state
            self.estimator = copy.deepcopy(self.estimator)
            self.estimator.random_state = stream  # a copy would have an own stream
            return
        if step.changes:
            self.estimator.set_params(**step.changes)
        part = self.data.part(step.part)
        arguments: dict[str, Any] = {} if part.weight is None else {"sample_weight": part.weight}
        if step.call == "partial_fit" and self.case.is_classification:
            arguments["classes"] = part.classes
        returned = getattr(self.estimator, step.call)(part.X, part.y, **arguments)
        assert returned is self.estimator


def witness(act: Callable[[], object]) -> Seen:
    """What an act raises, warns of and prints."""
    seen, printed = Seen(), io.StringIO()
    with warnings.catch_warnings(record=True) as caught, redirect_stdout(printed):
        warnings.simplefilter("always")
        try:
            act()
        except Exception as error:
            seen.error = (type(error).__name__, str(error))
    seen.printed = printed.getvalue()
    seen.warnings = [(w.category.__name__, str(w.message)) for w in caught]
    return seen


def describe(estimator: Any, data: Data, seen: Seen) -> None:
    """Note the fitted attributes, and the answers for the rows of the data."""
    seen.fitted = {name: copy.deepcopy(getattr(estimator, name)) for name in FITTED if hasattr(estimator, name)}
    if estimator.solver == "sgd":
        seen.rate = float(estimator._optimizer.learning_rate)
    questions = [("predict", (data.X,)), ("score", (data.X, data.y, data.weight))]
    if is_classifier(estimator):
        questions += [("predict_proba", (data.X,)), ("predict_log_proba", (data.X,))]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of logarithms of zero, overflow, and scores of single rows
        for name, arguments in questions:
            try:
                answer = getattr(estimator, name)(*arguments)
                seen.answers[name] = answer.toarray() if sparse.issparse(answer) else answer
            except Exception as error:
                seen.answers[name] = (type(error).__name__, str(error))


def run(case: Case, subject: Subject) -> list[Seen]:
    """All steps; an error is the last thing seen."""
    session, seen = Session(case, subject), []
    for step in case.steps:
        seen.append(session.advance(step))
        if seen[-1].error is not None:
            break
    return seen
