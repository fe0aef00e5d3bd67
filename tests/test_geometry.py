"""Separability proved by multiplication; linear regions against theorems and against counting by points."""

from __future__ import annotations

import itertools
import subprocess
import sys
from math import comb
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import multilayer as ml
from multilayer.geometry import linear_regions, linearly_separable

CORNERS = np.array(list(itertools.product([0, 1], repeat=2)))


def assert_proved(X, labels, answer):
    """The answer's own proof, multiplied out; class 0 is the smaller label."""
    X, labels = np.asarray(X, dtype=float), np.asarray(labels)
    first = labels == labels.min()
    if answer.separable:
        z = X @ answer.w + answer.b
        assert (z[first] < 0).all()
        assert (z[~first] >= 0).all()
        assert np.linalg.norm(answer.w) == pytest.approx(1)
        assert answer.margin == pytest.approx(np.abs(z).min(), rel=1e-6)
        assert answer.certificate is None
    else:
        c = answer.certificate
        assert (c >= 0).all()
        assert c[first].sum() == pytest.approx(1)
        assert c[~first].sum() == pytest.approx(1)
        np.testing.assert_allclose(c[first] @ X[first], c[~first] @ X[~first], rtol=1e-11, atol=1e-11 * np.ptp(X))
        assert (answer.w, answer.b, answer.margin) == (None, None, 0.0)


@pytest.mark.parametrize("truth_table", [t for t in itertools.product([0, 1], repeat=4) if 0 < sum(t) < 4])
def test_all_functions_of_two_bits(truth_table):
    answer = linearly_separable(CORNERS, truth_table)
    assert_proved(CORNERS, truth_table, answer)
    # 004: of the functions of two bits only XOR and its negation are not separable.
    assert answer.separable == (truth_table not in {(0, 1, 1, 0), (1, 0, 0, 1)})


def test_number_of_threshold_functions_of_three_bits():
    # 104 of the 256 functions of three bits are threshold functions (Muroga 1971), 2 of them constant.
    corners = list(itertools.product([0, 1], repeat=3))
    tables = [table for table in itertools.product([0, 1], repeat=8) if 0 < sum(table) < 8 and table[0] == 0]
    assert 2 * sum(linearly_separable(corners, table).separable for table in tables) == 104 - 2


def test_xor_is_refuted_by_the_centre_of_the_square():
    answer = linearly_separable(CORNERS, [0, 1, 1, 0])
    np.testing.assert_allclose(answer.certificate, 0.5)


def test_transformed_xor_is_separable():
    # 001: one unit solves XOR on a transformed input, here with x₁x₂ as a third coordinate.
    X = np.column_stack([CORNERS, CORNERS[:, 0] * CORNERS[:, 1]])
    answer = linearly_separable(X, [0, 1, 1, 0])
    assert answer.separable
    assert_proved(X, [0, 1, 1, 0], answer)


def test_a_point_in_both_classes():
    X = [[0.0, 0.0], [3.0, 1.0], [3.0, 1.0], [5.0, 9.0]]
    answer = linearly_separable(X, [0, 0, 1, 1])
    np.testing.assert_allclose(answer.certificate, [0, 1, 1, 0])


def test_one_column():
    between = linearly_separable([[1], [2], [3]], [0, 1, 0])
    np.testing.assert_allclose(between.certificate, [0.5, 1, 0.5])
    apart = linearly_separable([[1], [2], [5]], [0, 0, 1])
    assert (apart.w.tolist(), apart.b, apart.margin) == ([1.0], -3.5, 1.5)


def test_all_columns_constant():
    answer = linearly_separable(np.ones((4, 2)), [0, 0, 1, 1])
    assert_proved(np.ones((4, 2)), [0, 0, 1, 1], answer)
    assert not answer.separable


def test_constant_column_gets_no_weight():
    X = [[7.0, 0.0], [7.0, 1.0]]
    answer = linearly_separable(X, [0, 1])
    assert answer.w.tolist() == [0.0, 1.0]


@pytest.mark.parametrize("labels", [[False, True, True], ["no", "yes", "yes"], [-1.0, 1.0, 1.0], [2, 7, 7]])
def test_any_two_labels(labels):
    answer = linearly_separable([[0], [1], [2]], labels)
    assert (answer.w.tolist(), answer.b) == ([1.0], -0.5)


