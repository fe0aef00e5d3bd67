"""`ProgressBar` and `LiveLoss` as callbacks of training."""

from __future__ import annotations

import copy
import io
import pickle
import re
import sys
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

import multilayer as ml
from multilayer.display.live.bars import EpochBars
from multilayer.display.live.screens import Terminal

X = np.linspace(-1.0, 1.0, 8)[:, None]
OBJECTIVE = ml.Objective(ml.Network([1, 3, 1], activation="tanh"))
THETA = OBJECTIVE.network.initialize(seed=0)
CURSOR_ON = "\x1b[?25h"
CODE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")

both = pytest.mark.parametrize("kind", [ml.ProgressBar, ml.LiveLoss])


def train(*callbacks: Any, **options: Any) -> ml.Run:
    return ml.train(OBJECTIVE, THETA, X, X**2, callbacks=callbacks, **{"epochs": 7, **options})


def last_line(file: io.StringIO) -> str:
    return CODE.sub("", file.getvalue()).strip().splitlines()[-1]


class TestBoth:
    @both
    def test_silent_where_output_is_no_terminal(self, kind: Any, capsys: pytest.CaptureFixture[str]) -> None:
        train(kind())
        train(kind(stream=(file := io.StringIO())))
        assert (file.getvalue(), *capsys.readouterr()) == ("", "", "")

    @both
    def test_silent_if_told(self, kind: Any, terminal: Any) -> None:
        train(kind(shown=False, stream=terminal))
        assert terminal.getvalue() == ""

    @both
    def test_a_file_gets_plain_text_if_asked(self, kind: Any) -> None:
        train(kind(shown=True, stream=(file := io.StringIO())))
        assert "\x1b" not in file.getvalue()
        assert "epoch 7" in last_line(file)

    @both
    @pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
    def test_the_terminal_is_tidy_after_a_failure(self, kind: Any, terminal: Any, error: type[BaseException]) -> None:
        def fail(epoch: ml.Epoch) -> None:
            if epoch.epoch == 3:
                raise error

        callbacks = kind(stream=terminal), fail
        if error is KeyboardInterrupt:
            assert train(*callbacks).ended == "interrupted"
        else:
            with pytest.raises(error):
                train(*callbacks)
        assert terminal.getvalue().endswith(CURSOR_ON)
        assert "epoch 3" in last_line(terminal)

    @both
    def test_the_terminal_is_tidy_after_bad_arguments(self, kind: Any, terminal: Any) -> None:
        with pytest.raises(ValueError, match="engine"):
            train(kind(stream=terminal), engine="none")
        assert terminal.getvalue() == "" or terminal.getvalue().endswith(CURSOR_ON)

    @both
    def test_serves_one_run_after_another(self, kind: Any, terminal: Any) -> None:
        callback = kind(stream=terminal)
        train(callback)
        train(callback, epochs=4)
        assert "epoch 4" in last_line(terminal)

    @both
    def test_its_own_with_stays_open_over_a_run(self, kind: Any, terminal: Any) -> None:
        with kind(stream=terminal) as callback:
            train(callback)
        assert terminal.getvalue().count("\x1b[?25l") == terminal.getvalue().count(CURSOR_ON) == 1

    @both
    def test_can_be_copied_and_pickled(self, kind: Any) -> None:
        for other in (copy.deepcopy(kind()), pickle.loads(pickle.dumps(kind()))):
            train(other)

    @both
    def test_is_drawn_seldom(self, kind: Any, terminal: Any, clock: Any) -> None:
        callback = kind(stream=terminal, clock=clock)
        train(callback, epochs=1000)  # in no time
        assert len(re.findall("epoch", terminal.getvalue())) <= 3


