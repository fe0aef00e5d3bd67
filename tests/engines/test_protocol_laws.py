"""The laws of the protocol, for every engine: what a stretch does, where it may be cut, and what ends it."""

from __future__ import annotations

import gc
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

import multilayer as ml
from multilayer.engines import ENGINES, engine
from multilayer.engines.protocol import Engine, Program, Report, Rows, State, Stretch, Sums
from multilayer.formulas.update_rules import UPDATE_RULES
from multilayer.network.targets import OneHot, encode_keeping_labels
from multilayer.training.rules import Rule, initial_slots, scalar_rows

N_ROWS, N_INPUTS, N_CLASSES = 23, 3, 4

RULES = {
    "gradient descent": ml.GradientDescent(0.1),
    "decay": ml.GradientDescent(0.1, weight_decay=0.1),
    "momentum": ml.Momentum(0.05),
    "nesterov": ml.Momentum(0.05, nesterov=True),
    "adam": ml.Adam(0.01),
    "adam_section_2": ml.Adam(0.01, variant="section_2"),
    "rmsprop": ml.RMSprop(0.01),
    "adagrad": ml.Adagrad(0.1),
    "rprop": ml.Rprop(0.01),
}
PLAIN = ml.Objective(ml.Network([N_INPUTS, 5, N_CLASSES], "tanh", "softmax"))
DROPOUT = ml.Objective(
    ml.Network([N_INPUTS, ml.Dropout(0.2), 8, ml.Dropout(0.5), ml.Maxout(4), ml.APL(3), N_CLASSES], output="softmax"),
    penalty=ml.L2(0.1),
)
OBJECTIVES = {
    "plain": PLAIN,
    "dropout": DROPOUT,
    "sum": ml.Objective(ml.Network([N_INPUTS, 4, N_CLASSES], "gelu"), "huber", reduction="sum"),
    "by groups": ml.Objective(ml.Network([N_INPUTS, 5, 5], "tanh", ml.output("softmax", groups=(2, 3)))),
    "in mean": ml.Objective(PLAIN.network, penalty=ml.ElasticNet(0.1, 0.2), penalty_in_mean=True),
}


@dataclass(frozen=True)
class Case:
    """An engine with what it is to run."""

    engine: Engine
    objective: ml.Objective
    rule: Rule
    clip_norm: float | None = None
    dtype: str = "float64"

    @property
    def plan(self):
        plan = self.objective.plan
        decay = getattr(self.rule, "weight_decay", 0.0)
        views = tuple(replace(v, decay=decay) if v.name.endswith(".W") else v for v in plan.views)
        return replace(plan, views=views, clip_norm=self.clip_norm)

    def state(self, seed: int = 0) -> State:
        theta = self.objective.network.pack(self.objective.network.initialize(seed)).astype(self.dtype)
        return State(theta, initial_slots(self.rule, theta), 0, seed)

    def program(self, state: State | None = None) -> Program:
        state = state or self.state()
        members = len(state.theta) if state.theta.ndim == 2 else None
        program = self.engine.program(self.plan, self.rule.formula, dtype=self.dtype, members=members)
        program.write(state)
        return program

    def stretch(self, batches: int = 9, seed: int = 0, on_nonfinite: str = "stop") -> Stretch:
        """Batches of uneven sizes in a random order, at changing rates."""
        rng = np.random.default_rng(seed)
        starts = np.concatenate([[0], np.cumsum(rng.integers(1, 7, size=batches))])
        scalars = scalar_rows(self.rule, 1.0 + np.arange(batches), self.rule.rate * rng.uniform(0.5, 1.0, size=batches))
        return Stretch(rng.integers(N_ROWS, size=starts[-1]), starts, scalars, on_nonfinite)


def rows(objective: ml.Objective = PLAIN, weighted: bool = True, seed: int = 0, dtype: str = "float64") -> Rows:
    rng = np.random.default_rng(seed)
    groups = objective.network.output.groups
    labels = rng.integers(N_CLASSES, size=N_ROWS) if not groups else rng.integers(groups, size=(N_ROWS, len(groups)))
    targets = labels if objective.head.targets == "classes" else rng.normal(size=(N_ROWS, N_CLASSES))
    weight = rng.uniform(0.5, 2.0, size=N_ROWS) if weighted else None
    return Rows(rng.normal(size=(N_ROWS, N_INPUTS)), objective.encode(targets, N_ROWS), weight)


