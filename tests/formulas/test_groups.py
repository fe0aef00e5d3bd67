"""Outputs by groups: each group is what the output is of its units alone, and knows nothing of the others."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import multilayer as ml
from multilayer.formulas.outputs import OUTPUTS, output
from multilayer.network.head import allowed_losses, join
from multilayer.network.targets import one_hot_by_group

DISTRIBUTIONS = ("softmax", "sparsemax")
HEADS = [(name, loss) for name in DISTRIBUTIONS for loss in allowed_losses(OUTPUTS[name], True)]
SIZES = st.lists(st.integers(1, 5), min_size=1, max_size=4).map(tuple).filter(lambda sizes: sum(sizes) > 1)


def example(sizes, n=7, seed=0):
    """Pre-activations, and one class in each group."""
    rng = np.random.default_rng(seed)
    labels = np.column_stack([rng.integers(size, size=n) for size in sizes])
    return rng.normal(scale=2.0, size=(n, sum(sizes))), one_hot_by_group(labels, sizes).astype(float)


def groups_of(sizes, *arrays):
    ends = np.cumsum(sizes)[:-1]
    return list(zip(*(np.split(a, ends, axis=-1) for a in arrays), strict=True))


@pytest.mark.parametrize("name", DISTRIBUTIONS)
@given(sizes=SIZES, seed=st.integers(0, 9))
def test_every_group_is_a_distribution_of_its_own(name, sizes, seed):
    z, v = example(sizes, seed=seed)[0], example(sizes, seed=seed + 1)[0]
    by_group = output(name, groups=sizes)
    f = by_group.function(z)
    back = by_group.vjp(z, f, v)
    assert f.shape == back.shape == z.shape
    for z_g, f_g, v_g, back_g in groups_of(sizes, z, f, v, back):
        np.testing.assert_allclose(f_g.sum(axis=1), 1.0, rtol=1e-14)
        np.testing.assert_array_equal(f_g, OUTPUTS[name].function(z_g))
        np.testing.assert_array_equal(back_g, OUTPUTS[name].vjp(z_g, f_g, v_g))


@pytest.mark.parametrize(("name", "loss"), HEADS)
@given(sizes=SIZES, seed=st.integers(0, 9))
def test_the_loss_is_the_sum_over_the_groups_and_each_has_its_own_delta(name, loss, sizes, seed):
    z, y = example(sizes, seed=seed)
    head, whole = join(output(name, groups=sizes), loss, sum(sizes)), join(name, loss, max(2, *sizes))
    f = head.output.function(z)
    value, delta = head.value(z, f, y), head.delta(z, f, y)
    parts = groups_of(sizes, z, f, y, delta)
    np.testing.assert_allclose(value, sum(whole.value(*part[:3]) for part in parts), rtol=1e-14)
    for *part, delta_g in parts:
        np.testing.assert_array_equal(delta_g, whole.delta(*part))


@pytest.mark.parametrize(("name", "loss"), HEADS)
def test_one_group_is_the_output_itself_bit_for_bit(name, loss, library, dtype):
    z, y = (library.asarray(a.astype(dtype)) for a in example((5,)))
    plain, grouped = join(name, loss, 5), join(output(name, groups=[5]), loss, 5)
    f = plain.output.function(z)
    for mine, its in (
        (grouped.output.function(z), f),
        (grouped.value(z, f, y), plain.value(z, f, y)),
        (grouped.delta(z, f, y), plain.delta(z, f, y)),
        (grouped.output.vjp(z, f, y), plain.output.vjp(z, f, y)),
    ):
        assert mine.dtype == its.dtype
        np.testing.assert_array_equal(library.numpy(mine), library.numpy(its))


def test_two_groups_are_two_cross_entropies_of_torch():
    torch = pytest.importorskip("torch")
    cross_entropy = torch.nn.functional.cross_entropy
    z, y = example((3, 4), n=30)
    head = join(output("softmax", groups=(3, 4)), None, 7)
    leaf, target = torch.asarray(z).requires_grad_(), torch.asarray(y)
    value = cross_entropy(leaf[:, :3], target[:, :3], reduction="none")
    value = value + cross_entropy(leaf[:, 3:], target[:, 3:], reduction="none")
    (slope,) = torch.autograd.grad(value.sum(), leaf)
    f = head.output.function(z)
    np.testing.assert_allclose(head.value(z, f, y), value.detach().numpy(), rtol=1e-13)
    np.testing.assert_allclose(head.delta(z, f, y), slope.numpy(), atol=1e-14)


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_leading_axes_and_libraries(name, library, dtype):
    by_group = output(name, groups=(2, 3))
    z, y = (a.astype(dtype).reshape(2, 3, 5) for a in example((2, 3), n=6))
    head = join(by_group, None, 5)
    f = by_group.function(library.asarray(z))
    assert f.dtype == library.asarray(z).dtype
    rtol = 1e-14 if dtype == "float64" else 3e-6
    np.testing.assert_allclose(library.numpy(f), by_group.function(z), rtol=rtol, atol=rtol)
    value = head.value(library.asarray(z), f, library.asarray(y))
    np.testing.assert_allclose(library.numpy(value), head.value(z, by_group.function(z), y), rtol=10 * rtol)


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_far_scores_overflow_nowhere_and_a_nan_spoils_its_group(name):
    head = join(output(name, groups=(2, 3)), None, 5)
    z = np.array([[1e3, -1e3, 0.0, np.inf, -np.inf], [0.0, np.nan, 1.0, 2.0, 3.0]])
    y = np.array([[0.0, 1.0, 0.0, 1.0, 0.0]] * 2)
    with np.errstate(all="raise", under="ignore"):
        f = head.output.function(z)
        value = head.value(z, f, y)
    assert f[0].tolist() == [1.0, 0.0, 0.0, 1.0, 0.0]
    assert value[0] == 2e3
    assert np.isnan(f[1]).tolist() == [True, True, False, False, False]
    assert np.isnan(value[1])


def test_a_group_of_one_unit_has_nothing_to_learn():
    head = join(output("softmax", groups=(1, 2)), None, 3)
    z = np.array([[5.0, 1.0, 2.0]])
    f = head.output.function(z)
    y = np.array([[1.0, 0.0, 1.0]])
    assert f[0, 0] == 1.0
    assert head.delta(z, f, y)[0, 0] == 0.0
    assert head.value(z, f, y) == join("softmax", None, 2).value(z[:, 1:], f[:, 1:], y[:, 1:])


def test_outputs_by_groups_are_plain_data():
    made = output("softmax", groups=np.array([3, 4]))
    assert made.groups == (3, 4)
    assert made == output(OUTPUTS["softmax"], groups=(3, 4)) == output(made) == pickle.loads(pickle.dumps(made))
    assert made != output("softmax", groups=(4, 3)) != OUTPUTS["softmax"]
    assert hash(made) == hash(output("softmax", groups=(3, 4)))
    assert OUTPUTS["softmax"].groups == ()


@pytest.mark.parametrize(
    ("spec", "groups", "error", "message"),
    [
        ("sigmoid", (2, 2), ValueError, "groups: output 'sigmoid' takes each unit by itself; allowed: with softmax"),
        (output("softmax", groups=(2, 2)), (2, 2), ValueError, "groups: output 'softmax' has groups already"),
        ("softmax", (), ValueError, r"groups: got \(\); allowed: the units of each group"),
        ("softmax", (2, 0), ValueError, r"groups: got \(2, 0\); allowed: .*none below 1"),
        ("softmax", (2, 2.5), ValueError, r"groups: got \(2, 2.5\)"),
        ("softmax", 4, TypeError, "groups: got 4; allowed: the units of each group"),
        ("softmax", "ab", TypeError, "groups: got 'ab'"),
        ("sotfmax", (2, 2), ValueError, "output: got 'sotfmax'"),
    ],
)
def test_groups_that_are_none_are_refused(spec, groups, error, message):
    with pytest.raises(error, match=message):
        output(spec, groups=groups)


def test_groups_must_be_all_of_the_units():
    with pytest.raises(ValueError, match=r"output: the groups \(3, 4\) are 7 units, came 8"):
        ml.Network([2, 8], output=ml.output("softmax", groups=(3, 4)))
    with pytest.raises(ValueError, match="'softmax' needs at least 2 units"):
        ml.Network([2, 1], output=ml.output("softmax", groups=(1,)))