class TestProgressBar:
    def test_says_how_far_and_how_good(self, terminal: Any) -> None:
        run = train(ml.ProgressBar(stream=terminal))
        assert f"epoch 7 of 7, loss {run.history['loss'][-1]:.4f}" in last_line(terminal)

    def test_prefers_the_validation_loss(self, terminal: Any) -> None:
        run = train(ml.ProgressBar(stream=terminal), validation=(X, X**2))
        assert f"validation loss {run.history['validation_loss'][-1]:.4f}" in last_line(terminal)

    def test_an_early_end_is_seen(self, terminal: Any) -> None:
        train(ml.ProgressBar(stream=terminal), stop=lambda epoch: epoch.epoch == 2)
        assert "epoch 2 of 7" in last_line(terminal)

    @pytest.mark.parametrize("method", ["lbfgs", "conjugate_gradient", "levenberg_marquardt"])
    def test_other_methods(self, terminal: Any, method: Any) -> None:
        run = train(ml.ProgressBar(stream=terminal), method=method)
        assert f"epoch {len(run.history['epoch'])} of 7" in last_line(terminal)

    def test_time_is_the_clocks(self, terminal: Any, clock: Any) -> None:
        def pass_time(epoch: ml.Epoch) -> None:
            clock.now += 60.0

        train(pass_time, ml.ProgressBar(stream=terminal, clock=clock), epochs=5, stop=lambda epoch: epoch.epoch == 3)
        assert "0:03:00 0:02:00 left" in last_line(terminal)

    def test_a_notebook_gets_html_in_one_place(self, cell: Any) -> None:
        train(ml.ProgressBar())
        assert cell.places == 1
        assert "epoch 7 of 7" in cell.shown[-1]._repr_mimebundle_((), ())["text/html"]

    def test_several_bars_count_their_own_epochs(self, terminal: Any, clock: Any) -> None:
        bars = EpochBars(Terminal(terminal), clock)
        folds, whole = bars.add("folds", 14), bars.add("all", 7)
        for _ in range(2):
            train(folds)
        train(whole, epochs=3)
        bars.close()
        *_, first, second = CODE.sub("", terminal.getvalue()).strip().splitlines()
        assert "folds" in first
        assert "epoch 14 of 14" in first
        assert "all" in second
        assert "epoch 3 of 7" in second


class TestLiveLoss:
    def test_a_notebook_gets_one_figure_of_the_whole_run(self, cell: Any) -> None:
        run = train(ml.LiveLoss(), validation=(X, X**2))
        assert cell.places == 1
        assert all(isinstance(figure, Figure) for figure in cell.shown)
        (axes,) = cell.shown[-1].axes
        drawn = {line.get_label(): line.get_ydata() for line in axes.lines}
        np.testing.assert_array_equal(drawn["training"], run.history["loss"])
        np.testing.assert_array_equal(drawn["validation"], run.history["validation_loss"])

    def test_matplotlib_is_missed_before_any_work(self, cell: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
        with pytest.raises(ImportError, match=r'pip install "multilayer\[plot\]"'):
            train(ml.LiveLoss(), lambda epoch: pytest.fail("an epoch was run"))

    def test_a_terminal_gets_the_last_losses_in_words(self, terminal: Any) -> None:
        run = train(ml.LiveLoss(stream=terminal), validation=(X, X**2))
        losses = run.history["loss"][-1], run.history["validation_loss"][-1]
        assert "epoch 7  training {:.4g}  validation {:.4g}".format(*losses) in last_line(terminal)

    def test_a_narrow_terminal(self, terminal: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("COLUMNS", "40")
        train(ml.LiveLoss(stream=terminal))
        assert max(map(len, CODE.sub("", terminal.getvalue()).splitlines())) <= 40

    def test_a_second_run_begins_anew(self, cell: Any) -> None:
        callback = ml.LiveLoss()
        train(callback)
        train(callback, epochs=2)
        assert list(cell.shown[-1].axes[0].lines[0].get_xdata()) == [1, 2]


class TestTraining:
    def test_callbacks_that_are_context_managers_are_entered_and_left(self) -> None:
        seen: list[object] = []

        class Callback:
            def __enter__(self) -> None:
                seen.append("enter")

            def __call__(self, epoch: ml.Epoch) -> None:
                seen.append(epoch.epoch)

            def __exit__(self, *exception: object) -> None:
                seen.append(exception[0])

        train(Callback(), epochs=2)
        assert seen == ["enter", 1, 2, None]

    @pytest.mark.parametrize("method", ["gradient", "lbfgs", "levenberg_marquardt"])
    def test_epochs_know_how_many_there_are_at_most(self, method: Any) -> None:
        seen: list[int] = []
        train(lambda epoch: seen.append(epoch.epochs), method=method)
        assert set(seen) == {7}
