"""Pages of runs elsewhere and of pushes: live, with curves, and with what can be done from here."""

from dashboard.records.run_kinds import ACTIONS
from dashboard.services.push import saving
from dashboard.services.push.contents import sender_folder
from dashboard.services.runs.external import end_external, note_epochs, start_external
from dashboard.services.runs.runs import cancel_run
from dashboard.services.versions.outside import create_foreign_network
from tests.api.test_api_external_runs import WEIGHTS, fall_silent
from tests.pushes import content_of, digest_of, manifest_of
from tests.unit.services.carry_out import carry_out


def begin(workspace, epochs=10):
    create_foreign_network(workspace, "mine")
    return start_external(workspace, "mine", {"kind": "external", "key": "lr-0.1", "epochs": epochs}, "ada (API)")[0]


def test_a_run_elsewhere_has_a_live_page_with_curves(browser, workspace):
    run = begin(workspace)
    assert browser.get("/runs/1").sentence == "No epoch yet."
    note_epochs(workspace, run.id, [{"epoch": 1, "loss": 0.9, "val_accuracy": 0.5, "perplexity": 12.5, "f1": None}])
    page = browser.get("/runs/1")
    assert (page.h1, page.sentence) == (
        "Run 1 of mine: Training elsewhere",
        "Epoch 1 of 10: validation accuracy 0.5000.",
    )
    assert "This training runs elsewhere; its last report came" in page.text
    assert "Perplexity" in page.text
    assert "No worker" not in page.text
    assert "data-poll-url" in page.text
    figure = browser.raw("/runs/1/epochs.figure").json
    assert [line["meta"] for line in figure["data"]] == ["training loss", "validation accuracy", "perplexity"]
    assert browser.raw("/runs/1/epochs.csv").text.splitlines()[0].split(",")[-3:] == ["f1", "seconds", "learning_rate"]
    queue = browser.get("/runs")
    assert "Training elsewhere" in queue.text
    assert "No worker" not in queue.text
    assert "1 of 10" in queue.text


def test_its_length_may_be_unknown(browser, workspace):
    run = begin(workspace, epochs=0)
    note_epochs(workspace, run.id, [{"epoch": 7}])
    page = browser.get("/runs/1")
    assert page.sentence == "Epoch 7."
    assert "left" not in page.sentence
    assert "<progress" not in page.text
    assert "of 0" not in browser.get("/runs").text


def test_silence_is_said_with_its_beginning_and_the_page_waits_for_more(browser, workspace):
    run = begin(workspace)
    note_epochs(workspace, run.id, [{"epoch": 1, "loss": 0.9}])
    fall_silent(workspace)
    page = browser.get("/runs/1")
    assert page.sentence == "Interrupted after epoch 1 of 10: loss 0.9000."
    assert "so this run counts as interrupted" in page.text
    assert "data-poll-url" in page.text
    assert "Start again" not in page.text
    assert "interrupted" in browser.get("/runs?state=ended").text
    address = page.text.split('data-poll-url="')[1].split('"')[0].replace("&amp;", "&")
    assert browser.raw(address).status_code == 204
    note_epochs(workspace, run.id, [{"epoch": 2, "loss": 0.8}])
    assert "Epoch 2 of 10" in browser.raw(address).text


def test_a_stop_is_asked_for_and_the_end_is_shown(browser, workspace):
    run = begin(workspace)
    cancel_run(workspace, run.id)
    assert "It is asked to stop when it reports its next epoch:" in browser.get("/runs/1").text
    note_epochs(workspace, run.id, [{"epoch": 4, "loss": 0.25}])
    end_external(workspace, run.id, {"state": "cancelled", "error": "stopped by a person"})
    page = browser.get("/runs/1")
    assert page.sentence == "Cancelled after epoch 4 of 10: loss 0.2500."
    assert "stopped by a person" in page.text
    assert "data-poll-url" not in page.text


def test_a_push_that_is_saved_by_a_run_has_a_page(browser, workspace, monkeypatch):
    monkeypatch.setattr(saving, "AT_ONCE_CELLS", 5)
    monkeypatch.setattr(saving, "WAIT_SECONDS", 0)
    create_foreign_network(workspace, "mine")
    folder = sender_folder(workspace, "")
    folder.mkdir(parents=True)
    for array in WEIGHTS.values():
        (folder / digest_of(array)).write_bytes(content_of(array))
    outcome = saving.push_version(workspace, "mine", manifest_of(WEIGHTS, epoch=3))
    page = browser.get(f"/runs/{outcome.run_id}")
    assert (page.h1, page.sentence) == ("Run 1 of mine: Save what was pushed of epoch 3", "Queued, position 1.")
    assert carry_out(workspace, lane=ACTIONS).state == "finished"
    page = browser.get(f"/runs/{outcome.run_id}")
    assert page.sentence == "Saved as version 1."
    assert "/networks/mine/versions/1" in page.text


def test_of_very_many_metrics_the_first_twelve_are_drawn_and_all_on_demand(browser, workspace):
    run = begin(workspace)
    note_epochs(workspace, run.id, [{"epoch": 1, "loss": 0.9} | {f"probe_{number}": 0.5 for number in range(40)}])
    page = browser.get("/runs/1")
    assert page.text.count('class="panel ') == 12
    (address,) = [link for link, said in page.links().items() if said == "Draw all 41 metrics"]
    page = browser.get(address)
    assert page.text.count('class="panel ') == 41
    assert page.by_id("progress").get("data-poll-url").startswith("/runs/1/progress?metrics=all&mark=")
    assert page.links()["/runs/1"] == "Draw the first 12 metrics only"
