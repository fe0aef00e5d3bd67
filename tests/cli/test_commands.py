"""The commands as a user meets them: what they print, what they write, and how they refuse."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import multilayer as ml
from multilayer.cli.app import app
from multilayer.engines import ENGINES, engine

QUICK = ("--epochs", "3", "--hidden", "8")


def run(*arguments: object) -> Any:
    return CliRunner().invoke(app, [str(a) for a in arguments])


def fit(table: object, target: str, *more: object) -> Any:
    return run("fit", table, "--target", target, *QUICK, *more)


@pytest.fixture(autouse=True)
def _in_an_empty_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def flowers(tmp_path: Path) -> Path:
    """Two kinds of flowers by length and colour; two lengths are missing."""
    generator = np.random.default_rng(0)
    lines = ["length,colour,kind"]
    for i in range(60):
        kind = ("rose", "tulip")[i % 2]
        length = "" if i in (7, 20) else f"{(3.0, 6.0)[i % 2] + generator.normal():.2f}"
        lines.append(f"{length},{generator.choice(['red', 'white'])},{kind}")
    path = tmp_path / "flowers.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def model(flowers: Path) -> Path:
    assert fit(flowers, "kind").exit_code == 0
    return Path("flowers.mlp")


def test_fit_says_what_it_chose_compares_and_names_the_file_from_the_table(flowers: Path) -> None:
    done = fit(flowers, "kind")
    assert done.exit_code == 0, done.output
    for words in ("length", "2 missing", "colour", "kind: classification", "engine", engine().name, "cross-validation"):
        assert words in done.stdout
    for peer in ("multilayer perceptron", "histogram gradient boosting", "logistic regression", "most frequent class"):
        assert peer in done.stdout
    assert "model written to flowers.mlp" in done.stdout
    assert [path.name for path in Path().iterdir() if path.suffix != ".csv"] == ["flowers.mlp"]


def test_fit_as_json(flowers: Path) -> None:
    report = json.loads(fit(flowers, "kind", "--json", "--model", "m.mlp").stdout)
    assert report["model"] == "m.mlp"
    assert report["target"]["classes"] == ["rose", "tulip"]
    assert next(peer["name"] for peer in report["comparison"]) == "multilayer perceptron"
    assert all(0.0 <= peer["accuracy"] <= 1.0 and peer["seconds"] >= 0.0 for peer in report["comparison"])


def test_the_same_seed_writes_the_same_weights(flowers: Path) -> None:
    for name in ("a", "b"):
        assert fit(flowers, "kind", "--model", f"{name}.mlp", "--seed", 3).exit_code == 0
    assert np.array_equal(ml.load("a.mlp").theta, ml.load("b.mlp").theta)


def test_regression_of_a_bundled_table() -> None:
    done = fit("sample:diabetes", "progression")
    assert done.exit_code == 0, done.output
    for words in ("regression", "R²", "ridge regression", "model written to diabetes.mlp"):
        assert words in done.stdout


def test_scores_on_a_given_test_table(flowers: Path) -> None:
    done = fit(flowers, "kind", "--test", flowers, "--json")
    report = json.loads(done.stdout)
    assert report["training"]["held_out"]["rows"] == 60


def test_scores_are_not_cut_short_in_a_narrow_terminal(flowers: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    printed = fit(flowers, "kind").stdout
    assert "…" not in printed
    assert re.search(r"histogram gradient boosting +[01]\.\d{4} ", printed)


def test_predict_gives_a_row_for_each_row(flowers: Path, model: Path) -> None:
    printed = list(csv.DictReader(run("predict", model, flowers).stdout.splitlines()))
    assert len(printed) == 60
    assert {row["prediction"] for row in printed} <= {"rose", "tulip"}
    assert all(abs(float(r["probability_rose"]) + float(r["probability_tulip"]) - 1.0) < 1e-6 for r in printed)
    assert run("predict", model, flowers, "--output", "out.csv").exit_code == 0
    assert list(csv.DictReader(Path("out.csv").read_text().splitlines())) == printed
    as_json = json.loads(run("predict", model, flowers, "--json").stdout)
    assert as_json["prediction"] == [row["prediction"] for row in printed]
    assert ml.load(model).predict(flowers).tolist() == as_json["prediction"]


def test_predict_needs_no_target(flowers: Path, model: Path) -> None:
    Path("new.csv").write_text("colour,length\nred,3.1\nwhite,\n")
    assert len(run("predict", model, "new.csv").stdout.splitlines()) == 3


def test_evaluate_tells_rows_of_the_training_from_others(flowers: Path, model: Path) -> None:
    result = json.loads(run("evaluate", model, flowers, "--json").stdout)
    assert result["rows"] == 60
    assert result["held_out"]["rows"] == 12
    assert "accuracy" in run("evaluate", model, flowers).stdout


def test_describe(model: Path) -> None:
    assert "kind: classification" in run("describe", model).stdout
    assert json.loads(run("describe", model, "--json").stdout)["target"]["name"] == "kind"


def refused(done: Any, *words: str) -> None:
    """Exit status 2, one message on standard error, no traceback, no model."""
    assert done.exit_code == 2, done.output
    assert "Traceback" not in done.output
    for word in words:
        assert word in done.stderr
    assert not list(Path().glob("*.mlp"))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"length,kind\n", "no rows"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\xff\xfe", "table.csv"),
        (b"<!DOCTYPE html><html><body>no</body></html>", "table.csv"),
        (b"a,a\n1,2\n3,4\n", "same name"),
        (b"length,kind\n" + b"1.0,rose\n2.0,rose\n" * 20, "rose"),
        (b"length,kind\n" + b"1.0,rose\n2.0,tulip\n" * 20 + b"inf,rose\n", "'length' holds inf in row 41"),
        (b"length,kind\n" + b"1.0,rose\n2.0,tulip\n", "at least 10"),
        (b"length,kind\n" + b"1.0,\n2.0,\n" * 20, "kind"),
        (b"length,kind\n" + b"1.0,rose\n1.0,tulip\n" * 20, "column"),
    ],
)
def test_what_is_no_table_to_learn_from_is_refused(content: bytes, words: str) -> None:
    Path("table.csv").write_bytes(content)
    refused(fit("table.csv", "kind"), words)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("fit", "absent.csv", "--target", "kind"), "absent.csv"),
        (("fit", ".", "--target", "kind"), "directory"),
        (("fit", "sample:digit", "--target", "digit"), "allowed are 'digits'"),
        (("fit", "sample:iris", "--target", "speices"), "did you mean 'species'"),
        (("fit", "sample:iris", "--target", "species", "--hidden", "8,x"), "--hidden"),
        (("fit", "sample:iris", "--target", "species", "--engine", "warp"), f"installed: {', '.join(ENGINES)}"),
        (("fit", "sample:iris", "--target", "species", "--model", "no/such/m.mlp"), "no/such"),
        (("fit", "sample:iris", "--target", "species", "--model", "."), "directory"),
        (("fit", "sample:iris", "--target", "species", "--test", "sample:wine"), "species"),
        (("fit", "sample:iris", "--target", "species", "--task", "regression"), "numbers are needed"),
        (("fit", "sample:iris", "--target", "species", "--epochs", "0"), "epochs"),
        (("fit", "sample:iris"), "--target"),
        (("predict", "absent.mlp", "sample:iris"), "absent.mlp"),
    ],
)
def test_bad_arguments_are_refused_before_any_work(arguments: tuple[str, ...], words: str) -> None:
    done = run(*arguments)
    refused(done, words)


def test_a_file_that_is_no_model_is_neither_read_nor_overwritten(flowers: Path) -> None:
    before = flowers.read_bytes()
    refused(run("describe", flowers), "flowers.csv")
    refused(fit(flowers, "kind", "--model", flowers), "flowers.csv")
    assert flowers.read_bytes() == before


def test_a_table_without_the_models_columns_is_refused(model: Path) -> None:
    Path("other.csv").write_text("length\n1.0\n")
    done = run("predict", model, "other.csv", "--output", "out.csv")
    assert done.exit_code == 2
    assert "colour" in done.stderr
    assert not Path("out.csv").exists()


def test_a_number_where_words_stand_is_named(model: Path) -> None:
    Path("other.csv").write_text("length,colour\nlong,red\n")
    done = run("predict", model, "other.csv")
    assert done.exit_code == 2
    assert "length" in done.stderr
    assert "long" in done.stderr


def test_a_cut_model_file_is_refused(flowers: Path, model: Path) -> None:
    model.write_bytes(model.read_bytes()[:-100])
    done = run("predict", model, flowers)
    assert done.exit_code == 2
    assert "flowers.mlp" in done.stderr


def test_predictions_are_not_written_over_what_is_read(flowers: Path, model: Path) -> None:
    before = flowers.read_bytes()
    for output, words in ((flowers, "would be lost"), ("out.txt", ".csv or .parquet"), ("no/such/out.csv", "no/such")):
        done = run("predict", model, flowers, "--output", output)
        assert done.exit_code == 2
        assert words in done.stderr
    assert flowers.read_bytes() == before
    assert not Path("out.txt").exists()


def test_an_interrupted_comparison_leaves_the_model(flowers: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def strike(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("multilayer.estimators.table_report._boost", strike)
    done = fit(flowers, "kind")
    assert done.exit_code == 130
    assert "the model is in flowers.mlp" in done.stderr
    assert ml.load("flowers.mlp").predict(flowers).shape == (60,)


def test_ctrl_c_leaves_no_model(flowers: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def strike(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("multilayer.estimators.table_training.train", strike)
    done = fit(flowers, "kind")
    assert done.exit_code == 130
    assert "no model was written" in done.stderr
    assert not list(Path().glob("*.mlp"))


def test_version_and_help() -> None:
    assert ml.__version__ in run("--version").stdout
    for command in ("fit", "predict", "evaluate", "describe"):
        assert command in run("--help").stdout
        assert "TABLE" in run(command, "--help").stdout or command == "describe"
