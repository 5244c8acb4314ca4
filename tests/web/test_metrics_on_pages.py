"""A metric that is declared once is named and starred on every page; an unknown one is only shown."""

import pytest

from dashboard import metrics
from dashboard.catalogue import runs as run_rows
from dashboard.records.run import Epoch
from dashboard.services.datasets import get_dataset
from dashboard.services.networks import get_network
from dashboard.services.versions.baselines import Baseline
from dashboard.web.kit.baselines import nothing_learnt
from dashboard.web.runs.page import epochs_table
from dashboard.web.versions.scores import class_rows
from tests.unit.services.saved_versions import new_network, save, zeros
from tests.web.page_check import words

WORDS = "mean absolute error in percent"
CHOSEN = "version=small:1&version=small:2&version=small:3"


@pytest.fixture
def versions(browser, workspace):
    """Three versions of one network, of which the second has the smallest error."""
    network = new_network(workspace)
    for error in (0.3, 0.2, 0.4):
        save(workspace, get_network(workspace, network.name), zeros(network), metrics={"val_mape": error})
    return browser


@pytest.fixture
def declared(monkeypatch):
    metric = metrics.Metric("mape", WORDS, False, metrics.NUMBERS, metrics.EVERY_PART, ranks=("classification",))
    monkeypatch.setitem(metrics.METRICS, "mape", metric)


def test_no_version_is_the_best_by_an_unknown_metric(versions):
    assert "best" not in versions.get("/compare/all?network=small&metric=val_mape").sentence
    assert "best" not in versions.get(f"/compare/several?{CHOSEN}").sentence
    assert "none has a metric to rank it by" in versions.get("/networks/small").sentence


def test_the_best_version_is_the_one_of_the_declared_direction(versions, declared):
    page = versions.get("/compare/all?network=small&metric=val_mape")
    assert f"best validation {WORDS}: 0.2000 of small:2" in page.sentence
    assert f"small:2 has the best validation {WORDS}, 0.2000" in versions.get(f"/compare/several?{CHOSEN}").sentence
    assert f"best is v2, validation {WORDS} 0.2000" in versions.get("/networks/small").sentence
    assert versions.raw("/api/v1/networks").json["items"][0]["best"] == 2


def test_what_became_of_a_declared_metric_is_said_of_two_versions(versions, declared):
    page = versions.get("/compare?base=small:1&other=small:2")
    assert f"The validation {WORDS} fell from 0.3000 to 0.2000" in page.text


def test_the_epochs_of_a_regression_show_what_was_measured_and_nothing_else(demo_app):
    epoch = Epoch(1, 0.5, None, 0.6, None, 0.1, 0.01, {"val_rmse": 2.0, "val_r2": 0.9})
    with demo_app.test_request_context():
        table = epochs_table(1, [epoch])
    shown = [column.heading for column in table.shown_columns]
    assert shown == [
        "Epoch", "Loss", "Validation loss", "Validation RMSE", "Validation R²", "Time", "Learning rate",
    ]  # fmt: skip
    row = dict(zip(table.heads, next(table.values), strict=True))
    assert (row["val_rmse"], row["val_r2"], row["accuracy"]) == (2.0, 0.9, None)


def test_settings_are_shown_in_words_and_exported_as_they_are(demo):
    two = "base=demo-digits:1&other=demo-digits:3"
    for address in ("/networks/demo-digits", "/networks/demo-digits/versions/1", f"/compare?{two}&equal=show"):
        page = demo.get(address)
        assert "cross-entropy" in words(page.root), address
        assert "cross_entropy" not in words(page.root), address
    assert "cross_entropy" in demo.raw(f"/compare/settings.csv?{two}").text


def test_the_best_epoch_is_the_same_on_the_pages_of_run_network_version_and_comparison(browser, workspace):
    """The loss says the second epoch, the accuracy the third: one rule, the network's, decides on every page."""
    network = new_network(workspace)
    numbers = {"loss": 0.1, "accuracy": 0.9, "seconds": 0.1, "learning_rate": 0.1, "metrics": {}}
    measured = [(0.9, 0.5), (0.4, 0.7), (0.6, 0.9)]
    epochs = [
        numbers | {"epoch": epoch, "val_loss": loss, "val_accuracy": accuracy}
        for epoch, (loss, accuracy) in enumerate(measured, 1)
    ]
    with workspace.catalogue.writing() as connection:
        dataset = get_network(workspace, network.name).dataset
        about = {"network_id": network.id, "dataset_id": get_dataset(workspace, dataset).id}
        run_rows.insert_run(connection, about | {"spec": network.spec.to_json()})
        run = run_rows.claim_next_run(connection)
        assert run_rows.append_epochs(connection, run.id, run.attempt, epochs)
        run_rows.end_run(connection, run.id, run.attempt, "finished", None)
    for loss, accuracy in measured:
        metrics_of = {"val_loss": loss, "val_accuracy": accuracy}
        save(workspace, get_network(workspace, network.name), zeros(network), metrics=metrics_of)
    assert (
        "The best epoch by validation loss was 2: validation accuracy 0.7000."
        in browser.get(f"/runs/{run.id}").sentence
    )
    assert "best is v2 by validation loss, validation accuracy 0.7000" in browser.get("/networks/small").sentence
    assert "the best by validation loss, v2" in browser.get("/networks/small/versions/3").sentence
    assert "small:2 has the best validation loss, 0.4000" in browser.get(f"/compare/several?{CHOSEN}").sentence
    assert browser.raw("/networks.json").json["items"][0]["best"] == 2
    assert browser.raw("/api/v1/networks/small/history").json["best"] == 2


