"""Several columns of classes: what scikit-learn's trees give, and what follows from each column's own softmax."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.multioutput import MultiOutputClassifier
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import get_tags

import multilayer as ml

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def task(n=300, seed=0):
    """Rows (n, 4); three classes by one coordinate, four by two others, and two by their product."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 4))
    y = [np.digitize(X[:, 0], [-0.5, 0.5]), np.digitize(X[:, 1] + X[:, 2], [-1, 0, 1]), X[:, 1] * X[:, 2] > 0]
    return X, np.column_stack(y)


def small(**options):
    return ml.MLPClassifier(**{"hidden_layer_sizes": (30,), "solver": "lbfgs", "random_state": 0, **options})


X, Y = task()
LETTERS = np.array(["low", "middle", "high"])[Y[:, 0]]
KINDS = {
    "integers": Y,
    "small integers": Y.astype(np.int8) - 1,
    "floats": Y.astype(float),
    "strings": Y.astype(str),
    "strings of two values": np.where(Y[:, 1:] > 0, "yes", "no"),
    "objects": np.column_stack([LETTERS.astype(object), Y[:, 1].astype(str).astype(object)]),
    "a frame": pd.DataFrame({"a": LETTERS, "b": Y[:, 1].astype(str)}),
}


@pytest.mark.parametrize("y", KINDS.values(), ids=KINDS)
def test_labels_of_any_kind_come_back_as_from_a_tree(y):
    ours, tree = small(max_iter=20).fit(X, y), DecisionTreeClassifier().fit(X, y)
    assert isinstance(ours.classes_, list)
    for mine, its in zip(ours.classes_, tree.classes_, strict=True):
        assert mine.dtype == its.dtype
        np.testing.assert_array_equal(mine, its)
    for asked in ("predict", "predict_proba", "predict_log_proba"):
        with np.errstate(divide="ignore"):
            mine, its = getattr(ours, asked)(X), getattr(tree, asked)(X)
        assert type(mine) is type(its)
        assert [a.shape for a in mine] == [a.shape for a in its]
    assert ours.predict(X).dtype == tree.predict(X).dtype
    assert {type(a) for a in ours.predict(X).ravel().tolist()} == {type(a) for a in np.asarray(y).ravel().tolist()}


def test_strings_beside_numbers_are_columns_too():
    frame = pd.DataFrame({"size": LETTERS, "count": Y[:, 1]})
    model = small().fit(X, frame)
    assert [classes.tolist() for classes in model.classes_] == [["high", "low", "middle"], [0, 1, 2, 3]]
    assert model.predict(X).tolist()[0] == frame.iloc[0].tolist()
    assert model.score(X, frame) > 0.95
    assert small().fit(X, frame[["count", "size"]]).predict(X)[0, 0] == Y[0, 1]


def test_all_columns_are_learned_by_one_network():
    model = small(max_iter=500).fit(X, Y)
    X_new, Y_new = task(seed=1)
    right = (model.predict(X_new) == Y_new).mean(axis=0)
    assert (right > 0.85).all()  # a guess is right in a third, a third and a half
    assert [W.shape for W in model.coefs_] == [(4, 30), (30, 9)]
    assert model.n_outputs_ == 9  # units, as in every multilayer perceptron
    assert model.score(X_new, Y_new) == (model.predict(X_new) == Y_new).all(axis=1).mean()
    weight = np.arange(300.0)
    expected = np.average((model.predict(X_new) == Y_new).all(axis=1), weights=weight)
    assert model.score(X_new, Y_new, weight) == pytest.approx(expected)
    probabilities = model.predict_proba(X_new)
    for j, (p, log_p) in enumerate(zip(probabilities, model.predict_log_proba(X_new), strict=True)):
        np.testing.assert_allclose(p.sum(axis=1), 1.0)
        np.testing.assert_allclose(np.exp(log_p), p)
        np.testing.assert_array_equal(model.classes_[j][p.argmax(axis=1)], model.predict(X_new)[:, j])


def test_without_hidden_units_each_column_is_a_multinomial_logistic_regression():
    """The penalised problem is convex and falls apart into the columns', which scikit-learn's judge solves alone."""
    model = small(hidden_layer_sizes=(), alpha=3.0, tol=1e-7, max_iter=2000, loss="cross_entropy").fit(X, Y)
    for j, p in enumerate(model.predict_proba(X)[:2]):
        judge = LogisticRegression(C=1 / 3.0, tol=1e-8, max_iter=2000).fit(X, Y[:, j])
        np.testing.assert_allclose(p, judge.predict_proba(X), atol=1e-4)


