"""The reference engine's cost beside scikit-learn's, on scikit-learn's handwritten digits.

Both train layers 64-32-10 (relu, softmax) by Adam on batches of 32 of the 1797 digits, from the same initial weights.
First both follow the order of the data, and their loss curves must agree: then they do the same work. Then both
shuffle, and whole fits are timed in turn.

    python -m benchmarks.reference_cost [--epochs 100] [--repeats 5] [--threads 1]

One line of JSON a dtype: milliseconds an epoch (median and mean), and the ratio of the medians, ours / scikit-learn's.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from collections.abc import Callable
from statistics import mean, median
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

import multilayer as ml
from multilayer.network.initial_weights import draw_layer

HIDDEN, CLASSES, BATCH, SEED = 32, 10, 32, 0


def digits(dtype: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """Inputs (1797, 64) in [0, 1], and labels."""
    X, y = load_digits(return_X_y=True)
    return (X / 16.0).astype(dtype), y


def fit_ours(X: NDArray[Any], y: NDArray[Any], epochs: int, *, shuffle: bool) -> NDArray[np.float64]:
    """Train with `multilayer`; the loss of each epoch."""
    generator = np.random.RandomState(SEED)  # scikit-learn draws its initial weights from this
    net = ml.Network([X.shape[1], HIDDEN, CLASSES], "relu", "softmax")
    theta = [
        ml.Layer(*draw_layer("scikit_learn", generator, n_out, n_in, activation="relu"))
        for n_in, n_out in ((X.shape[1], HIDDEN), (HIDDEN, CLASSES))
    ]
    run = ml.train(
        ml.Objective(net),
        theta,
        X,
        y,
        rule=ml.Adam(1e-3, variant="section_2"),
        batch_size=BATCH,
        epochs=epochs,
        sampling="shuffle" if shuffle else "given",
        engine="reference",
        dtype=X.dtype,
    )
    return run.history["loss"]


def fit_scikit_learn(X: NDArray[Any], y: NDArray[Any], epochs: int, *, shuffle: bool) -> NDArray[np.float64]:
    """Train with scikit-learn; the loss of each epoch."""
    peer = MLPClassifier(
        HIDDEN,
        activation="relu",
        solver="adam",
        alpha=0.0,
        batch_size=BATCH,
        learning_rate_init=1e-3,
        max_iter=epochs,
        n_iter_no_change=epochs,
        tol=0.0,
        shuffle=shuffle,
        random_state=SEED,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return np.array(peer.fit(X, y).loss_curve_)


def measure(dtype: str, epochs: int, repeats: int) -> dict[str, Any]:
    """Compare the loss curves, then time both in turn."""
    X, y = digits(dtype)
    curves = [fit(X, y, 10, shuffle=False) for fit in (fit_ours, fit_scikit_learn)]
    difference = float(np.max(np.abs(curves[0] / curves[1] - 1.0)))
    if not difference <= (1e-9 if dtype == "float64" else 1e-4):
        raise SystemExit(f"the loss curves differ by {difference:.1e}: not the same work, so nothing to compare")
    seconds: dict[str, list[float]] = {"ours": [], "scikit_learn": []}
    fits: dict[str, Callable[..., Any]] = {"ours": fit_ours, "scikit_learn": fit_scikit_learn}
    for _ in range(repeats):
        for name, fit in fits.items():
            began = time.perf_counter()
            fit(X, y, epochs, shuffle=True)
            seconds[name].append(time.perf_counter() - began)
    in_milliseconds = {
        f"{name}_ms_{label}": round(1e3 * statistic(times) / epochs, 3)
        for name, times in seconds.items()
        for label, statistic in (("median", median), ("mean", mean))
    }
    ratio = median(seconds["ours"]) / median(seconds["scikit_learn"])
    return {
        "workload": "digits",
        "dtype": dtype,
        "curves_differ": difference,
        **in_milliseconds,
        "ratio": round(ratio, 3),
    }


def main() -> None:
    """Print one line a dtype."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=100, help="epochs a timed fit")
    parser.add_argument("--repeats", type=int, default=5, help="timed fits of each library")
    parser.add_argument("--threads", type=int, default=1, help="threads of NumPy's BLAS, for both")
    arguments = parser.parse_args()
    with threadpool_limits(arguments.threads):
        for dtype in ("float32", "float64"):
            print(json.dumps(measure(dtype, arguments.epochs, arguments.repeats)), flush=True)


if __name__ == "__main__":
    main()
