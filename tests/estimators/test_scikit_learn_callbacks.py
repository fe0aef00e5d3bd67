"""Callbacks of scikit-learn 1.9: which hooks are called when, what they are given, and where they may stop a fit."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import multilayer as ml

callback = pytest.importorskip("sklearn.callback")

pytestmark = pytest.mark.usefixtures("without_convergence_warnings")

STOCHASTIC = ["adam", "sgd", "adamw", "rprop"]
SOLVERS = [*STOCHASTIC, "lbfgs", "conjugate_gradient", "levenberg_marquardt"]


class Recorder:
    """Writes down every hook: its name, its task and what it was given."""

    def __init__(self, stop_after=None):
        self.seen = []
        self.stop_after = stop_after

    def setup(self, estimator, context):
        self.seen.append(("setup", context, {}))

    def on_fit_task_begin(self, estimator, context, *, X=None, y=None, metadata=None, fitted_estimator=None):
        self.seen.append(("begin", context, {"X": X, "y": y, "metadata": metadata, "fitted": fitted_estimator}))

    def on_fit_task_end(self, estimator, context, *, X=None, y=None, metadata=None, fitted_estimator=None):
        self.seen.append(("end", context, {"X": X, "y": y, "metadata": metadata, "fitted": fitted_estimator}))
        return context.task_name == "epoch" and context.task_id + 1 == self.stop_after

    def teardown(self, estimator, context):
        self.seen.append(("teardown", context, {}))

    def steps(self):
        return [(hook, context.task_name, context.task_id) for hook, context, _ in self.seen]

    def of_epochs(self, hook):
        return [given for name, context, given in self.seen if (name, context.task_name) == (hook, "epoch")]


class Propagated(Recorder):
    max_propagation_depth = None


@pytest.fixture(scope="module")
def iris():
    X, y = load_iris(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(y))
    return StandardScaler().fit_transform(X)[order], y[order]


def of_solver(solver, **options):
    """An estimator that needs many epochs, and rows for it."""
    options = {"hidden_layer_sizes": (4,), "max_iter": 12, "random_state": 0, "solver": solver, **options}
    if solver == "levenberg_marquardt":
        X, y = load_diabetes(return_X_y=True)
        return ml.MLPRegressor(alpha=0.01, **options), X[:100], (y[:100] - y.mean()) / y.std()
    X, y = load_iris(return_X_y=True)
    return ml.MLPClassifier(learning_rate_init=0.01, **options), StandardScaler().fit_transform(X), y


def same(a, b, X):
    f = "predict_proba" if hasattr(a, "predict_proba") else "predict"
    np.testing.assert_allclose(getattr(a, f)(X), getattr(b, f)(X), rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("solver", SOLVERS)
def test_hooks_come_in_pairs_and_in_order(solver):
    model, X, y = of_solver(solver)
    seen = Recorder()
    model.set_callbacks(seen).fit(X, y)
    assert model.n_iter_ == 12
    epochs = [(hook, "epoch", k) for k in range(12) for hook in ("begin", "end")]
    root = [("setup", "fit", 0), ("begin", "fit", 0)]
    assert seen.steps() == [*root, *epochs, ("end", "fit", 0), ("teardown", "fit", 0)]
    fit = seen.seen[0][1]
    assert (fit.max_subtasks, fit.estimator_name) == (12, type(model).__name__)
    assert all(context.parent is fit for _, context, _ in seen.seen if context.task_name == "epoch")


@pytest.mark.parametrize("solver", SOLVERS)
def test_being_watched_changes_nothing(solver):
    model, X, y = of_solver(solver)
    alone = clone(model).fit(X, y)
    model.set_callbacks(Recorder()).fit(X, y)
    for a, b in zip(model.coefs_, alone.coefs_, strict=True):
        np.testing.assert_array_equal(a, b)
    assert (model.n_iter_, model.loss_) == (alone.n_iter_, alone.loss_)
    assert getattr(model, "loss_curve_", None) == getattr(alone, "loss_curve_", None)
    assert vars(model.set_callbacks()).keys() == vars(alone).keys()


@pytest.mark.parametrize("solver", SOLVERS)
def test_the_fitted_estimator_is_what_a_shorter_fit_would_have_left(solver):
    model, X, y = of_solver(solver)
    seen = Recorder()
    model.set_callbacks(seen).fit(X, y)
    for k in (1, 3, 12):
        shorter, *_ = of_solver(solver, max_iter=k)
        fitted = seen.of_epochs("end")[k - 1]["fitted"]
        same(fitted, shorter.fit(X, y), X)
        assert fitted.n_iter_ == k
        assert fitted.loss_ == pytest.approx(shorter.loss_, rel=1e-9)
        if solver in STOCHASTIC:
            assert fitted.loss_curve_ == shorter.loss_curve_
    for begun, ended in zip(seen.of_epochs("begin")[1:], seen.of_epochs("end"), strict=False):
        same(begun["fitted"], ended["fitted"], X)
    name, _, last = seen.seen[-2]
    assert name == "end"
    same(last["fitted"], model, X)


def test_the_first_epoch_begins_with_the_weights_drawn(iris):
    X, y = iris
    seen = Recorder()
    model = ml.MLPClassifier((5,), max_iter=2, random_state=3).set_callbacks(seen).fit(X, y)
    same(seen.of_epochs("begin")[0]["fitted"], clone(model).initialize(X, y), X)


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_hook_may_stop_the_fit(solver):
    model, X, y = of_solver(solver)
    shorter, *_ = of_solver(solver, max_iter=3)
    seen = Recorder(stop_after=3)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        model.set_callbacks(seen).fit(X, y)
    assert model.n_iter_ == len(seen.of_epochs("begin")) == len(seen.of_epochs("end")) == 3
    same(model, shorter.fit(X, y), X)
    assert seen.steps()[-2:] == [("end", "fit", 0), ("teardown", "fit", 0)]


@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_run_that_stops_by_itself_begins_no_further_epoch(iris, early_stopping):
    seen = Recorder()
    model = ml.MLPClassifier((4,), max_iter=500, early_stopping=early_stopping, n_iter_no_change=2, tol=0.01)
    model.set_params(random_state=0).set_callbacks(seen).fit(*iris)
    assert model.n_iter_ < 500
    assert len(seen.of_epochs("begin")) == len(seen.of_epochs("end")) == model.n_iter_


@pytest.mark.parametrize("solver", ["lbfgs", "conjugate_gradient"])
def test_a_step_that_convergence_spared_ends_without_an_estimator(solver):
    model, X, y = of_solver(solver, max_iter=5000, alpha=1.0)
    seen = Recorder()
    model.set_callbacks(seen).fit(X, y)
    assert model.n_iter_ < 5000
    ends = seen.of_epochs("end")
    assert len(seen.of_epochs("begin")) == len(ends) == model.n_iter_ + 1
    assert [given["fitted"] is None for given in ends] == [False] * model.n_iter_ + [True]


def test_early_stopping_gives_the_best_weights_and_the_rows_trained_on(iris):
    X, y = iris
    numbered = np.column_stack([X, np.arange(len(X))])
    names = np.array(["one", "two", "three"])[y]
    weight = np.linspace(1.0, 2.0, len(X))
    seen = Recorder()
    model = ml.MLPClassifier((4,), early_stopping=True, max_iter=40, n_iter_no_change=5, random_state=0)
    model.set_callbacks(seen).fit(numbered, names, weight)
    assert seen.seen[1][2]["X"] is numbered
    assert seen.seen[1][2]["metadata"]["sample_weight"] is weight
    ends = seen.of_epochs("end")
    rows = ends[0]["X"][:, -1].astype(int)
    assert len(set(rows)) == len(rows) == 135  # a tenth is held out
    assert np.array_equal(ends[0]["y"], names[rows])
    np.testing.assert_array_equal(ends[0]["metadata"]["sample_weight"], weight[rows])
    held = np.setdiff1d(np.arange(150), rows)
    scores = [given["fitted"].score(numbered[held], names[held], weight[held]) for given in ends]
    np.testing.assert_allclose(scores, np.maximum.accumulate(model.validation_scores_))
    same(ends[-1]["fitted"], model, numbered)


def test_data_frames_come_as_they_are():
    pytest.importorskip("pandas")
    X, y = load_iris(return_X_y=True, as_frame=True)
    monitor = callback.ScoringMonitor(scoring="accuracy")
    model = ml.MLPClassifier((4,), early_stopping=True, max_iter=3, random_state=0).set_callbacks(monitor).fit(X, y)
    assert list(model.feature_names_in_) == list(X.columns)
    assert len(monitor.get_logs().data) == 4  # warnings about names of features would be errors


def test_the_scoring_monitor(iris):
    X, y = iris
    monitor = callback.ScoringMonitor(scoring=["accuracy", "neg_log_loss"])
    model = ml.MLPClassifier((8,), max_iter=30, learning_rate_init=0.03, random_state=0).set_callbacks(monitor)
    model.fit(X, y)
    *epochs, _ = sorted(monitor.get_logs().data, key=lambda row: -len(row["task_id_path"]))
    assert [row["task_id"] for row in epochs] == list(range(30))
    assert epochs[-1]["accuracy"] == model.score(X, y)
    assert epochs[-1]["neg_log_loss"] > 2.0 * epochs[0]["neg_log_loss"]


def test_partial_fits_are_fits_of_one_epoch(iris):
    seen = Recorder(stop_after=1)
    model = ml.MLPClassifier((4,), random_state=0).set_callbacks(seen)
    for _ in range(2):
        model.partial_fit(*iris, classes=[0, 1, 2])
    one = [("setup", "fit", 0), ("begin", "fit", 0), ("begin", "epoch", 0)]
    one += [("end", "epoch", 0), ("end", "fit", 0), ("teardown", "fit", 0)]
    assert seen.steps() == 2 * one
    assert seen.seen[0][1].max_subtasks == 1


def test_both_kinds_of_callbacks_together(iris):
    order = []

    class Ordered(Recorder):
        def on_fit_task_end(self, estimator, context):
            order.append(("theirs", context.task_name))

    model = ml.MLPClassifier((4,), max_iter=2, callbacks=[lambda epoch: order.append(("ours", epoch.epoch))])
    model.set_callbacks(Ordered()).fit(*iris)
    assert order == [("ours", 1), ("theirs", "epoch"), ("ours", 2), ("theirs", "epoch"), ("theirs", "fit")]


def test_interruption_ends_the_epoch_that_was_begun(iris):
    def interrupt(epoch):
        if epoch.epoch == 2:
            raise KeyboardInterrupt

    seen = Recorder()
    model = ml.MLPClassifier((4,), max_iter=5, callbacks=[interrupt]).set_callbacks(seen)
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        model.fit(*iris)
    assert [given["fitted"] is None for given in seen.of_epochs("end")] == [False, True]
    assert seen.steps()[-2:] == [("end", "fit", 0), ("teardown", "fit", 0)]


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_an_error_in_a_hook_ends_the_fit_and_tears_down(solver):
    class Failing(Recorder):
        def on_fit_task_end(self, estimator, context):
            raise RuntimeError("of the hook")

    seen = Failing()
    model, X, y = of_solver(solver)
    with pytest.raises(RuntimeError, match="of the hook"):
        model.set_callbacks(seen).fit(X, y)
    assert [hook for hook, *_ in seen.seen] == ["setup", "begin", "begin", "teardown"]


def test_refused(iris):
    with pytest.raises(TypeError, match="FitCallback protocol"):
        ml.MLPClassifier().set_callbacks(print)


def test_callbacks_taken_back_are_not_called(iris):
    seen = Recorder()
    ml.MLPClassifier((4,), max_iter=2).set_callbacks(seen).set_callbacks().fit(*iris)
    assert seen.seen == []


def test_without_callbacks_no_account_is_kept(iris, monkeypatch):
    """Nor in a pipeline, which hands its own to every step."""

    def kept(*given, **options):
        raise AssertionError("a fit that nobody watches")

    model = make_pipeline(StandardScaler(), ml.MLPClassifier((4,), max_iter=2))
    for kind in (ml.MLPClassifier, ml.MLPRegressor):
        monkeypatch.setattr(kind, "_init_callback_context", kept)
    model.fit(*iris)
    ml.MLPRegressor(max_iter=2).fit(*iris)


def test_pipelines_and_searches_hand_their_callbacks_on(iris):
    seen = Propagated()
    pipeline = make_pipeline(StandardScaler(), ml.MLPClassifier((4,), max_iter=3, random_state=0))
    search = GridSearchCV(pipeline, {"mlpclassifier__alpha": [0.1, 1.0]}, cv=2).set_callbacks(seen)
    search.fit(*iris)
    fits = [context for hook, context, _ in seen.seen if (hook, context.estimator_name) == ("begin", "MLPClassifier")]
    assert [context.task_name for context in fits] == ["fit", "epoch", "epoch", "epoch"] * 5
    assert {context.source_task_name for context in fits[::4]} == {"fit-final-estimator"}
    assert [hook for hook, *_ in seen.seen].count("setup") == 1
    same(search.best_estimator_, clone(search.best_estimator_).fit(*iris), iris[0])


def test_progress_bars(iris, capsys):
    bar = callback.ProgressBar(max_propagation_depth=None)
    make_pipeline(StandardScaler(), ml.MLPClassifier((4,), max_iter=3)).set_callbacks(bar).fit(*iris)
    shown = capsys.readouterr().out
    assert "MLPClassifier - fit" in shown
    assert "100%" in shown


def test_processes_report_to_the_one_that_asked(iris):
    monitor = callback.ScoringMonitor(scoring="accuracy")
    model = ml.MLPClassifier((4,), max_iter=2, random_state=0).set_callbacks(monitor)
    GridSearchCV(model, {"alpha": [0.1, 1.0]}, cv=2, n_jobs=2).fit(*iris)
    scored = monitor.get_logs().data
    assert len([row for row in scored if row["task_name"] == "epoch"]) == 2 * 5


def test_copies_of_a_watched_estimator(iris):
    seen = Recorder()
    model = ml.MLPClassifier((4,), max_iter=2, random_state=0).set_callbacks(seen)
    clone(model).fit(*iris)
    assert len(seen.of_epochs("end")) == 2
    model.set_callbacks(callback.ScoringMonitor(scoring="accuracy")).fit(*iris)
    same(pickle.loads(pickle.dumps(model)), model, iris[0])
