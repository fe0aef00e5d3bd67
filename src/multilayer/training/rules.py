"""Rules of descent as users name them: a formula of `formulas.update_rules` with its numbers.

`scalars` gives the formula's keyword-only scalars for many updates at once; t counts updates from 1.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from multilayer.formulas.update_rules import UPDATE_RULES, UpdateRule
from multilayer.network.checks import require_below_one, require_choice, require_positive, require_share, require_truth
from multilayer.network.per_layer import PerLayer, require_per_layer

FloatArray = NDArray[np.float64]
ScalarColumns = Mapping[str, float | FloatArray]


@dataclass(frozen=True)
class GradientDescent:
    """θ ← θ − ηg (001: "Recap: Gradient Descent"; 002; 004: ML:IV-93).

    Parameters
    ----------
    rate : float
        η > 0.
    weight_decay : float or sequence of float
        Decoupled: weights also lose η·weight_decay·w each update; biases do not. A sequence has one for each layer
        of weights.
    """

    rate: float = 0.1
    weight_decay: PerLayer = 0.0
    formula: ClassVar[UpdateRule] = UPDATE_RULES["gradient_descent"]

    def __post_init__(self) -> None:
        require_positive("rate", self.rate)
        object.__setattr__(self, "weight_decay", require_per_layer("weight_decay", self.weight_decay))

    def scalars(self, t: FloatArray, rates: FloatArray) -> ScalarColumns:
        """Scalars of updates t at the given rates."""
        return {"rate": rates}


@dataclass(frozen=True)
class Momentum:
    """v ← μv − ηg, θ ← θ + v (Polyak 1964; the rate is inside the velocity, as in scikit-learn).

    Parameters
    ----------
    rate : float
        η > 0.
    momentum : float
        μ in [0, 1].
    nesterov : bool
        θ ← θ + μv − ηg with the new v (Nesterov 1983 in the form of Sutskever et al. 2013 that is
        evaluated at the looked-ahead point; scikit-learn's).
    weight_decay : float or sequence of float
        Decoupled, on weights.
    """

    rate: float = 0.1
    momentum: float = 0.9
    nesterov: bool = False
    weight_decay: PerLayer = 0.0

    def __post_init__(self) -> None:
        require_positive("rate", self.rate)
        require_share("momentum", self.momentum)
        require_truth("nesterov", self.nesterov)
        object.__setattr__(self, "weight_decay", require_per_layer("weight_decay", self.weight_decay))

    @property
    def formula(self) -> UpdateRule:
        """The formula."""
        return UPDATE_RULES["nesterov" if self.nesterov else "momentum"]

    def scalars(self, t: FloatArray, rates: FloatArray) -> ScalarColumns:
        """Scalars of updates t at the given rates."""
        return {"rate": rates, "momentum": self.momentum}


@dataclass(frozen=True)
class Adam:
    """Adam (Kingma & Ba 2015).

    Parameters
    ----------
    rate : float
        η > 0.
    b1, b2 : float
        Decays of the moments, in [0, 1).
    eps : float
        ε > 0.
    variant : {"algorithm_1", "section_2"}
        θ − η m̂/(√v̂ + ε) with both moments corrected, or the order at the end of the paper's section 2,
        θ − η√c₂/c₁ · m/(√v + ε), which scikit-learn uses; they differ only in what ε means.
    weight_decay : float or sequence of float
        Decoupled, on weights (then it is AdamW).
    """

    rate: float = 1e-3
    b1: float = 0.9
    b2: float = 0.999
    eps: float = 1e-8
    variant: Literal["algorithm_1", "section_2"] = "algorithm_1"
    weight_decay: PerLayer = 0.0

    def __post_init__(self) -> None:
        require_positive("rate", self.rate)
        require_below_one("b1", self.b1)
        require_below_one("b2", self.b2)
        require_positive("eps", self.eps)
        require_choice("variant", self.variant, ("algorithm_1", "section_2"))
        object.__setattr__(self, "weight_decay", require_per_layer("weight_decay", self.weight_decay))

    @property
    def formula(self) -> UpdateRule:
        """The formula."""
        return UPDATE_RULES["adam" if self.variant == "algorithm_1" else "adam_section_2"]

    def scalars(self, t: FloatArray, rates: FloatArray) -> ScalarColumns:
        """Scalars of updates t at the given rates; c₁ = 1 − b₁ᵗ, c₂ = 1 − b₂ᵗ."""
        c1, c2 = _decayed(self.b1, t), _decayed(self.b2, t)
        return {"rate": rates, "b1": self.b1, "b2": self.b2, "eps": self.eps, "c1": c1, "c2": c2}


def AdamW(
    rate: float = 1e-3, weight_decay: PerLayer = 0.01, *, b1: float = 0.9, b2: float = 0.999, eps: float = 1e-8
) -> Adam:
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019, Algorithm 2), on weights only."""
    return Adam(rate, b1, b2, eps, weight_decay=weight_decay)


@dataclass(frozen=True)
class RMSprop:
    """v ← ρv + (1 − ρ)g², θ ← θ − ηg/(√v + ε) (Tieleman & Hinton 2012; ε outside the root, as in torch).

    Parameters
    ----------
    rate : float
        η > 0.
    decay : float
        ρ in [0, 1).
    eps : float
        ε > 0.
    weight_decay : float or sequence of float
        Decoupled, on weights.
    """

    rate: float = 1e-3
    decay: float = 0.99
    eps: float = 1e-8
    weight_decay: PerLayer = 0.0
    formula: ClassVar[UpdateRule] = UPDATE_RULES["rmsprop"]

    def __post_init__(self) -> None:
        require_positive("rate", self.rate)
        require_below_one("decay", self.decay)
        require_positive("eps", self.eps)
        object.__setattr__(self, "weight_decay", require_per_layer("weight_decay", self.weight_decay))

    def scalars(self, t: FloatArray, rates: FloatArray) -> ScalarColumns:
        """Scalars of updates t at the given rates."""
        return {"rate": rates, "decay": self.decay, "eps": self.eps}


@dataclass(frozen=True)
class Adagrad:
    """s ← s + g², θ ← θ − ηg/(√s + ε) (Duchi et al. 2011, diagonal form).

    Parameters
    ----------
    rate : float
        η > 0.
    eps : float
        ε > 0.
    weight_decay : float or sequence of float
        Decoupled, on weights.
    """

    rate: float = 1e-2
    eps: float = 1e-10
    weight_decay: PerLayer = 0.0
    formula: ClassVar[UpdateRule] = UPDATE_RULES["adagrad"]

    def __post_init__(self) -> None:
        require_positive("rate", self.rate)
        require_positive("eps", self.eps)
        object.__setattr__(self, "weight_decay", require_per_layer("weight_decay", self.weight_decay))

    def scalars(self, t: FloatArray, rates: FloatArray) -> ScalarColumns:
        """Scalars of updates t at the given rates."""
        return {"rate": rates, "eps": self.eps}


@dataclass(frozen=True)
class Rprop:
    """Resilient propagation: steps by the gradient's sign, grown and shrunk (Riedmiller & Braun 1993).

    Needs the full batch: signs of noisy gradients would shrink every step.

    Parameters
    ----------
    rate : float
        First step of every parameter, > 0.
    eta_minus, eta_plus : float
        Factors where the sign changed and where it stayed.
    step_min, step_max : float
        Bounds of a step.
    """

    rate: float = 1e-2
    eta_minus: float = 0.5
    eta_plus: float = 1.2
    step_min: float = 1e-6
    step_max: float = 50.0
    formula: ClassVar[UpdateRule] = UPDATE_RULES["rprop"]

    def __post_init__(self) -> None:
        for field in fields(self):
            require_positive(field.name, getattr(self, field.name))
        if not self.eta_minus < 1.0 < self.eta_plus:
            came = f"{self.eta_minus}, {self.eta_plus}"
            raise ValueError(f"eta_minus, eta_plus: must lie on either side of 1, came {came}")
        if not self.step_min <= self.rate <= self.step_max:
            raise ValueError(f"rate: must lie in [step_min, step_max], came {self.rate!r}")

    def scalars(self, t: FloatArray, rates: FloatArray) -> ScalarColumns:
        """Scalars of updates t; the steps are the rule's own, so rates have no part."""
        return {name: getattr(self, name) for name in self.formula.scalars}


Rule = GradientDescent | Momentum | Adam | RMSprop | Adagrad | Rprop


def scalar_rows(rule: Rule, t: FloatArray, rates: FloatArray) -> FloatArray:
    """The scalars of updates t, which rise, as rows (updates, scalars), in the order of the formula's signature."""
    columns = rule.scalars(t, rates)
    rows = np.empty((*t.shape, len(rule.formula.scalars)))
    for i, name in enumerate(rule.formula.scalars):
        rows[..., i] = columns[name]
    return rows


def initial_slots(rule: Rule, theta: NDArray[Any]) -> tuple[NDArray[Any], ...]:
    """A rule's memory before its first update: zeros, but Rprop's steps are its rate."""
    # Of `np.zeros` nothing takes memory before it is written to.
    return tuple(
        np.full_like(theta, rule.rate) if name == "step_size" else np.zeros(theta.shape, theta.dtype)
        for name in rule.formula.slots
    )


def _decayed(b: float, t: FloatArray) -> float | FloatArray:
    """1 − bᵗ for rising t ≥ 1."""
    # From bᵗ < 2⁻⁵⁴ on it is 1 exactly, and a power that underflows takes ten times as long.
    last = -55.0 * math.log(2.0) / math.log(b) if b > 0.0 else 0.0
    early = t[: t.searchsorted(last, "right")]
    if early.size == 0:
        return 1.0
    corrections = np.ones_like(t)
    corrections[: early.size] -= b**early
    return corrections
