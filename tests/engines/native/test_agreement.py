"""The native engine gives the reference engine's numbers, for every entry of every registry and each of its ways."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import multilayer as ml
from multilayer.formulas.activations import ACTIVATIONS, activation
from multilayer.formulas.losses import LOSSES, loss
from multilayer.formulas.outputs import OUTPUTS, output
from multilayer.formulas.update_rules import UPDATE_RULES
from multilayer.network.head import allowed_losses

# After an epoch from the same state: median and maximum of θ's deviation (see `deviation` for what it is relative to).
# In single precision a hundredth may be beyond: near 0 rounding turns a gradient's sign, and with it the first
# steps of RMSprop and Rprop.
BOUNDS = {"float64": (1e-11, 1e-8), "float32": (1e-5, 1e-3)}
BEYOND = {"float64": 0.0, "float32": 1e-2}
dtypes = pytest.mark.parametrize("dtype", BOUNDS)

RULES = {
    "gradient_descent": ml.GradientDescent(0.05),
    "momentum": ml.Momentum(0.02),
    "nesterov": ml.Momentum(0.02, nesterov=True),
    "adam": ml.Adam(0.01),
    "adam_section_2": ml.Adam(0.01, variant="section_2"),
    "rmsprop": ml.RMSprop(0.01),
    "adagrad": ml.Adagrad(0.05),
    "rprop": ml.Rprop(0.01),
}
DECAYING = {name: replace(rule, weight_decay=0.1) for name, rule in RULES.items() if name != "rprop"}
PENALTIES = {
    f"{penalty.__name__}-{step}": penalty(*strengths, step=step)
    for penalty, strengths in ((ml.L1, (0.01,)), (ml.L2, (0.1,)), (ml.ElasticNet, (0.01, 0.1)))
    for step in ("gradient", "proximal")
}
# Functions of their registries with other options than the default.
ACTIVATIONS_BY_OPTION = {
    "leaky_relu": activation("leaky_relu", slope=0.3),
    "elu": activation("elu", alpha=0.6),
}
LOSSES_BY_OPTION = {"huber": loss("huber", delta=0.3), "quantile": loss("quantile", q=0.8)}

HEADS = {
    f"{name}-{a_loss}-{units}": (name, a_loss, units)
    for name, o in OUTPUTS.items()
    for units in (1, 4)
    if units > 1 or name not in ("softmax", "sparsemax")
    for a_loss in allowed_losses(o, units > 1)
}
HEADS |= {
    f"{name}-{a_loss}-{groups}": (output(name, groups=groups), a_loss, sum(groups))
    for name in ("softmax", "sparsemax")
    for a_loss in allowed_losses(OUTPUTS[name], True)
    for groups in ((4,), (3, 1, 2))
}
PLAIN = ml.Objective(ml.Network([5, 9, 3], "tanh", "softmax"))
# 62,000 parameters: more than a batch of 16 leaves behind, so that its update is made block by block of W.
LARGE = ml.Objective(ml.Network([300, 200, 10], "tanh", "softmax"))
# More than two million operations a step of 64 rows, which several threads share.
SHARED = ml.Objective(ml.Network([60, 120, 80, 10], "tanh", "softmax"))


@pytest.fixture(scope="session")
def agree(deviation):
    """Require a job's agreement with the reference engine; gives the native engine's state."""

    def agree(job):
        report, state = job.run()
        expected_report, expected = job.run("reference")
        assert (report.ended, report.done, state.step) == (expected_report.ended, expected_report.done, expected.step)
        median, most = BOUNDS[job.dtype]
        of_theta = deviation(state.theta, expected.theta)
        assert np.median(of_theta) <= median
        assert np.mean(of_theta > most) <= BEYOND[job.dtype]
        for column in ("loss", "weight", "penalty"):
            assert np.max(deviation(getattr(report, column), getattr(expected_report, column)), initial=0.0) <= most
        for found, slot in zip(state.slots, expected.slots, strict=True):
            assert np.median(deviation(found, slot)) <= 10 * median
        return state

    return agree


def of_rounding(job, deviation):
    """How far the reference engine itself comes off if the initial weights move by one unit in the last place."""
    state = job.state()
    moved = replace(state, theta=np.nextafter(state.theta, np.inf, dtype=state.theta.dtype))
    return deviation(job.run("reference", moved)[1].theta, job.run("reference")[1].theta).max()


def full_batch(job):
    """A job as its rule needs it."""
    return replace(job, batch_size=job.n_rows, epochs=4) if job.rule.formula.full_batch else job


def test_every_rule_and_every_option_is_here():
    assert {rule.formula.name for rule in RULES.values()} == set(UPDATE_RULES)
    for registry, varied in ((ACTIVATIONS, ACTIVATIONS_BY_OPTION), (LOSSES, LOSSES_BY_OPTION)):
        assert set(varied) == {name for name, entry in registry.items() if entry.options}


@dtypes
@pytest.mark.parametrize(
    "g",
    [*(a for a in ACTIVATIONS.values() if a.derivative is not None), *ACTIVATIONS_BY_OPTION.values()],
    ids=lambda g: f"{g.name}-{g.options}" if g.options else g.name,
)
def test_activations(job, agree, g, dtype):
    for batch_size in (1, 16):
        agree(job(ml.Objective(ml.Network([5, 9, 7, 2], g)), ml.Momentum(0.01), batch_size=batch_size, dtype=dtype))


@dtypes
@pytest.mark.parametrize(("name", "its_loss", "units"), HEADS.values(), ids=HEADS.keys())
def test_outputs_with_losses(job, agree, name, its_loss, units, dtype):
    outputs = [name] if name not in ACTIVATIONS_BY_OPTION else [name, output(ACTIVATIONS_BY_OPTION[name])]
    losses = [its_loss] if its_loss not in LOSSES_BY_OPTION else [its_loss, LOSSES_BY_OPTION[its_loss]]
    for o in outputs:
        for its in losses:
            objective = ml.Objective(ml.Network([5, 6, units], "tanh", o), its)
            for batch_size in (1, 16):
                agree(job(objective, ml.Momentum(0.01), 19, batch_size, weighted=batch_size > 1, dtype=dtype))


@dtypes
@pytest.mark.parametrize("rule", [*RULES.values(), *DECAYING.values()], ids=str)
@pytest.mark.parametrize("objective", [PLAIN, LARGE], ids=["small", "by blocks"])
def test_rules(job, agree, objective, rule, dtype):
    for batch_size in (1, 16):
        agree(full_batch(job(objective, rule, 20, batch_size, dtype=dtype)))


@pytest.mark.parametrize("in_mean", [False, True], ids=["whole", "in mean"])
@pytest.mark.parametrize("penalty", PENALTIES.values(), ids=PENALTIES.keys())
@pytest.mark.parametrize("network", [PLAIN.network, LARGE.network], ids=["small", "by blocks"])
def test_penalties(job, agree, network, penalty, in_mean):
    objective = ml.Objective(network, penalty=penalty, penalty_in_mean=in_mean)
    for rule in (RULES["momentum"], DECAYING["adam"]):
        for batch_size in (1, 16):
            agree(job(objective, rule, 20, batch_size, weighted=True))


def test_proximal_steps_leave_the_same_zeros(job):
    objective = ml.Objective(PLAIN.network, penalty=ml.L1(0.3, step="proximal"))
    zeros = [
        job(objective, ml.GradientDescent(0.1), epochs=4).run(engine)[1].theta == 0
        for engine in ("native", "reference")
    ]
    assert zeros[0].sum() > 5
    np.testing.assert_array_equal(*zeros)


@dtypes
@pytest.mark.parametrize("rule", [RULES["momentum"], DECAYING["adam"]], ids=["momentum", "decaying adam"])
@pytest.mark.parametrize("objective", [PLAIN, LARGE], ids=["small", "by blocks"])
@pytest.mark.parametrize("step", ["gradient", "proximal"])
def test_views_have_rates_of_their_own_and_rest_at_rate_zero(job, agree, objective, rule, step, dtype):
    objective = replace(objective, penalty=ml.ElasticNet(0.01, 0.1, step=step))
    for batch_size in (1, 16):
        made = job(objective, rule, 20, batch_size, rates=(0.0, 0.5, 1.0), dtype=dtype)
        state, frozen = agree(made), made.plan.views[0]
        for found, before in zip((state.theta, *state.slots), (made.state().theta, *made.state().slots), strict=True):
            np.testing.assert_array_equal(found[: frozen.stop], before[: frozen.stop])
            assert (found[frozen.stop :] != before[frozen.stop :]).any()


# Their gradients are summed otherwise than large ones, also behind a layer whose update is made block by block.
NARROW = [[9, 1], [9, 2, 2], [5, 9, 1], [2100, 20, 3, 2, 1]]


@dtypes
@pytest.mark.parametrize("layers", NARROW, ids=str)
def test_narrow_layers(job, agree, layers, dtype):
    objective = ml.Objective(ml.Network(layers, "tanh"))
    for batch_size in (5, 8, 16, 20, 35):
        for threads in (1, 2):
            agree(job(objective, RULES["momentum"], 37, batch_size, n_threads=threads, weighted=True, dtype=dtype))


@dtypes
@pytest.mark.parametrize(
    "limits", [{"clip_value": 0.02}, {"clip_norm": 0.1}, {"clip_value": 0.02, "clip_norm": 0.1}], ids=str
)
@pytest.mark.parametrize("objective", [PLAIN, LARGE, SHARED], ids=["small", "large", "shared"])
def test_clipping(job, agree, objective, limits, dtype):
    for batch_size, threads in ((1, 1), (64, 2)):
        made = job(objective, ml.Momentum(0.05), 70, batch_size, changes=limits, n_threads=threads, dtype=dtype)
        agree(made)
        assert (made.run()[1].theta != replace(made, changes={}).run()[1].theta).any()


LAYERS = {
    "dropout of inputs": [6, ml.Dropout(0.3), 9, 3],
    "dropout": [6, 9, ml.Dropout(0.5), 7, ml.Dropout(0.2), 3],
    "dropout everywhere": [6, ml.Dropout(0.2), ml.Dropout(0.1), 9, ml.Dropout(0.5), 3],
    "dropout of nothing": [6, ml.Dropout(0.0), 9, ml.Dropout(0.0), 3],
    "maxout": [6, ml.Maxout(5, 3), ml.Maxout(4), 3],
    "apl": [6, ml.APL(5, 3), ml.APL(4, 1), 3],
    "apl and dropout": [6, ml.Dropout(0.2), ml.APL(17, 2), ml.Dropout(0.5), ml.Maxout(9), 3],
    "without bias": [
        6,
        ml.Dense(9, "gelu", bias=False),
        ml.Maxout(4, bias=False),
        ml.APL(4, bias=False),
        ml.Dense(3, bias=False),
    ],
    "no hidden layer": [6, 3],
    "deep": [6, *[5] * 12, 3],
    "large, with dropout": [300, ml.Dropout(0.2), 200, ml.Dropout(0.5), 10],
    "large maxout": [300, ml.Maxout(100, 3), 10],
    "large apl": [300, ml.APL(200, 2), 10],
    "large, without bias": [300, ml.Dense(200, bias=False), 10],
}


@dtypes
@pytest.mark.parametrize("layers", LAYERS.values(), ids=LAYERS.keys())
def test_layers(job, agree, layers, dtype):
    objective = ml.Objective(ml.Network(layers, "tanh", "softmax"))
    for batch_size in (1, 7, 16):
        for threads in (1, 2):
            agree(job(objective, ml.Momentum(0.02), 20, batch_size, weighted=True, dtype=dtype, n_threads=threads))


@dtypes
@pytest.mark.parametrize(
    "layers", [[40, 9, 3], [40, ml.Dropout(0.3), 9, 3], [40, ml.APL(4), 3], [700, 100, 10]], ids=str
)
def test_sparse_rows(job, agree, layers, dtype):
    objective = ml.Objective(ml.Network(layers, "tanh", "softmax"), penalty=ml.L2(0.01))
    for batch_size in (1, 16, 50):
        for threads in (1, 3):
            made = job(objective, ml.Momentum(0.02), 50, batch_size, sparse=True, weighted=True, n_threads=threads)
            agree(replace(made, dtype=dtype))
            assert np.diff(made.rows().X.indptr).min() == 0
            assert len(set(made.rows().X.indices)) < objective.network.n_inputs


@dtypes
@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("layers", [[5, 9, 3], [5, ml.APL(4), 3], [300, 200, 3]], ids=str)
def test_reduction_and_weights(job, agree, layers, weighted, reduction, dtype):
    objective = ml.Objective(
        ml.Network(layers, "tanh", "softmax"), reduction=reduction, penalty=ml.L2(0.1), penalty_in_mean=True
    )
    for batch_size in (1, 16):
        agree(job(objective, ml.GradientDescent(0.005), 20, batch_size, weighted=weighted, dtype=dtype))


@dtypes
@pytest.mark.parametrize("batch_size", [1, 2, 7, 10, 16, 17, 32, 33, 100, 300, 341])
@pytest.mark.parametrize("objective", [PLAIN, LARGE], ids=["small", "large"])
def test_batch_sizes(job, agree, objective, batch_size, dtype):
    n_rows = 341 if batch_size > 40 else batch_size + batch_size // 2 + 1  # the last batch is shorter
    for threads in (1, 2):
        agree(job(objective, ml.Momentum(0.05), n_rows, batch_size, n_threads=threads, dtype=dtype))


@pytest.mark.parametrize("objective", [PLAIN, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("members", [None, 2])
def test_batches_without_rows(job, agree, deviation, objective, members):
    objective = replace(objective, penalty=ml.L2(0.1), penalty_in_mean=True)
    for threads in (1, 2):
        made = job(objective, ml.Momentum(0.05), 20, n_threads=threads, members=members)
        stretch = made.stretch()
        stretch = replace(stretch, starts=np.array([0, 0, 16, 16, 16, 20, 20]), scalars=stretch.scalars[[0] * 6])
        nothing = replace(stretch, order=stretch.order[:0], starts=np.zeros(3, int), scalars=stretch.scalars[:2])
        for some in (stretch, nothing):
            report, state = made.run(stretch=some)
            expected_report, expected = made.run("reference", stretch=some)
            assert (report.ended, report.done) == (expected_report.ended, expected_report.done)
            assert deviation(state.theta, expected.theta).max() <= 1e-12
            for column in ("loss", "weight", "penalty"):
                np.testing.assert_allclose(getattr(report, column), getattr(expected_report, column), rtol=1e-12)


@dtypes
@pytest.mark.parametrize("width", [1, 2, 7, 15, 16, 17, 33, 64, 130])
def test_widths(job, agree, width, dtype):
    for n_inputs, n_outputs in ((width, 3), (4, width), (17, 2)):
        objective = ml.Objective(ml.Network([n_inputs, width, 5, n_outputs], "tanh"))
        for batch_size in (1, 20):
            agree(job(objective, ml.Momentum(0.01), 27, batch_size, dtype=dtype))


@dtypes
@pytest.mark.parametrize("own_orders", [False, True], ids=["one order", "own orders"])
@pytest.mark.parametrize("layers", [[5, ml.Dropout(0.3), 9, 3], [5, ml.APL(4), 3], [300, 200, 10]], ids=str)
def test_populations(job, agree, layers, own_orders, dtype):
    objective = ml.Objective(ml.Network(layers, "tanh", "softmax"), penalty=ml.L2(0.01))
    for members, threads in ((1, 1), (3, 2), (2, 5)):
        for batch_size in (1, 16):
            agree(job(objective, ml.Momentum(0.02), 20, batch_size, members=members, n_threads=threads, weighted=True,
                      own_orders=own_orders, dtype=dtype))  # fmt: skip


@dtypes
@pytest.mark.parametrize("name", [*RULES, *(f"{name}, decaying" for name in DECAYING)])
def test_several_threads(job, agree, bits, deviation, name, dtype):
    rule = RULES[name] if name in RULES else DECAYING[name.split(",")[0]]
    objective = replace(SHARED, penalty=ml.L2(0.01))
    states = []
    for threads in (1, 2, 3, 5):
        made = full_batch(job(objective, rule, 100, 64, weighted=True, n_threads=threads, dtype=dtype))
        states.append(agree(made))
        assert bits(states[-1]) == bits(made.run()[1])
    for state in states[1:]:
        assert np.median(deviation(state.theta, states[0].theta)) <= BOUNDS[dtype][0]


@pytest.mark.parametrize("penalty", PENALTIES.values(), ids=PENALTIES.keys())
def test_several_threads_with_penalties(job, agree, penalty):
    objective = replace(SHARED, penalty=penalty, penalty_in_mean=True)
    for threads in (2, 5):
        agree(job(objective, DECAYING["adam"], 100, 64, n_threads=threads, weighted=True))


def test_the_number_of_threads_that_measuring_chooses_changes_no_bit(job, bits):
    # Some 500 steps: enough for blocks of two milliseconds with one thread and with all.
    made = job(SHARED, ml.Momentum(0.001), 640, 64, epochs=50, n_threads=2)
    apart, stretch = made.program(), made.stretch()
    data = apart.load(made.rows())
    for j in range(len(stretch.starts) - 1):  # a new call starts with all threads
        apart.advance(data, replace(stretch, starts=stretch.starts[j : j + 2], scalars=stretch.scalars[j : j + 1]))
    assert bits(made.run()[1]) == bits(apart.read())


FUSED = {
    "single rows": (PLAIN, 1, 1),
    "blocks": (LARGE, 16, 1),
    "blocks, shared": (LARGE, 16, 2),
    "gradient, shared": (SHARED, 64, 2),
}


UPDATES = {
    f"{rule}-{penalty}": (rule, penalty)
    for rule in (*RULES.values(), *DECAYING.values())
    for penalty in (None, PENALTIES["ElasticNet-gradient"], PENALTIES["ElasticNet-proximal"])
    if not (isinstance(rule, ml.Rprop) and penalty == PENALTIES["ElasticNet-proximal"])  # which needs a rate
}


@pytest.mark.parametrize(("rule", "penalty"), UPDATES.values(), ids=UPDATES.keys())
@pytest.mark.parametrize(("objective", "batch_size", "threads"), FUSED.values(), ids=FUSED.keys())
def test_fused_updates_equal_gradient_then_apply(job, deviation, objective, batch_size, threads, rule, penalty):
    objective = replace(objective, penalty=penalty, penalty_in_mean=True)
    made = job(objective, rule, 2 * batch_size, batch_size, weighted=True, n_threads=threads)
    stretch = made.stretch()
    report, together = made.run()
    program = made.program()
    data = program.load(made.rows())
    for j in range(2):
        batch = stretch.order[stretch.starts[j] : stretch.starts[j + 1]]
        sums, gradient = program.gradient(data, batch, masks=True)
        penalty_before = program.apply(gradient, sums, stretch.scalars[j])
        np.testing.assert_allclose(
            [report.loss[j], report.weight[j], report.penalty[j]], [*sums, penalty_before], rtol=1e-11
        )
    apart = program.read()
    assert together.step == apart.step
    for found, expected in zip((together.theta, *together.slots), (apart.theta, *apart.slots), strict=True):
        assert deviation(found, expected).max() <= 1e-9


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("batch_size", [1, 10, 50])
@pytest.mark.parametrize("rule", ["momentum", "adam", "rmsprop"])
def test_long_runs_stay_as_near_as_rounding_allows(job, deviation, rule, batch_size, dtype):
    objective = ml.Objective(ml.Network([5, 12, 3], "tanh", "softmax"))
    n_rows = 50 if batch_size > 1 else 20
    made = job(objective, RULES[rule], n_rows, batch_size, epochs=30, dtype=dtype)
    found, expected = made.run()[1].theta, made.run("reference")[1].theta
    least = {"float64": 1e-9, "float32": 1e-4}[dtype]
    assert deviation(found, expected).max() <= max(least, 100 * of_rounding(made, deviation))


@dtypes
@pytest.mark.parametrize(
    "layers", [[5, ml.Dropout(0.3), 9, 3], [40, 33, 17], [5, ml.Maxout(4, 3), ml.APL(5), 3]], ids=str
)
@settings(max_examples=10)
@given(n_rows=st.integers(0, 70), seed=st.integers(0, 1000), threads=st.integers(1, 3))
def test_losses_gradients_and_predictions(job, deviation, layers, dtype, n_rows, seed, threads):
    objective = ml.Objective(ml.Network(layers, "gelu", "softmax"))
    made = job(objective, n_rows=n_rows, weighted=True, seed=seed, n_threads=threads, dtype=dtype)
    most = 1e-12 if dtype == "float64" else 1e-3
    rows, program, judge = made.rows(), made.program(), made.program("reference")
    data, judged = program.load(rows), judge.load(rows)
    assert deviation(program.loss(data), judge.loss(judged)).max() <= most
    order = np.random.default_rng(seed).integers(n_rows, size=2 * n_rows) if n_rows else np.arange(0)
    for masks in (False, True):
        for some in (None, order):
            found, expected = program.gradient(data, some, masks=masks), judge.gradient(judged, some, masks=masks)
            assert deviation(found[0], expected[0]).max() <= 10 * most
            assert deviation(found[1], expected[1]).max() <= 10 * most
    for until in (None, *range(len(made.plan.operations))):
        found, expected = program.predict(rows.X, until=until), judge.predict(rows.X, until=until)
        assert deviation(found, expected).max(initial=0.0) <= most