small_tables = st.integers(1, 4).flatmap(
    lambda D: st.lists(
        st.tuples(*[st.integers(-6, 6)] * D, st.booleans()).map(lambda row: (list(row[:-1]), row[-1])),
        min_size=2,
        max_size=14,
    ).filter(lambda rows: len({label for _, label in rows}) == 2)
)


@given(small_tables)
@settings(max_examples=150, deadline=None)
def test_every_answer_is_proved(rows):
    X, labels = [x for x, _ in rows], [label for _, label in rows]
    assert_proved(X, labels, linearly_separable(X, labels))


@given(small_tables, st.integers(-150, 150), st.integers(-1000, 1000))
@settings(max_examples=60, deadline=None)
def test_scale_and_shift_change_nothing(rows, exponent, shift):
    X, labels = np.array([x for x, _ in rows], dtype=float), [label for _, label in rows]
    moved = (X + shift) * 2.0**exponent
    answer = linearly_separable(moved, labels)
    assert answer.separable == linearly_separable(X, labels).separable
    assert_proved(moved, labels, answer)


def test_columns_of_very_different_scales():
    generator = np.random.default_rng(0)
    X = generator.normal(size=(80, 5))
    labels = X.sum(axis=1) > 0
    scaled = X * 10.0 ** np.array([-9, -4, 0, 4, 9])
    answer = linearly_separable(scaled, labels)
    assert answer.separable
    assert_proved(scaled, labels, answer)


@pytest.mark.parametrize("distance", [1e-2, 1e-6, 1e-10, 1e-13])
def test_a_small_distance_is_seen(distance):
    X = [[0.0, 0.0], [1.0, 1.0], [0.5, 0.5 + distance], [0.2, 0.2 + distance]]
    answer = linearly_separable(X, [0, 0, 1, 1])
    assert answer.separable
    assert_proved(X, [0, 0, 1, 1], answer)
    # The nearest that a line can stay away from both: half the distance of two parallels.
    assert answer.margin == pytest.approx(distance / np.sqrt(8), rel=1e-2)


def test_many_rows():
    generator = np.random.default_rng(0)
    X = generator.normal(size=(100_000, 3))
    beside = X @ [1.0, -2.0, 0.5] > 0.3
    for labels in (beside, beside ^ (np.arange(100_000) == 17)):
        answer = linearly_separable(X, labels)
        assert answer.separable == (labels is beside)
        assert_proved(X, labels, answer)


@pytest.mark.parametrize("direction", [[1.0], [0.6, 0.8], [0.0, -1.0]])
def test_a_gap_of_a_billionth_is_seen(direction):
    along = np.array([-1.0, -0.3, -1e-9, 1e-9, 0.5, 1.0])
    X, labels = np.outer(along, direction), along > 0
    answer = linearly_separable(X, labels)
    assert_proved(X, labels, answer)
    assert answer.separable
    assert 0.5e-9 <= answer.margin <= 1e-9 * (1 + 1e-6)


def test_a_certificate_that_does_not_hold_is_not_returned(monkeypatch):
    # As if the linear programme had stopped early: no hyperplane, and means that differ.
    monkeypatch.setattr("multilayer.geometry.separability._widest_gap", lambda X, s: (np.zeros(1), np.full(2, 0.5)))
    with pytest.raises(ValueError, match="cannot tell whether they touch"):
        linearly_separable([[0.0], [1.0]], [0, 1])


