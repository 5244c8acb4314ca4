"""Searches with real processes: what is killed loses nothing, and any trial becomes a network with the same weights."""

import signal

import pytest

from dashboard.errors import Conflict
from dashboard.services.datasets import add_bundled
from dashboard.services.runs.runs import cancel_run, get_run, list_runs, restart_run
from dashboard.services.search.requests import (
    change_search,
    create_search,
    delete_search,
    get_search,
    pause_search,
    resume_search,
    stop_search,
)
from dashboard.services.search.trials import get_trial, promote
from dashboard.services.search.view import brief_view, view
from dashboard.services.versions.reading import get_version
from dashboard.services.versions.verification import verify_version
from tests.processes.run_processes import children_of, signal_to, training_pids, wait_for_end
from tests.worker import start_worker, wait_until

pytestmark = pytest.mark.processes

SMALL = {"layers": {"low": 1, "high": 2}, "units": {"low": 2, "high": 12}, "batch_size": [16, 32]}


def define(workspace, name="flowers", trials=8, epochs=2, **more):
    add_bundled(workspace, "iris")
    data = {"name": name, "dataset": "iris", "space": SMALL, "budget": {"trials": trials, "epochs": epochs}}
    return create_search(workspace, data | {"stopping": "none"} | more)


def ended(workspace, search_id):
    return {t.number: t for t in brief_view(workspace, search_id).trials if t.state not in {"running", "cancelled"}}


def wait_for_trials(workspace, search_id, count):
    wait_until(lambda: len(ended(workspace, search_id)) >= count, f"{count} trials of search {search_id}")


def wait_until_idle(workspace, search_id):
    wait_until(lambda: not get_search(workspace, search_id).is_driven, f"search {search_id} to come to rest")
    return view(workspace, search_id)


def kill_everything(coordinator):
    """End the coordinator and all that it started, as a power cut would."""
    coordinator.send_signal(signal.SIGSTOP)  # so that it starts nothing while its children are listed
    signal_to(children_of(coordinator.pid), signal.SIGKILL)
    coordinator.kill()
    coordinator.wait()


def test_no_finished_trial_runs_twice_when_everything_is_killed_in_the_middle_and_goes_on(workspace):
    first = start_worker(workspace.settings)
    search = define(workspace, trials=8)
    wait_for_trials(workspace, search.id, 3)
    kill_everything(first)
    before = ended(workspace, search.id)
    second = start_worker(workspace.settings)
    now = wait_until_idle(workspace, search.id)
    second.terminate()
    second.wait()
    after = ended(workspace, search.id)
    assert 3 <= len(before) < 8
    assert {number: after[number] for number in before} == before
    assert [get_run(workspace, trial.run_id).run.attempt for trial in before.values()] == [1] * len(before)
    assert (now.search.state, len(now.candidates)) == ("finished", 8)
    assert len({tuple(sorted(trial.params.items())) for trial in now.candidates}) == 8
    for trial in now.trials:
        assert [epoch.epoch for epoch in get_run(workspace, trial.run_id).epochs] == [1, 2]


@pytest.mark.soak  # a winner whose network has its weights: api/test_api_searches
def test_the_winner_is_confirmed_by_other_seeds_and_opened_as_a_network_it_has_the_very_weights_of_its_trial(
    workspace, coordinator
):
    now = wait_until_idle(workspace, define(workspace, trials=2, epochs=3).id)
    best, result = now.search.result["best"], now.search.result
    again = [trial for trial in now.trials if trial.confirms == best]
    assert [get_run(workspace, trial.run_id).run.spec.training.seed for trial in again] == [2, 3, 4]
    assert result["scores"] == [trial.score for trial in again]
    assert 0 <= result["test"]["test_accuracy"] <= 1
    tried = [get_run(workspace, trial.run_id).run.result["metrics"] for trial in now.candidates]
    assert [name for metrics in tried for name in metrics if name.startswith("test_")] == []

    network, run = promote(workspace, now.search.id, best)
    detail = wait_for_end(workspace, run.id)
    _, trial, trained = get_trial(workspace, now.search.id, best)
    version = get_version(workspace, network.name, detail.versions[-1])
    assert network.fields == {"search": "flowers", "trial": str(best)}
    assert version.sha256 == trained.result["sha256"]
    assert version.metrics["val_accuracy"] == trial.score
    assert {name: version.metrics[name] for name in trained.result["metrics"]} == trained.result["metrics"]
    assert verify_version(workspace, network.name, version.number).identical
    with pytest.raises(Conflict, match=f"flowers-{best}"):
        promote(workspace, now.search.id, best)


@pytest.mark.soak
def test_a_search_pauses_goes_on_stops_and_is_widened(workspace, coordinator):
    search = define(workspace, trials=30, sampler="random")
    wait_for_trials(workspace, search.id, 1)
    pause_search(workspace, search.id)
    paused = wait_until_idle(workspace, search.id)
    assert (paused.search.shown_state, paused.running) == ("paused", [])
    assert {trial.state for trial in paused.trials} == {"finished"}
    count = len(paused.trials)
    change_search(workspace, search.id, {"budget": {"trials": count + 100, "epochs": 10_000}})
    resume_search(workspace, search.id)
    wait_until(lambda: len(brief_view(workspace, search.id).trials) > count, "a further trial")
    cancel_run(workspace, get_search(workspace, search.id).run_id)
    wait_until(lambda: not get_search(workspace, search.id).is_driven, "the run that drives it to end")
    assert get_search(workspace, search.id).state == "paused"
    with pytest.raises(Conflict, match="stop it first"):
        delete_search(workspace, search.id)
    stop_search(workspace, search.id)
    stopped = wait_until_idle(workspace, search.id)
    assert stopped.search.shown_state == "stopped"
    assert "cancelled" in {trial.state for trial in stopped.trials[count:]}
    with pytest.raises(Conflict, match="Resume the search"):
        restart_run(workspace, stopped.trials[-1].run_id)
    delete_search(workspace, search.id)
    assert list_runs(workspace)[0].items == []


@pytest.mark.soak
def test_the_confirmations_of_a_small_winner_share_a_process_and_outlive_it(workspace, coordinator):
    search = define(workspace, trials=1, epochs=1000)
    wait_until(lambda: training_pids(coordinator), "the search to begin")
    driver = training_pids(coordinator)[:1]

    def confirming():
        return [trial for trial in brief_view(workspace, search.id).running if trial.confirms]

    wait_until(lambda: [trial.run_state for trial in confirming()] == ["running"] * 3, "three seeds to train at once")
    shared = [pid for pid in training_pids(coordinator) if pid not in driver]
    assert len(shared) == 1
    signal_to(shared, signal.SIGKILL)
    now = wait_until_idle(workspace, search.id)
    again = [get_run(workspace, trial.run_id).run for trial in now.trials if trial.confirms]
    assert [(run.state, run.attempt) for run in again] == [("finished", 2)] * 3
    assert now.search.result["scores"] == [run.result["metrics"]["val_accuracy"] for run in again]
