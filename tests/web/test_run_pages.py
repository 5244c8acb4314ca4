"""Runs through the pages: started, watched, stopped, started again."""

import json
import resource

import pytest
from sqlalchemy import event

from dashboard import create_app
from dashboard.catalogue import runs as run_rows
from dashboard.jobs.coordinator import note_start
from dashboard.jobs.job import Job
from dashboard.services.datasets import add_bundled
from dashboard.services.demo import demo_definition
from dashboard.services.networks import create_network
from dashboard.services.runs.journal import CatalogueJournal
from dashboard.services.runs.runs import get_run
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings
from dashboard.web.kit.formats import JOINED, duration
from dashboard.web.kit.live import LiveParts
from tests.web.page_check import Browser, parse_fragment, words

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
    assert page.sentence == "Queued, position 1."
    with workspace.catalogue.writing() as connection:
        return run_rows.claim_next_run(connection)


def poll(browser, address):
    """Return the answer to a poll, its words, and the address of the next poll (None once there is none)."""
    response = browser.raw(address)
    if response.status_code == 204:
        return response, "", address
    root = parse_fragment(response.text)
    return response, words(root), next((e.get("data-poll-url") for e in root.iter() if e.get("data-poll-url")), None)


def add_epoch(workspace, run, number=1):
    with workspace.catalogue.writing() as connection:
        assert run_rows.append_epochs(connection, run.id, run.attempt, [EPOCH | {"epoch": number}])


def end(workspace, run, state, error=None):
    with workspace.catalogue.writing() as connection:
        assert run_rows.end_run(connection, run.id, run.attempt, state, error)


def keep_checkpoint(workspace, run, epoch):
    with workspace.catalogue.writing() as connection:
        point = run_rows.Checkpoint(run.id, epoch, f"{epoch}.npz", "0" * 64)
        assert run_rows.keep_checkpoint(connection, run.attempt, point)


def queue_one(browser):
    """Queue a run of the demo network through its page, and return its id."""
    page = browser.post("/networks/demo-digits/runs", {"epochs": "4"}, source="/networks/demo-digits")
    return int(page.h1.split()[1])


def rows_of(page):
    """Return run -> the words of its cells, in the order in which the queue shows them."""
    (table,) = page.all("table", aria_label="Runs")
    rows = [[words(cell) for cell in row if cell.tag in {"td", "th"}] for row in table.iter("tr")][1:]
    return {int(row[0].removeprefix("run ")): row[1:] for row in rows}


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
    response, said, following = poll(browser, f"/runs/{started.id}/progress")
    assert "Starting." in said
    assert response.headers["Cache-Control"] == "no-store"
    response, _, _ = poll(browser, following)
    assert (response.status_code, response.data, response.headers["Cache-Control"]) == (204, b"", "no-store")
    add_epoch(workspace, started)
    _, said, following = poll(browser, following)
    assert "Epoch 1 of 4: validation accuracy 0.7500." in said
    assert "about 4.50 s left" in said
    assert poll(browser, following)[0].status_code == 204


def test_a_poll_that_brings_nothing_asks_the_catalogue_once(workspace, browser, started):
    following = poll(browser, f"/runs/{started.id}/progress")[2]
    asked = []
    event.listen(workspace.catalogue.engine, "before_cursor_execute", lambda *query: asked.append(query[2]))
    assert poll(browser, following)[0].status_code == 204
    assert len([text for text in asked if text.startswith("SELECT")]) == 1


def test_tabs_that_poll_at_the_same_moment_share_what_the_catalogue_says(workspace, browser, started):
    browser.client.application.extensions["live"] = LiveParts(mark_seconds=60)
    following = poll(browser, f"/runs/{started.id}/progress")[2]
    asked = []
    event.listen(workspace.catalogue.engine, "before_cursor_execute", lambda *query: asked.append(query[2]))
    assert [poll(browser, following)[0].status_code for _ in range(5)] == [204] * 5
    assert asked == []
    add_epoch(workspace, started, 1)
    browser.client.application.extensions["live"] = LiveParts(mark_seconds=0)  # a moment later
    assert "Epoch 1 of 4" in poll(browser, following)[1]


