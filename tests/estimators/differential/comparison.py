"""How two runs of one case differ: in fact, in the path that training took, or in numbers only."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from differential.runs import Seen

FACTS = ("n_layers_", "n_outputs_", "out_activation_", "classes_", "n_features_in_", "feature_names_in_")
PATH = ("n_iter_", "t_", "_no_improvement_count")
WEIGHTS = ("coefs_", "intercepts_")
CURVES = ("loss_curve_", "validation_scores_")
NUMBERS = ("loss_", "best_loss_", "best_validation_score_")

PRINTED_NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?|-?inf|nan")
RATE_DIGITS = 1e-12
LEAST_LOGARITHM = -708.0  # of a normal number; what is less may be 0


@dataclass
class Difference:
    """Sentences on facts, which nothing excuses, and on the path, which a near tie does; distances of numbers by name.

    A distance is |a − b| / max(1, |b|). Where the paths differ, only the common prefix of the curves is measured.
    """

    facts: list[str] = field(default_factory=list)
    path: list[str] = field(default_factory=list)
    numbers: dict[str, np.ndarray] = field(default_factory=dict)

    def all_numbers(self) -> np.ndarray:
        return np.concatenate([np.zeros(1), *(d.ravel() for d in self.numbers.values())])

    def largest(self) -> float:
        return float(self.all_numbers().max())

    def __str__(self) -> str:
        numbers = [f"{name} by {d.max():.3g}" for name, d in self.numbers.items() if d.size and d.max() > 0]
        return "\n".join([*self.facts, *self.path, "numbers: " + (", ".join(numbers) or "equal")])


def difference(theirs: Seen, ours: Seen) -> Difference:
    """Of what was seen after one call."""
    found = Difference()
    _compare_events(theirs, ours, found)
    if theirs.error is None and ours.error is None:
        _compare_facts(theirs, ours, found)
        _compare_path(theirs, ours, found)
        if not found.facts:
            _measure(theirs, ours, found)
    return found


def _compare_events(theirs: Seen, ours: Seen, found: Difference) -> None:
    def unlike(what: str, a: Any, b: Any) -> None:
        if a != b:
            found.path.append(f"{what}: theirs {a!r}, ours {b!r}")

    unlike("error", theirs.error, ours.error)
    unlike("warnings", _without_numpys(theirs.warnings), _without_numpys(ours.warnings))
    if len(ours.warnings) != len(_without_numpys(ours.warnings)) and theirs.warnings == _without_numpys(
        theirs.warnings
    ):
        found.path.append(f"warnings of NumPy's where scikit-learn has none: {ours.warnings}")
    unlike("printed", PRINTED_NUMBER.sub("#", theirs.printed), PRINTED_NUMBER.sub("#", ours.printed))
    if theirs.error is None and theirs.stream != ours.stream:
        found.path.append("the random stream stands elsewhere")


def _without_numpys(warnings: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """NumPy's warnings of overflow and the like depend on how sums are made."""
    return [w for w in warnings if w[0] != "RuntimeWarning"]


def _compare_facts(theirs: Seen, ours: Seen, found: Difference) -> None:
    a, b = theirs.fitted, ours.fitted
    for name in sorted(a.keys() ^ b.keys()):
        found.facts.append(f"{name}: only {'theirs' if name in a else 'ours'} has it")
    for name in sorted(a.keys() & b.keys()):
        if _kind(a[name]) != _kind(b[name]):
            found.facts.append(f"{name}: theirs is {_kind(a[name])}, ours {_kind(b[name])}")
        elif name in FACTS and not np.array_equal(a[name], b[name]):
            found.facts.append(f"{name}: theirs {a[name]!r}, ours {b[name]!r}")
    for name, answer in theirs.answers.items():
        if _kind(answer) != _kind(ours.answers[name]) and not _is_error(answer) and not _is_error(ours.answers[name]):
            found.facts.append(f"{name}: theirs {_kind(answer)}, ours {_kind(ours.answers[name])}")


def _is_error(answer: Any) -> bool:
    return isinstance(answer, tuple)


def _kind(value: Any) -> Any:
    """None, number, text; shape and dtype of arrays; of a list of arrays each one's."""
    if isinstance(value, np.ndarray):
        return (value.dtype, value.shape)
    if isinstance(value, list) and value and isinstance(value[0], np.ndarray):
        return [_kind(v) for v in value]
    if isinstance(value, bool | np.bool_ | str | list) or value is None:
        return type(value).__name__
    return "whole number" if isinstance(value, int | np.integer) else "number"


