"""Metrics are declared once: a metric that is added there has its words and its direction wherever metrics are used."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dashboard import metrics
from dashboard.charts.figures import training_curves
from dashboard.data.dataset import Arrays
from dashboard.data.preprocessing import Preprocessing, errors_in_own_unit
from dashboard.engine.metrics import evaluate
from dashboard.engine.network import Network
from dashboard.engine.samples import Samples
from dashboard.engine.training import Best, Training
from dashboard.jobs import trainer
from dashboard.jobs.job import TrainingJob
from dashboard.metrics import METRICS, NUMBERS, Metric, best_of, best_version, metric_name, metric_words
from dashboard.parsing import Fields
from dashboard.records.network import LayerSpec, NetworkSpec, check_combination
from dashboard.records.run import Epoch, best_epoch
from dashboard.records.search import Goal
from dashboard.records.training import TrainingSpec
from dashboard.services.search.view import bounds_of, directions
from dashboard.web.runs.words import latest_metric
from dashboard.web.searches.words import words_of_test

LISTS = {"per_class", "confusion"}
SPECS = {
    "classification": NetworkSpec(2, (LayerSpec(6, "softmax"),), TrainingSpec(epochs=1)),
    "regression": NetworkSpec(2, (LayerSpec(1, "identity"),), TrainingSpec(loss="squared_error", epochs=1)),
}


@pytest.fixture
def mape(monkeypatch):
    """A metric that is declared in one place: an error in percent, measured like the other errors."""
    metric = Metric("mape", "mean absolute error in percent", False, NUMBERS, metrics.EVERY_PART, ("forecast",))
    monkeypatch.setitem(METRICS, "mape", metric)
    return metric


def samples(task):
    rng = np.random.default_rng(1)
    targets = rng.integers(0, 6, 60) if task == "classification" else rng.normal(size=(60, 1))
    return Samples(rng.normal(size=(60, 2)), targets)


@pytest.mark.parametrize("task", SPECS)
def test_everything_that_the_engine_measures_is_declared(task):
    network = Network(SPECS[task])
    network.initialize(1)
    measured = set(evaluate(network, samples(task), task)) - LISTS
    others = {"rank_correlation", "all_right"}  # of several trials, and of several targets
    assert measured == {metric.name for metric in METRICS.values() if task in metric.tasks} - others


@pytest.mark.parametrize("task", SPECS)
def test_every_epoch_measures_what_a_search_can_look_for(task):
    network = Network(SPECS[task])
    network.initialize(1)
    (result,) = Training(network, samples(task), samples(task), task).epochs()
    epoch = Epoch(1, result.loss, result.accuracy, result.val_loss, result.val_accuracy, 0.1, 0.1, result.metrics)
    assert all(epoch.value(name) is not None for name in metrics.goals(task))


def test_what_a_search_can_look_for_begins_with_what_ranks_versions():
    assert metrics.goals("classification") == (
        *("val_accuracy", "val_loss"),
        *("val_balanced_accuracy", "val_f1", "val_log_loss"),
    )
    assert metrics.goals("regression") == ("val_loss", "val_rmse", "val_mae", "val_r2")


def test_nothing_is_the_best_by_an_unknown_metric():
    assert best_of("val_mape", {1: 0.3, 2: 0.2}) is None
    assert metrics.is_higher_better("val_mape") is None
    assert metric_words("val_mape") == "val mape"


def test_of_equal_versions_the_first_is_the_best():
    assert best_version("regression", "loss", {1: {"val_loss": 0.2}, 2: {"val_loss": 0.1}, 3: {"val_loss": 0.1}}) == 2
    assert (
        best_version("classification", "loss", {1: {"accuracy": 0.8}, 2: {"accuracy": 0.9}, 3: {"accuracy": 0.9}}) == 2
    )
    assert best_version("classification", "loss", {1: {}, 2: {}}) is None


def test_a_declared_metric_has_words_on_every_part(mape):
    assert metric_words("mape") == mape.words
    assert metric_words("val_mape") == f"validation {mape.words}"
    assert metric_words("test_mape") == f"test {mape.words}"
    assert metrics.curve_words("mape") == f"training {mape.words}"


def test_a_declared_metric_ranks_versions(mape):
    history = {1: {"val_mape": 0.3}, 2: {"val_mape": 0.2}, 3: {"val_mape": 0.9}}
    assert metric_name("forecast", history[1]) == "val_mape"
    assert best_version("forecast", "loss", history) == 2
    assert metrics.in_order(["mape", "val_mape", "loss"]) == ["val_mape", "loss", "mape"]


def test_a_declared_metric_can_be_a_goal(mape):
    assert "val_mape" in metrics.goals("regression")
    assert "val_mape" not in metrics.goals("classification")
    goal = Goal("val_mape")
    assert goal.better(0.1, 0.2)
    assert directions(goal) == ["minimize"]
    assert bounds_of(goal) == (mape.low, mape.high)


def test_a_declared_metric_is_drawn(mape):
    figure = training_curves([{"epoch": 1, "loss": 2.0, "mape": 0.3, "val_mape": 0.2}])
    assert [(trace["meta"], trace["yaxis"]) for trace in figure["data"]] == [
        ("training loss", "y"),
        (f"training {mape.words}", "y2"),
        (f"validation {mape.words}", "y2"),
    ]


def test_a_declared_score_is_drawn_against_an_axis_of_its_name(monkeypatch):
    monkeypatch.setitem(METRICS, "hits", Metric("hits", "hits", True, NUMBERS, metrics.EVERY_PART))
    figure = training_curves([{"epoch": 1, "loss": 2.0, "val_hits": 0.2}])
    assert figure["data"][1]["yaxis"] == "y2"
    assert figure["layout"]["yaxis2"]["title"]["text"] == "hits"


def test_an_error_in_the_unit_of_the_target_is_scaled_back(monkeypatch):
    preprocessing = Preprocessing("none", "regression", (), (), (), 0.0, 1.0, target_scale=0.5, target_offset=0.0)
    assert errors_in_own_unit({"val_worst": 1.0}, preprocessing) == {"val_worst": 1.0}
    worst = Metric("worst", "largest error", False, NUMBERS, metrics.NEW_RECORDS, in_target_unit=True)
    monkeypatch.setitem(METRICS, "worst", worst)
    assert errors_in_own_unit({"val_worst": 1.0, "val_r2": 1.0}, preprocessing) == {"val_worst": 2.0, "val_r2": 1.0}


def test_a_declared_metric_is_saved_with_a_version(mape, monkeypatch):
    monkeypatch.setattr(trainer, "evaluate", lambda *_: {"loss": 0.5, "mape": 0.25, "of_no_name": 1.0})
    reports = []
    trainer.train(training_job(), lambda kind, payload: reports.append((kind, payload)), lambda: None)
    saved = next(payload["metrics"] for kind, payload in reports if kind == "version")
    assert saved["test_mape"] == 0.25
    assert "test_of_no_name" not in saved


def training_job():
    rng = np.random.default_rng(4)
    none = np.zeros((60, 0), np.int32)
    arrays = Arrays(
        rng.normal(size=(60, 2)), none, rng.normal(size=60), ["a", "b"], [], [], [], "regression", None, frozenset()
    )
    split = {"validation": 0.2, "test": 0.2, "seed": 1}
    return TrainingJob(1, 1, SPECS["regression"], "regression", Path("none"), split, 60.0, arrays=arrays)


def test_a_run_says_the_metric_that_ranks_versions(mape):
    epoch = Epoch(1, 0.5, None, None, None, 0.1, 0.1, {"val_mape": 0.2})
    assert latest_metric(epoch) == ("loss", 0.5)
    assert latest_metric(replace(epoch, val_loss=0.4)) == ("val_loss", 0.4)
    assert latest_metric(replace(epoch, accuracy=0.9, val_loss=0.4)) == ("accuracy", 0.9)


def test_a_search_tests_its_winner_by_what_says_most(mape):
    assert words_of_test({"test_mape": 0.25}) == f"test {mape.words} 0.2500"
    assert words_of_test({"test_mape": 0.25, "test_loss": 0.1, "test_rmse": 0.5}) == "test RMSE 0.5000"


READS_THEM_WHEN_IT_STARTS = """
from dashboard import metrics
metrics.METRICS["mape"] = metrics.Metric("mape", "MAPE", False, metrics.NUMBERS, metrics.NEW_RECORDS)
from dashboard.api.schemas import GOAL
from dashboard.web.searches.forms import SearchForm
print("val_mape" in str(GOAL["metric"]), "validation MAPE" in str(SearchForm.goal.args[0].metric.kwargs["choices"]))
"""


@pytest.mark.slow
def test_a_declared_metric_is_in_the_api_and_in_the_form_of_a_search():
    command = [sys.executable, "-c", READS_THEM_WHEN_IT_STARTS]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert said.split() == ["True", "True"]


RISING = [(0.9, 0.5, 0.6), (0.4, 0.7, 0.5), (0.6, 0.9, 0.7)]
"""Of each epoch the validation's loss, accuracy and F1."""


