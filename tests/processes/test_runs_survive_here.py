"""Processes of this machine keep the contract of runs that nothing can lose."""

import signal

import pytest

from dashboard.services.runs.runs import get_run, start_run
from dashboard.settings import Settings
from tests.processes.run_processes import children_of, is_alive, signal_to, training_pids, wait_for_end
from tests.processes.runs_survive import RunsSurvive
from tests.processes.test_runs import ENDLESS, define, wait_for_epochs
from tests.worker import wait_until

pytestmark = pytest.mark.processes


class Here:
    """This machine; `undisturbed` are the weights of a run that nobody touched."""

    def __init__(self, undisturbed):
        self.undisturbed = undisturbed

    def settings(self, home):
        return Settings(home=home, checkpoint_seconds=0)

    def pids(self, coordinator):
        return training_pids(coordinator)


class TestRunsSurviveHere(RunsSurvive):
    """A process for each run."""

    @pytest.fixture
    def place(self, undisturbed):
        return Here(undisturbed)

    def test_a_killed_coordinator_leaves_no_process(self, place, workspace, coordinator):
        define(workspace, **ENDLESS)
        run = start_run(workspace, "net", {})
        wait_for_epochs(workspace, run.id)
        children = children_of(coordinator[-1].pid)
        coordinator[-1].kill()
        wait_until(lambda: not any(is_alive(pid) for pid in children), "the training process to end by its lifeline")

    def test_a_run_that_dies_again_and_again_without_getting_on_is_given_up(self, place, workspace, coordinator):
        define(workspace, "net", "digits", layers=((2000, "tanh"), (2000, "tanh")), batch_size=1, epochs=1000)
        run = start_run(workspace, "net", {})
        for attempt in range(1, 6):
            wait_until(lambda: get_run(workspace, run.id).run.attempt == attempt, f"attempt {attempt}")  # noqa: B023
            signal_to(self.pids(place, workspace, run.id, coordinator), signal.SIGKILL)
        detail = wait_for_end(workspace, run.id)
        assert detail.run.state == "interrupted"
        assert "it has ended 5 times without getting on" in detail.run.error
        assert "SIGKILL" in detail.run.error
