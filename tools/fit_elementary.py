"""Compute the polynomials of the native engine's vector elementary functions.

    python tools/fit_elementary.py [NAME ...]

Each polynomial is the best one in the relative error of the function it stands for (Remez exchange on a dense grid);
its coefficients are then rounded to the number type. Printed are the coefficients, lowest first, and the error that the
rounded ones leave, as a power of two.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from mpmath import mp, mpf

mp.prec = 200

HALF_LN2 = mp.ln(2) / 2
EIGHTH_TURN = mp.pi / 4 * mpf(1.005)  # the nearest multiple of ½ π is not always found


class Fit(NamedTuple):
    """A polynomial p of ``count`` coefficients, p(x) ≈ ``target(x)`` for x from ``low`` to ``high``."""

    target: Callable[[mpf], mpf]
    weight: Callable[[mpf], mpf]  # times p's error: the relative error of the whole function
    low: mpf
    high: mpf
    count: dict[type, int]


def scaled_erfc(k: int) -> Callable[[mpf], mpf]:
    """(1 + 2a) exp(a²) erfc(a) as a function of q = (a − k) / (a + k)."""

    def target(q: mpf) -> mpf:
        a = k * (1 + q) / (1 - q)
        return (1 + 2 * a) * mp.exp(a * a) * mp.erfc(a)

    return target


FITS = {
    # e^r = 1 + r + r² p(r), relative to e^r − 1
    "exponential": Fit(
        lambda r: (mp.expm1(r) - r) / r**2,
        lambda r: r**2 / mp.expm1(r),
        -HALF_LN2,
        HALF_LN2,
        {np.float32: 5, np.float64: 10},
    ),
    # ln(1 + f) = f − f²/2 + f³ p(f)
    "logarithm": Fit(
        lambda f: (mp.log1p(f) - f + f**2 / 2) / f**3,
        lambda f: f**3 / mp.log1p(f),
        mpf(-0.25),
        mpf(0.5),
        {np.float32: 8},
    ),
    # ln((1 + s) / (1 − s)) = 2s + s³ p(s²), of z = s²
    "logarithm_of_ratio": Fit(
        lambda z: (2 * mp.atanh(mp.sqrt(z)) - 2 * mp.sqrt(z)) / z**1.5,
        lambda z: z**1.5 / (2 * mp.atanh(mp.sqrt(z))),
        mpf(0),
        mpf(0.04),
        {np.float64: 8},
    ),
    # tanh x = x + x³ p(x²), of z = x²
    "hyperbolic_tangent": Fit(
        lambda z: (mp.tanh(mp.sqrt(z)) - mp.sqrt(z)) / z**1.5,
        lambda z: z**1.5 / mp.tanh(mp.sqrt(z)),
        mpf(0),
        mpf(0.625) ** 2,
        {np.float32: 5, np.float64: 11},
    ),
    # sin r = r + r³ p(r²), of z = r²
    "sine": Fit(
        lambda z: (mp.sin(mp.sqrt(z)) - mp.sqrt(z)) / z**1.5,
        lambda z: z**1.5 / mp.sin(mp.sqrt(z)),
        mpf(0),
        EIGHTH_TURN**2,
        {np.float32: 3, np.float64: 6},
    ),
    # cos r = 1 − r²/2 + r⁴ p(r²), of z = r²
    "cosine": Fit(
        lambda z: (mp.cos(mp.sqrt(z)) - 1 + z / 2) / z**2,
        lambda z: z**2 / mp.cos(mp.sqrt(z)),
        mpf(0),
        EIGHTH_TURN**2,
        {np.float32: 3, np.float64: 6},
    ),
    # erfc a = exp(−a²) (1 + p(q)) / (1 + 2a), q = (a − k) / (a + k): k = 2 up to a = 10.2, k = 4 up to a = 27.3
    "complementary_error_float": Fit(
        lambda q: scaled_erfc(2)(q) - 1,
        lambda q: 1 / scaled_erfc(2)(q),
        mpf(-1),
        mpf("8.2") / mpf("12.2"),
        {np.float32: 10},
    ),
    "complementary_error_double": Fit(
        lambda q: scaled_erfc(4)(q) - 1,
        lambda q: 1 / scaled_erfc(4)(q),
        mpf(-1),
        mpf("23.3") / mpf("31.3"),
        {np.float64: 22},
    ),
}


def remez(xs: list[mpf], fs: list[mpf], ws: list[mpf], count: int) -> list[mpf]:
    """Coefficients of the polynomial p with the least largest |w (f − p)| over the grid."""
    chosen = [round((len(xs) - 1) * (1 - np.cos(np.pi * i / count)) / 2) for i in range(count + 1)]
    rows = [[x**k for k in range(count)] for x in xs]
    for _ in range(20):
        system = mp.matrix([rows[i] + [(-1) ** n / ws[i]] for n, i in enumerate(chosen)])
        *coefficients, level = mp.lu_solve(system, mp.matrix([fs[i] for i in chosen]))
        errors = [w * (f - mp.fdot(row, coefficients)) for row, f, w in zip(rows, fs, ws, strict=True)]
        extremes: list[int] = []  # the largest error of each run of equal signs
        for i, error in enumerate(errors):
            if extremes and (error > 0) == (errors[extremes[-1]] > 0):
                extremes[-1] = max(extremes[-1], i, key=lambda j: abs(errors[j]))
            else:
                extremes.append(i)
        while len(extremes) > count + 1:
            extremes.pop(0 if abs(errors[extremes[0]]) < abs(errors[extremes[-1]]) else -1)
        if len(extremes) <= count or max(map(abs, errors)) < 1.01 * abs(level):
            break
        chosen = extremes
    return coefficients


def fit(task: Fit, kind: type, points: int = 400) -> tuple[list[float], mpf]:
    """Rounded coefficients and the largest relative error that they leave."""
    middle, half = (task.high + task.low) / 2, (task.high - task.low) / 2
    xs = [middle - half * mp.cos(mp.pi * (i + 0.5) / points) for i in range(points)]
    fs, ws = [task.target(x) for x in xs], [abs(task.weight(x)) for x in xs]
    coefficients = [kind(c) for c in remez(xs, fs, ws, task.count[kind])]
    values = [mp.polyval([mpf(float(c)) for c in reversed(coefficients)], x) for x in xs]
    return coefficients, max(abs(w * (f - v)) for f, v, w in zip(fs, values, ws, strict=True))


def parts(number: mpf, lengths: list[int]) -> list[mpf]:
    """The number cut into pieces of so many significant bits, from the highest; all positive."""
    pieces = []
    for length in lengths:
        unit = mpf(2) ** (mp.floor(mp.log(number, 2)) + 1 - length)
        pieces.append(mp.floor(number / unit) * unit)
        number -= pieces[-1]
    return pieces


if __name__ == "__main__":
    for name in sys.argv[1:] or FITS:
        for kind in FITS[name].count:
            coefficients, error = fit(FITS[name], kind)
            print(f"{name} {kind.__name__}: error 2^{mp.nstr(mp.log(error, 2), 3)}")
            print("    " + ", ".join(repr(float(str(c))) for c in coefficients))
    for name, number, lengths in (
        ("ln 2, float", mp.ln(2), [15, 24]),
        ("ln 2, double", mp.ln(2), [42, 53]),
        ("pi / 2, float", mp.pi / 2, [24, 24, 24]),
        ("pi / 2, double", mp.pi / 2, [53, 53, 53]),
        ("pi / 2, float, without fused products", mp.pi / 2, [13, 13, 13, 24]),
        ("pi / 2, double, without fused products", mp.pi / 2, [33, 33, 33, 53]),
    ):
        print(f"{name}: " + ", ".join(repr(float(piece)) for piece in parts(number, lengths)))
