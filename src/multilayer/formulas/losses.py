"""Losses L(f, y) on the output f = o(z), element by element, each with its derivative ∂L/∂f.

The sum over outputs is taken elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from multilayer.formulas import signatures
from multilayer.formulas.namespace import Array, namespace


@dataclass(frozen=True)
class Loss:
    """A loss on the output: its function beside its derivative.

    Parameters
    ----------
    name : str
        What it is called.
    function : callable
        ``function(f, y, *, options) -> L``, element by element.
    derivative : callable
        ``derivative(f, y, *, options) -> ∂L/∂f``, element by element.
    options : tuple of (str, float)
        Values of the keyword-only scalars of both functions; those not named keep the default of the signature.
    kinks : tuple of float
        Values of f − y where the derivative jumps.

    Raises
    ------
    TypeError
        If a function is none.
    ValueError
        If an option is unknown to a function.
    """

    name: str
    function: Callable[..., Array] = field(repr=False)
    derivative: Callable[..., Array] = field(repr=False)
    options: tuple[tuple[str, float], ...] = ()
    kinks: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        owner = f"loss {self.name!r}"
        signatures.require_callable(owner, function=self.function, derivative=self.derivative)
        for function in (self.function, self.derivative):
            if self.options:
                signatures.checked_options(owner, function, dict(self.options))

    def __call__(self, f: Array, y: Array) -> Array:
        """Give L(f, y), element by element."""
        return self.function(f, y, **dict(self.options))

    def slope(self, f: Array, y: Array) -> Array:
        """Give ∂L/∂f, element by element."""
        return self.derivative(f, y, **dict(self.options))


def squared(f: Array, y: Array) -> Array:
    """Squared loss.

        L = ½(f − y)²,   ∂L/∂f = f − y        (001: "Squared Loss"; 004: ML:IV-88, ½ RSS)

    Shapes: f, y (…, k) → (…, k), dtype kept.
    """
    return 0.5 * ((f - y) * (f - y))


def squared_derivative(f: Array, y: Array) -> Array:
    """Derivative of `squared`."""
    return f - y


def absolute(f: Array, y: Array) -> Array:
    """Absolute loss.

        L = |f − y|,   ∂L/∂f = 1 for f > y, −1 for f < y, 0 at f = y        (Koenker & Bassett 1978, q = ½, doubled)

    Shapes: f, y (…, k) → (…, k), dtype kept.   Optimum: the median.
    """
    return namespace(f).abs(f - y)


def absolute_derivative(f: Array, y: Array) -> Array:
    """Derivative of `absolute`."""
    xp = namespace(f)
    d = f - y
    return xp.where(d > 0.0, 1.0, xp.where(d < 0.0, -1.0, d))


def huber(f: Array, y: Array, *, delta: float = 1.0) -> Array:
    """Huber loss.

        L = c(a − ½c),   ∂L/∂f = min(max(f − y, −δ), δ),   a = |f − y|, c = min(a, δ)        (Huber 1964)

    that is ½(f − y)² up to |f − y| = δ, and δ(|f − y| − ½δ) beyond.

    Shapes: f, y (…, k) → (…, k), dtype kept.   δ > 0.
    """
    xp = namespace(f)
    a = xp.abs(f - y)
    c = xp.minimum(a, delta)
    return c * (a - 0.5 * c)


def huber_derivative(f: Array, y: Array, *, delta: float = 1.0) -> Array:
    """Derivative of `huber`."""
    xp = namespace(f)
    return xp.minimum(xp.maximum(f - y, -delta), delta)


def quantile(f: Array, y: Array, *, q: float = 0.5) -> Array:
    """Quantile loss (pinball loss).

        L = q·max(y − f, 0) + (1 − q)·max(f − y, 0),   ∂L/∂f = 1 − q for f > y, −q for f < y, 0 at f = y
                                                        (Koenker & Bassett 1978)

    Shapes: f, y (…, k) → (…, k), dtype kept.   0 < q < 1.   Optimum: the q-quantile.
    """
    xp = namespace(f)
    d = f - y
    return q * xp.maximum(-d, 0.0) + (1.0 - q) * xp.maximum(d, 0.0)


def quantile_derivative(f: Array, y: Array, *, q: float = 0.5) -> Array:
    """Derivative of `quantile`."""
    xp = namespace(f)
    d = f - y
    return xp.where(d > 0.0, 1.0 - q, xp.where(d < 0.0, -q, d))


def poisson(f: Array, y: Array) -> Array:
    """Poisson loss, half the unit deviance.

        L = (f − y) − y(log f − log y), and f at y = 0;   ∂L/∂f = 1 − y/f        (McCullagh & Nelder 1989, section 2.3)

    that is the negative log-likelihood f − y log f plus y log y − y, so that its minimum is 0, at f = y.

    Shapes: f, y (…, k) → (…, k), dtype kept.   f ≥ 0, y ≥ 0; L(0, y) = +∞ for y > 0, L(0, 0) = 0.
    """
    xp = namespace(f)
    some = y > 0.0
    above = xp.log(xp.where(some, f, 1.0)) - xp.log(xp.where(some, y, 1.0))
    return (f - y) - y * above


def poisson_derivative(f: Array, y: Array) -> Array:
    """Derivative of `poisson`; 1 at f = y = 0."""
    xp = namespace(f)
    return 1.0 - y / xp.where((f == 0.0) & (y == 0.0), 1.0, f)


def _entry(function: Callable[..., Array], derivative: Callable[..., Array], kinks: tuple[float, ...] = ()) -> Loss:
    return Loss(function.__name__, function, derivative, signatures.default_options(function), kinks)


LOSSES: Mapping[str, Loss] = MappingProxyType(
    {
        entry.name: entry
        for entry in (
            _entry(squared, squared_derivative),
            _entry(absolute, absolute_derivative, kinks=(0.0,)),
            _entry(huber, huber_derivative),
            _entry(quantile, quantile_derivative, kinks=(0.0,)),
            _entry(poisson, poisson_derivative),
        )
    }
)

LOSS_NAMES: tuple[str, ...] = (
    *LOSSES,
    "unguarded_poisson",
    "cross_entropy",
    "clipped_cross_entropy",
    "sparsemax",
    "hinge",
    "perceptron",
)
"""All losses: those of `LOSSES`, on any output, and those on the pre-activations of their own outputs only."""


def loss(spec: str | Loss, **options: float) -> Loss:
    """Look up a loss on the output, with options of its own if wanted.

    Parameters
    ----------
    spec : str or Loss
        A name in `LOSSES`, or a loss, which is given back.
    **options : float
        The loss's keyword-only scalars: ``delta`` > 0 of huber, ``q`` in (0, 1) of quantile.

    Returns
    -------
    Loss

    Raises
    ------
    ValueError
        If the name or an option is unknown, the loss exists on pre-activations only, or an option is out of range.
    TypeError
        If ``spec`` is neither a name nor a Loss, or an option is no number.

    Examples
    --------
    >>> loss("quantile", q=0.9).options
    (('q', 0.9),)
    """
    if isinstance(spec, str):
        if spec in LOSS_NAMES and spec not in LOSSES:
            raise ValueError(
                f"loss: {spec!r} exists with its own outputs only; allowed with any output: {', '.join(LOSSES)}"
            )
        if spec not in LOSSES:
            raise ValueError(f"loss: got {spec!r}; allowed: {', '.join(LOSS_NAMES)}, or a Loss")
        spec = LOSSES[spec]
    elif not isinstance(spec, Loss):
        raise TypeError(f"loss: got {type(spec).__name__}; allowed: a name ({', '.join(LOSS_NAMES)}) or a Loss")
    if not options:
        return spec
    checked = signatures.checked_options(f"loss {spec.name!r}", spec.function, options)
    if spec.function is huber and checked["delta"] <= 0.0:
        raise ValueError(f"delta: option of loss 'huber': got {checked['delta']!r}; allowed: a number above 0")
    if spec.function is quantile and not 0.0 < checked["q"] < 1.0:
        raise ValueError(f"q: option of loss 'quantile': got {checked['q']!r}; allowed: above 0 and below 1")
    return replace(spec, options=tuple({**dict(spec.options), **checked}.items()))
