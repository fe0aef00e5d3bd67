"""Ctrl-C ends what runs in the compiled module soon, and after whole updates."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace

import numpy as np
import pytest

import multilayer as ml

SOON = 0.5  # seconds; a tenth on a machine that does nothing else

PREPARE = """
import json, signal, sys, time
import numpy as np
import multilayer as ml
from multilayer.engines import ENGINES
from multilayer.engines.protocol import Rows, State, Stretch

# What is started in the background inherits that Ctrl-C is ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)

def go(*_):
    print("go", flush=True)

def started(layers, n, dtype="float32", activation="tanh"):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, layers[0])).astype(dtype)
    J = ml.Objective(ml.Network(layers, activation, "softmax"))
    return J, J.network.initialize(0), X, rng.integers(layers[-1], size=n)

def train(layers, n, dtype="float32", activation="tanh", **options):
    J, theta, X, T = started(layers, n, dtype, activation)
    if "callbacks" not in options:
        go()
    run = ml.train(J, theta, X, T, epochs=10**7, engine="native", dtype=dtype, rule=ml.GradientDescent(1e-4), **options)
    tell(run.ended, run.state)

def population(layers, n, batch_size, members, dtype="float32"):
    J, theta, X, T = started(layers, n, dtype)
    rule = ml.GradientDescent(1e-4)
    program = ENGINES["native"].program(J.plan, rule.formula, dtype=dtype, members=members, n_threads=2)
    program.write(State(np.stack([J.network.pack(theta)] * members), (), 0, (0,) * members))
    data = program.load(Rows(X, J.encode(T, n)))
    epochs = 10**6 // n + 1
    starts = np.append((n * np.arange(epochs)[:, None] + np.arange(0, n, batch_size)).ravel(), epochs * n)
    stretch = Stretch(np.tile(np.arange(n), epochs), starts, np.full((len(starts) - 1, 1), 1e-4))
    go()
    while (report := program.advance(data, stretch)).ended == "complete":
        pass
    tell(report.ended, program.read())

def tell(ended, state):
    now = time.monotonic()
    print(json.dumps([now, ended, state.step, bool(np.isfinite(state.theta).all())]), flush=True)
"""


def struck(code: str, after: float = 0.3) -> tuple[float, list]:
    """Send a signal to a process at work; how long it took to end, and what it told."""
    process = subprocess.Popen(
        [sys.executable, "-c", PREPARE + code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout.readline() == "go\n"
        time.sleep(after)
        sent = time.monotonic()
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=30)
    finally:
        process.kill()
    assert out, errors
    now, *told = json.loads(out.splitlines()[-1])
    return now - sent, told


RUNS = {
    "single rows": "train([2, 4, 2], 500, batch_size=1)",
    "small batches": "train([2, 4, 2], 500, batch_size=10)",
    "slow steps for their products": "train([2, ml.APL(64, 50), 2], 500, 'float64', batch_size=10)",
    "one full batch": "train([50, 100, 10], 400_000, batch_size=None, callbacks=[go])",
    "large network": "train([1000, 1000, 10], 200, 'float64', batch_size=64)",
    "population": "population([2, 4, 2], 500, 10, 5)",
    "population, full batches": "population([50, 100, 10], 100_000, 100_000, 8)",
}


@pytest.mark.parametrize("code", RUNS.values(), ids=RUNS.keys())
def test_ctrl_c_ends_a_run_soon(native, code):
    seconds, (ended, step, finite) = struck(code)
    assert seconds < SOON
    assert ended == "interrupted"
    assert step >= 0
    assert finite


def test_ctrl_c_ends_a_prediction_and_a_loss_soon(native):
    prepared = """
J, theta, X, T = started([50, 300, 10], 200_000)
program = ENGINES["native"].program(J.plan, ml.GradientDescent(0.1).formula, dtype="float32")
program.write(State(J.network.pack(theta), ()))
data = program.load(Rows(X, J.encode(T, len(X))))
go()
try:
    while True:
        {}
except KeyboardInterrupt:
    tell("interrupted", program.read())
