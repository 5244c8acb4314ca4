"""Runs that share a process: each has its own end, all learn how the process ended, and together they take one slot."""

import os
import signal

import pytest

from dashboard.jobs.coordinator import coordinator_lock
from dashboard.jobs.local_processes import LocalProcesses
from dashboard.jobs.place import Gone
from dashboard.services.datasets import add_bundled
from dashboard.services.runs.runs import cancel_run, get_run, start_run
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings
from tests.processes.test_runs import define
from tests.unit.services.test_search_driver import confirming
from tests.worker import start_worker, wait_until

pytestmark = pytest.mark.processes

LONG = 10_000


def is_further(opened, run_id, done):
    """Whether a run trains, and has trained further than `done` epochs."""
    run = get_run(opened, run_id).run
    return run.state == "running" and run.done > done


@pytest.fixture
def workspace(tmp_path):
    """A workspace of one slot, in which three seeds of a small winner wait, each for very many epochs."""
    opened = open_workspace(Settings(home=str(tmp_path), slots=1))
    with coordinator_lock(opened.settings.home_folder):
        add_bundled(opened, "iris")
        yield opened
    opened.catalogue.close()


def reports_of(attempt, kind):
    """Return the first report of a kind."""
    while True:
        report = attempt.receive(0.1)
        if report is not None and report[0] == kind:
            return report[1]


@pytest.fixture
def attempts(workspace):
    bench = confirming(workspace, epochs=LONG)
    first = bench.take()
    return LocalProcesses(1).start_together([first, *bench.journal.claim_alike(first)])


def test_each_learns_how_the_process_ended(attempts):
    for attempt in attempts:
        assert reports_of(attempt, "epoch")["epoch"] == 1
    os.kill(attempts[0].shared.process.pid, signal.SIGKILL)
    for attempt in attempts:
        with pytest.raises(Gone, match="signal SIGKILL") as gone:
            reports_of(attempt, "end")
        assert gone.value.died
        attempt.close()


def test_one_that_is_asked_to_stop_ends_and_the_others_are_not_to_blame_if_one_is_killed(attempts):
    first, second, third = attempts
    reports_of(second, "epoch")
    second.ask_to_stop()
    assert reports_of(second, "end") == {"state": "cancelled", "error": None}
    second.close()
    assert reports_of(third, "epoch")
    first.kill()
    for attempt in (first, third):
        with pytest.raises(Gone) as gone:
            reports_of(attempt, "end")
        assert not gone.value.died
        attempt.close()
    assert not first.shared.process.is_alive()


def test_they_take_one_slot_until_the_last_of_them_has_ended(tmp_path):
    opened = open_workspace(Settings(home=str(tmp_path), slots=1))
    with coordinator_lock(opened.settings.home_folder):
        add_bundled(opened, "iris")
        confirming(opened, epochs=LONG)
        define(opened)
        other = start_run(opened, "net", {})
        trials = [get_run(opened, run_id).run for run_id in range(1, other.id)]
        waiting = [run.id for run in trials if run.request.get("confirms")]
    coordinator = start_worker(opened.settings)
    try:
        wait_until(
            lambda: {get_run(opened, run_id).run.state for run_id in waiting} == {"running"}, "the three to train"
        )
        cancel_run(opened, waiting[0])
        wait_until(lambda: get_run(opened, waiting[0]).run.has_ended, "the first of them to be cancelled")
        # Where the machine is so busy that the process had to be killed, the others are taken up again, and go on.
        done = {run_id: get_run(opened, run_id).run.done for run_id in waiting[1:]}
        wait_until(lambda: all(is_further(opened, *one) for one in done.items()), "the others to go on")
        assert get_run(opened, other.id).run.state == "queued"
    finally:
        coordinator.terminate()
        coordinator.wait()
        opened.catalogue.close()