def test_the_loss_of_zero_weights_is_the_sum_of_the_columns_logarithms():
    zeros = ([np.zeros((4, 9))], [np.zeros(9)])
    model = small(hidden_layer_sizes=(), initial_weights=zeros, solver="sgd", max_iter=1, batch_size=300).fit(X, Y)
    assert model.loss_ == pytest.approx(np.log(3) + np.log(4) + np.log(2), rel=1e-14)


@pytest.mark.parametrize("options", [{}, {"loss": "squared"}, {"loss": "sparsemax"}, {"label_smoothing": 0.2}], ids=str)
def test_engines_agree(options):
    made = [small(solver="adam", max_iter=5, engine=e, **options).fit(X, Y) for e in ("native", "reference")]
    np.testing.assert_allclose(made[0].loss_curve_, made[1].loss_curve_, rtol=1e-10)
    np.testing.assert_allclose(made[0].coefs_[0], made[1].coefs_[0], atol=1e-8)


def test_sparse_rows_in_single_precision():
    model = small(solver="adam", dtype="float32", max_iter=30).fit(sparse.csr_array(X), Y)
    assert [p.dtype for p in model.predict_proba(X.astype(np.float32))] == [np.float32] * 3
    np.testing.assert_allclose(model.predict_proba(sparse.csr_array(X))[1], model.predict_proba(X)[1], rtol=1e-4)


def test_smoothed_targets_are_less_sure_in_each_column():
    """Far from the borders the best probability is 1 − s + s/k."""
    easy = np.repeat(np.eye(3), 30, axis=0)
    y = np.column_stack([easy.argmax(axis=1), easy.argmax(axis=1) % 2])
    model = small(label_smoothing=0.3, alpha=0.0, tol=1e-8, max_iter=1000).fit(easy, y)
    largest = [p.max(axis=1) for p in model.predict_proba(easy)]
    np.testing.assert_allclose(largest, [[0.8] * 90, [0.85] * 90], atol=1e-3)


def test_class_weights_are_multiplied_over_the_columns():
    weights = [{0: 2.0}, {1: 3.0, 2: 0.5}, {}]
    of_rows = np.where(Y[:, 0] == 0, 2.0, 1.0) * np.select([Y[:, 1] == 1, Y[:, 1] == 2], [3.0, 0.5], 1.0)
    given = small(solver="adam", max_iter=5).fit(X, Y, of_rows)
    by_class = small(solver="adam", max_iter=5, class_weight=weights).fit(X, Y)
    np.testing.assert_array_equal(given.coefs_[1], by_class.coefs_[1])
    rare = np.where((Y[:, :1] == 0) & (np.arange(300) % 5 > 0)[:, None], 1, Y[:, :2])
    plain, balanced = (small(max_iter=15, class_weight=w).fit(X, rare) for w in (None, "balanced"))
    assert (balanced.predict(X)[:, 0] == 0).sum() > (plain.predict(X)[:, 0] == 0).sum()
    with pytest.raises(ValueError, match="For multi-output, class_weight should be a list of dicts"):
        small(class_weight={0: 2.0}).fit(X, Y)


def test_early_stopping_watches_the_columns_mean_accuracy():
    X_new, Y_new = task(seed=1)
    options = {"solver": "adam", "max_iter": 30, "learning_rate_init": 0.01, "early_stopping": True}
    model = small(validation_data=(X_new, Y_new), **options).fit(X, Y)
    assert max(model.validation_scores_) == pytest.approx((model.predict(X_new) == Y_new).mean())
    assert len(model.validation_loss_curve_) == model.n_iter_
    split = small(**options, validation_fraction=0.3).fit(X, Y)
    assert split.best_validation_score_ > 0.6
    scored = small(**options, early_stopping_on="accuracy", validation_data=(X_new, Y_new))
    with pytest.raises(ValueError, match="multiclass-multioutput is not supported"):
        scored.fit(X, Y)