def test_the_live_part_comes_anew_when_a_death_has_set_the_run_back(workspace, browser, started):
    keep_checkpoint(workspace, started, 1)
    for number in (1, 2, 3):
        add_epoch(workspace, started, number)
    following = poll(browser, f"/runs/{started.id}/progress")[2]
    with workspace.catalogue.writing() as connection:
        assert run_rows.requeue_run(connection, started.id, started.attempt, died=True)
    _, said, following = poll(browser, following)
    assert "Queued, position 1. Attempt 1 died or was stopped; attempt 2 continues from epoch 1." in said
    with workspace.catalogue.writing() as connection:
        again = run_rows.claim_next_run(connection)
    _, said, following = poll(browser, following)
    assert "Epoch 1 of 4" in said
    assert "attempt 2" in said
    add_epoch(workspace, again, 2)
    assert "Epoch 2 of 4" in poll(browser, following)[1]


def test_the_live_part_stops_asking_once_the_run_has_ended(workspace, browser, started):
    following = poll(browser, f"/runs/{started.id}/progress")[2]
    add_epoch(workspace, started)
    end(workspace, started, "failed", "The loss became NaN in epoch 2.")
    _, said, following = poll(browser, following)
    assert following is None
    assert "The loss became NaN in epoch 2." in said


def test_cancel_is_asked_for_once_and_shown(workspace, browser, started):
    page = browser.post(f"/runs/{started.id}/cancel", source=f"/runs/{started.id}")
    assert "stopping" in words(page.by_id("progress"))
    assert get_run(workspace, started.id).run.cancel_requested


def test_cancelling_what_has_ended_says_how_it_ended(workspace, browser, started):
    end(workspace, started, "finished")
    page = browser.post(f"/runs/{started.id}/cancel", source="/networks/new")
    assert "has ended already (finished)" in words(page.root)


def test_a_run_that_failed_is_started_again(workspace, browser, started):
    end(workspace, started, "failed", "No.")
    page = browser.post(f"/runs/{started.id}/restart", source=f"/runs/{started.id}")
    assert page.h1 == f"Run {started.id + 1} of demo-digits"
    assert get_run(workspace, started.id + 1).run.spec.training.epochs == 4


def test_the_frame_counts_the_active_runs(browser, started):
    assert "Runs 1" in words(browser.get("/help").root.find(".//nav"))


def test_the_demo_button_leads_to_its_run(browser):
    assert browser.post("/demo", source="/").h1 == "Run 1 of demo-digits"


def test_a_run_that_ended_before_its_goal_goes_on_from_its_checkpoint(workspace, browser, started):
    keep_checkpoint(workspace, started, 2)
    end(workspace, started, "failed", "The disk is full.")
    page = browser.post(f"/runs/{started.id}/resume", source=f"/runs/{started.id}")
    assert page.h1 == f"Run {started.id} of demo-digits"
    assert page.sentence == "Queued, position 1. Attempt 1 died or was stopped; attempt 2 continues from epoch 2."
    page = browser.post(f"/runs/{started.id}/resume", source=f"/runs/{started.id}")
    assert "cannot be resumed: it is queued" in words(page.root)


def test_a_run_without_a_checkpoint_is_only_started_again(workspace, browser, started):
    end(workspace, started, "cancelled")
    buttons = [words(button) for button in browser.get(f"/runs/{started.id}").by_id("progress").iter("button")]
    assert buttons == ["Start again"]


def test_a_page_says_who_started_a_run(network, workspace, browser):
    run_id = queue_one(browser)
    assert "page" in words(browser.get(f"/runs/{run_id}").by_id("about"))
    source = "/networks/demo-digits"
    browser.post(f"{source}/runs", source=source, auth=("ada", ""))
    browser.post("/store/verify", source="/store", auth=("<b>", ""))
    browser.post("/demo", source="/store")
    starters = [get_run(workspace, run_id).run.started_by for run_id in (1, 2, 3, 4)]
    assert starters == ["page", "ada (page)", "<b> (page)", "demo"]
    assert [cells[2] for cells in rows_of(browser.get("/runs")).values()] == starters


