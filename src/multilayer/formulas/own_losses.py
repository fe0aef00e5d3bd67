"""Losses on pre-activations: what an output has as its own loss, exact and free of overflow, with δ = ∂L/∂z."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from multilayer.formulas.activations.saturating import sigmoid
from multilayer.formulas.activations.thresholds import sign
from multilayer.formulas.losses import squared
from multilayer.formulas.namespace import Array, namespace
from multilayer.formulas.outputs import above_threshold, below_maximum


@dataclass(frozen=True)
class OwnLoss:
    """A loss given on pre-activations, for one output.

    Parameters
    ----------
    name : str
        The loss's name.
    output : str
        The output's name.
    function : callable
        ``function(z, y) -> L``: (…, k) element by element, or (…,) if rowwise.
    delta : callable
        ``delta(z, f, y) -> δ = ∂L/∂z``, (…, k), with f = o(z).
    rowwise : bool
        Whether the loss takes a row's outputs together.
    """

    name: str
    output: str
    function: Callable[[Array, Array], Array]
    delta: Callable[[Array, Array, Array], Array]
    rowwise: bool


def residual(z: Array, f: Array, y: Array) -> Array:
    """Output minus target, δ of every output with the loss that matches it.

        δ = f − y        (001: "Negative Log-Likelihood"; 003: before eq. 6)

    Shapes: z, f, y (…, k) → (…, k), dtype kept.
    """
    return f - y


def threshold_perceptron(z: Array, y: Array) -> Array:
    """Perceptron loss of a threshold unit with targets 0 and 1.

        L = max(z, 0) − y z,   δ = heaviside(z) − y        (004: ML:IV-71; Rosenblatt 1958)

    that is |z| on the wrong side and 0 on the right one: |z| (1 − y) for z ≥ 0, |z| y for z < 0.

    Shapes: z, y (…, k) → (…, k), dtype kept.
    Limits: 0 at ±∞ on the right side, where ∞ − ∞ and 0·∞ are kept from arising; +∞ on the wrong one.
    """
    xp = namespace(z)
    wrong = xp.where(z >= 0.0, 1.0 - y, xp.where(z < 0.0, y, z))
    return wrong * xp.where(wrong == 0.0, 0.0, xp.abs(z))


def bipolar_perceptron(z: Array, y: Array) -> Array:
    """Perceptron loss of one unit with targets −1 and +1.

        L = ½(|z| − y z) = max(−y z, 0),   δ = ½(sign(z) − y)        (001: Example 3.2's units; Rosenblatt 1958)

    Shapes: z, y (…, k) → (…, k), dtype kept.
    Limits: 0 at ±∞ on the right side, +∞ on the wrong one.
    """
    return threshold_perceptron(z, 0.5 * (1.0 + y))


def bipolar_perceptron_delta(z: Array, f: Array, y: Array) -> Array:
    """δ of `bipolar_perceptron`."""
    return 0.5 * (sign(z) - y)


def binary_cross_entropy(z: Array, y: Array) -> Array:
    """Cross-entropy of sigmoid units.

        L = −y log f − (1 − y) log(1 − f) = (max(z, 0) − y z) + log1p(e^−|z|),   δ = f − y
                                                        (003: section 2 and eq. 6; 004: ML:IV-71, logistic regression)

    The first term is `threshold_perceptron`.

    Shapes: z, y (…, k) → (…, k), dtype kept.   0 ≤ y ≤ 1.
    Limits: 0 at ±∞ on the right side, +∞ on the wrong one; no overflow for any finite z.
    """
    xp = namespace(z)
    return threshold_perceptron(z, y) + xp.log1p(xp.exp(-xp.abs(z)))


def clipped_binary_cross_entropy(z: Array, y: Array) -> Array:
    """Cross-entropy of sigmoid units whose outputs count as no closer to 0 and 1 than the dtype's machine epsilon.

        L = −y log f − (1 − y) log(1 − f),   f = min(max(sigmoid(z), ε), 1 − ε);   δ = sigmoid(z) − y

    as in scikit-learn 1.9: clipped in the value only, which stays below 36.05 (float32: 15.95), so δ is not its
    derivative where f is clipped. 1 − f has the rounding of f: far out on the wrong side the last digits are
    scikit-learn's, and not those of `binary_cross_entropy`.

    Shapes: z, y (…, k) → (…, k), dtype kept.   0 ≤ y ≤ 1.
    """
    xp = namespace(z)
    least = xp.epsilon(z)
    f = xp.minimum(xp.maximum(sigmoid(z), least), 1.0 - least)
    return -(y * xp.log(f) + (1.0 - y) * xp.log(1.0 - f))


def poisson_of_logarithm(z: Array, y: Array) -> Array:
    """Poisson loss of exponential units, half the unit deviance.

        L = (e^z − y) − y(z − log y), and e^z at y = 0;   δ = e^z − y        (McCullagh & Nelder 1989, section 2.3)

    Shapes: z, y (…, k) → (…, k), dtype kept.   y ≥ 0.
    Limits: e^z itself overflows beyond z ≈ 709 (float32: 88), so z is held at 710 beside it; at −∞ L is 0 for y = 0
    and +∞ otherwise.
    """
    xp = namespace(z)
    above = xp.minimum(z, 710.0) - xp.log(xp.where(y > 0.0, y, 1.0))
    return (xp.exp(z) - y) - y * xp.where(y == 0.0, 0.0, above)


def unguarded_poisson(z: Array, y: Array) -> Array:
    """Poisson loss of exponential units, from their outputs as they come.

        L = y log(y/f) − y + f, and f at y = 0,   f = e^z;   δ = f − y

    as scikit-learn 1.9 evaluates it, which agrees with `poisson_of_logarithm` where e^z is neither 0 nor infinite.

    Shapes: z, y (…, k) → (…, k), dtype kept.   y ≥ 0.
    Limits: where e^z = 0, NaN for y = 0 and +∞ otherwise; where e^z = ∞, +∞ for y = 0 and NaN otherwise.
    """
    xp = namespace(z)
    f = xp.exp(z)
    ratio = y / f
    return y * xp.log(xp.where(y > 0.0, ratio, 1.0 + ratio)) - y + f


def hinge(z: Array, y: Array) -> Array:
    """Hinge loss of one unit with targets −1 and +1.

        L = max(1 − y z, 0),   δ = −y for y z < 1, else 0        (001: "Classification Losses"; Cortes & Vapnik 1995)

    Shapes: z, y (…, k) → (…, k), dtype kept.
    """
    return namespace(z).maximum(1.0 - y * z, 0.0)


def hinge_delta(z: Array, f: Array, y: Array) -> Array:
    """δ of `hinge`."""
    xp = namespace(z)
    missing = 1.0 - y * z
    return xp.where(missing > 0.0, -y, xp.where(missing <= 0.0, 0.0, missing))


def first_maximum(s: Array) -> Array:
    """Mark the first of each row's largest entries, given their distances s from the maximum.

        e_argmax: 1 at the first s_c = 0, else 0

    Shapes: s (…, k) → (…, k), dtype kept. A NaN stays.
    """
    xp = namespace(s)
    top = xp.where(s == 0.0, 1.0, xp.where(s < 0.0, 0.0, s))
    return xp.where(xp.cumulative_sum(top, axis=-1) > 1.0, 0.0, top)


def _short_of_maximum(s: Array, y: Array) -> Array:
    """Σ_c y_c (m − z_c) from s = z − m, without 0·∞."""
    xp = namespace(s)
    return xp.sum(y * xp.where(y == 0.0, 0.0, -s), axis=-1)


def softmax_cross_entropy(z: Array, y: Array) -> Array:
    """Cross-entropy of a softmax layer, also called negative log-likelihood.

        L = −Σ_c y_c log f_c = Σ_c y_c (m − z_c) + log1p(Σ_{c≠argmax} e^{z_c−m}),   m = max z;   δ = f − y
                                                        (001: "Negative Log-Likelihood (Cross-Entropy)")

    The maximum's own e⁰ = 1 stays out of the sum, so that a small loss keeps its digits. The first term is
    `multiclass_perceptron`.

    Shapes: z, y (…, k) → (…,), dtype kept.   y a distribution: one-hot, or soft with Σy = 1.
    Limits: an entry at −∞ with y_c = 0 has no part; 0 if the target's entry is +∞; +∞ if it is infinitely below the
    maximum.
    """
    xp = namespace(z)
    s = below_maximum(z)
    others = xp.sum(xp.where(first_maximum(s) == 1.0, 0.0, xp.exp(s)), axis=-1)
    return _short_of_maximum(s, y) + xp.log1p(others)


def clipped_softmax_cross_entropy(z: Array, y: Array) -> Array:
    """Cross-entropy of a softmax layer whose outputs count as no closer to 0 and 1 than the dtype's machine epsilon.

        L = Σ_c y_c min(max(−log f_c, ε), −log ε);   δ = f − y

    that is f clipped to [ε, 1 − ε] in the value only, as `clipped_binary_cross_entropy`.

    Shapes: z, y (…, k) → (…,), dtype kept.   y a distribution: one-hot, or soft with Σy = 1.
    """
    xp = namespace(z)
    s = below_maximum(z)
    others = xp.sum(xp.where(first_maximum(s) == 1.0, 0.0, xp.exp(s)), axis=-1)
    least = xp.epsilon(z)
    a = xp.expand_dims(xp.log1p(others), axis=-1) - s
    return xp.sum(y * xp.minimum(xp.maximum(a, least), -xp.log(least)), axis=-1)


def sparsemax_loss(z: Array, y: Array) -> Array:
    """Sparsemax loss, for one label or several.

        L = ½ Σ_{j∈S} (z_j² − τ²) + ½‖y‖² − yᵀz = Σ_j (½(f_j − y_j)² + y_j max(τ − z_j, 0)),   δ = f − y
                                                        (001: "Loss Function"; Martins & Astudillo 2016, section 3)

    The second form has no term below 0, so nothing cancels. It follows by Σy = Σf = 1, and f_j = z_j − τ on the
    support S.

    Shapes: z, y (…, k) → (…,), dtype kept.   y a distribution: one-hot, or uniform over several labels.
    Limits: 0 exactly where f = y and no label is below the threshold; for one label, where its margin over the others
    is at least 1.
    """
    xp = namespace(z)
    r = above_threshold(z)
    d = xp.maximum(r, 0.0) - y
    short = xp.where(y == 0.0, 0.0, xp.maximum(-r, 0.0))
    return xp.sum(0.5 * (d * d) + y * short, axis=-1)


def multiclass_perceptron(z: Array, y: Array) -> Array:
    """Perceptron loss of several classes.

        L = max_c z_c − z_y,   δ = e_argmax − y        (Collins 2002; Duda & Hart 1973, Kesler's construction)

    Shapes: z, y (…, k) → (…,), dtype kept.   y one-hot. The first of equal maxima is the prediction.
    Limits: 0 if the target's entry is +∞; +∞ if it is infinitely below the maximum.
    """
    return _short_of_maximum(below_maximum(z), y)


def multiclass_perceptron_delta(z: Array, f: Array, y: Array) -> Array:
    """δ of `multiclass_perceptron`."""
    return first_maximum(below_maximum(z)) - y


def multiclass_hinge(z: Array, y: Array) -> Array:
    """Hinge loss of several classes, in Crammer and Singer's form (the largest violation, not the sum of all).

        L = max(0, 1 + max_{c≠y} z_c − z_y) = multiclass_perceptron(z + 1 − y),
        δ = e_argmax(z + 1 − y) − y, 0 where L = 0
                                                        (Crammer & Singer 2001, section 3)

    Shapes: z, y (…, k) → (…,), dtype kept.   y one-hot.
    """
    return multiclass_perceptron(z + (1.0 - y), y)


def multiclass_hinge_delta(z: Array, f: Array, y: Array) -> Array:
    """δ of `multiclass_hinge`."""
    xp = namespace(z)
    s = below_maximum(z + (1.0 - y))
    met = xp.expand_dims(_short_of_maximum(s, y) == 0.0, axis=-1)
    return xp.where(met, 0.0, first_maximum(s) - y)


def _entries(*losses: OwnLoss, several: tuple[bool, ...] = (False, True)) -> dict[tuple[str, str, bool], OwnLoss]:
    return {(loss.output, loss.name, k): loss for loss in losses for k in several}


OWN_LOSSES: Mapping[tuple[str, str, bool], OwnLoss] = MappingProxyType(
    {
        **_entries(
            OwnLoss("squared", "identity", squared, residual, rowwise=False),
            OwnLoss("cross_entropy", "sigmoid", binary_cross_entropy, residual, rowwise=False),
            OwnLoss("clipped_cross_entropy", "sigmoid", clipped_binary_cross_entropy, residual, rowwise=False),
            OwnLoss("poisson", "exp", poisson_of_logarithm, residual, rowwise=False),
            OwnLoss("unguarded_poisson", "exp", unguarded_poisson, residual, rowwise=False),
            OwnLoss("perceptron", "heaviside", threshold_perceptron, residual, rowwise=False),
            OwnLoss("perceptron", "sign", bipolar_perceptron, bipolar_perceptron_delta, rowwise=False),
        ),
        **_entries(
            OwnLoss("perceptron", "identity", bipolar_perceptron, bipolar_perceptron_delta, rowwise=False),
            OwnLoss("hinge", "identity", hinge, hinge_delta, rowwise=False),
            several=(False,),
        ),
        **_entries(
            OwnLoss("cross_entropy", "softmax", softmax_cross_entropy, residual, rowwise=True),
            OwnLoss("clipped_cross_entropy", "softmax", clipped_softmax_cross_entropy, residual, rowwise=True),
            OwnLoss("sparsemax", "sparsemax", sparsemax_loss, residual, rowwise=True),
            OwnLoss("perceptron", "identity", multiclass_perceptron, multiclass_perceptron_delta, rowwise=True),
            OwnLoss("hinge", "identity", multiclass_hinge, multiclass_hinge_delta, rowwise=True),
            several=(True,),
        ),
    }
)
"""Own losses by (output, loss, several): several says whether the output has two units or more."""
