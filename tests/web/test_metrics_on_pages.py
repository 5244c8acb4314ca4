"""A metric that is declared once is named and starred on every page; an unknown one is only shown."""

import pytest

from dashboard import metrics
from dashboard.records.run import Epoch
from dashboard.services.networks import get_network
from dashboard.web.runs.page import epochs_table
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
    for address in ("/networks/demo-digits", "/networks/demo-digits/versions/1", f"/compare?{two}"):
        page = demo.get(address)
        assert "cross-entropy" in words(page.root), address
        assert "cross_entropy" not in words(page.root), address
    assert "cross_entropy" in demo.raw(f"/compare/settings.csv?{two}").text