def test_the_queue_shows_what_runs_then_what_waits_in_its_turn_then_what_has_ended(workspace, browser, started):
    second, third, fourth = (queue_one(browser) for _ in range(3))
    browser.post(f"/runs/{fourth}/cancel", source="/runs")
    page = browser.post(f"/runs/{third}/priority", {"priority": "1", "queue": "all"}, source="/runs")
    assert page.h1 == "Runs"
    assert page.sentence == "1 run in progress, 2 queued, 1 ended."
    assert "1 of 2 slots in use on this machine (WEIGHTBASE_SLOTS)" in words(page.by_id("queue"))
    assert list(rows_of(page)) == [started.id, third, second, fourth]
    assert browser.get(f"/runs/{second}").sentence == "Queued, position 2."
    page = browser.post(f"/runs/{third}/priority", {"priority": "-1", "queue": "queued"}, source="/runs")
    assert list(rows_of(page)) == [second, third]
    assert {e.get("href"): words(e) for e in page.root.iter("a") if (e.get("id") or "").startswith("show-")} == {
        "/runs": "all 4",
        "/runs?state=running": "running 1",
        "/runs?state=queued": "queued 2",
        "/runs?state=ended": "ended 1",
    }


def test_the_queue_is_narrowed_to_one_state_and_so_are_its_numbers(workspace, browser, started):
    waiting = queue_one(browser)
    assert list(rows_of(browser.get("/runs?state=queued"))) == [waiting]
    assert [item["run"] for item in browser.raw("/runs.json?state=running").json["items"]] == [started.id]
    assert "No run has ended yet." in words(browser.get("/runs?state=ended").root)
    browser.get("/runs?state=lost", status=422)


def test_a_line_of_the_queue_says_how_far_its_run_is_and_how_long_it_takes(workspace, browser, started):
    add_epoch(workspace, started)
    state, what, by, dataset, done, *scores, versions, _, left, _, _ = rows_of(browser.get("/runs"))[started.id]
    assert (state, what, dataset, done, versions, left, by) == (
        *("running", "demo-digits", "digits", "1 of 4", "–", "4.50 s", "page"),
    )
    assert scores == ["0.5000", "0.6000", "0.7500"]


def test_what_can_be_done_with_a_run_stands_in_its_line_and_leads_back_to_the_queue(workspace, browser, started):
    keep_checkpoint(workspace, started, 3)
    page = browser.post(f"/runs/{started.id}/cancel", {"queue": "all"}, source="/runs")
    assert "stopping" in rows_of(page)[started.id][-1]
    end(workspace, started, "cancelled")
    assert rows_of(browser.get("/runs"))[started.id][-1] == "Resume ⋯Start again"
    page = browser.post(f"/runs/{started.id}/resume", {"queue": "ended"}, source="/runs")
    assert "No run has ended yet." in words(page.root)
    page = browser.post(f"/runs/{started.id}/cancel", {"queue": "all"}, source="/runs")
    page = browser.post(f"/runs/{started.id}/restart", {"queue": "all"}, source="/runs")
    assert [cells[0] for cells in rows_of(page).values()] == ["queued", "cancelled"]
    page = browser.post(f"/runs/{started.id}/priority", {"priority": "1", "queue": "all"}, source="/runs")
    assert "is not queued any more: it is cancelled" in words(page.root)


def test_a_run_that_was_taken_up_again_says_which_attempt_it_is(workspace, browser, started):
    with workspace.catalogue.writing() as connection:
        run_rows.requeue_run(connection, started.id, started.attempt, died=True)
        run_rows.claim_next_run(connection)
    page = browser.get("/runs")
    assert rows_of(page)[started.id][0] == "running attempt 2"
    assert any("Attempt 1 died or was stopped" in (e.get("title") or "") for e in page.root.iter("span"))


