"""How far a score varies, on every page that shows a score of few records alone."""

import pytest

from dashboard.records.run_kinds import REPEATS, TRAININGS
from dashboard.services.datasets import get_dataset
from dashboard.services.networks import get_network
from dashboard.services.runs.journal import CatalogueJournal
from dashboard.services.runs.runs import start_run
from dashboard.web.kit.formats import JOINED, spread
from dashboard.web.kit.repeats import few_records
from tests.unit.services.carry_out import carry_out
from tests.unit.services.saved_versions import new_network, save, zeros

HINT = "cross-validate, or repeat with other seeds"


@pytest.fixture
def network(workspace):
    """A network with one version, whose validation part is small."""
    made = new_network(workspace)
    save(workspace, get_network(workspace, made.name), zeros(made), metrics={"val_accuracy": 0.9})
    return made


def test_a_score_of_few_records_is_shown_with_their_number_and_then_with_its_deviation(browser, workspace, network):
    address, version = f"/networks/{network.name}", f"/networks/{network.name}/versions/1"
    for place in (address, version):
        text = browser.get(place).text
        assert "Validation accuracy rests on" in text
        assert HINT in text
    page = browser.post(f"{address}/folds", {"count": "2", "epochs": "2"}, source=address)
    assert page.h1 == f"Run 1 of {network.name}: 2-fold cross-validation"
    assert page.sentence == "Queued, position 1."
    run = carry_out(workspace, lane=REPEATS)
    one = run.result["spreads"]["accuracy"]
    words = f"ccuracy {spread(one['mean'], one['std'])}"
    page = browser.get("/runs/1")
    assert f"A{words}, ".replace(JOINED, " ") in page.sentence
    assert page.sentence.endswith(f"over 2 folds: {run.result['records']} records, held out once each.")
    assert "every class alike" in page.text
    assert "2-fold cross-validation" in browser.get("/runs").text
    for place in (address, version):
        text = browser.get(place).text
        assert f"over 2 folds, each of {run.result['records']} records held out once: a{words}".lower() in text.lower()
        assert HINT not in text
    assert f"a{words} over 2 folds" in browser.get("/compare/all").text
    assert f"{spread(one['mean'], one['std'])} over 2 folds" in browser.get("/").text
    assert browser.raw("/networks.json").json["items"][0]["repeated_mean"] == one["mean"]
    rows = browser.raw("/runs/1/trainings.json").json["items"]
    assert [row["accuracy"] for row in rows] == [one["metrics"]["accuracy"] for one in run.result["trainings"]]
    spreads = {row["metric"]: row for row in browser.raw("/runs/1/spreads.json").json["items"]}
    assert spreads["accuracy"]["std"] == one["std"]
    assert spreads["accuracy"]["baseline"] is not None


def test_lists_and_comparisons_say_on_how_few_records_a_score_rests(browser, workspace, network):
    records = get_dataset(workspace, network.dataset).description["split"]["validation"]
    assert "Measured on" in browser.get("/").text
    assert browser.raw("/networks.json").json["items"][0]["records"] == records
    save(workspace, get_network(workspace, network.name), zeros(network), metrics={"val_accuracy": 0.95})
    text = browser.get(f"/compare?base={network.name}:1&other={network.name}:2").text
    assert text.count(f"Validation accuracy rests on {records} records.") == 1
    assert HINT in text
    text = browser.get(f"/compare/several?version={network.name}:1&version={network.name}:2").text
    assert text.count(f"Validation accuracy rests on {records} records.") == 1
    assert HINT in text
    assert f"{records} records" in browser.get("/compare/all?metric=val_accuracy").text


def test_many_records_and_unknown_ones_are_not_few():
    sizes = {"training": 9, "validation": 999, "test": 1000}
    metrics = ("val_accuracy", "test_accuracy", "accuracy", None)
    assert [few_records(sizes, metric) for metric in metrics] == [999, None, None, None]
    assert few_records({}, "val_accuracy") is None


def test_what_is_wrong_with_a_repetition_stands_at_its_field(browser, network):
    address = f"/networks/{network.name}"
    page = browser.post(f"{address}/seeds", {"count": "99"}, source=address, status=422)
    assert "Give a whole number from 2 to 20." in page.text
    page = browser.post(f"{address}/folds", {"count": "5", "parent": "1"}, source=address, status=422)
    assert "Each training begins with new weights" in page.text


def test_other_settings_than_those_of_the_page_are_said(browser, workspace, network):
    address = f"/networks/{network.name}"
    browser.post(f"{address}/seeds", {"count": "2", "epochs": "1"}, source=address)
    carry_out(workspace, lane=REPEATS)
    assert "with other settings than here" in browser.get(address).text
    browser.post(f"{address}/seeds", {"count": "2", "seed": "99"}, source=address)
    carry_out(workspace, lane=REPEATS)
    assert "with other settings than here" not in browser.get(address).text


def test_a_training_next_to_repeated_ones_is_claimed_by_itself(browser, workspace, network):
    address = f"/networks/{network.name}"
    browser.post(f"{address}/folds", {"count": "2", "epochs": "1"}, source=address)
    training = start_run(workspace, network.name, {"epochs": 1})
    assert "Queued, position 1." in browser.get(f"/runs/{training.id}").text  # another lane is not waited for
    job = CatalogueJournal(workspace).claim([TRAININGS])
    assert job is not None
    assert job.run_id == training.id


@pytest.mark.parametrize(
    ("mean", "deviation", "text"),
    [
        (0.95333, 0.03801, "0.953 ± 0.038"),
        (0.95, 0.0, "0.9500 ± 0"),
        (1234.5678, 56.789, "1,235 ± 57"),
        (12345.678, 1234.5, "12,346 ± 1,234"),
        (-0.5, 0.0999, "-0.500 ± 0.100"),
        (3.25e-12, 1.0e-12, "3.25e-12 ± 1e-12"),
    ],
)
def test_a_deviation_has_two_digits_and_decides_on_those_of_the_mean(mean, deviation, text):
    assert spread(mean, deviation) == text.replace(" ", JOINED)
