"""What comes from outside is brought into form by one copy or refused by name, before anything is run."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

import multilayer as ml
from multilayer.engines import ENGINES
from multilayer.engines.protocol import Rows, State, Sums
from multilayer.formulas.activations import ACTIVATIONS, Activation, activation
from multilayer.formulas.losses import Loss
from multilayer.formulas.outputs import OUTPUTS, Output
from multilayer.formulas.own_losses import OWN_LOSSES
from multilayer.formulas.update_rules import UPDATE_RULES, UpdateRule
from multilayer.network.head import Head

OBJECTIVE = ml.Objective(ml.Network([4, ml.Dropout(0.2), 6, 3], "tanh", "softmax"))
REFUSED = (ValueError, TypeError)


def unaligned(a: np.ndarray) -> np.ndarray:
    """The same numbers where no number should stand."""
    memory = np.empty(a.nbytes + 1, np.uint8)[1:]
    moved = memory.view(a.dtype).reshape(a.shape) if a.size else a
    moved[...] = a
    assert not moved.flags.aligned
    return moved


def read_only(a: np.ndarray) -> np.ndarray:
    a = a.copy()
    a.flags.writeable = False
    return a


FORMS = {
    "columns first": np.asfortranarray,
    "every other row": lambda a: np.repeat(a, 2, axis=0)[::2],
    "backwards": lambda a: a[::-1].copy()[::-1],
    "every other column": lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
    "read-only": read_only,
    "unaligned": unaligned,
    "big-endian": lambda a: a.astype(a.dtype.newbyteorder(">")),
    "lists": lambda a: a.tolist(),
    "objects": None,
}
TYPES = ["float16", "float32", "float64", "longdouble", "int8", "uint64", "bool"]


def near(job, rows, expected_rows, **options):
    """Both rows give the same bits."""
    made = job(OBJECTIVE, **options)
    states = [made.run(rows=some)[1].theta.tobytes() for some in (rows, expected_rows)]
    assert states[0] == states[1]


@pytest.mark.parametrize("form", [f for f in FORMS if f != "objects"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_arrays_of_any_form(job, form, dtype):
    change = FORMS[form]
    plain = replace(job(OBJECTIVE, weighted=True).rows())
    Y, weight = np.asarray(plain.Y, np.float64), plain.weight
    # Lists have no shape, which engines ask rows for; targets and weights may be lists.
    X = plain.X if form == "lists" else change(plain.X)
    expected = Rows(plain.X, Y, weight, 5)
    near(job, Rows(X, change(Y), change(weight), 5), expected, dtype=dtype)
    made = job(OBJECTIVE, dtype=dtype)
    program = made.program()
    np.testing.assert_array_equal(program.predict(X), program.predict(plain.X))
    state = made.state()
    same = State(change(state.theta), tuple(map(change, state.slots)), state.step, state.seed)
    program.write(same)
    np.testing.assert_array_equal(program.read().theta, state.theta)
    stretch = made.stretch()
    loaded = program.load(expected)
    changed = replace(
        stretch, order=change(stretch.order), starts=change(stretch.starts), scalars=change(stretch.scalars)
    )
    if form != "lists":  # a stretch is made of arrays
        program.advance(loaded, changed)
        np.testing.assert_array_equal(program.read().theta, made.run(rows=expected)[1].theta)
        program.write(state)
    sums, gradient = program.gradient(loaded, change(stretch.order[:7]), theta=change(state.theta))
    np.testing.assert_array_equal(gradient, program.gradient(loaded, stretch.order[:7])[1])
    program.apply(change(gradient), sums, change(stretch.scalars[0]))
    theta = program.read().theta
    program.write(state)
    program.apply(gradient, sums, stretch.scalars[0])
    np.testing.assert_array_equal(program.read().theta, theta)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("kind", TYPES)
def test_numbers_of_any_type(job, kind, dtype):
    rng = np.random.default_rng(0)
    X, Y = rng.integers(0, 2, size=(53, 4)).astype(kind), np.eye(3)[rng.integers(3, size=53)].astype(kind)
    weight = np.ones(53, kind)
    near(job, Rows(X, Y, weight), Rows(X.astype(dtype), Y.astype(dtype), weight.astype(dtype)), dtype=dtype)
    near(job, Rows(sparse.csr_array(X.astype(np.float64)), Y), Rows(sparse.csr_array(X.astype(dtype)), Y), dtype=dtype)


def test_nothing_is_copied_that_is_in_form(job):
    made = job(OBJECTIVE)
    rows, program = made.rows(), made.program()
    data = program.load(rows)
    before = program.loss(data).loss
    rows.X[:] += 1.0  # allowed: rows are used where they are
    assert program.loss(data).loss != before


def test_what_is_too_large_for_the_type_is_infinite_without_a_warning(job):
    made = job(OBJECTIVE, dtype="float32")
    rows = made.rows()
    X = rows.X.astype(np.float64)
    X[3] = 1e300
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data = made.program().load(replace(rows, X=X))
        assert np.isnan(made.program().predict(X)).any() or not made.program().loss(data).loss < np.inf


def change(rows: Rows, **parts):
    return replace(rows, Y=np.asarray(rows.Y), **parts)


def bad_rows(rows: Rows):
    """Rows that do not fit, with the name that the refusal tells."""
    X, Y, n = rows.X, np.asarray(rows.Y), len(rows.X)
    yield replace(rows, X=X[:, :3]), "X"
    yield replace(rows, X=np.hstack([X, X])), "X"
    yield replace(rows, X=X.ravel()), "X"
    yield replace(rows, X=X[None]), "X"
    yield replace(rows, X=X.astype(complex)), "X"
    yield replace(rows, X=X.astype(str)), "X"
    yield replace(rows, X=X.astype(object)), "X"
    yield replace(rows, X=X.astype("datetime64[s]")), "X"
    yield replace(rows, X=X[:-1]), "Y|weight"
    yield replace(rows, Y=Y[:-1]), "Y"
    yield replace(rows, Y=Y[:, :2]), "Y"
    yield replace(rows, Y=Y[:, 0]), "Y"
    yield replace(rows, Y=Y.astype(complex)), "Y"
    yield replace(rows, weight=np.ones(n - 1)), "weight"
    yield replace(rows, weight=np.ones((n, 1))), "weight"
    yield replace(rows, weight=np.array(1.0)), "weight"
    yield replace(rows, first_id=-1), "first_id"
    yield replace(rows, first_id=2**32), "first_id"
    yield replace(rows, first_id=2**32 - n + 1), "first_id"
    yield replace(rows, first_id=2**63 - 1), "first_id"
    yield replace(rows, first_id=2**64), "first_id"
    yield replace(rows, first_id=1.5), "first_id"


def test_rows_that_do_not_fit_are_refused_by_name(job):
    made = job(OBJECTIVE)
    program = made.program()
    for rows, name in bad_rows(made.rows()):
        with pytest.raises(REFUSED, match=name):
            program.loss(program.load(rows))
    for rows, name in bad_rows(made.rows()):
        if name == "X":
            with pytest.raises(REFUSED, match="X"):
                program.predict(rows.X)
    last = replace(made.rows(), first_id=2**32 - made.n_rows)
    assert np.isfinite(program.gradient(program.load(last), masks=True)[1]).all()


def matrix(X, values, columns, begins):
    """A CSR matrix with these arrays, which SciPy did not check."""
    made = sparse.csr_array(X)
    made.data, made.indices, made.indptr = np.asarray(values, np.float64), np.asarray(columns), np.asarray(begins)
    return made


def test_csr_matrices_of_any_form(job):
    rng = np.random.default_rng(0)
    made = job(OBJECTIVE)
    rows = made.rows()
    X = np.where(rng.random(rows.X.shape) < 0.5, 0.0, rows.X)
    expected = made.program().predict(X)
    plain = sparse.csr_array(X)
    unsorted = plain.copy()
    for begin, end in zip(plain.indptr[:-1], plain.indptr[1:], strict=True):
        unsorted.indices[begin:end] = plain.indices[begin:end][::-1]
        unsorted.data[begin:end] = plain.data[begin:end][::-1]
    doubled = matrix(X, np.repeat(plain.data / 2, 2), np.repeat(plain.indices, 2), 2 * plain.indptr)
    wide = matrix(X, plain.data, plain.indices.astype(np.int64), plain.indptr.astype(np.int64))
    spare = matrix(X, np.append(plain.data, [7.0, 8.0]), np.append(plain.indices, [3, 99]), plain.indptr)
    strided = matrix(X, np.repeat(plain.data, 2)[::2], np.repeat(plain.indices, 2)[::2], plain.indptr)
    zeros = matrix(X, X.ravel(), np.tile(np.arange(4), len(X)), 4 * np.arange(len(X) + 1))
    forms = [
        plain,
        unsorted,
        doubled,
        wide,
        spare,
        strided,
        zeros,
        sparse.csr_matrix(X),
        sparse.csc_array(X),
        sparse.coo_array(X),
    ]
    for form in forms:
        np.testing.assert_allclose(made.program().predict(form), expected, rtol=1e-12)
        state = made.run(rows=replace(rows, X=form))[1]
        np.testing.assert_allclose(state.theta, made.run(rows=replace(rows, X=X))[1].theta, rtol=1e-9, atol=1e-12)


def test_csr_matrices_that_are_none_are_refused(job):
    made = job(OBJECTIVE)
    rows, program = made.rows(), made.program()
    X = sparse.csr_array(np.where(np.abs(rows.X) < 0.5, 0.0, rows.X))
    values, columns, begins = X.data, X.indices, X.indptr
    last = len(values)

    def with_column(column, kind=np.int32):
        changed = columns.astype(kind)
        changed[last // 2] = column
        return changed

    bad = [
        matrix(X, values, with_column(4), begins),
        matrix(X, values, with_column(-1), begins),
        matrix(X, values, with_column(2**31 - 1), begins),
        matrix(X, values, with_column(2**32 + 1, np.int64), begins),
        matrix(X, values, with_column(2**63, np.uint64), begins),
        matrix(X, values, with_column(1.5, np.float64), begins),
        matrix(X, values[:-1], columns, begins),
        matrix(X, values, columns[:-1], begins),
        matrix(X, values, columns, begins + 1),
        matrix(X, values, columns, begins - 1),
        matrix(X, values, columns, np.where(np.arange(len(begins)) == 3, last, begins)),
        matrix(X, values, columns, np.where(np.arange(len(begins)) == 3, -5, begins)),
        matrix(X, values, columns, np.append(begins[:-1], last + 1)),
        matrix(X, values, columns, np.append(begins[:-1], 2**40)),
        matrix(X, values, columns, begins[:-1]),
        matrix(X, values, columns, np.append(begins, last)),
        matrix(X, values, columns, begins[:0]),
        matrix(X, values, columns, begins.astype(np.float64)),
        matrix(X, values[:, None], columns, begins),
        matrix(X, values, columns[:, None], begins),
        matrix(X, values, columns, begins[:, None]),
        sparse.csr_array(np.ones((53, 5))),
        sparse.csr_array((53, 3)),
    ]
    for some in bad:
        with pytest.raises(REFUSED, match=r"X|indptr"):
            program.load(replace(rows, X=some))
        with pytest.raises(REFUSED, match=r"X|indptr"):
            program.predict(some)


def test_indices_that_change_after_loading_do_no_harm(job):
    made = job(OBJECTIVE, sparse=True)
    rows, program = made.rows(), made.program()
    data = program.load(rows)
    before = program.loss(data).loss
    rows.X.indices[:] = 10**6
    rows.X.indptr[:] = 10**6
    assert program.loss(data).loss == before


def bad_stretches(stretch, n_rows):
    order, starts, scalars = stretch.order, stretch.starts, stretch.scalars

    def with_entry(entry):
        return np.where(np.arange(len(order)) == len(order) // 2, entry, order)

    yield replace(stretch, order=with_entry(n_rows)), "order"
    yield replace(stretch, order=with_entry(-1)), "order"
    yield replace(stretch, order=with_entry(2**62)), "order"
    yield replace(stretch, order=with_entry(-(2**63))), "order"
    yield replace(stretch, order=order.astype(np.uint64) + np.uint64(2**63)), "order"
    yield replace(stretch, order=order.astype(np.float64)), "order"
    yield replace(stretch, order=order > 3), "order"
    yield replace(stretch, order=order[None, None]), "order"
    yield replace(stretch, order=np.stack([order, order])), "order"
    yield replace(stretch, order=np.array(3)), "order"
    yield replace(stretch, order=order[:-1]), "starts"
    yield replace(stretch, starts=starts[::-1]), "starts"
    yield replace(stretch, starts=starts - 1), "starts"
    yield replace(stretch, starts=starts + 1), "starts"
    yield replace(stretch, starts=starts.astype(np.float64)), "starts"
    yield replace(stretch, starts=starts[:, None]), "starts"
    yield replace(stretch, starts=starts[:0], scalars=scalars[:0]), "starts"
    yield replace(stretch, starts=np.array([0, -5, 10]), scalars=scalars[:2]), "starts"
    yield replace(stretch, starts=np.array([0, 2**62]), scalars=scalars[:1]), "starts"
    yield replace(stretch, starts=starts[:-1]), "scalars"
    yield replace(stretch, scalars=scalars[:, :-1]), "scalars"
    yield replace(stretch, scalars=scalars.T), "scalars"
    yield replace(stretch, scalars=scalars.ravel()), "scalars"
    yield replace(stretch, scalars=scalars.astype(str)), "scalars"


@pytest.mark.parametrize("members", [None, 3])
def test_stretches_that_do_not_fit_are_refused_by_name(job, bits, members):
    made = job(OBJECTIVE, members=members)
    program = made.program()
    data = program.load(made.rows())
    for stretch, name in bad_stretches(made.stretch(), made.n_rows):
        with pytest.raises(REFUSED, match=name):
            program.advance(data, stretch)
        if name != "scalars" or len(stretch.scalars) == len(stretch.starts) - 1:
            with pytest.raises(REFUSED):
                program.advance(data, stretch, lambda: False)
    assert program.read().step >= made.state().step
    if members is None:
        for order in (
            made.stretch().order + made.n_rows,
            -made.stretch().order - 1,
            np.zeros(3),
            np.zeros((2, 2, 2), int),
        ):
            with pytest.raises(REFUSED, match="order"):
                program.gradient(data, order)


@pytest.mark.parametrize("members", [None, 2])
def test_states_gradients_and_scalars_that_do_not_fit_are_refused_by_name(job, bits, members):
    made = job(OBJECTIVE, members=members)
    program, state = made.program(), made.state()
    theta, slots = state.theta, state.slots
    ones = tuple(np.ones(members or 1).tolist())
    bad_states = [
        (replace(state, theta=theta[..., 1:]), "state"),
        (replace(state, theta=theta[None]), "state"),
        (replace(state, theta=theta.astype(complex)), "state"),
        (replace(state, slots=slots[:1]), "state"),
        (replace(state, slots=(slots[0], slots[1][..., :-1])), "state"),
        (replace(state, step=-1), "step"),
        (replace(state, step=1.5), "step"),
        (replace(state, seed=-1 if members is None else (-1, 0)), "seed"),
        (replace(state, seed=2**64 if members is None else (2**64, 0)), "seed"),
        (replace(state, seed=1.5 if members is None else (0, 1.5)), "seed"),
        (replace(state, seed=ones if members is None else 0), "seed"),
    ]
    for bad, name in bad_states:
        with pytest.raises(REFUSED, match=name):
            program.write(bad)
    data = program.load(made.rows())
    sums, gradient = program.gradient(data)
    scalars = made.stretch().scalars[0]
    for bad in (theta[..., 1:], theta[None], np.concatenate([theta, theta], axis=-1), theta.astype(str)):
        with pytest.raises(REFUSED, match="theta"):
            program.gradient(data, theta=bad)
        with pytest.raises(REFUSED, match="gradient"):
            program.apply(bad, sums, scalars)
    for bad in (scalars[:-1], scalars[None], np.append(scalars, 1.0), scalars.astype(complex)):
        with pytest.raises(REFUSED, match="scalars"):
            program.apply(gradient, sums, bad)
    with pytest.raises(REFUSED, match="weight"):
        program.apply(gradient, Sums(sums.loss, np.ones(7)), scalars)
    assert bits(program.read()) == bits(state)


def test_operations_that_are_not_there_are_refused(job):
    made = job(OBJECTIVE)
    program, X = made.program(), made.rows().X
    n = len(made.plan.operations)
    assert program.predict(X, until=n - 1).shape == (len(X), 3)
    for until in (n, 100, -n - 1):
        with pytest.raises(REFUSED, match="until"):
            program.predict(X, until=until)


@pytest.mark.parametrize("n_threads", [0, -1, 1.5, "2", True])
def test_threads_that_are_no_number_are_refused(native, n_threads):
    with pytest.raises(REFUSED, match="n_threads"):
        native.program(OBJECTIVE.plan, UPDATE_RULES["adam"], n_threads=n_threads)


def test_more_threads_than_there_can_be_do_no_harm(job, bits):
    made = job(
        ml.Objective(ml.Network([60, 120, 80, 10], "tanh", "softmax")), n_rows=3000, batch_size=3000, n_threads=100
    )
    few = replace(made, n_threads=3)
    np.testing.assert_allclose(made.run()[1].theta, few.run()[1].theta, rtol=1e-9, atol=1e-11)
    assert bits(job(OBJECTIVE, n_threads=10**9).run()[1]) == bits(job(OBJECTIVE).run()[1])


@pytest.mark.parametrize("members", [0, -1])
def test_populations_of_nobody_are_refused(native, members):
    with pytest.raises(REFUSED, match="members"):
        native.program(OBJECTIVE.plan, UPDATE_RULES["adam"], members=members)


@pytest.mark.parametrize("members", [None, 2])
def test_no_rows(job, bits, members):
    made = job(OBJECTIVE, members=members)
    program = made.program()
    for X in (np.empty((0, 4)), sparse.csr_array((0, 4))):
        data = program.load(Rows(X, np.empty((0, 3))))
        assert np.asarray(program.loss(data)).tolist() == np.zeros((2, *made.lead)).tolist()
        assert not program.gradient(data)[1].any()
        assert program.predict(X).shape == (*made.lead, 0, 3)
        with pytest.raises(REFUSED, match="order"):
            program.advance(data, made.stretch())


@given(data=st.data())
def test_stretches_at_random_never_crash(job, data):
    made = job(OBJECTIVE, n_rows=9)
    entry = st.integers(-2, 10) | st.integers(-(2**63), 2**63 - 1)
    order = np.array(data.draw(st.lists(entry, max_size=12)), np.int64)
    starts = np.array(data.draw(st.lists(st.integers(-1, 13) | entry, max_size=5)), np.int64)
    n = data.draw(st.integers(0, 5))
    stretch = replace(made.stretch(), order=order, starts=starts, scalars=np.full((n, 6), 0.5))
    program = made.program()
    fits = ((order >= 0) & (order < 9)).all() and len(starts) == n + 1 and (np.diff(starts) >= 0).all()
    if fits and starts[0] >= 0 and starts[-1] <= len(order):
        assert program.advance(program.load(made.rows()), stretch).done == n
    else:
        with pytest.raises(REFUSED, match=r"order|starts|scalars"):
            program.advance(program.load(made.rows()), stretch)


def cube(z):
    return z * z * z


def cube_slope(z):
    return 3.0 * (z * z)


def loss_of_fourth_power(f, y):
    return 0.25 * (f - y) ** 4


def loss_of_fourth_power_slope(f, y):
    return (f - y) ** 3


def vjp_of_halves(z, f, v):
    return 0.5 * v


CUBE = Activation("cube", cube, cube_slope)
FALSE_TANH = Activation("tanh", cube, cube_slope)
HALF = Output("half", lambda z: 0.5 * z, vjp_of_halves)
FOURTH = Loss("fourth", loss_of_fourth_power, loss_of_fourth_power_slope)
OWN = {
    "activation 'cube'": ml.Objective(ml.Network([4, 5, 2], CUBE)),
    "activation 'tanh'": ml.Objective(ml.Network([4, 5, 2], FALSE_TANH)),
    "output 'half'": ml.Objective(ml.Network([4, 5, 2], "tanh", HALF)),
    "output 'cube'": ml.Objective(ml.Network([4, 5, 2], "tanh", CUBE)),
    "loss 'fourth'": ml.Objective(ml.Network([4, 5, 2], "tanh"), FOURTH),
    "loss 'squared'": ml.Objective(
        ml.Network([4, 5, 2]), Loss("squared", loss_of_fourth_power, loss_of_fourth_power_slope)
    ),
}
own = pytest.mark.parametrize(("name", "objective"), OWN.items(), ids=OWN.keys())


@own
def test_functions_of_your_own_are_told_to_use_the_reference_engine(native, name, objective):
    told = native.refuses(objective.plan, UPDATE_RULES["adam"], np.dtype("float64"))
    assert told == f"{name} is a Python function of your own; use engine='reference'"


def test_own_rules_and_own_losses_are_known_by_all_their_functions(native):
    def formula(theta, g, *, rate):
        return (theta - 2.0 * rate * g,)

    for rule in (UpdateRule("mine", formula), UpdateRule("gradient_descent", formula)):
        assert f"rule {rule.name!r}" in native.refuses(OBJECTIVE.plan, rule, np.dtype("float64"))
    squared = OWN_LOSSES["identity", "squared", False]
    other = replace(squared, delta=lambda z, f, y: 2.0 * (f - y))
    plan = replace(OBJECTIVE.plan, head=Head(OUTPUTS["identity"], other, "numbers"))
    assert "loss 'squared'" in native.refuses(plan, UPDATE_RULES["adam"], np.dtype("float64"))


def test_every_entry_of_the_registries_is_taken(native):
    for g in ACTIVATIONS.values():
        for options in ({}, {name: value / 2 for name, value in g.options}):
            network = ml.Network([4, 5, 2], activation(g, **options))
            assert native.refuses(ml.Objective(network).plan, UPDATE_RULES["adam"], np.dtype("float32")) is None
            native.program(ml.Objective(network).plan, UPDATE_RULES["adam"])


X, T = np.random.default_rng(0).normal(size=(30, 4)), np.random.default_rng(1).normal(size=(30, 2))


def trained(objective, **options):
    return ml.train(objective, objective.network.initialize(0), X, T, **{"epochs": 2, "batch_size": 8, **options})


@own
def test_by_default_they_run_on_the_reference_engine(native, name, objective):
    run, expected = trained(objective), trained(objective, engine="reference")
    assert run.state.theta.tobytes() == expected.state.theta.tobytes()
    with pytest.raises(ValueError, match=f"engine: 'native' cannot run this: {name} .* use engine='reference'"):
        trained(objective, engine="native")


@pytest.mark.parametrize("dtype", ["float16", "longdouble", ">f8"])
def test_by_default_other_types_run_on_the_reference_engine(native, dtype):
    objective = ml.Objective(ml.Network([4, 5, 2], "tanh"))
    run = trained(objective, dtype=dtype, rule=ml.GradientDescent(0.1))  # Adam's ε is 0 in half precision
    assert np.isfinite(run.state.theta).all()
    if dtype != ">f8":  # whose numbers are NumPy's own after the first step
        assert run.state.theta.dtype == np.dtype(dtype)
        with pytest.raises(
            ValueError, match=r"engine: 'native' cannot run this: dtype: must be float32 or float64, came"
        ):
            trained(objective, dtype=dtype, engine="native")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_by_default_all_else_runs_on_the_native_engine(native, monkeypatch, dtype):
    objective = ml.Objective(ml.Network([4, 5, 2], "tanh"))
    run, expected = trained(objective, dtype=dtype), trained(objective, dtype=dtype, engine="native")
    assert run.state.theta.tobytes() == expected.state.theta.tobytes()
    monkeypatch.delitem(ENGINES, "reference")
    assert trained(objective, dtype=dtype).state.theta.tobytes() == run.state.theta.tobytes()


@pytest.mark.parametrize("dtype", ["int64", "complex128"])
def test_types_that_no_engine_takes_are_refused(native, dtype):
    with pytest.raises(REFUSED, match="dtype"):
        trained(ml.Objective(ml.Network([4, 5, 2], "tanh")), dtype=dtype)


@pytest.mark.parametrize("method", ["lbfgs", "conjugate_gradient", "levenberg_marquardt"])
def test_full_batch_methods_agree_between_engines(native, method):
    objective = ml.Objective(ml.Network([4, 5, 2], "tanh"))
    runs = [trained(objective, method=method, batch_size="auto", epochs=5, engine=e) for e in ("native", "reference")]
    np.testing.assert_allclose(runs[0].history["loss"], runs[1].history["loss"], rtol=1e-8)
    run = trained(OWN["activation 'cube'"], method=method, batch_size="auto", epochs=2)
    assert np.isfinite(run.history["loss"]).all()