def part(stretch: Stretch, begin: int, end: int) -> Stretch:
    """Some batches of a stretch."""
    return replace(stretch, starts=stretch.starts[begin : end + 1], scalars=stretch.scalars[begin:end])


def bits(state: State) -> tuple[Any, ...]:
    return state.step, state.seed, *(array.tobytes() for array in (state.theta, *state.slots))


def join(reports: list[Report]) -> list[list[float]]:
    return [np.concatenate([getattr(r, c) for r in reports]).tolist() for c in ("loss", "weight", "penalty")]


def runnable(case: Case) -> bool:
    return case.engine.refuses(case.plan, case.rule.formula, np.dtype(case.dtype)) is None


CASES = {
    f"{name}-{objective}-{rule}": case
    for name, made in ENGINES.items()
    for objective, J in OBJECTIVES.items()
    for rule, r in RULES.items()
    if runnable(case := Case(made, J, r, clip_norm=0.5 if objective == "in mean" else None))
}
# One of each objective, with the default rule.
FEW = {name: case for name, case in CASES.items() if name.endswith("-adam")}
cases = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
few = pytest.mark.parametrize("case", FEW.values(), ids=FEW.keys())
engines = pytest.mark.parametrize("made", ENGINES.values(), ids=ENGINES.keys())


def test_every_rule_is_here():
    assert {rule.formula.name for rule in RULES.values()} == set(UPDATE_RULES)


