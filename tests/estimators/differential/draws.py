"""Cases drawn by hypothesis."""

from __future__ import annotations

from typing import Any

from differential.cases import KINDS, Case, Step
from hypothesis import strategies as st

HIDDEN = [(3,), (5, 4), 4, (), (1,), [2, 6, 3], (8,)]
ACTIVATIONS = ["relu", "tanh", "logistic", "identity"]
CONTAINERS = ["array", "csr_matrix", "array", "csc_matrix", "csr_array", "fortran", "strided", "list"]
# In float32 only together with such rows: scikit-learn sums weights in their own dtype, which ours need not do.
WEIGHTS = {"float64": [None, "positive", "counts", "signed"], "float32": [None, "positive", "counts", "float32"]}
STREAMS = ["instance", "seed", "global"]
BATCHES = [7, 3, "auto", 1, 16, 1000]

CLASS_NAMES = {
    "binary": ["whole numbers", "words", "objects", "truth"],
    "classes": ["whole numbers", "words", "objects"],
}
TARGETS = ["whole numbers", "column", "float32"]

PROGRAMS = {
    "once": (Step("fit"),),
    "again": (Step("fit"), Step("fit", 1)),
    "warm": (Step("fit"), Step("fit", changes={"max_iter": 3}), Step("fit")),
    "in parts": (Step("partial_fit", 0), Step("partial_fit", 1), Step("partial_fit", 2)),
    "goes on": (Step("fit"), Step("partial_fit"), Step("copy"), Step("partial_fit", 1)),
    "begins in parts": (Step("partial_fit"), Step("partial_fit", 1), Step("fit")),
}


@st.composite
def data_options(draw: st.DrawFn, kinds: tuple[str, ...] = KINDS, dtype: str = "float64") -> dict[str, Any]:
    """What a case is about, without the estimator's parameters."""
    kind = draw(st.sampled_from(kinds))
    return {
        "kind": kind,
        "n_rows": draw(st.integers(8, 40)),
        "n_inputs": draw(st.integers(1, 5)),
        "container": draw(st.sampled_from(CONTAINERS if dtype == "float64" else CONTAINERS[:-1])),
        "dtype": dtype,
        "targets": draw(st.sampled_from(CLASS_NAMES.get(kind, TARGETS))),
        "weights": draw(st.sampled_from(WEIGHTS[dtype])),
        "stream": draw(st.sampled_from(STREAMS)),
        "seed": draw(st.integers(0, 2**20)),
    }


@st.composite
def network_options(draw: st.DrawFn, kind: str) -> dict[str, Any]:
    options = {
        "hidden_layer_sizes": draw(st.sampled_from(HIDDEN)),
        "activation": draw(st.sampled_from(ACTIVATIONS)),
        "alpha": draw(st.sampled_from([1e-4, 0.0, 0.5, 3.0])),
    }
    return options | ({"loss": "poisson"} if "counts" in kind else {})


@st.composite
def solver_options(draw: st.DrawFn, solver: str) -> dict[str, Any]:
    """Parameters that matter to a stochastic solver."""
    options: dict[str, Any] = {
        "solver": solver,
        "batch_size": draw(st.sampled_from(BATCHES)),
        "shuffle": draw(st.booleans()),
        "verbose": draw(st.booleans()),
    }
    if solver == "adam":
        options["learning_rate_init"] = draw(st.sampled_from([1e-3, 0.01, 0.1]))
        options["learning_rate"] = draw(st.sampled_from(["constant", "invscaling", "adaptive"]))  # ignored
        if draw(st.booleans()):
            options |= {
                "beta_1": draw(st.sampled_from([0.0, 0.5])),
                "beta_2": 0.9,
                "epsilon": draw(st.sampled_from([1e-8, 0.1])),
            }
        return options
    rate = draw(st.sampled_from([1e-3, 0.01, 0.1]))
    return options | {
        "learning_rate": draw(st.sampled_from(["constant", "invscaling", "adaptive"])),
        "learning_rate_init": rate,
        "power_t": draw(st.sampled_from([0.5, 0.25, 0.0])),
        "momentum": draw(st.sampled_from([0.9, 0.0, 0.5] + ([1.0] if rate < 0.01 else []))),  # which would diverge
        "nesterovs_momentum": draw(st.booleans()),
    }


@st.composite
def single_epochs(draw: st.DrawFn, solver: str, kinds: tuple[str, ...] = KINDS, dtype: str = "float64") -> Case:
    """Calls of one epoch each."""
    about = draw(data_options(kinds, dtype))
    options = draw(network_options(about["kind"])) | draw(solver_options(solver)) | {"max_iter": 1}
    steps = draw(st.sampled_from([program for name, program in PROGRAMS.items() if name != "warm"]))
    if draw(st.booleans()):
        options["warm_start"] = True
        steps = (Step("fit"),) * 3
    return Case(options=options, steps=steps, **about)


@st.composite
def free_runs(draw: st.DrawFn, solver: str, kinds: tuple[str, ...] = KINDS, dtype: str = "float64") -> Case:
    """Several epochs, stopped in any way."""
    about = draw(data_options(kinds, dtype))
    options = draw(network_options(about["kind"])) | draw(solver_options(solver))
    options |= {
        "max_iter": draw(st.sampled_from([12, 5, 2, 25])),
        "tol": draw(st.sampled_from([1e-4, 0.01, 0.0, 0.2, 10.0])),
        "n_iter_no_change": draw(st.sampled_from([1, 2, 3, float("inf")])),
        "early_stopping": draw(st.booleans()),
        "validation_fraction": draw(st.sampled_from([0.25, 0.1, 0.5])),
    }
    program = draw(st.sampled_from([*PROGRAMS, "warm"]))
    if options["early_stopping"] and "part" in program:
        program = "once"
    options["warm_start"] = program == "warm"
    return Case(options=options, steps=PROGRAMS[program], **about)


@st.composite
def quasi_newton_runs(draw: st.DrawFn, kinds: tuple[str, ...] = KINDS, dtype: str = "float64") -> Case:
    """L-BFGS, stopped by iterations, evaluations or the gradient.

    Of few iterations in float32: near a minimum the line search meets a function that is rounded to seven digits.
    """
    about = draw(data_options(kinds, dtype))
    if about["weights"] == "signed":  # with which there may be no minimum
        about["weights"] = "counts"
    options = draw(network_options(about["kind"])) | {
        "solver": "lbfgs",
        "max_iter": draw(st.sampled_from([3, 8, 1, 40] if dtype == "float64" else [3, 1, 5])),
        "max_fun": draw(st.sampled_from([15000, 4])),
        # Not 0, which a gradient of rounding errors alone may miss.
        "tol": draw(st.sampled_from([1e-4, 0.05, 1e-9] if dtype == "float64" else [1e-4, 0.05])),
        "verbose": draw(st.booleans()),
    }
    names = ["once", "again", "warm"] + ([] if about["kind"] in ("binary", "classes", "labels") else ["in parts"])
    program = draw(st.sampled_from(names))
    options["warm_start"] = program == "warm"
    return Case(options=options, steps=PROGRAMS[program], **about)
