"""Linear separability of two classes, answered with its proof: a separating hyperplane, or a point that both classes'
hulls share.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from multilayer.network.arrays import as_numbers

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Separability:
    """Whether two classes are linearly separable, with the proof of either answer.

    Attributes
    ----------
    separable : bool
    w : ndarray (D,) or None
        Normal of a separating hyperplane, ‖w‖₂ = 1; None if there is none.
    b : float or None
        Its threshold, 004's w₀: w·x + b < 0 for every x of class 0 and ≥ 0 (here: > 0) for every x of class 1.
    margin : float
        Distance of the nearest rows of both classes to the hyperplane; 0 if there is none.
    certificate : ndarray (n,) or None
        Weights ≥ 0 that sum to 1 in each class and give both classes the same mean, Σ₀ cᵢxᵢ = Σ₁ cᵢxᵢ: no hyperplane
        can have this point on both sides. None if the classes are separable.
    """

    separable: bool
    w: FloatArray | None
    b: float | None
    margin: float
    certificate: FloatArray | None


def linearly_separable(X: ArrayLike, labels: ArrayLike) -> Separability:
    """Decide whether a hyperplane parts two classes, and prove the answer (004: Definition 1, ML:IV-54).

    A linear programme on columns scaled to [−1, 1], with s = −1 for class 0 and +1 for class 1:

        maximise t   subject to   sᵢ(w·xᵢ + b) ≥ t,   −1 ≤ wⱼ ≤ 1.

    t > 0 exactly if the classes are separable. The dual variables λ minimise ‖Σ λᵢsᵢxᵢ‖₁ under λ ≥ 0, Σ λᵢ = 1,
    Σ λᵢsᵢ = 0: half the Manhattan distance of the two convex hulls. If that is 0 they give the point that the hulls
    share, by Farkas' lemma the alternative to a hyperplane.

    Parameters
    ----------
    X : array_like, shape (n, D)
        Finite numbers.
    labels : array_like, shape (n,)
        Two distinct values; the smaller is class 0.

    Returns
    -------
    Separability
        A hyperplane is returned only if it parts the rows as given by more than the rounding of double precision. A
        certificate's two means agree to 1e-12 of the range of each column: hulls nearer than that may be said to
        touch.

    Raises
    ------
    TypeError, ValueError
        If X is not a table of finite numbers, or labels do not fit it, cannot be sorted or have not exactly two values;
        ValueError too where double precision decides neither way: margins below about 1e-10 of a column's range.
    ArithmeticError
        If the linear programme could not be solved.

    References
    ----------
    Boyd and Vandenberghe (2004), "Convex Optimization", sections 5.8 and 8.6.1.
    """
    X = _table(X)
    positive = _second_class(labels, len(X))
    low, high = X.min(axis=0), X.max(axis=0)
    middle, half_range = low / 2 + high / 2, high / 2 - low / 2
    varies = half_range > 0
    scaled = (X[:, varies] - middle[varies]) / half_range[varies]
    scaled_w, multipliers = _widest_gap(scaled, np.where(positive, 1.0, -1.0))

    projected = scaled @ scaled_w
    gap = projected[positive].min() - projected[~positive].max()
    rounding = 4 * (scaled.shape[1] + 2) * np.finfo(np.float64).eps * np.abs(scaled_w).sum()
    if gap > rounding:
        w = np.zeros(X.shape[1])
        w[varies] = scaled_w * (half_range[varies].min() / half_range[varies])
        return _hyperplane(X, positive, w / np.linalg.norm(w))

    certificate = np.where(positive, multipliers / multipliers[positive].sum(), 0.0)
    certificate[~positive] = multipliers[~positive] / multipliers[~positive].sum()
    means_differ = certificate[positive] @ scaled[positive] - certificate[~positive] @ scaled[~positive]
    if not np.abs(means_differ).max(initial=0.0) <= 1e-12:
        raise ValueError(
            "X: the two classes come so near to one another that double precision cannot tell whether they touch; "
            "spread the values out (logarithms, say)"
        )
    return Separability(False, None, None, 0.0, certificate)


def _widest_gap(X: FloatArray, s: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Solve the linear programme of `linearly_separable`: w and the dual variables λ."""
    from scipy.optimize import linprog

    n, D = X.shape
    solved = linprog(
        c=np.append(np.zeros(D + 1), -1.0),
        A_ub=np.column_stack([-s[:, None] * X, -s, np.ones(n)]),
        b_ub=np.zeros(n),
        bounds=[(-1.0, 1.0)] * D + [(None, None)] * 2,
        method="highs",
        options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
    )
    if solved.status != 0:
        raise ArithmeticError(f"the linear programme was not solved: {solved.message}")
    return solved.x[:D], np.maximum(-solved.ineqlin.marginals, 0.0)


def _hyperplane(X: FloatArray, positive: NDArray[np.bool_], w: FloatArray) -> Separability:
    projected = X @ w
    nearest_0, nearest_1 = projected[~positive].max(), projected[positive].min()
    b = -(nearest_0 / 2 + nearest_1 / 2)
    z = projected + b
    if not (z[~positive].max() < 0 <= z[positive].min()):
        raise ValueError(
            "X: the two classes are linearly separable, but the columns lie so far from 0 for their spread that "
            "w·x + b rounds to the wrong sign; subtract the mean of each column first"
        )
    return Separability(True, w, float(b), float(nearest_1 / 2 - nearest_0 / 2), None)


def _table(X: ArrayLike) -> FloatArray:
    table = as_numbers("X", X, "numbers of shape (n, D)").astype(np.float64)
    if table.ndim != 2 or table.shape[1] == 0:
        raise ValueError(f"X has shape {table.shape}; it must be (n, D): for one column use X.reshape(-1, 1)")
    if not np.isfinite(table).all():
        raise ValueError("X holds NaN or infinity; remove these rows first")
    return table


def _second_class(labels: ArrayLike, n: int) -> NDArray[np.bool_]:
    labels = np.asarray(labels)
    if labels.shape != (n,):
        raise ValueError(f"labels has shape {labels.shape}; it must be ({n},), one label for each row of X")
    if labels.dtype.kind == "f" and not np.isfinite(labels).all():
        raise ValueError("labels holds NaN or infinity; each row needs a label")
    try:
        classes = np.unique(labels)
    except TypeError as error:
        raise TypeError(f"labels must be values that can be sorted, all numbers or all text: {error}") from None
    if classes.size != 2:
        shown = ", ".join(map(repr, classes[:5].tolist())) + (", …" if classes.size > 5 else "")
        raise ValueError(f"labels holds {classes.size} distinct values ({shown}); there must be exactly two classes")
    second: NDArray[np.bool_] = labels == classes[1]
    return second
