"""Stretches: the same updates wherever they are cut, and epochs out of what is reported."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import multilayer as ml
from multilayer.engines.protocol import Report, Stretch
from multilayer.training import stretches as module
from multilayer.training.batches import batches
from multilayer.training.stretches import Stretches
from multilayer.training.tally import Tally

PLAN = ml.Objective(ml.Network([2, 1])).plan
SCHEDULE = ml.WarmUp(1.5, then=ml.Cosine())


def laid_out(n_rows, batch_size, epochs, seen, schedule=SCHEDULE, sampling="shuffle"):
    dealt = batches(n_rows, batch_size, sampling)
    return Stretches(ml.Adam(0.1), schedule, dealt, 3, "stop", epochs, sure=1 if seen else epochs)


def updates(stretches):
    """Rows and scalars of each update in turn."""
    return [
        (s.order[s.starts[j] : s.starts[j + 1]].tolist(), s.scalars[j].tolist())
        for s in stretches
        for j in range(len(s.scalars))
    ]


@given(st.integers(1, 12), st.integers(1, 5), st.integers(0, 6), st.booleans(), st.integers(1, 40))
def test_the_updates_are_the_same_wherever_they_are_cut(n_rows, batch_size, epochs, seen, most):
    whole = updates(laid_out(n_rows, batch_size, epochs, False))
    assert len(whole) == epochs * batches(n_rows, batch_size, "shuffle").per_epoch
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "MOST", 2 * most)
        patch.setattr(module, "MOST_SEEN", max(1, most // 3))
        patch.setattr(module, "MOST_UPDATES", most)
        cut = list(laid_out(n_rows, batch_size, epochs, seen))
    assert updates(cut) == whole
    assert all(len(s.scalars) <= most or len(s.scalars) == 1 for s in cut)
    assert all(s.starts[0] == 0 and s.starts[-1] == len(s.order) for s in cut)


def test_a_stretch_spans_many_epochs_unless_each_is_seen():
    assert [len(s.scalars) for s in laid_out(500, 10, 300, False)] == [262 * 50, 38 * 50]
    assert [len(s.scalars) for s in laid_out(500, 10, 30, True)] == [50] * 30
    assert [len(s.scalars) for s in laid_out(2**16, 1, 1, True)] == [2**15, 2**15]


def test_a_factor_that_follows_epochs_acts_from_the_next_one_on():
    stretches = laid_out(10, 2, 3, True, None)
    rates = []
    for s in stretches:
        rates.append(s.scalars[:, 0].tolist())
        stretches.factor *= 0.5
    assert rates == [[0.1] * 5, [0.05] * 5, [0.025] * 5]


@given(st.integers(1, 7), st.lists(st.integers(0, 20), min_size=1, max_size=6), st.integers(0, 2**32 - 1))
def test_epochs_are_the_same_however_the_reports_are_cut(per_epoch, sizes, seed):
    loss, weight, penalty, rate = np.random.default_rng(seed).random((4, sum(sizes)))
    tally = Tally(PLAN, ml.GradientDescent(), per_epoch)
    columns = []
    for last, size in zip(np.cumsum(sizes), sizes, strict=True):
        part = slice(last - size, last)
        stretch = Stretch(np.arange(size), np.arange(size + 1), rate[part, None])
        columns.append(tally.add(Report(size, loss[part], weight[part], penalty[part], "complete"), stretch))
    joined = {name: np.concatenate([c[name] for c in columns]) for name in ("loss", "penalty", "rate")}
    epochs = sum(sizes) // per_epoch
    assert (tally.updates, tally.epochs) == (sum(sizes), epochs)
    assert all(len(column) == epochs for column in joined.values())
    for i in range(epochs):
        part = slice(i * per_epoch, (i + 1) * per_epoch)
        total = weight[part].sum()
        assert joined["loss"][i] == pytest.approx(loss[part].sum() / total)
        assert joined["penalty"][i] == pytest.approx(penalty[part] @ weight[part] / total)
        assert joined["rate"][i] == rate[part][-1]


def test_a_rule_without_a_rate_tells_none():
    report = Report(1, np.ones(1), np.ones(1), np.zeros(1), "complete")
    stretch = Stretch(np.arange(1), np.arange(2), np.ones((1, 4)))
    assert set(Tally(PLAN, ml.Rprop(), 1).add(report, stretch)) == {"loss", "penalty"}
