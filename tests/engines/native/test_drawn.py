"""The native engine gives the reference engine's numbers for drawn networks, rows and batches.

Sizes lie around those at which the engine takes another way: whole vectors and panels, tiles of a product, small and
narrow layers, updates by blocks, chunks, shares of threads. One program gets several data sets one after another, so
that what larger batches left in its buffers would show.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import multilayer as ml
from multilayer.engines.protocol import Stretch
from multilayer.formulas.activations import ACTIVATIONS
from multilayer.formulas.outputs import OUTPUTS
from multilayer.network.head import allowed_losses
from multilayer.network.plan import Affine, Elementwise
from multilayer.network.targets import OneHot

UNITS = (1, 2, 3, 4, 5, 7, 8, 9, 13, 14, 15, 16, 17, 31, 32, 33, 64, 100, 200)
MANY = (300, 511, 512, 513, 640, 1025, 2100, 3000)
ROWS = (0, 1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64, 130, 200, 450)
MOST_PRODUCTS = 4e6  # rows times parameters of a drawn batch

# In single precision a number that rounding moves across a kink changes the gradient by more than rounding does.
SMOOTH = ("identity", "sigmoid", "tanh", "gelu", "silu", "mish", "softplus", "sine")
SMOOTH_HEADS = [
    ("identity", "squared"),
    ("sigmoid", "cross_entropy"),
    ("softmax", "cross_entropy"),
    ("softmax", "squared"),
]
HEADS = [
    (name, loss) for name, o in OUTPUTS.items() if name != "exp" for loss in allowed_losses(o, True)
]  # e^z overflows
SMOOTH_RULES = (ml.GradientDescent, ml.Momentum, lambda **o: ml.Momentum(nesterov=True, **o))
RULES = (*SMOOTH_RULES, ml.Adam, ml.RMSprop, ml.Adagrad)

# Of the largest entry of a layer's gradient, of its update, or of what is predicted.
MOST = {"float64": 1e-8, "float32": 1e-2}


@st.composite
def shapes(draw):
    """Units from inputs to outputs."""
    depth = draw(st.integers(0, 5))
    any_units, few, many = st.sampled_from(UNITS), st.sampled_from(UNITS[:13]), st.sampled_from(MANY)
    match draw(st.sampled_from(("any", "narrow", "wide inputs", "wide layer", "large, then narrow", "shared"))):
        case "any":
            return [draw(any_units) for _ in range(depth + 2)]
        case "narrow":
            return [draw(few) for _ in range(depth + 2)]
        case "wide inputs":
            return [draw(many), *(draw(few) for _ in range(depth)), draw(few)]
        case "wide layer":
            return [draw(few), *(draw(few) for _ in range(depth // 2)), draw(many), draw(any_units), draw(few)]
        case "large, then narrow":
            first = [draw(st.sampled_from((300, 513, 1025))), draw(st.sampled_from((64, 100, 200)))]
            return [*first, *(draw(st.sampled_from(UNITS[:10])) for _ in range(depth + 1))]
        case _:
            return [draw(st.sampled_from((60, 100, 200, 201))) for _ in range(min(depth, 3) + 1)] + [draw(few)]


@st.composite
def networks(draw, smooth):
    """Networks of all kinds of layers with a loss that fits."""
    inputs, *hidden, outputs = draw(shapes())
    names = SMOOTH if smooth else [a.name for a in ACTIVATIONS.values() if a.derivative is not None]
    output, loss = draw(st.sampled_from(SMOOTH_HEADS if smooth else HEADS))
    if outputs == 1 and output in ("softmax", "sparsemax"):
        output, loss = "identity", "squared"
    layers = [inputs]
    bias, dropout = st.booleans(), st.sampled_from((0.0, 0.2, 0.5))
    for units in hidden:
        if draw(st.integers(0, 5)) == 0:
            layers.append(ml.Dropout(draw(dropout)))
        kind = "dense" if smooth else draw(st.sampled_from(("dense", "dense", "dense", "maxout", "apl")))
        if kind == "dense":
            layers.append(ml.Dense(units, draw(st.sampled_from(names)), draw(bias)))
        elif kind == "maxout":
            layers.append(ml.Maxout(units, draw(st.integers(2, 3)), draw(bias)))
        else:
            layers.append(ml.APL(units, draw(st.integers(1, 3)), draw(bias)))
    if draw(st.integers(0, 5)) == 0:
        layers.append(ml.Dropout(draw(dropout)))
    layers.append(ml.Dense(outputs, bias=draw(bias)))
    return ml.Network(layers, "tanh", output), loss


@st.composite
def jobs(draw):
    """What a job is made from, but for its rows."""
    dtype = draw(st.sampled_from(("float64", "float32")))
    smooth = dtype == "float32"
    network, loss = draw(networks(smooth))
    reduction = draw(st.sampled_from(("mean", "mean", "sum")))
    penalty = draw(st.sampled_from((None, ml.L1(0.01), ml.L2(0.1), ml.ElasticNet(0.01, 0.1))))
    if penalty is not None:
        penalty = replace(penalty, step=draw(st.sampled_from(("gradient", "proximal"))))
    widest = max(v.shape[-1] for v in network.views)
    rule = draw(st.sampled_from(SMOOTH_RULES if smooth else RULES))(
        rate=1.0 / (4 + widest) / (100 if reduction == "sum" else 1), weight_decay=draw(st.sampled_from((0.0, 0.1)))
    )
    members = draw(st.sampled_from((None, None, None, 1, 2, 3)))
    smoothing = draw(st.sampled_from((0.0, 0.1))) if network.output.name in ("softmax", "sparsemax") else 0.0
    return {
        "objective": ml.Objective(network, loss, penalty, reduction, draw(st.booleans()), smoothing),
        "rule": rule,
        "dtype": dtype,
        "n_threads": draw(st.integers(1, 3)),
        "members": members,
        "own_orders": members is not None and draw(st.booleans()),
        "changes": draw(st.sampled_from(({}, {}, {}, {"clip_value": 0.02}, {"clip_norm": 0.1}))),
        "rates": draw(st.sampled_from(((1.0,), (1.0,), (0.5, 1.0), (0.0, 0.5, 1.0)))),
        "seed": draw(st.integers(0, 1000)),
    }


@st.composite
def visits(draw, n_parameters):
    """A data set: batches cut where, rows of which kind, one of them perhaps with what is no number."""
    rows = st.sampled_from([n for n in ROWS if n * n_parameters <= MOST_PRODUCTS])
    sizes = draw(st.lists(rows, min_size=1, max_size=4))
    return {
        "sizes": sizes,
        "cuts": draw(st.sets(st.integers(1, 4), max_size=2)),
        "sparse": draw(st.sampled_from((False, False, True))),
        "weighted": draw(st.booleans()),
        "targets": draw(st.sampled_from(("labels", "rows", "soft"))),
        "masks": draw(st.booleans()),
        "go_on": draw(st.booleans()),
        "bad": draw(st.sampled_from((None, None, None, None, np.nan, np.inf))),
        "seed": draw(st.integers(0, 1000)),
    }


def near(found, expected, most, least=1.0):
    """Whether no entry is off by more than a part of the largest one."""
    found, expected = np.asarray(found, np.float64), np.asarray(expected, np.float64)
    scale = max(np.abs(expected).max(initial=0.0), least)
    return np.abs(found - expected).max(initial=0.0) <= most * scale


def require_near(plan, found, expected, most, noise=0.0):
    """Each layer's part of a vector like θ; `noise` is how far off rounding alone may be."""
    assert np.isfinite(expected).all()
    least = max(1e-6 * np.abs(expected).max(initial=0.0), noise / most, 1e-30)
    for v in plan.views:
        here = np.s_[..., v.start : v.stop]
        assert near(found[here], expected[here], most, least), (v.name, v.shape)


