"""What a run tells: columns of its history, their meaning, and the data frame."""

from __future__ import annotations

import pickle

import numpy as np
import polars as pl
import pytest

import multilayer as ml
from multilayer.training.history import Record

LINE = ml.Objective(ml.Network([1, 1]), penalty=ml.L2(0.5))
X, T = [[0.0], [1.0], [2.0]], [0.0, 1.0, 5.0]
START = [([[1.0]], [0.0])]
RNG = np.random.default_rng(0)
PLAIN = {"epoch", "loss", "penalty", "rate", "seconds"}


def trained(**options) -> ml.Run:
    usual = {"rule": ml.GradientDescent(0.1), "batch_size": None, "epochs": 2}
    return ml.train(LINE, START, X, T, **{**usual, **options})


def test_the_first_epoch_by_hand():
    history = trained().history
    assert history["epoch"].tolist() == [1, 2]
    assert history["loss"][0] == pytest.approx((0 + 0 + 4.5) / 3)  # f − y = 0, 0, −3, before the first update
    assert history["penalty"][0] == 0.25
    assert history["rate"].tolist() == [0.1, 0.1]
    assert np.all(np.diff([0.0, *history["seconds"]]) >= 0.0)


def test_losses_are_means_over_rows_each_batch_before_its_update():
    # given order, batches of 2 and 1, rate so small that nothing moves: (0 + 0 + 4.5)/3, not the mean of batch means
    options = {"rule": ml.GradientDescent(1e-30), "batch_size": 2, "sampling": "given", "epochs": 1}
    assert trained(**options).history["loss"][0] == pytest.approx(1.5)
    assert trained(**options, sample_weight=[1.0, 1.0, 2.0]).history["loss"][0] == pytest.approx(9 / 4)
    total = ml.train(ml.Objective(LINE.network, reduction="sum"), START, X, T, **options)
    assert total.history["loss"][0] == pytest.approx(4.5)
    # rate 1: the last row is seen after an update by the first two, which are fitted already
    options["rule"] = ml.GradientDescent(1.0)
    after = ml.train(ml.Objective(LINE.network), START, X, [1.0, 1.0, 5.0], **options)
    # f − y = −1, 0 → W += 0, b += ½; then f = 2.5, y = 5: L = 3.125
    assert after.history["loss"][0] == pytest.approx((0.5 + 0 + 3.125) / 3)


def test_only_columns_that_were_asked_for_are_there():
    assert set(trained().history) == PLAIN
    assert set(trained(validation=(X, T)).history) == PLAIN | {"validation_loss"}
    scored = trained(validation=(X, T), score=lambda outputs: -outputs[2, 0])
    assert set(scored.history) == PLAIN | {"validation_loss", "validation_score"}
    assert set(trained(stop=ml.GradientNorm(1e-9)).history) == PLAIN | {"gradient_norm"}
    history = trained().history
    assert len(history) == len(PLAIN)
    with pytest.raises(KeyError):
        history["validation_loss"]


def test_validation_is_measured_after_the_epoch_and_without_the_penalty():
    run = trained(validation=(X, T), epochs=1)
    plain = ml.Objective(LINE.network)
    assert run.history["validation_loss"][0] == pytest.approx(plain.value(run.theta, X, T))
    weighted = trained(validation=(X, T, [0.0, 1.0, 3.0]), epochs=1)
    assert weighted.history["validation_loss"][0] == pytest.approx(plain.value(run.theta, X, T, [0.0, 1.0, 3.0]))


def test_scores_see_the_outputs_on_the_validation_rows():
    seen = []
    run = trained(validation=([[7.0]], [0.0]), score=lambda outputs: seen.append(outputs) or 0.5, epochs=1)
    assert run.history["validation_score"].tolist() == [0.5]
    np.testing.assert_allclose(seen[-1], LINE.network.forward(run.theta, [[7.0]]), rtol=1e-14)


def test_the_frame_has_the_same_columns():
    run = trained(validation=(X, T), epochs=3)
    frame = run.history.to_frame()
    assert isinstance(frame, pl.DataFrame)
    assert frame.columns == list(run.history)
    for name in run.history:
        assert frame[name].to_list() == run.history[name].tolist()


def test_a_rule_without_a_rate_has_no_column_of_rates():
    seen = []
    run = trained(rule=ml.Rprop(), callbacks=[lambda epoch: seen.append(epoch.rate)])
    assert set(run.history) == PLAIN - {"rate"}
    assert seen == [None, None]
    assert run.history.to_frame().columns == list(run.history)


def test_diverged_pickles_with_its_run():
    with pytest.raises(ml.Diverged) as caught:
        trained(rule=ml.GradientDescent(1e3), epochs=500)
    again = pickle.loads(pickle.dumps(caught.value))
    assert isinstance(again, ml.Diverged)
    assert str(again) == str(caught.value) == again.run.message
    assert again.run.ended == "nonfinite"
    np.testing.assert_array_equal(again.run.history["loss"], caught.value.run.history["loss"])
    np.testing.assert_array_equal(LINE.network.pack(again.run.theta), LINE.network.pack(caught.value.run.theta))


def test_an_empty_run_has_empty_columns():
    run = trained(epochs=0)
    assert run.history["loss"].tolist() == []
    assert run.history.to_frame().height == 0
    assert (run.ended, LINE.network.pack(run.theta).tolist()) == ("epochs", [1.0, 0.0])


def test_what_an_interruption_left_unmeasured_is_nan():
    record = Record()
    record.append(ml.Epoch(1, 1.0, 0.0, 0.1, 0.0, 2.0, 3.0))
    record.append(ml.Epoch(2, 1.0, 0.0, 0.1, 0.0, 4.0))
    record.extend({"loss": np.array([5.0]), "penalty": np.zeros(1), "rate": np.ones(1), "seconds": np.ones(1)})
    history = record.history()
    np.testing.assert_array_equal(history["validation_loss"], [2.0, 4.0, np.nan])
    np.testing.assert_array_equal(history["validation_score"], [3.0, np.nan, np.nan])
    np.testing.assert_array_equal(history["loss"], [1.0, 1.0, 5.0])
    assert "gradient_norm" not in history


def test_many_epochs_at_once_are_the_same_epochs_one_by_one():
    columns = {name: RNG.normal(size=5) for name in ("loss", "penalty", "rate", "seconds")}
    apart, together = Record(), Record()
    for i in range(5):
        apart.append(ml.Epoch(i + 1, *(float(columns[name][i]) for name in columns)))
    for part in (slice(0, 0), slice(0, 2), slice(2, 5)):
        together.extend({name: column[part] for name, column in columns.items()})
    assert len(apart) == len(together) == 5
    for name, column in apart.history().items():
        assert column.tolist() == together.history()[name].tolist()
    assert apart.history()["epoch"].tolist() == [1, 2, 3, 4, 5]


def test_epochs_show_their_numbers_and_give_their_parameters():
    e = ml.Epoch(1, 2.0, 0.5, 0.1, 0.0, parameters=lambda: "θ")
    assert e == ml.Epoch(1, 2.0, 0.5, 0.1, 0.0)
    assert "parameters" not in repr(e)
    assert e.parameters() == "θ"