@pytest.mark.parametrize(
    ("X", "labels", "error", "text"),
    [
        ([[0.0], [1.0]], [1, 1], ValueError, r"labels holds 1 distinct values \(1\); .* exactly two"),
        ([[0.0], [1.0], [2.0]], [0, 1, 2], ValueError, "labels holds 3 distinct values"),
        ([[0.0], [1.0]], [0, 1, 1], ValueError, r"labels has shape \(3,\); it must be \(2,\)"),
        ([[0.0], [np.nan]], [0, 1], ValueError, "X holds NaN or infinity"),
        ([[0.0], [1.0]], [0.0, np.nan], ValueError, "labels holds NaN"),
        ([0.0, 1.0], [0, 1], ValueError, r"X has shape \(2,\)"),
        (np.ones((2, 0)), [0, 1], ValueError, r"X has shape \(2, 0\)"),
        ([["a"], ["b"]], [0, 1], ValueError, "X: must be numbers .*, came dtype <U1"),
        ([[1e9], [1e9 + 1.2e-7]], [0, 1], ValueError, "far from 0 for their spread"),
    ],
)
def test_separability_refuses(X, labels, error, text):
    with pytest.raises(error, match=text):
        linearly_separable(X, labels)


class Layer(NamedTuple):
    W: np.ndarray
    b: np.ndarray | None


def network(*shapes, seed=0):
    generator = np.random.default_rng(seed)
    return tuple(
        Layer(generator.normal(size=(n_out, n_in)), generator.normal(size=n_out))
        for n_in, n_out in itertools.pairwise(shapes)
    )


def regions_of(theta, box):
    """Regions of the ReLU network that has parameters of these shapes."""
    hidden = [ml.Dense(len(layer.W), bias=layer.b is not None) for layer in theta]
    return linear_regions(ml.Network([theta[0].W.shape[1], *hidden], "relu"), theta, box)


def patterns_at(theta, points):
    h, patterns = points, []
    for layer in theta[:-1]:
        z = h @ layer.W.T + layer.b
        patterns.append(z > 0)
        h = np.maximum(z, 0.0)
    return np.concatenate(patterns, axis=1)


def area(polygon):
    x, y = polygon.T
    return 0.5 * np.sum(x * np.roll(y, -1) - y * np.roll(x, -1))


@pytest.mark.parametrize("units", [1, 2, 3, 4, 7, 10])
@pytest.mark.parametrize("n_inputs", [1, 2])
def test_one_layer_in_general_position(units, n_inputs):
    # Zaslavsky 1975 (Schläfli): Σ_{j ≤ D} C(K, j), all of them met by a box that holds all crossings.
    theta = network(n_inputs, units, 1)
    assert regions_of(theta, [(-1e6, 1e6)] * n_inputs).count == sum(comb(units, j) for j in range(n_inputs + 1))


def test_lines_that_are_not_in_general_position():
    # Four lines through one point: 8 sectors. Lines that coincide, or miss the box, part nothing.
    star = Layer(np.array([[1.0, 0.0], [0.0, 1.0], [0.1, 0.3], [0.7, -0.2]]), None)
    output = Layer(np.ones((1, 4)), None)
    assert regions_of((star, output), [(-1, 1)] * 2).count == 8
    twice = Layer(np.array([[0.1, 0.3], [-0.1, -0.3], [0.2, 0.6], [1.0, 0.0]]), np.array([0.0, 0.0, 0.0, 5.0]))
    assert regions_of((twice, output), [(-1, 1)] * 2).count == 2


def test_a_line_through_corners():
    theta = (Layer(np.array([[1.0, -1.0]]), None), Layer(np.ones((1, 1)), None))
    regions = regions_of(theta, [(0, 1), (0, 1)])
    assert [area(polygon) for polygon in regions.polygons] == [0.5, 0.5]


def test_a_line_along_the_edge_of_the_box_parts_nothing():
    theta = (Layer(np.eye(2), np.array([0.0, -1.0])), Layer(np.ones((1, 2)), None))
    assert regions_of(theta, [(0, 1), (0, 1)]).count == 1


def test_no_hidden_layer_and_units_without_weights():
    output = Layer(np.ones((1, 2)), np.zeros(1))
    regions = regions_of((output,), [(0, 1), (0, 2)])
    assert (regions.count, regions.patterns.shape) == (1, (1, 0))
    np.testing.assert_array_equal(regions.polygons[0], [[0, 0], [1, 0], [1, 2], [0, 2]])
    dead = Layer(np.zeros((2, 2)), np.array([0.0, 1.0]))
    assert regions_of((dead, output), [(0, 1), (0, 2)]).patterns.tolist() == [[False, True]]