def rows_of(made, visit):
    """The job's rows, with labels or soft targets or a number that is none where the visit says so."""
    rows, head = made.rows(), made.objective.head
    if head.targets == "classes" and visit["targets"] == "labels":
        labels = rows.Y.argmax(axis=1).astype(np.int32)
        rows = replace(rows, Y=OneHot(labels, made.plan.n_outputs, float(rows.Y.max()), float(rows.Y.min())))
    if head.output.name in ("softmax", "sparsemax") and visit["targets"] == "soft":
        rows = replace(rows, Y=0.9 * rows.Y + 0.1 / made.plan.n_outputs)
    entries = rows.X.data if made.sparse else rows.X.reshape(-1)
    if visit["bad"] is not None and entries.size:
        entries[visit["seed"] % entries.size] = visit["bad"]
    return rows


def stretch_of(made, visit):
    """Batches of the drawn sizes."""
    sizes, go_on = visit["sizes"], visit["go_on"] and visit["bad"] is None
    whole = replace(made, batch_size=1, epochs=1 + len(sizes) // made.n_rows).stretch()
    return Stretch(whole.order, np.cumsum([0, *sizes]), whole.scalars[: len(sizes)], "continue" if go_on else "stop")


def advance_in_pieces(program, data, stretch, cuts):
    """Reports of a stretch's parts, up to the one that was not completed."""
    bounds = [0, *sorted(c for c in cuts if c < len(stretch.scalars)), len(stretch.scalars)]
    reports = []
    for begin, end in pairwise(bounds):
        part = replace(stretch, starts=stretch.starts[begin : end + 1], scalars=stretch.scalars[begin:end])
        reports.append(program.advance(data, part))
        if reports[-1].ended != "complete":
            break
    return reports


def require_same_updates(made, visit, program, data, judge, judged):
    """Reports, and what the updates did to θ and to the rule's memory."""
    stretch, before = stretch_of(made, visit), judge.read()
    reports, expected = advance_in_pieces(program, data, stretch, visit["cuts"]), judge.advance(judged, stretch)
    found, after = program.read(), judge.read()
    assert (reports[-1].ended, sum(r.done for r in reports)) == (expected.ended, expected.done)
    assert expected.ended == "complete" or visit["bad"] is not None
    assert (found.step, found.seed) == (after.step, after.seed)
    most, rounding = MOST[made.dtype], 10 * float(np.finfo(made.dtype).eps) * np.abs(after.theta).max()
    for column in ("loss", "weight", "penalty"):
        assert near(np.concatenate([getattr(r, column) for r in reports]), getattr(expected, column), most / 10)
    require_near(made.plan, found.theta - before.theta, after.theta - before.theta, most, rounding)
    for of_found, of_expected in zip(found.slots, after.slots, strict=True):
        require_near(made.plan, of_found, of_expected, most)


def require_same_answers(made, visit, rows, program, data, judge, judged):
    """Losses, gradients and predictions, also of one row at a time where there is a predictor."""
    plan, most = made.plan, MOST[made.dtype]
    assert near(program.loss(data), judge.loss(judged), most / 10)
    order = np.random.default_rng(visit["seed"]).integers(made.n_rows, size=made.n_rows + 3)
    for some in (None, order):
        sums, gradient = program.gradient(data, some, masks=visit["masks"])
        expected_sums, expected = judge.gradient(judged, some, masks=visit["masks"])
        assert near(sums, expected_sums, most / 10)
        require_near(plan, gradient, expected, most)
    for until in (None, *range(len(plan.operations))):
        assert near(program.predict(rows.X, until=until), judge.predict(rows.X, until=until), most / 10)
    if made.members is None and all(isinstance(o, Affine | Elementwise) for o in plan.operations):
        predictor, X = program.predictor(), rows.X[:3].toarray() if made.sparse else rows.X[:3]
        assert near([predictor(x).copy() for x in X], judge.predict(X), most / 10)


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_drawn_networks(job, data):
    first = job(**data.draw(jobs(), "job"))
    program, judge = first.program(), first.program("reference")
    for _ in range(data.draw(st.integers(1, 3), "number of data sets")):
        visit = data.draw(visits(first.plan.n_parameters), "data set")
        of_rows = {name: visit[name] for name in ("sparse", "weighted", "seed")}
        made = replace(first, n_rows=max(1, sum(visit["sizes"])), **of_rows)
        rows = rows_of(made, visit)
        loaded, judged = program.load(rows), judge.load(rows)
        require_same_updates(made, visit, program, loaded, judge, judged)
        program.write(judge.read())  # so that rounding does not add up
        if visit["bad"] is None:
            require_same_answers(made, visit, rows, program, loaded, judge, judged)