def test_a_score_that_is_not_above_its_baseline_is_said_to_show_nothing_learnt(browser, workspace):
    network = new_network(workspace)
    evaluation = {"test": {"accuracy": 1 / 3}}
    for accuracy in (1 / 3, 0.9):
        metrics_of = {"val_accuracy": accuracy, "test_accuracy": accuracy, "val_f1": 0.2}
        save(workspace, get_network(workspace, "small"), zeros(network), metrics=metrics_of, evaluation=evaluation)
    nothing, learnt = (browser.get(f"/networks/small/versions/{number}") for number in (1, 2))
    said = "Nothing was learnt: test accuracy 0.3333 is not above 0.3333, that of always answering 'setosa'"
    assert said in words(nothing.root)
    assert "Nothing was learnt" not in words(learnt.root)
    assert "The baseline is always answering 'setosa', the most frequent class of the training records." in words(
        learnt.root
    )
    assert "validation accuracy 0.9000 (baseline 0.3333)" in browser.get("/networks/small").sentence
    rows = {row["metric"]: row for row in browser.raw("/networks/small/versions/1/metrics.json").json["items"]}
    assert (rows["accuracy"]["baseline_test"], rows["f1"]["baseline_validation"]) == (1 / 3, pytest.approx(1 / 6))
    facts = browser.raw("/compare/metrics.json?base=small:1&other=small:2").json["items"]
    assert {fact["metric"]: fact["baseline"] for fact in facts}["val_accuracy"] == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("metrics_of", "said"),
    [
        (
            {"test_accuracy": 0.9, "test_balanced_accuracy": 0.5},
            "Nothing was learnt: test accuracy 0.9000 is not above",
        ),
        ({"test_accuracy": 0.9, "test_balanced_accuracy": 0.7}, "; test balanced accuracy 0.7000 is above 0.5000."),
        ({"test_accuracy": 0.91}, ""),
        ({"val_accuracy": 0.2}, ""),
        ({}, ""),
    ],
)
def test_what_is_said_of_a_score_and_its_baseline(metrics_of, said):
    baseline = Baseline("classification", "no", {"test_accuracy": 0.9, "test_balanced_accuracy": 0.5}, {"test_": 20})
    sentence = nothing_learnt(baseline, metrics_of)
    assert said in sentence
    assert bool(sentence) == bool(said)


def test_a_regression_that_is_as_good_as_the_mean_learnt_nothing():
    baseline = Baseline("regression", 2.5, {"val_rmse": 1.0, "val_r2": 0.0}, {"val_": 20})
    said = "Nothing was learnt: validation RMSE 1.500 is not below 1.000, that of always answering the mean, 2.500."
    assert nothing_learnt(baseline, {"val_rmse": 1.5, "val_r2": -0.1}) == said
    assert nothing_learnt(baseline, {"val_rmse": 0.5, "val_r2": 0.7}) == ""


@pytest.mark.parametrize(("log_loss", "is_shown"), [(0.6000001, False), (0.61, True)])
def test_a_log_loss_that_is_the_loss_is_no_column_of_its_own(demo_app, log_loss, is_shown):
    epoch = Epoch(1, 0.5, 0.8, 0.6, 0.7, 0.1, 0.01, {"val_log_loss": log_loss, "val_f1": 0.7})
    with demo_app.test_request_context():
        table = epochs_table(1, [epoch])
    assert ("Validation log loss" in [column.heading for column in table.shown_columns]) == is_shown
    assert "val_log_loss" in table.heads


@pytest.mark.parametrize(
    ("scores", "marked"),
    [([1.0, 1.0, 1.0], []), ([0.9, None, 0.5], ["c"]), ([0.5, 0.5, 0.9], ["a"]), ([None, 0.7, None], []), ([], [])],
)
def test_the_class_with_the_lowest_f1_is_marked_unless_all_are_equal(scores, marked):
    rows = class_rows("abc"[: len(scores)], [{"f1": score} for score in scores])
    assert [row.name for row in rows if row.is_hardest] == marked
