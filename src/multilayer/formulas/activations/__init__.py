"""Activations g(z) by name, each with its derivative."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal

from multilayer.formulas import signatures
from multilayer.formulas.activations import gated, periodic, piecewise_linear, rectifiers, saturating, thresholds
from multilayer.formulas.namespace import Array

__all__ = ["ACTIVATIONS", "Activation", "activation"]


@dataclass(frozen=True)
class Activation:
    """An activation: its function beside its derivative.

    A user's own is made by hand: ``Activation("cube", lambda z: z * z * z, lambda z: 3.0 * (z * z))``.

    Parameters
    ----------
    name : str
        What it is called.
    function : callable
        ``function(z, *, options) -> h``, element by element, for arrays of any namespace.
    derivative : callable or None
        ``derivative(z, *, options)`` or ``derivative(h, *, options)``, by the name of its first parameter; None if
        there is no gradient.
    options : tuple of (str, float)
        Values of the keyword-only scalars of both functions; those not named keep the default of the signature.
    kinks : tuple of float
        Values of z where the derivative jumps.

    Raises
    ------
    TypeError
        If a function is none.
    ValueError
        If the derivative's first parameter is called neither z nor h, or an option is unknown to a function.
    """

    name: str
    function: Callable[..., Array] = field(repr=False)
    derivative: Callable[..., Array] | None = field(repr=False)
    options: tuple[tuple[str, float], ...] = ()
    kinks: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        owner = f"activation {self.name!r}"
        signatures.require_callable(owner, function=self.function)
        if self.derivative is not None:
            signatures.require_callable(owner, derivative=self.derivative)
        takes = signatures.first(self.derivative) if self.derivative is not None else "z"
        if takes not in ("z", "h"):
            raise ValueError(
                f"derivative: the first parameter of activation {self.name!r}'s derivative is called {takes!r}; "
                "allowed: z (the pre-activation) or h (the activation); rename it"
            )
        for function in (self.function, self.derivative):
            if function is not None and self.options:
                signatures.checked_options(owner, function, dict(self.options))

    @property
    def keeps(self) -> Literal["z", "h"] | None:
        """What the derivative takes: the pre-activation z, the activation h, or nothing if there is no derivative."""
        if self.derivative is None:
            return None
        return "h" if signatures.first(self.derivative) == "h" else "z"

    def __call__(self, z: Array) -> Array:
        """Give h = g(z)."""
        return self.function(z, **dict(self.options))

    def slope(self, z: Array, h: Array) -> Array:
        """Give g′(z) from whichever of z and h the derivative takes; the other may be None."""
        if self.derivative is None:
            raise ValueError(
                f"activation {self.name!r} has no derivative, so no gradient passes through it; "
                "allowed for training by gradient: an activation with a derivative, such as sigmoid or relu"
            )
        return self.derivative(h if self.keeps == "h" else z, **dict(self.options))


def _entry(
    function: Callable[..., Array], derivative: Callable[..., Array] | None, kinks: tuple[float, ...] = ()
) -> Activation:
    return Activation(function.__name__, function, derivative, signatures.default_options(function), kinks)


ACTIVATIONS: Mapping[str, Activation] = MappingProxyType(
    {
        entry.name: entry
        for entry in (
            _entry(piecewise_linear.identity, piecewise_linear.identity_derivative),
            _entry(thresholds.heaviside, None, kinks=(0.0,)),
            _entry(thresholds.sign, None, kinks=(0.0,)),
            _entry(saturating.sigmoid, saturating.sigmoid_derivative),
            _entry(saturating.tanh, saturating.tanh_derivative),
            _entry(piecewise_linear.relu, piecewise_linear.relu_derivative, kinks=(0.0,)),
            _entry(piecewise_linear.leaky_relu, piecewise_linear.leaky_relu_derivative, kinks=(0.0,)),
            _entry(rectifiers.elu, rectifiers.elu_derivative, kinks=(0.0,)),
            _entry(rectifiers.selu, rectifiers.selu_derivative, kinks=(0.0,)),
            _entry(gated.gelu, gated.gelu_derivative),
            _entry(gated.silu, gated.silu_derivative),
            _entry(gated.mish, gated.mish_derivative),
            _entry(rectifiers.softplus, rectifiers.softplus_derivative),
            _entry(saturating.softsign, saturating.softsign_derivative),
            _entry(saturating.sqnl, saturating.sqnl_derivative),
            _entry(periodic.sine, periodic.sine_derivative),
            _entry(piecewise_linear.hard_sigmoid, piecewise_linear.hard_sigmoid_derivative, kinks=(-3.0, 3.0)),
            _entry(piecewise_linear.hard_tanh, piecewise_linear.hard_tanh_derivative, kinks=(-1.0, 1.0)),
        )
    }
)


def activation(spec: str | Activation, **options: float) -> Activation:
    """Look up an activation, with options of its own if wanted.

    Parameters
    ----------
    spec : str or Activation
        A name in `ACTIVATIONS`, or an activation, which is given back.
    **options : float
        The activation's keyword-only scalars, such as ``slope`` of leaky_relu.

    Returns
    -------
    Activation

    Raises
    ------
    ValueError
        If the name or an option is unknown, or an option is not finite.
    TypeError
        If ``spec`` is neither a name nor an Activation, or an option is no number.

    Examples
    --------
    >>> activation("leaky_relu", slope=0.2).options
    (('slope', 0.2),)
    """
    if isinstance(spec, str):
        if spec not in ACTIVATIONS:
            raise ValueError(f"activation: got {spec!r}; allowed: {', '.join(ACTIVATIONS)}, or an Activation")
        spec = ACTIVATIONS[spec]
    elif not isinstance(spec, Activation):
        raise TypeError(
            f"activation: got {type(spec).__name__}; allowed: a name ({', '.join(ACTIVATIONS)}) or an Activation"
        )
    if not options:
        return spec
    merged = {**dict(spec.options), **signatures.checked_options(f"activation {spec.name!r}", spec.function, options)}
    return replace(spec, options=tuple(merged.items()))