def test_partial_fit_is_told_the_classes_of_each_column():
    classes = [np.arange(3), np.arange(4), np.arange(2)]
    model = small(solver="adam", learning_rate_init=0.01)
    first = (Y < 2).all(axis=1)  # zeros and ones alone: label indicators, but for the classes told
    model.partial_fit(X[first], Y[first], classes=classes)
    for _ in range(60):
        model.partial_fit(X, Y)
    assert model.score(X, Y) > 0.7
    assert [p.shape[1] for p in model.predict_proba(X)] == [3, 4, 2]
    model.partial_fit(X, Y, classes=classes)
    for others in ([np.arange(3), np.arange(4), np.arange(3)], classes[:2], np.arange(4)):
        with pytest.raises(ValueError, match="is not the same as on last call to partial_fit"):
            model.partial_fit(X, Y, classes=others)
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        small(solver="adam").partial_fit(X, Y)


def test_warm_starts_go_on_with_the_same_classes():
    model = small(solver="adam", warm_start=True, max_iter=3).fit(X, Y)
    loss = model.loss_
    assert model.fit(X, Y).loss_ < loss
    for other, message in (
        (Y[:, :2], r"y: must have shape \(n, 3\), one column a target, came \(300, 2\)"),
        (Y[:, 0], r"y: must have shape \(n, 3\), one column a target, came \(300,\)"),
        (Y + 1, "warm_start can only be used where `y` has the same classes"),
    ):
        with pytest.raises(ValueError, match=message):
            model.fit(X, other)
    model.set_params(warm_start=False).fit(X, Y[:, 0])
    assert model.predict(X).shape == (300,)


def test_classes_that_are_not_known_are_refused():
    wrong = np.where(Y == 3, 7, Y)
    model = small(solver="adam").partial_fit(X, Y, classes=[np.arange(3), np.arange(4), np.arange(2)])
    with pytest.raises(ValueError, match="`y` has classes not in `self"):
        model.partial_fit(X, wrong)
    with pytest.raises(ValueError, match="validation_data: `y` has classes not in"):
        small(solver="adam", validation_data=(X, wrong)).fit(X, Y)
    with pytest.raises(ValueError, match="output_activation: must be 'softmax' or 'sparsemax' for these targets"):
        small(output_activation="logistic").fit(X, Y)


def test_columns_are_refused_where_one_was_learned():
    with pytest.raises(ValueError, match=r"y: .*came several columns of classes, shape \(300, 3\); .*classes=\[...\]"):
        small(solver="adam").partial_fit(X, Y, classes=np.arange(4))
    with pytest.raises(ValueError, match="y: must be one column or label indicators as before"):
        small(warm_start=True, max_iter=3).fit(X, Y[:, 0]).fit(X, Y)


def test_a_column_of_one_class_is_always_predicted():
    y = np.column_stack([Y[:, 0], np.full(300, 5)])
    model = small(max_iter=200).fit(X, y)
    assert (model.predict(X)[:, 1] == 5).all()
    assert (model.predict_proba(X)[1] == 1.0).all()
    assert model.score(X, y) > 0.95


def test_zeros_and_ones_are_label_indicators_as_before():
    y = (Y > 1).astype(int)[:, :2]
    model = small(max_iter=20).fit(X, y)
    assert model.out_activation_ == "logistic"
    assert model.predict_proba(X).shape == (300, 2)


def test_tools_of_scikit_learn():
    model = small(max_iter=100)
    assert get_tags(model).target_tags.multi_output
    by_column = MultiOutputClassifier(clone(model)).fit(X, Y)
    assert by_column.score(X, Y) - clone(model).fit(X, Y).score(X, Y) < 0.2
    assert cross_val_score(model, X, Y, cv=3).min() > 0.5
    p = cross_val_predict(model, X, Y, cv=3, method="predict_proba")
    assert [a.shape for a in p] == [(300, 3), (300, 4), (300, 2)]
    assert GridSearchCV(model, {"alpha": [0.1, 1.0]}, cv=3).fit(X, Y).predict(X).shape == Y.shape
    fitted = clone(model).fit(X, Y)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(fitted)).predict(X), fitted.predict(X))
    assert fitted.hidden_activations(X).shape == (300, 30)
    assert ml.MLPFeatures(model).fit_transform(X, Y).shape == (300, 30)


def test_what_cannot_hold_several_columns_says_so():
    with pytest.raises(ValueError, match="fitted: scikit-learn's MLPClassifier has no several columns of classes"):
        ml.to_sklearn(small(max_iter=5).fit(X, Y))
    with pytest.raises(ValueError, match=r"y should be a 1d array, got an array of shape \(300, 3\)"):
        ml.MLPEnsembleClassifier().fit(X, Y)
