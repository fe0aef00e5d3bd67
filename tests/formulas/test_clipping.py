"""Clipping of gradients, against torch and by its properties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from multilayer.formulas.clipping import clip_norm, clip_value

INF, NAN = np.inf, np.nan
gradients = arrays(np.float64, 6, elements=st.floats(-1e3, 1e3))
limits = st.floats(1e-3, 1e4)


@given(gradients, limits)
def test_clipped_gradient_is_never_longer_and_keeps_its_direction(g, limit):
    norm = float(np.linalg.norm(g))
    clipped = clip_norm(g, norm=norm, limit=limit)
    assert np.linalg.norm(clipped) <= min(norm, limit) * (1 + 1e-14)
    np.testing.assert_allclose(clipped * norm, g * np.linalg.norm(clipped), rtol=1e-12, atol=1e-12)
    if norm <= limit:
        np.testing.assert_array_equal(clipped, g)


@given(gradients, limits)
def test_clipped_entries_are_the_nearest_within_the_limit(g, limit):
    clipped = clip_value(g, limit=limit)
    assert np.all(np.abs(clipped) <= limit)
    np.testing.assert_array_equal(clipped[np.abs(g) <= limit], g[np.abs(g) <= limit])
    np.testing.assert_array_equal(np.sign(clipped), np.sign(g))


def test_a_gradient_of_length_zero_stays(library):
    g = library.asarray(np.zeros(3))
    np.testing.assert_array_equal(library.numpy(clip_norm(g, norm=0.0, limit=1.0)), np.zeros(3))


def test_agrees_with_torch():
    torch = pytest.importorskip("torch")
    g = torch.asarray(np.random.default_rng(0).normal(size=50))
    p = torch.nn.Parameter(torch.zeros(50, dtype=torch.float64))
    for limit in (0.5, 100.0):
        p.grad = g.clone()
        norm = torch.nn.utils.clip_grad_norm_([p], limit)
        torch.testing.assert_close(clip_norm(g, norm=float(norm), limit=limit), p.grad, rtol=2e-6, atol=0)  # ε = 1e-6
        p.grad = g.clone()
        torch.nn.utils.clip_grad_value_([p], limit)
        torch.testing.assert_close(clip_value(g, limit=limit), p.grad, rtol=0, atol=0)


def test_norm_may_be_an_array_of_several_members(library, dtype):
    g = np.array([[3.0, 4.0], [0.3, 0.4]], dtype=dtype)
    norm = np.array([[5.0], [0.5]], dtype=dtype)
    clipped = clip_norm(library.asarray(g), norm=library.asarray(norm), limit=1.0)
    assert clipped.dtype == library.asarray(g).dtype
    np.testing.assert_allclose(library.numpy(clipped), [[0.6, 0.8], [0.3, 0.4]], rtol=1e-6)


def test_dtype_nan_and_infinity(library, dtype):
    g = library.asarray(np.array([-INF, -2.0, NAN, 0.5, INF], dtype=dtype))
    value = clip_value(g, limit=1.0)
    assert value.dtype == g.dtype
    np.testing.assert_array_equal(library.numpy(value), np.array([-1.0, -1.0, NAN, 0.5, 1.0], dtype=dtype))
    assert clip_norm(g, norm=2.0, limit=1.0).dtype == g.dtype
    assert np.isnan(library.numpy(clip_norm(g, norm=NAN, limit=1.0))).all()
