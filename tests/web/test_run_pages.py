"""Runs through the pages: started, watched, stopped, started again."""

import pytest

from dashboard.catalogue import runs as run_rows
from dashboard.services.datasets import add_bundled
from dashboard.services.demo import demo_definition
from dashboard.services.networks import create_network
from dashboard.services.runs import get_run
from tests.web.page_check import parse_fragment, words

EPOCH = {
    "epoch": 1,
    "loss": 0.5,
    "accuracy": 0.8,
    "val_loss": 0.6,
    "val_accuracy": 0.75,
    "seconds": 1.5,
    "learning_rate": 0.003,
    "metrics": {},
}


@pytest.fixture
def network(workspace):
    add_bundled(workspace, "digits")
    return create_network(workspace, demo_definition())


@pytest.fixture
def started(network, workspace, browser):
    """A run that a page queued, and that this process, holding the coordinator's lock, has claimed."""
    page = browser.post("/networks/demo-digits/runs", {"epochs": "4"}, source="/networks/demo-digits")
    assert page.sentence == "Waiting for its turn."
    with workspace.catalogue.writing() as connection:
        return run_rows.claim_next_run(connection)


def progress(browser, run, since=-1, state="running"):
    response = browser.raw(f"/runs/{run.id}/progress?since={since}&state={state}")
    return response, (words(parse_fragment(response.text)) if response.status_code == 200 else "")


def add_epoch(workspace, run):
    with workspace.catalogue.writing() as connection:
        assert run_rows.append_epoch(connection, run.id, run.attempt, EPOCH)


def test_a_run_is_started_with_the_settings_that_were_typed(workspace, started):
    training = get_run(workspace, started.id).run.spec.training
    assert (training.epochs, training.learning_rate) == (4, 0.003)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"epochs": "0"}, "Epochs: Give a whole number from 1"),
        ({"learning_rate": "-1"}, "Learning rate: Give a number above 0"),
        ({"save": "sometimes"}, "Save a version: Choose every, best, last"),
    ],
)
def test_a_mistaken_setting_is_told_beside_its_field(network, workspace, browser, wrong, said):
    page = browser.post("/networks/demo-digits/runs", wrong, status=422, source="/networks/demo-digits")
    assert said in words(page.by_id("problems"))
    assert page.by_id(next(iter(wrong))).get("value") == next(iter(wrong.values()))


def test_a_parent_that_does_not_exist_is_refused(network, browser):
    page = browser.post("/networks/demo-digits/runs", {"parent": "3"}, status=404, source="/networks/demo-digits")
    assert "has no version 3" in words(page.root)


def test_the_live_part_comes_alone_and_says_nothing_when_nothing_is_new(workspace, browser, started):
    response, said = progress(browser, started)
    assert "Starting." in said
    assert response.headers["Cache-Control"] == "no-store"
    assert progress(browser, started, since=0)[0].status_code == 204
    add_epoch(workspace, started)
    response, said = progress(browser, started, since=0)
    assert "Epoch 1 of 4: validation accuracy 0.7500." in said
    assert "data-poll-url" in response.text
    assert "about 4.50 s left" in said


def test_the_live_part_stops_asking_once_the_run_has_ended(workspace, browser, started):
    add_epoch(workspace, started)
    with workspace.catalogue.writing() as connection:
        run_rows.end_run(connection, started.id, started.attempt, "failed", "The loss became NaN in epoch 2.")
    response, said = progress(browser, started, since=1)
    assert "data-poll-url" not in response.text
    assert "The loss became NaN in epoch 2." in said


def test_cancel_is_asked_for_once_and_shown(workspace, browser, started):
    page = browser.post(f"/runs/{started.id}/cancel", source=f"/runs/{started.id}")
    assert "stopping" in words(page.by_id("progress"))
    assert get_run(workspace, started.id).run.cancel_requested


def test_cancelling_what_has_ended_says_how_it_ended(workspace, browser, started):
    with workspace.catalogue.writing() as connection:
        run_rows.end_run(connection, started.id, started.attempt, "finished", None)
    page = browser.post(f"/runs/{started.id}/cancel", source="/networks/new")
    assert "has ended already (finished)" in words(page.root)


def test_a_run_that_failed_is_started_again(workspace, browser, started):
    with workspace.catalogue.writing() as connection:
        run_rows.end_run(connection, started.id, started.attempt, "failed", "No.")
    page = browser.post(f"/runs/{started.id}/restart", source=f"/runs/{started.id}")
    assert page.h1 == f"Run {started.id + 1} of demo-digits"
    assert get_run(workspace, started.id + 1).run.spec.training.epochs == 4


def test_the_frame_counts_the_active_runs(browser, started):
    assert "Runs 1" in words(browser.get("/help").root.find(".//nav"))


def test_the_demo_button_leads_to_its_run(browser):
    assert browser.post("/demo", source="/").h1 == "Run 1 of demo-digits"