"""
    for call in ("program.predict(X)", "program.loss(data)", "program.gradient(data)"):
        seconds, (ended, step, finite) = struck(prepared.format(call))
        assert seconds < SOON
        assert (ended, step, finite) == ("interrupted", 0, True)


@pytest.fixture
def alarm():
    """Have a function called by a signal's handler, soon and in the main thread."""
    before = signal.getsignal(signal.SIGALRM)

    def alarm(handler, after=0.05):
        signal.signal(signal.SIGALRM, lambda *_: handler())
        signal.setitimer(signal.ITIMER_REAL, after)

    yield alarm
    signal.setitimer(signal.ITIMER_REAL, 0.0)
    signal.signal(signal.SIGALRM, before)


def strike():
    raise KeyboardInterrupt


class Own(Exception):
    pass


def a_long_job(job, **options):
    objective = ml.Objective(ml.Network([4, 8, 3], "tanh", "softmax"))
    return job(objective, **{"rule": ml.Momentum(1e-3), "n_rows": 500, "batch_size": 1, "epochs": 2000, **options})


@pytest.mark.parametrize(
    "options",
    [{}, {"batch_size": 16, "epochs": 20000}, {"members": 3, "n_threads": 2, "epochs": 500}, {"dtype": "float32"}],
    ids=["single rows", "batches", "population", "single precision"],
)
def test_the_state_is_the_one_after_whole_updates(job, alarm, bits, options):
    made = a_long_job(job, **options)
    program, stretch = made.program(), made.stretch()
    data = program.load(made.rows())
    alarm(strike)
    report = program.advance(data, stretch)
    assert report.ended == "interrupted"
    assert 0 < report.done < len(stretch.starts) - 1
    assert len(report.loss) == len(report.weight) == len(report.penalty) == report.done
    assert program.read().step - made.state().step == report.done
    some = replace(stretch, starts=stretch.starts[: report.done + 1], scalars=stretch.scalars[: report.done])
    whole, expected = made.run(stretch=some)
    assert bits(program.read()) == bits(expected)
    np.testing.assert_array_equal(report.loss, whole.loss)


def test_inside_a_full_batch_nothing_has_changed(job, alarm, bits):
    made = a_long_job(job, n_rows=200_000, batch_size=200_000, epochs=20, n_threads=2)
    program = made.program()
    data, stretch = program.load(made.rows()), made.stretch()
    alarm(strike, 0.03)
    report = program.advance(data, stretch)
    assert report.ended == "interrupted"
    some = replace(stretch, starts=stretch.starts[: report.done + 1], scalars=stretch.scalars[: report.done])
    assert bits(program.read()) == bits(made.run(stretch=some)[1])


def test_a_stretch_shorter_than_the_time_between_questions_keeps_its_report(job, alarm):
    made = a_long_job(job, n_rows=50, epochs=1)  # some 50 µs
    program, stretch = made.program(), made.stretch()
    data = program.load(made.rows())
    for delay in np.linspace(0.001, 0.01, 10):
        steps = program.read().step
        try:
            alarm(strike, delay)
            while (report := program.advance(data, stretch)).ended == "complete":
                steps += report.done
        except KeyboardInterrupt:  # between two calls
            continue
        assert program.read().step == steps + report.done


@pytest.mark.parametrize("error", [Own("mine"), SystemExit(3)], ids=repr)
def test_other_errors_of_a_handler_are_the_users(job, alarm, bits, error):
    def raise_it():
        raise error

    for options in ({}, {"n_rows": 100_000, "batch_size": 100_000, "epochs": 50}, {"members": 2}):
        made = a_long_job(job, **options)
        program, stretch = made.program(), made.stretch()
        data = program.load(made.rows())
        alarm(raise_it)
        with pytest.raises(type(error)):
            program.advance(data, stretch)
        done = program.read().step - made.state().step
        some = replace(stretch, starts=stretch.starts[: done + 1], scalars=stretch.scalars[:done])
        assert bits(program.read()) == bits(made.run(stretch=some)[1])


def test_a_handler_that_raises_nothing_stops_nothing(job, alarm, bits):
    made, heard = a_long_job(job, epochs=1000), []
    program, stretch = made.program(), made.stretch()
    data = program.load(made.rows())
    alarm(lambda: heard.append(None))
    assert program.advance(data, stretch).ended == "complete"
    assert heard
    assert bits(program.read()) == bits(made.run()[1])


