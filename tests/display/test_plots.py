"""Plots: what is drawn, where it is drawn, and that nothing else is touched."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

import multilayer as ml
from multilayer.display.plots.canvas import COLOURS

X = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
LINEAR = ml.Network([2, 1], output="sigmoid")
THETA = (ml.Layer(np.array([[1.0, 2.0]]), np.array([-1.5])),)
HISTORY = {"epoch": [1, 2, 3, 4], "loss": [4.0, 3.0, 2.0, 1.0], "validation_loss": [4.0, 2.5, 2.0, 3.0]}
RATES = ml.RateRange(
    rates=np.array([0.01, 0.1, 1.0, 10.0]),
    losses=np.array([3.0, 2.0, 1.0, 9e9]),
    smoothed=np.array([3.0, 2.0, 1.5, 8.0]),
    suggestion=0.3,
    reason="",
    ended="diverged",
)

PLOTS: dict[str, Callable[..., Any]] = {
    "losses": ml.plot_losses,
    "history": lambda **options: ml.plot_history(HISTORY, **options),
    "rate_range": lambda **options: ml.plot_rate_range(RATES, **options),
    "activations": lambda **options: ml.plot_activations("tanh", **options),
    "decision_boundary": lambda **options: ml.plot_decision_boundary(LINEAR, THETA, X, [0, 0, 1, 1], **options),
}
every_plot = pytest.mark.parametrize("plot", PLOTS.values(), ids=PLOTS)


def lines(axes: Any) -> dict[str, Any]:
    return {line.get_label(): line for line in axes.lines}


class TestEveryPlot:
    @every_plot
    def test_gives_a_figure_that_a_notebook_shows(self, plot: Any) -> None:
        figure = plot()
        assert isinstance(figure, Figure)
        assert figure._repr_png_().startswith(b"\x89PNG")

    @every_plot
    def test_draws_on_given_axes(self, plot: Any) -> None:
        axes = Figure().add_subplot()
        assert plot(ax=axes) is axes
        assert axes.has_data()

    @every_plot
    def test_labels_its_axes(self, plot: Any) -> None:
        (axes,) = plot().axes
        assert axes.get_xlabel()
        assert axes.get_ylabel() or axes.get_title(loc="left")

    @every_plot
    def test_legend_covers_no_curve(self, plot: Any) -> None:
        figure = plot()
        figure.draw_without_rendering()
        (axes,) = figure.axes
        assert not axes.get_legend().get_window_extent().overlaps(axes.get_window_extent())
        assert figure.bbox.x1 >= axes.get_legend().get_window_extent().x1

    @every_plot
    def test_refuses_other_axes(self, plot: Any) -> None:
        with pytest.raises(TypeError, match=r"^ax: must be matplotlib Axes, came str"):
            plot(ax="axes")

    @every_plot
    def test_says_how_to_install_matplotlib(self, plot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
        with pytest.raises(ImportError, match=r'pip install "multilayer\[plot\]"'):
            plot()

    def test_pyplot_stays_out(self) -> None:
        program = "import sys, multilayer; multilayer.plot_losses(); print('matplotlib.pyplot' in sys.modules)"
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "False"

    def test_colours_differ_in_lightness_or_hue(self) -> None:
        assert len({to_rgb(c) for c in COLOURS}) == len(COLOURS)


class TestLosses:
    @pytest.mark.parametrize(
        ("label", "values"),
        {
            "0/1": (0, 0, 1, 1),
            "perceptron": (0, 0, 1, 2),
            "hinge": (0, 1, 2, 3),
            "cross-entropy (softmax)": [math.log(1 + math.exp(s)) for s in (-1, 0, 1, 2)],
            "sparsemax": (0, 0.25, 1, 2),
        }.items(),
    )
    def test_values_at_minus_1_to_2(self, label: str, values: Any) -> None:
        (axes,) = ml.plot_losses().axes
        s, loss = lines(axes)[label].get_data()
        drawn = [loss[np.flatnonzero(s == at)[0]] for at in (-1.0, 0.0, 1.0, 2.0)]
        np.testing.assert_allclose(drawn, values, atol=1e-12)

    def test_five_losses_in_five_looks(self) -> None:
        (axes,) = ml.plot_losses().axes
        assert len(axes.lines) == 5
        assert len({line.get_color() for line in axes.lines}) == 5


class TestHistory:
    def test_curves_are_the_columns(self) -> None:
        (axes,) = ml.plot_history(HISTORY).axes
        drawn = lines(axes)
        np.testing.assert_array_equal(drawn["training"].get_data(), [HISTORY["epoch"], HISTORY["loss"]])
        np.testing.assert_array_equal(drawn["validation"].get_data(), [HISTORY["epoch"], HISTORY["validation_loss"]])
        np.testing.assert_array_equal(drawn["best epoch: 3"].get_xdata(), [3, 3])
        assert axes.get_yscale() == "linear"

    def test_the_restored_epoch_is_marked(self) -> None:
        run = self.trained(restore_best=True, score=lambda F: -abs(float(F.mean()) - 0.5))
        (axes,) = ml.plot_history(run).axes
        assert f"best epoch: {run.best_epoch}" in lines(axes)

    def test_without_validation_nothing_is_marked(self) -> None:
        (axes,) = ml.plot_history(self.trained(validation=None).history).axes
        assert list(lines(axes)) == ["training"]

    def test_log_axis(self) -> None:
        (axes,) = ml.plot_history(HISTORY, log=True).axes
        assert axes.get_yscale() == "log"

    def test_epochs_are_whole_numbers(self) -> None:
        figure = ml.plot_history({"epoch": [1, 2], "loss": [2.0, 1.0]})
        figure.draw_without_rendering()
        ticks = figure.axes[0].get_xticks()
        np.testing.assert_array_equal(ticks, np.round(ticks))

    def test_a_single_epoch_is_seen(self) -> None:
        (axes,) = ml.plot_history({"epoch": [1], "loss": [2.0]}).axes
        assert axes.lines[0].get_marker() == "o"

    def test_refusals(self) -> None:
        with pytest.raises(ValueError, match=r"^log: some loss is 0 or less"):
            ml.plot_history({"epoch": [1, 2], "loss": [1.0, 0.0]}, log=True)
        with pytest.raises(ValueError, match=r"^run: has no finished epoch"):
            ml.plot_history({"epoch": [], "loss": []})
        with pytest.raises(ValueError, match=r"^run: has no column 'loss'; came epoch"):
            ml.plot_history({"epoch": [1]})
        with pytest.raises(TypeError, match=r"^run: must be a Run or its history, came list"):
            ml.plot_history([1.0, 2.0])  # type: ignore[arg-type]

    @staticmethod
    def trained(**options: Any) -> ml.Run:
        net = ml.Network([2, 2, 1], activation="tanh", output="sigmoid")
        t = np.array([0, 1, 1, 0])
        return ml.train(ml.Objective(net), net.initialize(0), X, t, epochs=5, **{"validation": (X, t), **options})


class TestRateRange:
    def test_curves_are_the_losses(self) -> None:
        (axes,) = ml.plot_rate_range(RATES).axes
        drawn = lines(axes)
        np.testing.assert_array_equal(drawn["batch"].get_data(), [RATES.rates, RATES.losses])
        np.testing.assert_array_equal(drawn["smoothed"].get_data(), [RATES.rates, RATES.smoothed])
        np.testing.assert_array_equal(drawn["lowest: 1"].get_data(), [[1.0], [1.5]])
        np.testing.assert_array_equal(drawn["suggested: 0.3"].get_xdata(), [0.3, 0.3])
        assert axes.get_xscale() == "log"

    def test_a_diverged_batch_does_not_flatten_the_curve(self) -> None:
        (axes,) = ml.plot_rate_range(RATES).axes
        assert axes.get_ylim()[1] < 10.0

    def test_without_a_suggestion_none_is_drawn(self) -> None:
        (axes,) = ml.plot_rate_range(replace(RATES, suggestion=None)).axes
        assert list(lines(axes)) == ["batch", "smoothed"]

    def test_refusals(self) -> None:
        with pytest.raises(TypeError, match=r"^found: must be a RateRange, came dict"):
            ml.plot_rate_range(HISTORY)  # type: ignore[arg-type]
        none = np.empty(0)
        with pytest.raises(ValueError, match=r"^found: has no loss to draw"):
            ml.plot_rate_range(ml.RateRange(none, none, none, None, "", "diverged"))


class TestActivations:
    def test_all_of_the_library(self) -> None:
        figure = ml.plot_activations()
        titles = [axes.get_title(loc="left") for axes in figure.axes]
        assert len(titles) == len(set(titles)) == 18
        (legend,) = figure.legends
        assert [text.get_text() for text in legend.get_texts()] == ["g(z)", "g′(z)"]

    def test_function_and_derivative(self) -> None:
        (axes,) = ml.plot_activations("tanh", span=(-2.0, 2.0)).axes
        z, h = lines(axes)["g(z)"].get_data()
        np.testing.assert_allclose(h, np.tanh(z))
        z, slope = lines(axes)["g′(z)"].get_data()
        np.testing.assert_allclose(slope, np.cosh(z) ** -2.0)
        assert (z[0], z[-1]) == (-2.0, 2.0)

    def test_jumps_are_gaps(self) -> None:
        relu, heaviside = ml.plot_activations(["relu", "heaviside"]).axes
        z, slope = lines(relu)["g′(z)"].get_data()
        assert z[np.isnan(slope)] == [0.0]
        assert not np.isnan(lines(relu)["g(z)"].get_ydata()).any()
        z, h = lines(heaviside)["g(z)"].get_data()
        assert z[np.isnan(h)] == [0.0]
        assert list(lines(heaviside)) == ["g(z)"]
        assert [text.get_text() for text in heaviside.texts] == ["no derivative"]

    def test_family_of_slopes(self) -> None:
        (axes,) = ml.plot_activations("sigmoid", slopes=range(1, 11), span=(-1, 1)).axes
        assert len(axes.lines) == 10
        z, h = lines(axes)["g(7 z)"].get_data()
        np.testing.assert_allclose(h, 1 / (1 + np.exp(-7 * z)))

    def test_own_activation(self) -> None:
        cube = ml.Activation("cube", lambda z: z * z * z, lambda z: 3.0 * (z * z))
        (axes,) = ml.plot_activations(cube).axes
        assert axes.get_title(loc="left") == "cube"

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"names": "cubic"}, r"^activation: got 'cubic'; allowed: identity"),
            ({"names": []}, r"^names: is empty"),
            ({"span": (1.0, 1.0)}, r"^span: must be two finite numbers"),
            ({"span": (0.0, math.inf)}, r"^span: must be two finite numbers"),
            ({"slopes": (1.0, math.nan)}, r"^slopes: must be finite"),
        ],
    )
    def test_refusals(self, options: dict[str, Any], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            ml.plot_activations(**options)

    def test_one_axes_takes_one_activation(self) -> None:
        with pytest.raises(ValueError, match=r"^ax: takes one activation, came 2"):
            ml.plot_activations(["relu", "tanh"], ax=Figure().add_subplot())


class TestDecisionBoundary:
    @staticmethod
    def boundary(axes: Any) -> np.ndarray:
        """Points of all lines between regions."""
        edges = [c for c in axes.collections if type(c).__name__ == "QuadContourSet" and not c.filled]
        return np.concatenate([path.vertices for c in edges for path in c.get_paths()])

    @pytest.mark.parametrize("output", ["sigmoid", "tanh", "identity"])
    def test_one_unit_parts_the_plane_where_z_is_0(self, output: str) -> None:
        (axes,) = ml.plot_decision_boundary(ml.Network([2, 1], output=output), THETA, X, [0, 0, 1, 1]).axes
        points = self.boundary(axes)
        assert len(points) > 10
        np.testing.assert_allclose(points @ [1.0, 2.0], 1.5, atol=1e-3)

    def test_several_units_by_the_largest(self) -> None:
        net = ml.Network([2, 3], output="softmax")
        theta = (ml.Layer(np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]), np.array([0.0, 0.0, 0.5])),)
        (axes,) = ml.plot_decision_boundary(net, theta, X, [2, 0, 1, 0]).axes
        scores = np.column_stack([self.boundary(axes), np.full(len(self.boundary(axes)), 0.5)])
        largest, second = np.sort(scores, axis=1)[:, :0:-1].T
        np.testing.assert_allclose(largest, second, atol=1e-3)

    def test_a_classifier_with_labels_of_its_own(self) -> None:
        def predict(points: np.ndarray) -> np.ndarray:
            return np.where(points[:, 0] > 0.25, "right", "left")

        (axes,) = ml.plot_decision_boundary(predict, None, X, ["left", "right", "left", "right"]).axes
        np.testing.assert_allclose(self.boundary(axes)[:, 0], 0.25, atol=0.01)
        assert [t.get_text() for t in axes.get_legend().get_texts()] == ["class left", "class right"]

    def test_rows_stand_in_the_picture_in_their_classes_looks(self) -> None:
        (axes,) = ml.plot_decision_boundary(LINEAR, THETA, X, [-1, -1, 1, 1]).axes
        scatters = [c for c in axes.collections if type(c).__name__ == "PathCollection"]
        np.testing.assert_array_equal(np.vstack([c.get_offsets() for c in scatters]), X)
        assert len({tuple(c.get_facecolor()[0]) for c in scatters}) == 2
        assert axes.get_xlim()[0] < 0 < 1 < axes.get_xlim()[1]

    def test_no_boundary_in_sight_is_no_trouble(self) -> None:
        far = (ml.Layer(np.array([[1.0, 2.0]]), np.array([100.0])),)
        figure = ml.plot_decision_boundary(LINEAR, far, X, [1, 1, 1, 1])
        figure.draw_without_rendering()
        flat = (ml.Layer(np.zeros((3, 2)), np.zeros(3)),)
        ml.plot_decision_boundary(ml.Network([2, 3], output="softmax"), flat, X, [0, 1, 2, 0]).draw_without_rendering()

    def test_rows_on_one_point(self) -> None:
        ml.plot_decision_boundary(LINEAR, THETA, X[:1], [0]).draw_without_rendering()

    @pytest.mark.parametrize(
        ("network", "theta", "rows", "labels", "message"),
        [
            (LINEAR, THETA, X[:, :1], [0, 0, 1, 1], r"^X: must have shape \(n, 2\)"),
            (LINEAR, THETA, X[:0], [], r"^X: has no rows"),
            (LINEAR, THETA, X, [0, 1], r"^labels: must have shape \(4,\)"),
            (LINEAR, THETA, X, [0, 1, 2, 0], r"^labels: one output unit parts two classes, came 3"),
            (ml.Network([3, 1]), THETA, X, [0, 0, 1, 1], r"^network: must have 2 inputs"),
            (
                ml.Network([2, 2], output="softmax"), (ml.Layer(np.eye(2), np.zeros(2)),), X, [0, 1, 2, 0],
                r"^labels: must be integers 0 … 1",
            ),
            (lambda points: points, None, X, [0, 0, 1, 1], r"^network: predict must give labels of shape"),
        ],
    )  # fmt: skip
    def test_refusals(self, network: Any, theta: Any, rows: Any, labels: Any, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            ml.plot_decision_boundary(network, theta, rows, labels)

    def test_theta_goes_with_a_network(self) -> None:
        with pytest.raises(TypeError, match=r"^theta: missing"):
            ml.plot_decision_boundary(LINEAR, None, X, [0, 0, 1, 1])
        with pytest.raises(TypeError, match=r"^theta: must be None with a callable"):
            ml.plot_decision_boundary(lambda points: points[:, 0], THETA, X, [0, 0, 1, 1])
        with pytest.raises(TypeError, match=r"^network: must be a Network or a callable, came int"):
            ml.plot_decision_boundary(3, None, X, [0, 0, 1, 1])  # type: ignore[arg-type]
