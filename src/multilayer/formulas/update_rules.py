"""Update rules: one step of θ from its gradient and the rule's slots, element by element."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from multilayer.formulas import signatures
from multilayer.formulas.namespace import Array, namespace


@dataclass(frozen=True)
class UpdateRule:
    """A rule for one step.

    Parameters
    ----------
    name : str
        What it is called.
    formula : callable
        ``formula(theta, g, *slots, *, scalars) -> (theta, *slots)``, element by element; scalars are Python floats.
    full_batch : bool
        Whether the rule needs the gradient over all rows at every step.
    """

    name: str
    formula: Callable[..., tuple[Array, ...]]
    full_batch: bool = False

    @property
    def slots(self) -> tuple[str, ...]:
        """What the rule remembers of each parameter: names of the positional parameters after theta and g."""
        return signatures.positional(self.formula)[2:]

    @property
    def scalars(self) -> tuple[str, ...]:
        """Scalars of the step: names of the keyword-only parameters, in order."""
        return signatures.keyword_only(self.formula)


def gradient_descent(theta: Array, g: Array, *, rate: float) -> tuple[Array]:
    """Gradient descent.

        θ ← θ − ηg        (001: "Recap: Stochastic Gradient Descent"; 002; 003: after eq. 7; 004: ML:IV-93)

    Shapes, here and below: θ, g and slots (…,) → (…,), dtype kept.
    """
    return (theta - rate * g,)


def momentum(theta: Array, g: Array, velocity: Array, *, rate: float, momentum: float) -> tuple[Array, Array]:
    """Gradient descent with momentum.

        v ← μv − ηg,   θ ← θ + v        (Polyak 1964; Sutskever, Martens, Dahl & Hinton 2013, eq. 1 and 2)

    Variant: the rate is inside v, so a change of rate acts on later gradients only (torch keeps it outside).
    """
    velocity = momentum * velocity - rate * g
    return theta + velocity, velocity


def nesterov(theta: Array, g: Array, velocity: Array, *, rate: float, momentum: float) -> tuple[Array, Array]:
    """Nesterov's momentum.

        v ← μv − ηg,   θ ← θ + (μv − ηg)
                                            (Nesterov 1983; Bengio, Boulanger-Lewandowski & Pascanu 2013, eq. 7)

    Variant: θ stands at the point looked ahead to, where g is taken.
    """
    velocity = momentum * velocity - rate * g
    return theta + (momentum * velocity - rate * g), velocity


def adam(
    theta: Array, g: Array, m: Array, v: Array, *, rate: float, b1: float, b2: float, eps: float, c1: float, c2: float
) -> tuple[Array, Array, Array]:
    """Adam.

        m ← β₁m + (1 − β₁)g,   v ← β₂v + (1 − β₂)g²,   θ ← θ − (η/c₁) m/(√v/√c₂ + ε)
                                                        (Kingma & Ba 2015, Algorithm 1)

    with c₁ = 1 − β₁ᵗ and c₂ = 1 − β₂ᵗ at step t = 1, 2, … Scalars are gathered first, so that each parameter takes one
    root and one division.
    """
    xp = namespace(theta)
    m = b1 * m + (1.0 - b1) * g
    v = b2 * v + (1.0 - b2) * (g * g)
    return theta - rate / c1 * m / (xp.sqrt(v) * (1.0 / c2**0.5) + eps), m, v


def adam_section_2(
    theta: Array, g: Array, m: Array, v: Array, *, rate: float, b1: float, b2: float, eps: float, c1: float, c2: float
) -> tuple[Array, Array, Array]:
    """Adam with its corrections gathered in the rate, as scikit-learn has it.

        m ← β₁m + (1 − β₁)g,   v ← β₂v + (1 − β₂)g²,   θ ← θ − (η√c₂/c₁) m/(√v + ε)
                                                        (Kingma & Ba 2015, end of section 2)

    with c₁ = 1 − β₁ᵗ and c₂ = 1 − β₂ᵗ at step t = 1, 2, … Variant: this ε is Algorithm 1's times √c₂.
    """
    xp = namespace(theta)
    m = b1 * m + (1.0 - b1) * g
    v = b2 * v + (1.0 - b2) * (g * g)
    return theta - rate * c2**0.5 / c1 * m / (xp.sqrt(v) + eps), m, v


def rmsprop(theta: Array, g: Array, v: Array, *, rate: float, decay: float, eps: float) -> tuple[Array, Array]:
    """RMSprop.

        v ← ρv + (1 − ρ)g²,   θ ← θ − ηg/(√v + ε)        (Tieleman & Hinton 2012)

    Variant: torch's, with ε outside the root.
    """
    xp = namespace(theta)
    v = decay * v + (1.0 - decay) * (g * g)
    return theta - rate * g / (xp.sqrt(v) + eps), v


def adagrad(theta: Array, g: Array, squares: Array, *, rate: float, eps: float) -> tuple[Array, Array]:
    """Adagrad.

        s ← s + g²,   θ ← θ − ηg/(√s + ε)        (Duchi, Hazan & Singer 2011, section 1.1, diagonal)

    Variant: torch's, with ε outside the root.
    """
    xp = namespace(theta)
    squares = squares + g * g
    return theta - rate * g / (xp.sqrt(squares) + eps), squares


def rprop(
    theta: Array,
    g: Array,
    previous_gradient: Array,
    step_size: Array,
    *,
    eta_minus: float,
    eta_plus: float,
    step_min: float,
    step_max: float,
) -> tuple[Array, Array, Array]:
    """Rprop, in the variant iRprop−.

        same sign as before: Δ ← min(η⁺Δ, Δmax);   sign changed: Δ ← max(η⁻Δ, Δmin), g ← 0;
        θ ← θ − sign(g) Δ, sign(0) = 0                  (Riedmiller & Braun 1993; Igel & Hüsken 2003, iRprop−)

    Only signs count, so the gradient must be that of all rows. At the start the previous gradient is 0 and the step
    size is the first step.
    """
    xp = namespace(theta)
    same = ((g > 0.0) & (previous_gradient > 0.0)) | ((g < 0.0) & (previous_gradient < 0.0))
    changed = ((g > 0.0) & (previous_gradient < 0.0)) | ((g < 0.0) & (previous_gradient > 0.0))
    longer = xp.minimum(eta_plus * step_size, step_max)
    shorter = xp.maximum(eta_minus * step_size, step_min)
    step_size = xp.where(same, longer, xp.where(changed, shorter, step_size))
    g = xp.where(changed, 0.0, g)
    return theta - xp.where(g > 0.0, step_size, xp.where(g < 0.0, -step_size, g)), g, step_size


UPDATE_RULES: Mapping[str, UpdateRule] = MappingProxyType(
    {
        rule.name: rule
        for rule in (
            UpdateRule("gradient_descent", gradient_descent),
            UpdateRule("momentum", momentum),
            UpdateRule("nesterov", nesterov),
            UpdateRule("adam", adam),
            UpdateRule("adam_section_2", adam_section_2),
            UpdateRule("rmsprop", rmsprop),
            UpdateRule("adagrad", adagrad),
            UpdateRule("rprop", rprop, full_batch=True),
        )
    }
)
