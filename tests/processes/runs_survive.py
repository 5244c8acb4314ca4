"""What every place in which runs execute must bear: kills at random moments, and the same weights at the end.

`here` and in Dask are held to it by the same tests; a place says how its processes are found.
"""

import os
import random
import signal
import time

import numpy as np
import pytest

from dashboard.services.runs.runs import cancel_run, get_run, resume_run, start_run
from dashboard.services.versions.reading import get_version, list_versions
from dashboard.services.versions.tensors import read_tensors
from dashboard.services.workspace import open_workspace
from tests.processes.run_processes import is_alive, signal_to, wait_for_end
from tests.processes.test_runs import ENDLESS, define, wait_for_epochs
from tests.worker import start_worker, wait_until

EPOCHS, SAVED = 10, 6
TRAINING = {"batch_size": 1, "epochs": EPOCHS, "save": str(SAVED), "optimizer": "adam", "learning_rate": 0.001}


def start_training(workspace):
    """Queue a training of some seconds, with all that is random in one."""
    define(workspace, "net", "digits", layers=((60, "tanh"), (40, "relu")), **TRAINING)
    return start_run(workspace, "net", {"clip_norm": 5, "l2": 0.001})


def weights_of(workspace):
    """Return epoch -> tensors of the versions of the network."""
    versions = [get_version(workspace, "net", version.number) for version in list_versions(workspace, "net").items]
    return {version.epoch: read_tensors(workspace, version) for version in versions}


def moments(count, longest=0.4):
    """Return random moments in seconds, and print the seed by which they come again."""
    seed = int.from_bytes(os.urandom(4), "little")
    print(f"random moments of seed {seed}")
    return [random.Random(seed + number).uniform(0, longest) for number in range(count)]


def ends_undisturbed(workspace, run_id, undisturbed):
    """Wait for a run's end, and see that nothing tells that it was ever disturbed; return it."""
    detail = wait_for_end(workspace, run_id)
    assert (detail.run.state, detail.run.error) == ("finished", None)
    assert [epoch.epoch for epoch in detail.epochs] == list(range(1, EPOCHS + 1))
    found = weights_of(workspace)
    assert sorted(found) == [SAVED, EPOCHS]
    for epoch, tensors in undisturbed.items():
        for name, array in tensors.items():
            same = np.array_equal(found[epoch][name].view(np.uint32), array.view(np.uint32))
            assert same, f"{name} of epoch {epoch} differs"
    checkpoints = workspace.settings.home_folder / "checkpoints"
    wait_until(lambda: not list(checkpoints.glob("*")), "its checkpoints, which are removed behind its end, to go")
    return detail.run


