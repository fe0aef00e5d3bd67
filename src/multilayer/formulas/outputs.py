"""Outputs f = o(z), each with its vector–Jacobian product."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType

from multilayer.formulas.activations import ACTIVATIONS, Activation
from multilayer.formulas.groups import ByGroup, checked_sizes
from multilayer.formulas.namespace import Array, namespace
from multilayer.formulas.signatures import require_callable


@dataclass(frozen=True)
class Output:
    """An output: its function beside its vector–Jacobian product.

    Parameters
    ----------
    name : str
        What it is called.
    function : callable
        ``function(z) -> f``, (…, k) → (…, k).
    vjp : callable or None
        ``vjp(z, f, v) -> J(z)ᵀ v`` with J = ∂f/∂z, all (…, k); None if there is no gradient.
    rowwise : bool
        Whether a row's outputs depend on each other.

    Raises
    ------
    TypeError
        If a function is none.
    """

    name: str
    function: Callable[[Array], Array] = field(repr=False)
    vjp: Callable[[Array, Array, Array], Array] | None = field(repr=False)
    rowwise: bool = False

    def __post_init__(self) -> None:
        require_callable(f"output {self.name!r}", function=self.function)
        if self.vjp is not None:
            require_callable(f"output {self.name!r}", vjp=self.vjp)

    @property
    def groups(self) -> tuple[int, ...]:
        """Units of each group that the function is taken of; empty where it is taken of all units at once."""
        return self.function.sizes if isinstance(self.function, ByGroup) else ()

    def by_group(self, sizes: tuple[int, ...]) -> Output:
        """The same function of each group of units by itself; of all units at once if there are no groups."""
        if not sizes:
            return self
        vjp = None if self.vjp is None else ByGroup(self.vjp, sizes)
        return Output(self.name, ByGroup(self.function, sizes), vjp, self.rowwise)


def exponential(z: Array) -> Array:
    """Exponential output, for counts: the inverse of Poisson regression's logarithmic link.

        o(z) = e^z,   Jᵀv = f ⊙ v        (McCullagh & Nelder 1989, section 6.2)

    Shapes: z (…, k) → (…, k), dtype kept.
    Limits: o(−∞) = 0, o(+∞) = +∞; e^z itself overflows beyond z ≈ 709 (float32: 88).
    """
    return namespace(z).exp(z)


def exponential_vjp(z: Array, f: Array, v: Array) -> Array:
    """Vector–Jacobian product of `exponential`."""
    return f * v


def below_maximum(z: Array) -> Array:
    """Distance of each entry from its row's maximum.

        s_c = z_c − max z ≤ 0

    Shapes: z (…, k) → (…, k), dtype kept.
    Limits: infinite entries equal to the maximum give 0, not ∞ − ∞. A NaN makes its whole row NaN.
    """
    xp = namespace(z)
    m = xp.max(z, axis=-1, keepdims=True)
    top = z == m
    return xp.where(top, 0.0, z) - xp.where(top, 0.0, m)


def softmax(z: Array) -> Array:
    """Softmax.

        f_c = e^{z_c} / Σ_j e^{z_j},   Jᵀv = f ⊙ (v − fᵀv)        (001: "Softmax Activation")

    Shapes: z (…, k) → (…, k), rows sum to 1, dtype kept.
    Limits: no overflow beyond that of z_c − max z; an entry at −∞ gets 0, one at +∞ gets 1; equal infinities at the
    maximum share evenly.
    """
    xp = namespace(z)
    e = xp.exp(below_maximum(z))
    return e / xp.sum(e, axis=-1, keepdims=True)


def softmax_vjp(z: Array, f: Array, v: Array) -> Array:
    """Vector–Jacobian product of `softmax`."""
    return f * (v - namespace(f).sum(f * v, axis=-1, keepdims=True))


def above_threshold(z: Array) -> Array:
    """Distance of each entry from sparsemax's threshold.

        r = z − τ(z),   τ(z) = max_j ((z_(1) + … + z_(j)) − 1)/j,   z_(1) ≥ z_(2) ≥ …
                                                        (Martins & Astudillo 2016, Algorithm 1)

    The quotient grows with j as long as z_(j) belongs to the support and falls after it, so its maximum is Algorithm
    1's τ. Only distances from the row's maximum enter; an entry more than 1 below it is outside the support, and is
    held at 1 below for τ.

    Shapes: z (…, k) → (…, k), dtype kept.
    """
    xp = namespace(z)
    s = below_maximum(z)
    largest_first = xp.sort(xp.maximum(s, -1.0), axis=-1, descending=True)
    counts = xp.cumulative_sum(xp.ones_like(s), axis=-1)
    tau = xp.max((xp.cumulative_sum(largest_first, axis=-1) - 1.0) / counts, axis=-1, keepdims=True)
    return s - tau


def sparsemax(z: Array) -> Array:
    """Sparsemax, the Euclidean projection onto the probability simplex, exact by sorting.

        f = max(z − τ(z), 0),   Jᵀv = v − mean of v over S on the support S = {f > 0}, 0 elsewhere
                                        (001: "Activation Function"; Martins & Astudillo 2016, sections 2.2 and 2.5)

    Shapes: z (…, k) → (…, k), rows sum to 1, dtype kept.
    Limits: no overflow beyond that of z_c − max z; an entry at −∞ gets 0, one at +∞ gets 1; equal infinities at the
    maximum share evenly.
    """
    return namespace(z).maximum(above_threshold(z), 0.0)


def sparsemax_vjp(z: Array, f: Array, v: Array) -> Array:
    """Vector–Jacobian product of `sparsemax`."""
    xp = namespace(f)
    support = f > 0.0
    size = xp.sum(xp.where(support, 1.0, f), axis=-1, keepdims=True)
    mean = xp.sum(xp.where(support, v, 0.0), axis=-1, keepdims=True) / size
    return xp.where(support, v - mean, f)


def _elementwise_vjp(activation: Activation, z: Array, f: Array, v: Array) -> Array:
    return activation.slope(z, f) * v


def _elementwise(activation: Activation) -> Output:
    vjp = None if activation.derivative is None else partial(_elementwise_vjp, activation)
    return Output(activation.name, activation, vjp)


OUTPUTS: Mapping[str, Output] = MappingProxyType(
    {
        **{name: _elementwise(activation) for name, activation in ACTIVATIONS.items()},
        "softmax": Output("softmax", softmax, softmax_vjp, rowwise=True),
        "sparsemax": Output("sparsemax", sparsemax, sparsemax_vjp, rowwise=True),
        "exp": Output("exp", exponential, exponential_vjp),
    }
)


def output(spec: str | Activation | Output, *, groups: Sequence[int] | None = None) -> Output:
    """Look up an output, for groups of units if wanted.

    Parameters
    ----------
    spec : str, Activation or Output
        A name in `OUTPUTS`; an activation, which is applied to each unit; or an output, which is given back.
    groups : sequence of int, optional
        Units of each group, for softmax and sparsemax: each group of neighbouring units is a distribution by itself.

    Returns
    -------
    Output

    Raises
    ------
    ValueError
        If the name is unknown, or groups are none or those of an output that takes each unit by itself.
    TypeError
        If ``spec`` is none of these, or groups are no whole numbers.

    Examples
    --------
    >>> output("softmax", groups=(3, 4, 2)).groups
    (3, 4, 2)
    """
    if groups is not None:
        whole = output(spec)
        if not whole.rowwise or whole.groups:
            reason = "has groups already" if whole.groups else "takes each unit by itself"
            raise ValueError(f"groups: output {whole.name!r} {reason}; allowed: with softmax and sparsemax")
        return whole.by_group(checked_sizes(groups))
    if isinstance(spec, Output):
        return spec
    if isinstance(spec, Activation):
        return _elementwise(spec)
    if not isinstance(spec, str):
        raise TypeError(
            f"output: got {type(spec).__name__}; allowed: a name ({', '.join(OUTPUTS)}), an Activation or an Output"
        )
    if spec not in OUTPUTS:
        raise ValueError(f"output: got {spec!r}; allowed: {', '.join(OUTPUTS)}, an Activation or an Output")
    return OUTPUTS[spec]
