"""A cross-validation as a real process of a real coordinator: killed in the middle, it goes on."""

import signal

import pytest

from dashboard.services.runs.repeats import start_repeats
from dashboard.services.runs.runs import get_run
from tests.processes.run_processes import get_on_until, signal_to, wait_for_end
from tests.processes.test_actions import action_pids
from tests.processes.test_runs import define

pytestmark = pytest.mark.processes


@pytest.mark.soak
def test_a_killed_cross_validation_goes_on_with_the_fold_it_was_in(workspace, coordinator):
    define(workspace, epochs=150, batch_size=4)
    run = start_repeats(workspace, "net", {"folds": 3})
    training = action_pids(coordinator)

    def trainings():
        return get_run(workspace, run.id).run.result.get("trainings")

    get_on_until(trainings, training, "the first fold to end", moment=0.1)
    before = get_run(workspace, run.id).run
    assert before.state == "running"
    assert "spreads" not in before.result
    signal_to(training, signal.SIGKILL)
    ended = wait_for_end(workspace, run.id).run
    assert (ended.state, ended.attempt, ended.error) == ("finished", 2, None)
    done = before.result["trainings"]
    assert ended.result["trainings"][: len(done)] == done
    assert sum(one["records"] for one in ended.result["trainings"]) == 150
    assert set(ended.result["spreads"]) >= {"accuracy", "loss", "f1"}