class RunsSurvive:
    """The contract. `place` is a fixture with settings(home), pids(coordinator), undisturbed."""

    @pytest.fixture
    def workspace(self, place, tmp_path):
        found = open_workspace(place.settings(str(tmp_path / "home")))
        yield found
        found.catalogue.close()

    @pytest.fixture
    def coordinator(self, workspace):
        running = [start_worker(workspace.settings)]
        yield running
        running[-1].terminate()
        running[-1].wait()

    def pids(self, place, workspace, run_id, coordinator):
        """Return the processes in which a run executes, once it has begun."""
        wait_until(lambda: get_run(workspace, run_id).run.state == "running", "the run to begin")
        wait_until(lambda: place.pids(coordinator[-1]), "the run to execute")
        return place.pids(coordinator[-1])

    def stopped(self, place, workspace, run_id, coordinator):
        """Pause the processes in which a run executes, so that it gets on no more; return them."""
        while True:
            pids = self.pids(place, workspace, run_id, coordinator)
            signal_to(pids, signal.SIGSTOP)
            time.sleep(0.5)  # what was on its way arrives
            before = len(get_run(workspace, run_id).epochs)
            time.sleep(1)
            if len(get_run(workspace, run_id).epochs) == before and place.pids(coordinator[-1]) == pids:
                return pids
            signal_to(pids, signal.SIGCONT)  # it had just gone on, or was sent, somewhere else

    def ends_undisturbed(self, place, workspace, run_id):
        return ends_undisturbed(workspace, run_id, place.undisturbed)

    @pytest.mark.parametrize("kills", [1, pytest.param(3, marks=pytest.mark.soak)])
    def test_a_process_that_is_killed_at_random_moments_changes_no_weight(self, place, workspace, coordinator, kills):
        run = start_training(workspace)
        for seconds in moments(kills):
            pids = self.pids(place, workspace, run.id, coordinator)
            time.sleep(seconds)
            signal_to(pids, signal.SIGKILL)
            wait_until(lambda: not any(is_alive(pid) for pid in pids), "the killed to be gone")  # noqa: B023
        assert self.ends_undisturbed(place, workspace, run.id).attempt > 1

    @pytest.mark.soak
    def test_a_coordinator_that_is_killed_leaves_its_run_to_the_next_one(self, place, workspace, coordinator):
        run = start_training(workspace)
        self.pids(place, workspace, run.id, coordinator)
        time.sleep(moments(1)[0])
        coordinator[-1].kill()
        coordinator[-1].wait()
        coordinator.append(start_worker(workspace.settings))
        assert self.ends_undisturbed(place, workspace, run.id).attempt == 2

    @pytest.mark.soak
    def test_a_coordinator_that_is_told_to_stop_puts_its_run_back_into_the_queue(self, place, workspace, coordinator):
        run = start_training(workspace)
        wait_for_epochs(workspace, run.id, 3)
        coordinator[-1].terminate()
        assert coordinator[-1].wait() == 0
        waiting = get_run(workspace, run.id).run
        assert (waiting.state, waiting.attempt, waiting.error) == ("queued", 1, None)
        coordinator.append(start_worker(workspace.settings))
        assert self.ends_undisturbed(place, workspace, run.id).attempt == 2

    def test_an_attempt_that_was_only_paused_writes_nothing_once_another_runs(self, place, workspace, coordinator):
        run = start_training(workspace)
        wait_for_epochs(workspace, run.id, 2)
        paused = self.pids(place, workspace, run.id, coordinator)
        signal_to(paused, signal.SIGSTOP)
        coordinator[-1].kill()
        coordinator[-1].wait()
        coordinator.append(start_worker(workspace.settings))
        wait_until(lambda: get_run(workspace, run.id).run.attempt == 2, "the run to be taken up again")
        signal_to(paused, signal.SIGCONT)
        self.ends_undisturbed(place, workspace, run.id)

    @pytest.mark.soak
    def test_a_cancelled_run_keeps_its_last_whole_epoch_and_can_go_on(self, place, workspace, coordinator):
        run = start_training(workspace)
        wait_for_epochs(workspace, run.id, 3)
        cancel_run(workspace, run.id)
        detail = wait_for_end(workspace, run.id)
        assert (detail.run.state, detail.run.error) == ("cancelled", None)
        kept = get_version(workspace, "net", detail.versions[-1]).epoch
        assert 3 <= kept == detail.epochs[-1].epoch < EPOCHS
        assert 0 < detail.run.checkpoint <= kept
        resume_run(workspace, run.id)
        detail = wait_for_end(workspace, run.id)
        assert (detail.run.state, len(detail.epochs)) == ("finished", EPOCHS)
        same = weights_of(workspace)[EPOCHS]
        assert all(np.array_equal(same[name], array) for name, array in place.undisturbed[EPOCHS].items())

    @pytest.mark.soak
    def test_a_run_that_is_stuck_is_killed_when_it_is_cancelled(self, place, workspace, coordinator):
        define(workspace, **ENDLESS)
        run = start_run(workspace, "net", {})
        wait_for_epochs(workspace, run.id)
        stuck = self.stopped(place, workspace, run.id, coordinator)
        queued = [start_run(workspace, "net", {"epochs": 1}) for _ in range(3)]
        assert cancel_run(workspace, queued[-1].id).state == "cancelled"  # at once: it had not begun
        cancel_run(workspace, run.id)
        detail = wait_for_end(workspace, run.id)
        assert (detail.run.state, detail.run.error) == ("cancelled", None)
        wait_until(lambda: not any(is_alive(pid) for pid in stuck), "what was stuck to be gone")
        assert wait_for_end(workspace, queued[0].id).run.state == "finished"