def test_intervals_of_the_triangle_wave():
    # Telgarsky 2016: the tent map on [0, 1], composed L times, has 2^L pieces.
    tent = Layer(np.array([[2.0], [2.0]]), np.array([0.0, -1.0]))
    folded = Layer(tent.W @ np.array([[1.0, -2.0]]), tent.b)
    for depth in range(1, 6):
        theta = (tent, *[folded] * (depth - 1), Layer(np.array([[1.0, -2.0]]), None))
        regions = regions_of(theta, [(0, 1)])
        ends = sorted(interval.ravel().tolist() for interval in regions.polygons)
        np.testing.assert_array_equal(ends, [[i / 2**depth, (i + 1) / 2**depth] for i in range(2**depth)])


# Four lines in general position that cross inside the unit square.
LINES, OFFSETS = np.array([[1.0, 0.3], [0.4, -1.0], [1.0, -0.7], [0.2, 1.0]]), np.array([-0.6, 0.35, -0.2, -0.55])


def folding_network():
    """Montúfar et al. 2014, section 3: two units fold each coordinate of [0, 1]², then come four lines."""
    fold = Layer(np.array([[2.0, 0.0], [2.0, 0.0], [0.0, 2.0], [0.0, 2.0]]), np.array([0.0, -1.0, 0.0, -1.0]))
    tents = np.array([[1.0, -2.0, 0.0, 0.0], [0.0, 0.0, 1.0, -2.0]])
    return fold, Layer(LINES @ tents, OFFSETS), Layer(np.ones((1, 4)), None)


def test_folding_multiplies_the_regions_of_one_layer():
    _, _, output = folding_network()
    lines_alone = regions_of((Layer(LINES, OFFSETS), output), [(0, 1), (0, 1)]).count
    assert lines_alone == 11
    # Their lower bound for D = 2, K = 4, L = 2: (K/D)^D · Σ_{j ≤ 2} C(4, j) = 4 · 11.
    assert regions_of(folding_network(), [(0, 1), (0, 1)]).count == 44


# Found by random search over whole numbers; well above 64, the lecture's formula read as the paper has it.
MANY = (
    Layer(np.array([[-18, -12], [15, 17], [2, 7], [-4, -5]]), np.array([14, -17, 5, 2])),
    Layer(
        np.array([[-17, 5, 5, 12], [20, -1, -6, -16], [-9, -20, 12, 10], [12, 6, -8, -10]]),
        np.array([-12, 15, -16, 14]),
    ),
    Layer(np.ones((1, 4)), None),
)


def test_two_layers_of_four_units_stay_under_the_cap():
    # 001 prints 576 for D = 2, K = 4, L = 2; no network has more than 11² = 121: 11 cells, each cut by four lines.
    counts = [regions_of(network(2, 4, 4, 1, seed=seed), [(-1e4, 1e4)] * 2).count for seed in range(60)]
    assert max(counts) <= 121


def test_two_layers_of_four_units_with_79_regions():
    regions = regions_of(MANY, [(-1e4, 1e4)] * 2)
    assert regions.count == 79
    # Points prove at least as many: the centres have 79 different patterns.
    centres = np.array([polygon.mean(axis=0) for polygon in regions.polygons])
    assert len(np.unique(patterns_at(MANY, centres), axis=0)) == 79


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("shape", [(2, 5, 1), (2, 4, 4, 1), (2, 3, 4, 3, 1), (1, 6, 5, 1)])
def test_every_region_and_no_other(shape, seed):
    theta, side = network(*shape, seed=seed), 2.0
    regions = regions_of(theta, [(-side, side)] * shape[0])
    assert len(regions.polygons) == len(regions.patterns) == regions.count
    assert len(np.unique(regions.patterns, axis=0)) == regions.count
    # Inside, where each region says it is, the network has that pattern.
    centres = np.array([polygon.mean(axis=0) for polygon in regions.polygons])
    np.testing.assert_array_equal(patterns_at(theta, centres), regions.patterns)
    # The regions fill the box.
    sizes = [area(polygon) if shape[0] == 2 else np.ptp(polygon) for polygon in regions.polygons]
    assert min(sizes) > 0
    assert sum(sizes) == pytest.approx((2 * side) ** shape[0])
    # A fine grid meets no pattern that is missing, and every region that is not tiny.
    axis = np.linspace(-side, side, 301 if shape[0] == 2 else 50_001)
    points = np.stack(np.meshgrid(*[axis] * shape[0]), axis=-1).reshape(-1, shape[0])
    met = {row.tobytes() for row in np.unique(patterns_at(theta, points), axis=0)}
    listed = {row.tobytes(): size for row, size in zip(regions.patterns, sizes, strict=True)}
    assert met <= set(listed)
    assert sum(size for row, size in listed.items() if row not in met) < 1e-2