def _compare_path(theirs: Seen, ours: Seen, found: Difference) -> None:
    a, b = theirs.fitted, ours.fitted
    for name in PATH:
        if a.get(name) != b.get(name):
            found.path.append(f"{name}: theirs {a.get(name)}, ours {b.get(name)}")
    for name in CURVES:
        lengths = [len(fitted.get(name) or ()) for fitted in (a, b)]
        if lengths[0] != lengths[1]:
            found.path.append(f"{name}: theirs of {lengths[0]}, ours of {lengths[1]} epochs")
    if "classes_" in a and (a.get("validation_scores_") or []) != (b.get("validation_scores_") or []):
        found.path.append(f"validation_scores_: theirs {a['validation_scores_']}, ours {b.get('validation_scores_')}")
    for name, answer in theirs.answers.items():
        errors = [given if _is_error(given) else None for given in (answer, ours.answers[name])]
        if errors[0] != errors[1]:
            found.path.append(f"{name}: theirs error {errors[0]!r}, ours {errors[1]!r}")
    if theirs.rate is not None and abs(ours.rate - theirs.rate) > RATE_DIGITS * theirs.rate:
        found.path.append(f"_optimizer.learning_rate: theirs {theirs.rate}, ours {ours.rate}")


def _measure(theirs: Seen, ours: Seen, found: Difference) -> None:
    a, b, numbers = theirs.fitted, ours.fitted, found.numbers
    for name in CURVES:
        if a.get(name) and (name == "loss_curve_" or "classes_" not in a):
            common = min(len(a[name]), len(b[name]))
            numbers[name] = distance(b[name][:common], a[name][:common])
    if found.path:
        return
    for name in WEIGHTS:
        numbers[name] = distance(
            np.concatenate([W.ravel() for W in b[name]]), np.concatenate([W.ravel() for W in a[name]])
        )
    for name in NUMBERS:
        if a.get(name) is not None:
            numbers[name] = distance(b[name], a[name])
    numbers["printed"] = _printed_distance(theirs.printed, ours.printed)
    for name, answer in theirs.answers.items():
        if not _is_error(answer) and (name != "predict" or "classes_" not in a):
            least = LEAST_LOGARITHM if name == "predict_log_proba" else -np.inf
            numbers[name] = distance(np.maximum(least, ours.answers[name]), np.maximum(least, answer))
    if "classes_" in a and not _is_error(theirs.answers["predict"]):
        crossed = theirs.answers["predict"] != ours.answers["predict"]
        numbers["predict"] = np.where(crossed, _margin(theirs, ours, crossed.ndim), 0.0)
        if crossed.any():
            del numbers["score"]


def distance(b: Any, a: Any) -> np.ndarray:
    """|b − a| / max(1, |a|); 0 where both are the same infinity or NaN, infinite where only one is."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    with np.errstate(invalid="ignore"):
        d = np.abs(b - a) / np.maximum(1.0, np.abs(a))
    return np.where((a == b) | (np.isnan(a) & np.isnan(b)), 0.0, np.where(np.isfinite(a) & np.isfinite(b), d, np.inf))


def _margin(theirs: Seen, ours: Seen, ndim: int) -> np.ndarray:
    """How far probabilities are from another answer: per label, or a row's first class from its second.

    Infinite where both have the same probabilities: then the answer has to be the same as well.
    """
    p, q = theirs.answers["predict_proba"], ours.answers["predict_proba"]
    if ndim == 2:
        return np.where(p == q, np.inf, np.abs(p - 0.5))
    ordered = np.sort(p, axis=1)
    return np.where((p == q).all(axis=1), np.inf, ordered[:, -1] - ordered[:, -2])


def _printed_distance(theirs: str, ours: str) -> np.ndarray:
    """Of the numbers in what was printed, less what rounding to the printed digits can do."""
    pairs = zip(PRINTED_NUMBER.findall(theirs), PRINTED_NUMBER.findall(ours), strict=True)
    d = [float(distance(float(b), float(a))) - 1.01 * 10.0 ** -len(a.partition(".")[2]) for a, b in pairs]
    return np.maximum(0.0, np.array(d))