def test_the_queue_is_polled_while_something_is_active_and_answers_only_news(workspace, browser, started):
    response, said, following = poll(browser, "/runs/queue")
    assert "1 run in progress, 0 queued, 0 ended." in said
    assert response.headers["Cache-Control"] == "no-store"
    assert poll(browser, following)[0].status_code == 204
    add_epoch(workspace, started)
    _, said, following = poll(browser, following)
    assert "1 of 4" in said
    queue_one(browser)
    _, said, following = poll(browser, following)
    assert "1 run in progress, 1 queued, 0 ended." in said
    browser.post("/runs/2/priority", {"priority": "-1"}, source="/runs")
    _, _, following = poll(browser, following)
    assert poll(browser, following)[0].status_code == 204
    browser.post("/runs/2/cancel", source="/runs")
    end(workspace, started, "finished")
    _, said, following = poll(browser, following)
    assert "No run is active; 2 runs ended." in said
    assert following is None


def test_where_runs_execute_is_what_the_coordinator_says_while_it_is_at_work(workspace, browser, started):
    told = {"place": "Dask tls://far:8786", "slots": 0, "problem": "The scheduler at tls://far:8786 does not answer."}
    following = poll(browser, "/runs/queue")[2]
    (workspace.settings.home_folder / "coordinator.json").write_text(json.dumps(told))
    _, said, _ = poll(browser, following)
    assert "1 of 0 slots in use on Dask tls://far:8786 (WEIGHTBASE_DASK)" in said
    assert "The scheduler at tls://far:8786 does not answer." in said


def test_a_run_that_waits_for_the_database_says_so_on_its_page_and_in_every_list(workspace, browser, started):
    following = poll(browser, f"/runs/{started.id}/progress")[2]
    reason = "The catalogue cannot be used now: database is locked."
    told = {"place": "this machine", "slots": 2, "problem": None, "waiting": {started.id: reason}}
    (workspace.settings.home_folder / "coordinator.json").write_text(json.dumps(told))
    _, said, _ = poll(browser, following)
    assert "waiting for the database" in said
    assert reason in said
    assert "waiting for the database" in words(browser.get("/runs").by_id("queue"))
    (row,) = browser.raw("/runs.json").json["items"]
    assert (row["state"], row["waiting"]) == ("waiting", reason)
    answer = browser.raw(f"/api/v1/runs/{started.id}").json
    assert (answer["state"], answer["waiting"]) == ("running", reason)


def test_a_cancel_while_nothing_can_be_written_reaches_the_worker_all_the_same(workspace, browser, started):
    told = {"place": "this machine", "slots": 2, "problem": None, "waiting": {started.id: "The disk is full."}}
    (workspace.settings.home_folder / "coordinator.json").write_text(json.dumps(told))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        page = browser.post(f"/runs/{started.id}/cancel", source=f"/runs/{started.id}", status=503)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert f"Run {started.id} is being stopped" in page.sentence
    assert f"1 run ({started.id}) waiting for the database: each goes on by itself once it is back." in words(page.root)
    journal = CatalogueJournal(workspace)
    assert journal.stop_requests() == {started.id}
    assert not get_run(workspace, started.id).run.cancel_requested
    journal.end(Job(started.id, started.attempt), "cancelled", None)
    assert journal.stop_requests() == set()


def test_the_list_is_filtered_by_words_that_a_run_has_all_of(browser, workspace, started):
    end(workspace, started, "cancelled")
    queue_one(browser)
    with workspace.catalogue.writing() as connection:
        row = {"kind": "copy", "spec": {}, "request": {"to": "/else/where", "home": ""}}
        run_rows.insert_run(connection, row)

    def shown(words, **more):
        page = browser.get("/runs", query_string={"search": words} | more)
        return sorted(row.get("data-href") for row in page.by_id("queue").iter("tr") if row.get("data-href"))

    assert shown("DIGITS") == ["/runs/1", "/runs/2"]
    assert shown("demo cancelled") == ["/runs/1"]
    assert shown("run 2") == shown("queued page") == ["/runs/2"]
    assert shown("where") == shown("copy", sort="-run") == ["/runs/3"]
    assert shown("demo", state="queued") == ["/runs/2"]
    assert shown("100%") == shown("_") == []