def epochs_of(values):
    return [
        Epoch(number, 0.1, 0.9, loss, accuracy, 0.1, 0.1, {"val_f1": f1})
        for number, (loss, accuracy, f1) in enumerate(values, 1)
    ]


@pytest.mark.parametrize(("best_by", "best"), [("loss", 2), ("accuracy", 3), ("f1", 3), ("balanced_accuracy", 2)])
def test_one_rule_decides_which_epoch_and_which_version_is_best(best_by, best):
    """Where a metric was not measured (here the balanced accuracy) the loss decides, in both."""
    epochs = epochs_of(RISING)
    leading, spec = Best(), TrainingSpec(best_by=best_by, save="best")
    for epoch in epochs:
        leading.note(epoch, np.zeros(1), spec)
    history = {epoch.epoch: vars(epoch) | epoch.metrics for epoch in epochs}
    assert leading.epoch == best_epoch(spec, epochs).epoch == best_version("classification", best_by, history) == best


@pytest.mark.parametrize(
    ("task", "best_by", "output", "has_validation", "word"),
    [
        ("regression", "f1", "identity", True, "loss, rmse, mae, r2"),
        ("classification", "rmse", "softmax", True, "choose one of loss"),
        ("classification", "f1", "softmax", False, "no such part"),
        ("classification", "log_loss", "identity", True, "probabilities"),
        ("classification", "accuracy", "softmax", False, ""),
        ("regression", "r2", "identity", True, ""),
    ],
)
def test_what_best_means_must_be_something_that_is_measured(task, best_by, output, has_validation, word):
    fields, loss = Fields({}), "squared_error"
    check_combination(fields, LayerSpec(1, output), TrainingSpec(best_by=best_by, loss=loss), task, has_validation)
    assert word in fields.errors.get("training.best_by", "" if word == "" else "nothing was refused")
    assert bool(fields.errors) == bool(word)
