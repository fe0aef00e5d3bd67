"""Programs among the host program's own threads and processes."""

from __future__ import annotations

import gc
import multiprocessing
import os
import sys
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import multilayer as ml

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
# From Python 3.12 on a fork beside threads is warned of; here it is what is tested.
quietly = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")

# Steps that two threads share, by sum of gradients and block by block, and a small one.
OBJECTIVES = {
    "shared": (ml.Objective(ml.Network([60, 120, 80, 10], "tanh", "softmax")), 64),
    "blocks": (ml.Objective(ml.Network([600, 300, 10], "relu", "softmax")), 40),
    "small": (ml.Objective(ml.Network([5, 9, 3], "gelu", "softmax")), 10),
}


@pytest.fixture(params=OBJECTIVES.values(), ids=OBJECTIVES.keys())
def a_job(request, job):
    objective, batch_size = request.param
    return job(objective, ml.Adam(1e-3), 3 * batch_size + 7, batch_size, n_threads=2)


def n_threads() -> int:
    """Threads of this process, by the system's account."""
    return len(os.listdir("/proc/self/task"))


needs_account = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="this system keeps no such account")


def child_of_fork(work) -> bytes:
    """What a forked child's work returns."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            with os.fdopen(writing, "wb") as pipe:
                pipe.write(work())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        result = pipe.read()
    assert os.waitpid(child, 0)[1] == 0
    return result


def a_digest(bits) -> bytes:
    return repr(bits).encode()


@needs_fork
@quietly
def test_a_forked_child_trains_on_and_so_does_its_parent(a_job, bits):
    program = a_job.program()
    data, stretch = program.load(a_job.rows()), a_job.stretch()
    program.advance(data, stretch)  # helpers are there

    def go_on() -> bytes:
        program.advance(data, stretch)
        return a_digest(bits(program.read()))

    expected = a_job.program()
    again = expected.load(a_job.rows())
    for _ in range(2):
        expected.advance(again, stretch)
    assert child_of_fork(go_on) == a_digest(bits(expected.read()))
    assert go_on() == a_digest(bits(expected.read()))
    # A child's child, and a new program in a child.
    assert child_of_fork(lambda: child_of_fork(lambda: a_digest(bits(a_job.run()[1])))) == a_digest(
        bits(a_job.run()[1])
    )


@needs_fork
@quietly
def test_a_fork_while_others_train(job, bits):
    objective, batch_size = OBJECTIVES["shared"]
    made = job(objective, ml.Adam(1e-3), 200, batch_size, epochs=200, n_threads=2)
    program = made.program()
    data, ended = program.load(made.rows()), []
    thread = threading.Thread(target=lambda: ended.append(program.advance(data, made.stretch()).ended))
    thread.start()
    small = job(objective, ml.Adam(1e-3), 200, batch_size, n_threads=2)

    def in_child() -> bytes:
        try:  # the program is in use by a thread that the child has not
            program.read()
        except RuntimeError:
            return a_digest(bits(small.run()[1]))
        return b"read"

    while not program_is_busy(program):
        assert thread.is_alive()
    results = {child_of_fork(in_child) for _ in range(3)}
    thread.join()
    assert ended == ["complete"]
    assert results <= {a_digest(bits(small.run()[1])), b"read"}
    assert a_digest(bits(small.run()[1])) in results


def program_is_busy(program) -> bool:
    try:
        program.read()
    except RuntimeError:
        return True
    return False


def digest_of_training(seed: int) -> bytes:
    rng = np.random.default_rng(seed)
    X, T = rng.normal(size=(300, 60)), rng.integers(10, size=300)
    J, _ = OBJECTIVES["shared"]
    run = ml.train(J, J.network.initialize(seed), X, T, batch_size=64, epochs=5, n_threads=2, engine="native")
    return run.state.theta.tobytes()


@needs_fork
@quietly
def test_pools_of_processes(native):
    expected = [digest_of_training(seed) for seed in range(4)]
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map(digest_of_training, range(4)) == expected


@needs_fork
@quietly
def test_programs_that_a_child_drops_leave_the_parents_helpers_alone(a_job, bits):
    program = a_job.program()
    data, stretch = program.load(a_job.rows()), a_job.stretch()
    program.advance(data, stretch)
    held = [program]

    def drop() -> bytes:
        held.clear()
        gc.collect()
        return b"dropped"

    assert child_of_fork(drop) == b"dropped"
    program.advance(data, stretch)
    assert program.read().step == a_job.state().step + 2 * (len(stretch.starts) - 1)


def test_threads_with_programs_of_their_own_get_the_bits_of_one_alone(a_job, bits):
    jobs = [a_job.__class__(**{**vars(a_job), "seed": seed, "epochs": 5}) for seed in range(6)]
    expected = [bits(made.run()[1]) for made in jobs]
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(lambda made: bits(made.run()[1]), jobs * 2)) == expected * 2


def test_rows_loaded_by_one_program_serve_others_at_once(a_job, bits):
    data = a_job.program().load(a_job.rows())
    expected = bits(a_job.run()[1])

    def advance(_):
        program = a_job.program()
        program.advance(data, a_job.stretch())
        return bits(program.read())

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(advance, range(8))) == [expected] * 8


CALLS = {
    "advance": lambda program, data, made: program.advance(data, made.stretch()),
    "gradient": lambda program, data, made: program.gradient(data),
    "loss": lambda program, data, made: program.loss(data),
    "predict": lambda program, data, made: program.predict(made.rows().X),
    "read": lambda program, data, made: program.read(),
    "read_theta": lambda program, data, made: program.read_theta(),
    "write": lambda program, data, made: program.write(made.state()),
    "apply": lambda program, data, made: program.apply(
        made.state().theta, program_sums(made), made.stretch().scalars[0]
    ),
    "predictor": lambda program, data, made: program.predictor(),
    "release": lambda program, data, made: program.release(),
}


def program_sums(made):
    from multilayer.engines.protocol import Sums

    return Sums(np.asarray(1.0), np.asarray(1.0))


def test_a_program_in_use_is_refused_to_other_threads(job, bits):
    made = job(OBJECTIVES["small"][0], ml.Adam(1e-3), 200, 1, epochs=1000)
    program = made.program()
    data, reports = program.load(made.rows()), []
    thread = threading.Thread(target=lambda: reports.append(program.advance(data, made.stretch())))
    thread.start()
    while not program_is_busy(program):
        assert thread.is_alive()
    for name, call in CALLS.items():
        with pytest.raises(RuntimeError, match="program: runs in another thread"):
            call(program, data, made)
        assert thread.is_alive(), f"too short to try {name}"
    thread.join()
    assert reports[0].ended == "complete"
    assert bits(program.read()) == bits(made.run()[1])


def test_a_program_whose_state_was_handed_over_is_refused(job):
    for members in (None, 2):
        made = job(OBJECTIVES["small"][0], members=members)
        program, expected = made.program(), made.state()
        data = program.load(made.rows())
        released = program.release()
        np.testing.assert_array_equal(released.theta, expected.theta)
        for call in CALLS.values():
            if members is None or call is not CALLS["predictor"]:
                with pytest.raises((RuntimeError, ValueError)):
                    call(program, data, made)
        del program
        gc.collect()
        released.theta[:] += 1.0  # the arrays live on
        np.testing.assert_array_equal(released.theta, expected.theta + 1.0)


@needs_account
def test_dropped_programs_leave_no_threads(job):
    objective, batch_size = OBJECTIVES["shared"]
    made = job(objective, ml.Adam(1e-3), batch_size, batch_size, n_threads=3)
    gc.collect()
    before = n_threads()
    kept = []
    for i in range(200):
        program = made.program()
        program.advance(program.load(made.rows()), made.stretch())
        if i < 2:
            kept.append(program)
    del program
    assert n_threads() == before + 2 * len(kept)
    kept.clear()
    gc.collect()
    assert n_threads() == before


@needs_account
def test_threads_wait_for_work_that_needs_them(job):
    before = n_threads()
    small = job(OBJECTIVES["small"][0], n_threads=8)
    program = small.program()
    program.advance(program.load(small.rows()), small.stretch())
    program.predict(small.rows().X)
    assert n_threads() == before


@needs_account
def test_waiting_helpers_take_no_time(job):
    objective, batch_size = OBJECTIVES["shared"]
    made = job(objective, ml.Adam(1e-3), batch_size, batch_size, n_threads=3)
    program = made.program()
    program.advance(program.load(made.rows()), made.stretch())
    time.sleep(0.05)  # they spin at first
    before = time.process_time()
    time.sleep(0.3)
    assert time.process_time() - before < 0.05


def test_programs_and_rows_are_collected(job):
    made = job(OBJECTIVES["small"][0])
    rows = made.rows()
    X = weakref.ref(rows.X)
    program = made.program()
    data = program.load(rows)
    references = [weakref.ref(program), weakref.ref(data)]
    del rows
    assert X() is not None  # the rows are used where they are
    del data
    assert X() is None
    assert references[1]() is None
    del program
    assert references[0]() is None


def test_predictors_outlive_their_program(job):
    made = job(OBJECTIVES["small"][0])
    program = made.program()
    X = made.rows().X
    expected = program.predict(X)
    predictor = program.predictor()
    del program
    gc.collect()
    np.testing.assert_allclose([predictor(x).copy() for x in X], expected, rtol=1e-12)


def test_a_process_that_ends_with_programs_in_its_hands_ends_quietly(native, in_new_process):
    code = """