def test_the_last_twelve_epochs_lead_to_all_of_them_which_stay_while_the_run_goes_on(browser, workspace, started):
    for number in range(1, 61):
        add_epoch(workspace, started, number)
    last = browser.get(f"/runs/{started.id}")
    assert [words(row[0]) for row in last.by_id("progress").iter("tr")][1:] == [str(n) for n in range(60, 48, -1)]
    (address,) = [link for link, said in last.links().items() if said == "All epochs"]
    page = browser.get(address)
    part = page.by_id("progress")
    assert [words(row[0]) for row in part.iter("tr")][1:] == [str(n) for n in range(60, 10, -1)]
    assert "1 to 50 of 60" in words(part)
    response, said, _ = poll(browser, part.get("data-poll-url").replace("mark=", "mark=0"))
    assert response.status_code == 200
    assert "All epochs" in said
    assert "51 to 60 of 60" in words(browser.get(f"/runs/{started.id}?epochs=all&offset=50").by_id("progress"))


def test_without_an_epoch_the_chart_says_when_there_will_be_curves_or_that_there_are_none(browser, workspace, started):
    said = words(browser.get(f"/runs/{started.id}").by_id("curves"))
    assert said == "The curves are drawn from the end of the first epoch on."
    end(workspace, started, "cancelled")
    said = words(browser.get(f"/runs/{started.id}").by_id("curves"))
    assert said == "It ended before its first epoch, so there are no curves."


def test_without_a_coordinator_the_pages_say_that_nothing_goes_on_and_how_to_mend_it(tmp_path):
    workspace = open_workspace(Settings(home=str(tmp_path)))
    add_bundled(workspace, "digits")
    network = create_network(workspace, demo_definition())
    with workspace.catalogue.writing() as connection:
        run_rows.insert_run(connection, {"network_id": network.id, "dataset_id": 1, "spec": network.spec.to_json()})
    (tmp_path / "coordinator.json").write_text('{"place": "Dask tls://left.behind:1", "slots": 9, "problem": null}')
    browser = Browser(create_app(workspace=workspace).test_client())
    page = browser.get("/runs")
    assert "No worker is running." in words(page.by_id("queue"))
    assert "0 of 2 slots in use on this machine" in words(page.by_id("queue"))
    page = browser.get("/runs/1").by_id("progress")
    assert "weightbase worker" in words(page)
    with note_start(tmp_path):  # as a worker does before it can do anything
        response, said, _ = poll(browser, page.get("data-poll-url"))
        assert (response.status_code, "The worker is starting" in said, "No worker" in said) == (200, True, False)
        assert "The worker is starting" in words(browser.get("/runs").by_id("queue"))
    workspace.catalogue.close()


@pytest.mark.parametrize(
    ("save", "says"),
    [
        (
            "last",
            "Finished after epoch 2: validation accuracy 0.6000, {}. "
            "The best epoch by validation loss was 1: validation accuracy 0.7500.",
        ),
        (
            "best",
            "Finished after epoch 2: validation accuracy 0.6000, {}. "
            "The best weights by validation loss, of epoch 1, were saved: validation accuracy 0.7500.",
        ),
    ],
)
def test_a_run_says_at_its_end_which_weights_are_kept(network, workspace, browser, save, says):
    browser.post("/networks/demo-digits/runs", {"epochs": "2", "save": save}, source="/networks/demo-digits")
    with workspace.catalogue.writing() as connection:
        run = run_rows.claim_next_run(connection)
        worse = EPOCH | {"epoch": 2, "val_loss": 0.9, "val_accuracy": 0.6}
        assert run_rows.append_epochs(connection, run.id, run.attempt, [EPOCH, worse])
    end(workspace, run, "finished")
    with workspace.catalogue.reading() as connection:
        time = duration(run_rows.get_run(connection, run.id).seconds).replace(JOINED, " ")
    assert browser.get(f"/runs/{run.id}").sentence == says.format(time)
    assert time in words(browser.get("/runs").by_id("queue")), "the list has the same duration"