@cases
def test_a_stretch_is_gradient_then_apply_for_each_batch(case):
    stretch = case.stretch()
    together, apart = case.program(), case.program()
    data = rows(case.objective)
    report = together.advance(together.load(data), stretch)
    loaded, steps = apart.load(data), []
    for j in range(len(stretch.starts) - 1):
        batch = stretch.order[stretch.starts[j] : stretch.starts[j + 1]]
        sums, gradient = apart.gradient(loaded, batch, masks=True)
        steps.append((sums.loss, sums.weight, apart.apply(gradient, sums, stretch.scalars[j])))
    assert (report.ended, report.done) == ("complete", 9)
    assert together.read().step == apart.read().step == 9
    if case.engine.name == "reference":
        assert bits(together.read()) == bits(apart.read())
    np.testing.assert_allclose(together.read().theta, apart.read().theta, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(np.transpose([report.loss, report.weight, report.penalty]), steps, rtol=1e-12)


@cases
@given(cuts=st.sets(st.integers(1, 8)))
def test_a_stretch_cut_anywhere_gives_the_same_bits(case, cuts):
    stretch, data = case.stretch(), rows(case.objective)
    whole = case.program()
    report = whole.advance(whole.load(data), stretch)
    state, reports = case.state(), []
    for begin, end in zip([0, *sorted(cuts)], [*sorted(cuts), 9], strict=True):
        program = case.program(state)  # a new one each time, as after a restart
        reports.append(program.advance(program.load(data), part(stretch, begin, end)))
        state = program.read()
    assert bits(state) == bits(whole.read())
    assert join(reports) == join([report])


@few
def test_the_same_again_gives_the_same_bits_and_leaves_the_data_alone(case):
    data = rows(case.objective)
    before = [a.copy() for a in (data.X, data.Y, data.weight)]
    states = []
    for _ in range(2):
        program = case.program()
        program.advance(program.load(data), case.stretch())
        states.append(bits(program.read()))
    assert states[0] == states[1]
    for array, copy in zip((data.X, data.Y, data.weight), before, strict=True):
        np.testing.assert_array_equal(array, copy)


@few
@pytest.mark.parametrize("masks", [False, True])
@given(cut=st.integers(1, N_ROWS - 1), seed=st.integers(0, 100))
def test_gradients_of_parts_of_a_batch_add_up(case, masks, cut, seed):
    program, data = case.program(), rows(case.objective)
    order = np.random.default_rng(seed).permutation(N_ROWS)
    loaded = program.load(data)
    sums, gradient = program.gradient(loaded, order, masks=masks)
    parts = [program.gradient(loaded, some, masks=masks) for some in (order[:cut], order[cut:])]
    # Masks go by the rows' ids, so chunks loaded apart draw the same ones.
    chunks = [
        Rows(data.X[s], data.Y[s], data.weight[s], first_id=s.start or 0) for s in (slice(0, cut), slice(cut, None))
    ]
    parts_loaded = [program.gradient(program.load(chunk), masks=masks) for chunk in chunks]
    parts_ordered = [
        program.gradient(program.load(chunk), np.arange(len(chunk.X))[::-1], masks=masks) for chunk in chunks
    ]
    for two in (parts, parts_loaded, parts_ordered):
        np.testing.assert_allclose(sum(g for _, g in two), gradient, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(sum(np.array(s) for s, _ in two), np.array(sums), rtol=1e-12)


@engines
def test_masks_change_with_row_step_and_seed_and_are_off_unless_asked_for(made):
    case = Case(made, DROPOUT, RULES["gradient descent"])
    data = rows(DROPOUT)

    def gradient(state: State, first_id: int = 0, masks: bool = True) -> bytes:
        program = case.program(state)
        return program.gradient(program.load(replace(data, first_id=first_id)), masks=masks)[1].tobytes()

    state = case.state()
    again = {gradient(state), gradient(state)}
    others = {gradient(state, first_id=1), gradient(replace(state, step=1)), gradient(replace(state, seed=1))}
    assert len(again) == 1
    assert len(again | others) == 4
    assert gradient(state, masks=False) == gradient(replace(state, step=5, seed=9), 7, masks=False)


@few
def test_a_population_is_its_members(case):
    stretch, data = case.stretch(), rows(case.objective)
    states = [case.state(seed) for seed in range(3)]
    together = State(
        np.stack([s.theta for s in states]),
        tuple(np.stack(slots) for slots in zip(*(s.slots for s in states), strict=True)),
        0,
        tuple(s.seed for s in states),
    )
    orders = np.random.default_rng(1).integers(N_ROWS, size=(3, len(stretch.order)))
    for order in (stretch.order, orders):
        program = case.program(together)
        loaded = program.load(data)
        report = program.advance(loaded, replace(stretch, order=order))
        assert report.loss.shape == report.weight.shape == report.penalty.shape == (9, 3)
        outputs = program.predict(data.X)
        for k, state in enumerate(states):
            alone = case.program(state)
            member = replace(stretch, order=order if order.ndim == 1 else order[k])
            expected = alone.advance(alone.load(data), member)
            np.testing.assert_allclose(program.read().theta[k], alone.read().theta, rtol=1e-9, atol=1e-11)
            np.testing.assert_allclose(report.loss[:, k], expected.loss, rtol=1e-9)
            np.testing.assert_allclose(report.penalty[:, k], expected.penalty, rtol=1e-9)
            np.testing.assert_allclose(outputs[k], alone.predict(data.X), rtol=1e-8, atol=1e-10)
            np.testing.assert_allclose(program.loss(loaded).loss[k], alone.loss(alone.load(data)).loss, rtol=1e-9)


@few
@pytest.mark.parametrize("stop_before", [0, 1, 5])
@pytest.mark.parametrize("by_keyboard", [False, True])
def test_an_interruption_leaves_the_state_after_whole_updates(case, stop_before, by_keyboard):
    stretch, data = case.stretch(), rows(case.objective)
    asked = 0

    def interrupt() -> bool:
        nonlocal asked
        asked += 1
        if asked > stop_before and by_keyboard:
            raise KeyboardInterrupt
        return asked > stop_before

    program, expected = case.program(), case.program()
    report = program.advance(program.load(data), stretch, interrupt)
    first = expected.advance(expected.load(data), part(stretch, 0, stop_before))
    assert (report.ended, report.done) == ("interrupted", stop_before)
    assert bits(program.read()) == bits(expected.read())
    assert join([report]) == join([first])
    rest = program.advance(program.load(data), part(stretch, stop_before, 9))
    whole = case.program()
    assert join([report, rest]) == join([whole.advance(whole.load(data), stretch)])
    assert bits(program.read()) == bits(whole.read())


def with_a_bad_row(case: Case, row: int) -> Rows:
    data = rows(case.objective)
    X = data.X.copy()
    X[row] = 1e200  # its square overflows
    return replace(data, X=X)


@engines
@pytest.mark.parametrize("bad_batch", [0, 4, 8])
def test_a_loss_that_is_not_finite_stops_before_its_update(made, bad_batch):
    case = Case(made, ml.Objective(ml.Network([N_INPUTS, N_CLASSES])), RULES["adam"])
    data = with_a_bad_row(case, 0)
    stretch = case.stretch()
    order = np.where(stretch.order == 0, 1, stretch.order)
    order[stretch.starts[bad_batch]] = 0
    stretch = replace(stretch, order=order)
    program, expected = case.program(), case.program()
    report = program.advance(program.load(data), stretch)
    first = expected.advance(expected.load(data), part(stretch, 0, bad_batch))
    assert (report.ended, report.done, first.ended) == ("nonfinite", bad_batch, "complete")
    assert bits(program.read()) == bits(expected.read())
    assert join([report]) == join([first])


@engines
def test_on_nonfinite_continue_goes_on(made):
    case = Case(made, ml.Objective(ml.Network([N_INPUTS, N_CLASSES])), RULES["adam"])
    program = case.program()
    report = program.advance(program.load(with_a_bad_row(case, 0)), case.stretch(60, on_nonfinite="continue"))
    assert (report.ended, report.done) == ("complete", 60)
    assert len(report.loss) == 60
    assert not np.all(np.isfinite(report.loss))
    assert program.read().step == 60
    assert not np.all(np.isfinite(program.read().theta))


@engines
def test_a_stretch_without_batches_does_nothing(made):
    case = Case(made, PLAIN, RULES["adam"])
    program = case.program()
    report = program.advance(program.load(rows()), part(case.stretch(), 3, 3))
    assert (report.ended, report.done, report.loss.shape) == ("complete", 0, (0,))
    assert bits(program.read()) == bits(case.state())


@few
def test_outputs_loss_and_gradient_are_the_objectives(case):
    data, J, state = rows(case.objective), case.objective, case.state()
    program = case.program()
    loaded = program.load(data)
    summing = replace(J, penalty=None, reduction="sum")
    value, gradient = summing.value_and_gradient(state.theta, data.X, data.Y, data.weight)
    sums, summed = program.gradient(loaded)
    np.testing.assert_allclose(summed, J.network.pack(gradient), rtol=1e-12, atol=1e-13)
    for loss, weight in (sums, program.loss(loaded)):
        np.testing.assert_allclose([loss, weight], [value, data.weight.sum()], rtol=1e-13)
    np.testing.assert_allclose(program.predict(data.X), J.network.forward(state.theta, data.X), rtol=1e-13, atol=1e-15)
    other = case.state(5).theta
    np.testing.assert_array_equal(
        program.gradient(loaded, theta=other)[1], (there := case.program(case.state(5))).gradient(there.load(data))[1]
    )
    assert bits(program.read()) == bits(state)


@engines
def test_hidden_values_are_predicted_too(made):
    case = Case(made, PLAIN, RULES["adam"])
    (W, b), _ = PLAIN.network.unpack(case.state().theta)
    X = rows().X
    np.testing.assert_allclose(case.program().predict(X, until=1), np.tanh(X @ W.T + b), rtol=1e-13)


@engines
@pytest.mark.parametrize("objective", [PLAIN, DROPOUT])
def test_sparse_rows_equal_dense_ones(made, objective):
    case = Case(made, objective, RULES["adam"])
    data = rows(objective)
    X = np.where(np.random.default_rng(3).uniform(size=data.X.shape) < 0.5, 0.0, data.X)
    dense, thin = case.program(), case.program()
    report = dense.advance(dense.load(replace(data, X=X)), case.stretch())
    other = thin.advance(thin.load(replace(data, X=sparse.csr_array(X))), case.stretch())
    np.testing.assert_allclose(other.loss, report.loss, rtol=1e-11)
    np.testing.assert_allclose(thin.read().theta, dense.read().theta, rtol=1e-9, atol=1e-12)
    for until in (None, *range(len(objective.plan.operations))):
        found, expected = thin.predict(sparse.csr_array(X), until=until), dense.predict(X, until=until)
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


@few
def test_single_precision_is_near_double(case):
    single = replace(case, dtype="float32")
    program, judge = single.program(), case.program()
    data = rows(case.objective)
    report = program.advance(program.load(data), single.stretch())
    expected = judge.advance(judge.load(data), case.stretch())
    assert program.read().theta.dtype == program.predict(data.X).dtype == np.float32
    assert report.loss.dtype == report.weight.dtype == report.penalty.dtype == np.float64
    np.testing.assert_allclose(report.loss, expected.loss, rtol=1e-4)
    np.testing.assert_allclose(report.penalty, expected.penalty, rtol=1e-4)
    np.testing.assert_allclose(program.read().theta, judge.read().theta, atol=1e-3)


@cases
def test_engines_agree(case):
    judge = replace(case, engine=ENGINES["reference"])
    program, expected = case.program(), judge.program()
    data = rows(case.objective)
    report = program.advance(program.load(data), case.stretch())
    other = expected.advance(expected.load(data), case.stretch())
    np.testing.assert_allclose(report.loss, other.loss, rtol=1e-10)
    np.testing.assert_allclose(report.penalty, other.penalty, rtol=1e-10)
    np.testing.assert_allclose(program.read().theta, expected.read().theta, rtol=1e-8, atol=1e-10)


@engines
def test_states_are_copies(made):
    case = Case(made, PLAIN, RULES["adam"])
    given_state = case.state()
    program = case.program(given_state)
    given_state.theta[:] = 7.0
    program.read().theta[:] = 8.0
    program.read().slots[0][:] = 9.0
    assert bits(program.read()) == bits(case.state())


@few
@pytest.mark.parametrize("members", [None, 3])
def test_a_state_that_is_handed_over_is_the_programs_and_its_last(case, members):
    start = case.state()
    if members:
        theta, *slots = (np.stack([array] * members) for array in (start.theta, *start.slots))
        start = State(theta, tuple(slots), seed=tuple(range(members)))
    stretch, data = case.stretch(), rows(case.objective)
    program = case.program(start)
    loaded = program.load(data)
    program.advance(loaded, part(stretch, 0, 5))
    before = program.read()
    state = program.release()
    sums = Sums(*np.ones((2, *before.theta.shape[:-1])))
    for use in (
        program.read,
        program.read_theta,
        program.release,
        lambda: program.write(state),
        lambda: program.gradient(loaded),
        lambda: program.loss(loaded),
        lambda: program.apply(np.zeros_like(state.theta), sums, stretch.scalars[0]),
        lambda: program.advance(loaded, stretch),
        lambda: program.predict(data.X),
    ):
        with pytest.raises(RuntimeError, match="program: its state was handed over; make a new program"):
            use()
    program = loaded = None
    gc.collect()  # nothing is left of them
    assert bits(state) == bits(before)
    again = case.program(state)
    again.advance(again.load(data), part(stretch, 5, 9))
    whole = case.program(start)
    whole.advance(whole.load(data), stretch)
    assert bits(again.read()) == bits(whole.read())
    for array in (state.theta, *state.slots):
        array[:] = 0.0  # the receiver's own


@few
def test_theta_is_read_alone(case):
    program = case.program()
    program.advance(program.load(rows(case.objective)), case.stretch())
    theta = program.read_theta()
    np.testing.assert_array_equal(theta, program.read().theta)
    theta[:] = 7.0
    assert not np.array_equal(theta, program.read_theta())


HEADS = {
    "softmax": PLAIN,
    "dropout": DROPOUT,
    "smoothed": ml.Objective(PLAIN.network, label_smoothing=0.3),
    "smoothed sparsemax": ml.Objective(ml.Network([N_INPUTS, 5, N_CLASSES], output="sparsemax"), label_smoothing=0.1),
    "hinge": ml.Objective(ml.Network([N_INPUTS, 5, N_CLASSES], "tanh"), "hinge"),
    "squared": ml.Objective(PLAIN.network, "squared"),
}


def labelled_rows(objective: ml.Objective) -> tuple[Rows, Rows]:
    """The same rows with targets as labels and written out."""
    data, labels = rows(objective), np.random.default_rng(4).integers(N_CLASSES, size=N_ROWS)
    targets = encode_keeping_labels(
        labels, objective.head, N_ROWS, N_CLASSES, label_smoothing=objective.label_smoothing
    )
    assert isinstance(targets, OneHot)
    return replace(data, Y=targets), replace(data, Y=objective.encode(labels, N_ROWS))


@engines
@pytest.mark.parametrize("objective", HEADS.values(), ids=HEADS.keys())
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("as_sparse", [False, True])
def test_labels_give_the_bits_of_targets_that_are_written_out(made, objective, dtype, as_sparse):
    case = Case(made, objective, RULES["adam"], dtype=dtype)
    one_by_one = Stretch(np.arange(N_ROWS), np.arange(N_ROWS + 1), case.stretch(N_ROWS).scalars)
    seen = []
    for data in labelled_rows(objective):
        program = case.program()
        loaded = program.load(replace(data, X=sparse.csr_array(data.X)) if as_sparse else data)
        gradients = [program.gradient(loaded)[1], program.gradient(loaded, np.array([3, 3, 0]), masks=True)[1]]
        reports = [program.advance(loaded, stretch) for stretch in (case.stretch(), one_by_one)]
        loss = float(program.loss(loaded).loss)
        seen.append((loss, join(reports), bits(program.read()), [g.tobytes() for g in gradients]))
    assert seen[0] == seen[1]


@engines
def test_members_have_orders_of_their_own_among_labels(made):
    case = Case(made, PLAIN, RULES["gradient descent"])
    start = case.state().theta
    orders = np.random.default_rng(1).integers(N_ROWS, size=(2, 12))
    thetas = []
    for data in labelled_rows(PLAIN):
        program = case.program(State(np.stack([start, start]), (), seed=(0, 0)))
        program.advance(program.load(data), Stretch(orders, np.array([0, 5, 12]), np.full((2, 1), 0.1)))
        thetas.append(program.read().theta.tobytes())
    assert thetas[0] == thetas[1]


@pytest.mark.parametrize("made", [e for name, e in ENGINES.items() if name != "reference"])
def test_labels_are_checked_and_copied_where_an_array_would_be_overrun(made):
    case = Case(made, PLAIN, RULES["adam"])
    data, _ = labelled_rows(PLAIN)
    program = case.program()
    for bad in (-1, N_CLASSES):
        labels = data.Y.labels.copy()
        labels[7] = bad
        with pytest.raises(ValueError, match="labels: must be numbers of classes"):
            program.load(replace(data, Y=OneHot(labels, N_CLASSES)))
    with pytest.raises(ValueError, match="labels: must have as many entries as X has rows"):
        program.load(replace(data, Y=OneHot(data.Y.labels[1:], N_CLASSES)))
    with pytest.raises(ValueError, match="Y: must have as many columns as the network has outputs"):
        program.loss(program.load(replace(data, Y=OneHot(data.Y.labels, N_CLASSES + 1))))
    loaded = program.load(data)
    before = program.loss(loaded)
    data.Y.labels[:] = 2**30
    assert program.loss(loaded) == before


@engines
def test_states_that_do_not_fit_are_refused(made):
    case = Case(made, PLAIN, RULES["adam"])
    state = case.state()
    program = case.program()
    for bad, message in (
        (replace(state, theta=state.theta[1:]), "shape"),
        (replace(state, slots=(state.slots[0], state.slots[1][1:])), "shape"),
        (replace(state, slots=state.slots[:1]), "slots"),
        (replace(state, theta=state.theta[None]), "shape"),
        (replace(state, seed=(1, 2)), "seed"),
    ):
        with pytest.raises(ValueError, match=f"state: .*{message}"):
            program.write(bad)
    assert bits(program.read()) == bits(state)


def test_engines_are_found_by_name():
    for name, made in ENGINES.items():
        assert engine(name) is made
        assert made.name == name
    assert engine() in ENGINES.values()
    with pytest.raises(ValueError, match=r"engine: unknown engine 'warp'; installed: .*reference"):
        engine("warp")