def test_network_is_affine_inside_each_region():
    theta = network(2, 5, 4, 1)

    def f(x):
        for layer in theta[:-1]:
            x = np.maximum(x @ layer.W.T + layer.b, 0.0)
        return x @ theta[-1].W.T

    for polygon in regions_of(theta, [(-3, 3)] * 2).polygons:
        # The value at a mean of corners is the mean of the values: also at the corners themselves, f being continuous.
        np.testing.assert_allclose(f(polygon).mean(axis=0), f(polygon.mean(axis=0)), rtol=1e-9, atol=1e-9)


def test_parameters_may_be_named_plain_or_flat():
    net, theta, box = ml.Network([2, 5, 1]), network(2, 5, 1), [(-1e6, 1e6)] * 2
    for parameters in (theta, [tuple(layer) for layer in theta], net.pack(theta)):
        assert linear_regions(net, parameters, box).count == 16  # 1 + 5 + C(5, 2)


SMALL = ml.Network([2, 4, 1], "relu")
NOTHING = np.zeros(SMALL.n_parameters)
UNIT = [(0, 1), (0, 1)]


@pytest.mark.parametrize(
    ("net", "theta", "box", "error", "text"),
    [
        (network(2, 4, 1), NOTHING, UNIT, TypeError, "network: must be a Network, came tuple"),
        (ml.Network([3, 4, 1]), network(3, 4, 1), [(0, 1)] * 3, ValueError, "network: takes 3 inputs; .* 1 or 2"),
        (ml.Network([2, 4, 1], "tanh"), network(2, 4, 1), UNIT, ValueError, "hidden layer 1 has .* 'tanh'.*relu only"),
        (
            ml.Network([2, 4, ml.Dense(4, "leaky_relu"), 1], "relu"),
            network(2, 4, 4, 1),
            UNIT,
            ValueError,
            "hidden layer 2 has the activation 'leaky_relu'",
        ),
        (ml.Network([2, ml.Maxout(2), 1]), network(2, 4, 1), UNIT, ValueError, r"hidden layer 1 is Maxout\("),
        (ml.Network([2, ml.APL(2), 1]), network(2, 4, 1), UNIT, ValueError, r"hidden layer 1 is APL\("),
        (ml.Network([2, 4, ml.Dropout(0.5), 1]), network(2, 4, 1), UNIT, ValueError, r"hidden layer 2 is Dropout\("),
        (SMALL, network(2, 4, 1), [(0, 1)], ValueError, r"box has shape \(1, 2\)"),
        (SMALL, network(2, 4, 1), [(0, 1), (1, 1)], ValueError, "low < high"),
        (SMALL, network(2, 4, 1), [(0, 1), (0, np.inf)], ValueError, "finite"),
        (SMALL, network(2, 4), UNIT, ValueError, "theta: must have 2 layers with parameters, came 1"),
        (SMALL, NOTHING[1:], UNIT, ValueError, r"theta: must have shape \(17,\), came \(16,\)"),
        (SMALL, network(2, 3, 1), UNIT, ValueError, r"theta: layer 1: W must have shape \(4, 2\), came \(3, 2\)"),
        (SMALL, np.where(np.arange(17) == 16, np.nan, 0.0), UNIT, ValueError, "theta: layer 2 holds NaN"),
    ],
)
def test_regions_refuse(net, theta, box, error, text):
    with pytest.raises(error, match=text):
        linear_regions(net, theta, box)


def test_import_leaves_scipy_optimize_alone():
    code = "import sys, multilayer.geometry; sys.exit('scipy.optimize' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