import sys, threading
import numpy as np, multilayer as ml
from multilayer.engines import ENGINES
from multilayer.engines.protocol import Rows, State, Stretch
J = ml.Objective(ml.Network([60, 120, 80, 10], "tanh", "softmax"))
X = np.random.default_rng(0).normal(size=(64, 60))
program = ENGINES["native"].program(J.plan, ml.GradientDescent().formula, n_threads=2)
program.write(State(J.network.pack(J.network.initialize(0)), ()))
data = program.load(Rows(X, np.eye(10)[np.arange(64) % 10]))
many = Stretch(np.tile(np.arange(64), 10**5), 64 * np.arange(10**5), np.full((10**5 - 1, 1), 1e-3))
one = Stretch(np.arange(64), np.array([0, 64]), np.full((1, 1), 1e-3))
program.advance(data, one)
predictor = program.predict(X)
"""
    thread = "threading.Thread(target=lambda: [program.advance(data, {}) for _ in range({})], daemon=True).start()"
    for ending in ("", "sys.exit(0)", thread.format("many", 1), thread.format("one", 10**6)):
        result = in_new_process(code + ending)
        assert (result.returncode, result.stderr) == (0, "")
    result = in_new_process(code + "raise SystemExit(5)")
    assert (result.returncode, result.stderr) == (5, "")


def test_the_interpreter_goes_on_meanwhile(job):
    """Other threads run while a program does."""
    made = job(OBJECTIVES["small"][0], ml.Adam(1e-3), 200, 1, epochs=500)
    program = made.program()
    data = program.load(made.rows())
    thread = threading.Thread(target=lambda: program.advance(data, made.stretch()))
    thread.start()
    longest, last = 0.0, time.monotonic()
    while thread.is_alive():
        time.sleep(0.001)
        longest, last = max(longest, time.monotonic() - last), time.monotonic()
    thread.join()
    assert longest < 0.25 * 1e3 * sys.getswitchinterval()