def test_a_program_cannot_be_used_by_the_handler_that_interrupts_it(job, alarm):
    made, errors = a_long_job(job), []
    program, stretch = made.program(), made.stretch()
    data = program.load(made.rows())

    def use():
        try:
            program.read()
        except RuntimeError as error:
            errors.append(str(error))
        raise KeyboardInterrupt

    alarm(use)
    assert program.advance(data, stretch).ended == "interrupted"
    assert len(errors) == 1
    assert program.read().step > 0


@pytest.mark.parametrize("batch_size", [1, 16])
@pytest.mark.parametrize("members", [None, 2])
def test_the_callable_is_asked_before_each_batch(job, bits, batch_size, members):
    made = a_long_job(job, n_rows=40, batch_size=batch_size, epochs=1, members=members)
    batches, asked = len(made.stretch().starts) - 1, []
    program = made.program()
    data = program.load(made.rows())

    def interrupt():
        asked.append(program.read().step)  # the program may be read meanwhile
        return False

    report = program.advance(data, made.stretch(), interrupt)
    assert (report.ended, report.done) == ("complete", batches)
    assert asked == [made.state().step + j for j in range(batches)]
    assert bits(program.read()) == bits(made.run()[1])

    def fail():
        raise Own

    with pytest.raises(Own):
        program.advance(data, made.stretch(), fail)


def test_only_the_main_thread_answers_signals(job, alarm):
    made = a_long_job(job, epochs=300)
    program, stretch, ended = made.program(), made.stretch(), []
    data = program.load(made.rows())
    thread = threading.Thread(target=lambda: ended.append(program.advance(data, stretch).ended))
    alarm(strike, 0.02)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        time.sleep(5.0)
    thread.join()
    assert ended == ["complete"]


def test_the_mode_of_subnormal_numbers_comes_back(job, alarm):
    tiny = np.full(64, np.finfo(np.float64).tiny)

    def halves():
        return bool((tiny / 4 > 0).all())

    made = a_long_job(job, n_threads=2)
    program, stretch = made.program(), made.stretch()
    data = program.load(made.rows())
    alarm(strike)
    assert program.advance(data, stretch).ended == "interrupted"
    assert halves()
    program.gradient(data)
    program.predict(made.rows().X)
    assert halves()


def test_train_gives_the_run_so_far(native, alarm):
    rng = np.random.default_rng(0)
    X, T = rng.normal(size=(500, 4)), rng.integers(3, size=500)
    J = ml.Objective(ml.Network([4, 8, 3], "tanh", "softmax"))
    theta = J.network.initialize(0)
    options = dict(rule=ml.Adam(1e-3), batch_size=16, engine="native", seed=3)
    alarm(strike, 0.2)
    run = ml.train(J, theta, X, T, epochs=10**6, **options)
    assert run.ended == "interrupted"
    epochs, rest = divmod(run.state.step, 32)
    assert epochs > 0
    assert len(run.history["epoch"]) <= epochs
    same = ml.train(J, theta, X, T, epochs=len(run.history["epoch"]), **options)
    np.testing.assert_array_equal(same.history["loss"], run.history["loss"])
    if rest == 0:
        same = ml.train(J, theta, X, T, epochs=epochs, **options)
        np.testing.assert_array_equal(same.state.theta, run.state.theta)


def test_the_history_tells_of_every_epoch_that_was_made(native, alarm):
    rng = np.random.default_rng(0)
    X, T = rng.normal(size=(500, 2)), rng.integers(2, size=500)
    J = ml.Objective(ml.Network([2, 4, 2], "tanh", "softmax"))
    theta = J.network.initialize(0)
    for after in rng.uniform(0.02, 0.1, size=25):
        alarm(strike, after)
        try:
            run = ml.train(J, theta, X, T, rule=ml.Adam(1e-4), batch_size=1, epochs=10**6, engine="native")
        except KeyboardInterrupt:  # before it began
            continue
        assert run.ended == "interrupted"
        assert len(run.history["epoch"]) == run.state.step // 500
