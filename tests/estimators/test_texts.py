"""What is printed and warned, in scikit-learn's words."""

from __future__ import annotations

import re
import warnings

import pytest

pytestmark = pytest.mark.usefixtures("without_convergence_warnings")


@pytest.mark.parametrize(
    "options",
    [
        {"solver": "adam"},
        {"solver": "sgd", "learning_rate": "adaptive", "learning_rate_init": 1e-4, "tol": 1.0, "n_iter_no_change": 1},
        {"early_stopping": True, "tol": 1.0, "n_iter_no_change": 2},
    ],
    ids=repr,
)
def test_verbose_lines(both, rows, capsys, options):
    X, targets = rows
    said = []
    for estimator in both("classifier", hidden_layer_sizes=(3,), verbose=True, max_iter=20, **options):
        estimator.fit(X, targets["binary"])
        said.append(capsys.readouterr().out)
    numbers = [[float(x) for x in re.findall(r"\d+\.\d+", text)] for text in said]
    assert numbers[0] == pytest.approx(numbers[1], abs=2e-8)
    assert re.sub(r"\d+\.\d+", "#", said[0]) == re.sub(r"\d+\.\d+", "#", said[1])


def test_batches_larger_than_the_data_are_clipped_with_a_warning(both, rows):
    X, targets = rows
    for estimator in both("classifier", batch_size=1000, max_iter=1):
        with pytest.warns(UserWarning, match="Got `batch_size` less than 1 or larger than sample size. It is going to"):
            estimator.fit(X, targets["binary"])


def test_a_column_of_targets_is_taken_with_a_warning(both, agree, rows):
    X, targets = rows
    ours, theirs = both("regressor", hidden_layer_sizes=(2,), max_iter=2)
    said = []
    for estimator in (ours, theirs):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            estimator.fit(X, targets["numbers"][:, None])
        said.append({str(w.message) for w in caught})
    assert said[0] == said[1]
    agree(ours, theirs)
    assert ours.predict(X).shape == (len(X),)
