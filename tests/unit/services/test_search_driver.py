"""What drives a search, step by step: this process is its coordinator and plays trials through the real journal."""

import resource

import numpy as np
import pytest

from dashboard.catalogue import runs as run_rows
from dashboard.catalogue import tables
from dashboard.errors import Conflict, Invalid, Outage, StoreUnavailable, UserError
from dashboard.jobs.coordinator import coordinator_lock
from dashboard.jobs.job import Cancelled, Progress
from dashboard.records.run_kinds import ACTIONS, SEARCHES, TRAININGS
from dashboard.services.datasets import add_bundled, get_dataset
from dashboard.services.networks import create_network, delete_network, get_network
from dashboard.services.runs.journal import CatalogueJournal
from dashboard.services.runs.runs import cancel_run, get_run
from dashboard.services.search.driver import Driver
from dashboard.services.search.requests import (
    SearchJob,
    change_search,
    create_search,
    get_search,
    pause_search,
    resume_search,
)
from dashboard.services.search.view import view
from dashboard.services.versions.reading import list_versions
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings
from dashboard.web.searches.words import search_sentence

pytestmark = pytest.mark.slow

SMALL = {"layers": 1, "units": {"low": 2, "high": 8}, "batch_size": [16, 32]}


@pytest.fixture
def workspace(tmp_path):
    opened = open_workspace(Settings(home=str(tmp_path)))
    with coordinator_lock(opened.settings.home_folder):
        add_bundled(opened, "iris")
        yield opened
    opened.catalogue.close()


class Bench:
    """A search on iris, its driver, and trials that are played: `tell` is what the driver reports."""

    def __init__(self, workspace, trials=4, epochs=10, **more):
        self.workspace, self.journal, self.told = workspace, CatalogueJournal(workspace), []
        budget = {"trials": trials, "epochs": epochs}
        data = {"name": "s", "dataset": "iris", "space": SMALL, "budget": budget, "sampler": "random"}
        self.id = create_search(workspace, data | {"stopping": "none"} | more).id
        self.driver = self.new_driver()

    def new_driver(self):
        job = self.journal.claim([SEARCHES])
        assert isinstance(job, SearchJob)
        return Driver(self.workspace, job, self.told.append)

    def steps(self, count=2):
        return [self.driver.step() for _ in range(count)]

    def take(self):
        """Return the next trial that waits, as the coordinator would claim it."""
        return self.journal.claim([TRAININGS])

    def learn(self, job, *scores):
        done = len(get_run(self.workspace, job.run_id).epochs)
        for epoch, score in enumerate(scores, start=done + 1):
            numbers = {"epoch": epoch, "loss": 1.0, "accuracy": score, "val_loss": 1.0 - score, "val_accuracy": score}
            assert self.journal.epochs(job, [numbers | {"seconds": 0.5, "learning_rate": 0.1, "metrics": {}}])

    def finish(self, job, score, state="finished"):
        self.learn(job, score)
        metrics = {"val_accuracy": score, "test_accuracy": score - 0.1}
        self.journal.version(job, {"epoch": 1, "metrics": metrics, "tensors": {"w": np.zeros((2, 2), np.float32)}})
        self.journal.end(job, state, None)

    @property
    def now(self):
        return view(self.workspace, self.id)


def test_as_many_trials_as_there_are_slots_wait_and_no_more(workspace):
    bench = Bench(workspace)
    assert bench.steps(4) == [True] * 4
    assert [trial.number for trial in bench.now.trials] == [1, 2]
    bench.finish(bench.take(), 0.5)
    bench.steps()
    assert [trial.state for trial in bench.now.trials] == ["finished", "running", "running"]
    assert bench.told[-1].done == 1


def test_an_ended_trial_has_the_score_of_the_epoch_whose_weights_are_kept(workspace):
    bench = Bench(workspace)
    bench.steps()
    job = bench.take()
    bench.learn(job, 0.3)
    bench.finish(job, 0.75)
    bench.steps(1)
    trial = bench.now.trials[0]
    assert (trial.score, trial.epochs, trial.seconds, trial.stopped_at) == (0.75, 2, 1.0, None)
    assert bench.now.curves[1] == (0.3, 0.75)
    assert "test_accuracy" not in get_run(workspace, trial.run_id).run.result["metrics"]


def test_a_trial_that_falls_behind_is_asked_to_end_and_counts_as_stopped_early(workspace):
    bench = Bench(workspace, trials=9, stopping="asha")
    for score in (0.5, 0.8, 0.9):
        bench.steps()
        job = bench.take()
        bench.learn(job, *[score] * 9)
        bench.finish(job, score)
    bench.steps()
    poor = bench.take()
    bench.learn(poor, 0.1, 0.1)
    bench.steps(1)
    assert bench.journal.cancel_requests() == {poor.run_id}
    assert get_run(workspace, poor.run_id).run.note.startswith("stopped early")
    bench.journal.end(poor, "cancelled", None)
    bench.steps(1)
    trial = next(one for one in bench.now.trials if one.run_id == poor.run_id)
    assert (trial.state, trial.stopped_at, trial.epochs, trial.score) == ("stopped", 2, 2, 0.1)


def test_a_trial_that_a_person_cancels_is_cancelled_and_does_not_count_against_the_budget(workspace):
    bench = Bench(workspace, trials=1)
    bench.steps()
    job = bench.take()
    bench.journal.end(job, "cancelled", None)
    bench.steps()
    assert [trial.state for trial in bench.now.trials] == ["cancelled", "running"]


def test_a_trial_that_died_too_often_is_tried_once_more_and_then_given_up(workspace):
    bench = Bench(workspace, trials=2)
    bench.steps()
    first, other = bench.take(), bench.take()
    bench.journal.end(first, "interrupted", "It died.")
    bench.steps(1)
    again = bench.take()
    assert (again.run_id != first.run_id, bench.now.trials[0].run_id) == (True, again.run_id)
    bench.journal.end(again, "interrupted", "It died.")
    bench.finish(other, 0.5)
    bench.steps(1)
    assert [trial.state for trial in bench.now.candidates] == ["failed", "finished"]


def test_where_all_trials_fail_the_search_says_why(workspace):
    bench = Bench(workspace, trials=30)
    with pytest.raises(UserError, match=r"The first 5 trials all failed\. Error of the last one: It diverged"):
        for _ in range(8):
            bench.steps(1)
            job = bench.take()
            bench.journal.end(job, "failed", "It diverged.")


def test_a_paused_search_starts_nothing_and_ends_once_its_trials_have(workspace):
    bench = Bench(workspace)
    bench.steps()
    pause_search(workspace, bench.id)
    first, second = bench.take(), bench.take()
    bench.finish(first, 0.5)
    assert bench.steps(2) == [True, True]
    bench.finish(second, 0.6)
    assert bench.steps(1) == [False]
    assert [trial.state for trial in bench.now.trials] == ["finished", "finished"]


def test_a_driver_that_was_superseded_does_nothing_more(workspace):
    bench = Bench(workspace)
    bench.steps(1)
    old = bench.driver
    pause_search(workspace, bench.id)
    with workspace.catalogue.writing() as connection:
        run_rows.end_run(connection, old.job.run_id, old.job.attempt, "interrupted")
    resume_search(workspace, bench.id)
    assert old.step() is False
    bench.driver = bench.new_driver()
    assert bench.driver.step() is True
    with pytest.raises(Conflict, match="running already"):
        resume_search(workspace, bench.id)


def test_a_search_of_two_goals_keeps_both_numbers(workspace):
    bench = Bench(workspace, goal={"second": "prediction_seconds"})
    bench.steps()
    bench.finish(bench.take(), 0.5)
    bench.steps(1)
    trial = bench.now.trials[0]
    assert 0 < trial.second < 1
    assert bench.now.past()[0].values == (0.5, trial.second)


def test_while_nothing_can_be_written_the_search_waits_and_goes_on_afterwards(workspace):
    bench = Bench(workspace, trials=40, sampler="neural")
    for number in range(9):
        bench.steps()
        bench.finish(bench.take(), 0.5 + number / 100)
    outages, (soft, hard) = [], resource.getrlimit(resource.RLIMIT_FSIZE)

    def once(step):
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
        try:
            return step()
        except Outage as outage:
            outages.append(outage.message)
            raise Cancelled from outage
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    with pytest.raises(Cancelled):
        bench.driver.drive(once)
    assert len(outages) == 1
    bench.steps()
    bench.finish(bench.take(), 0.7)
    bench.steps()
    assert [version.number for version in list_versions(workspace, "s-proposer").items] != []


def test_what_lasts_fails_the_search_as_waiting_would_not_help(workspace):
    bench = Bench(workspace, trials=40, sampler="neural")
    place = workspace.settings.home_folder / "weights" / "s_proposer"
    place.parent.mkdir(exist_ok=True)
    place.write_text("in the way of the proposer's folder")
    for number in range(9):
        bench.steps()
        bench.finish(bench.take(), 0.5 + number / 100)
    with pytest.raises(StoreUnavailable, match="s_proposer") as caught:
        bench.driver.drive()
    assert not isinstance(caught.value, Outage)


def test_what_the_proposer_learnt_becomes_versions_and_what_it_expects_is_kept(workspace):
    bench = Bench(workspace, trials=16, sampler="neural")
    for number in range(11):
        bench.steps()
        job = bench.take()
        bench.finish(job, 0.5 + 0.4 * job.spec.layers[0].units / 8 + number / 1000)
    bench.steps()
    now = bench.now
    network = get_network(workspace, "s-proposer")
    versions = list_versions(workspace, "s-proposer").items
    assert (now.search.network, network.fields["search"], network.task) == ("s-proposer", "s", "regression")
    assert now.search.beliefs["version"] == versions[0].number == len(versions) >= 2
    assert {"units_1", "learning_rate", "optimizer"} <= set(now.search.beliefs["settings"])
    units = now.search.beliefs["settings"]["units_1"]
    assert units["mean"][units["values"].index(8)] > units["mean"][units["values"].index(2)]
    assert [trial.number for trial in now.trials if trial.predicted] == list(range(11, len(now.trials) + 1))
    delete_network(workspace, "s-proposer")
    create_network(workspace, {"name": "s-proposer", "dataset": "iris"})
    bench.finish(bench.take(), 0.7)
    bench.steps()
    assert get_search(workspace, bench.id).network == "s-proposer-2"


def confirming(workspace, trials=1, **more):
    """Return a bench whose only trial has ended, so that its confirmations wait."""
    bench = Bench(workspace, trials=trials, **more)
    bench.steps()
    bench.finish(bench.take(), 0.9)
    bench.steps()
    return bench


def test_the_confirmations_of_a_small_winner_are_claimed_together(workspace):
    bench = confirming(workspace)
    first = bench.take()
    others = bench.journal.claim_alike(first)
    assert [job.spec.training.seed for job in (first, *others)] == [2, 3, 4]
    assert [get_run(workspace, job.run_id).run.state for job in (first, *others)] == ["running"] * 3
    assert bench.journal.claim_alike(first) == []


def test_confirmations_of_a_large_network_and_candidates_are_not(workspace):
    large = confirming(workspace, space=SMALL | {"layers": 2, "units": {"low": 100, "high": 101}})
    assert large.journal.claim_alike(large.take()) == []
    candidates = Bench(workspace, trials=2, name="t")
    candidates.steps(3)
    assert candidates.journal.claim_alike(candidates.take()) == []


def test_a_confirmation_that_has_a_checkpoint_goes_on_alone(workspace):
    bench = confirming(workspace)
    first, second = bench.take(), bench.take()
    with workspace.catalogue.writing() as connection:
        run_rows.keep_checkpoint(connection, 1, run_rows.Checkpoint(second.run_id, 1, "file", "sum"))
        assert run_rows.requeue_run(connection, second.run_id, 1, died=False)
    (third,) = bench.journal.claim_alike(first)
    assert third.spec.training.seed == 4


def test_only_the_seed_that_was_cancelled_is_trained_again(workspace):
    bench = confirming(workspace)
    first, second, third = bench.take(), bench.take(), bench.take()
    bench.finish(first, 0.9)
    bench.journal.end(second, "cancelled", None)
    bench.finish(third, 0.9)
    bench.steps(3)
    assert bench.take().spec.training.seed == second.spec.training.seed == 3
    assert bench.take() is None


def test_a_finished_search_that_goes_on_has_no_winner_until_one_has_won_again(workspace):
    bench = confirming(workspace)
    for _ in range(3):
        bench.finish(bench.take(), 0.9)
    while bench.driver.step():
        pass
    assert bench.now.search.result["best"] == 1
    bench.journal.end(bench.driver.job, "finished", None)
    with pytest.raises(Conflict, match="Add trials to continue"):
        resume_search(workspace, bench.id)
    change_search(workspace, bench.id, {"budget": {"trials": 3}})
    assert resume_search(workspace, bench.id).result == {}


TWO = {
    "layers": 1, "units": 8, "activation": ["relu", "tanh"], "dropout": 0, "learning_rate": 0.01, "batch_size": [32],
    "optimizer": ["adam"], "schedule": ["constant"], "weight_decay": "off",
}  # fmt: skip


def play(bench):
    """Let all trials end, until the driver has nothing left to do."""
    while bench.driver.step():
        while job := bench.take():
            bench.finish(job, 0.5 + len(bench.now.trials) / 100)


@pytest.mark.parametrize("sampler", ["neural", "grid", "random", "tpe"])
def test_a_search_of_two_candidates_ends_after_two_and_goes_on_in_a_wider_space(workspace, sampler):
    bench = Bench(workspace, trials=6, space=TWO, sampler=sampler)
    bench.steps(3)
    bench.driver = Driver(workspace, bench.driver.job, bench.told.append)  # as after a kill
    play(bench)
    now = bench.now
    assert {trial.params["activation"] for trial in now.candidates} == {"relu", "tanh"}
    assert (len(now.candidates), now.search.state, now.all_tried) == (
        2,
        "finished",
        "All 2 candidates have been tried.",
    )
    assert now.search.skipped >= (sampler != "grid")
    assert [len(again) for again in now.confirmations.values()][:1] == [3]
    assert "all 2 candidates have been tried; the winner is" in search_sentence(now)
    bench.journal.end(bench.driver.job, "finished", None)
    with pytest.raises(Conflict, match=r"All 2 candidates have been tried\. Widen the space"):
        resume_search(workspace, bench.id)
    change_search(workspace, bench.id, {"space": {"units": {"low": 8, "high": 9}}})
    resume_search(workspace, bench.id)
    bench.driver = bench.new_driver()
    play(bench)
    wider = [(trial.params["activation"], trial.params.get("units_1", 8)) for trial in bench.now.candidates]
    assert sorted(wider) == [("relu", 8), ("relu", 9), ("tanh", 8), ("tanh", 9)]


def test_what_a_person_cancelled_is_tried_again_only_when_nothing_else_is_left(workspace):
    bench = Bench(workspace, trials=6, space=TWO | {"units": {"low": 8, "high": 9}}, sampler="random")
    bench.steps(1)
    first = bench.take()
    bench.journal.end(first, "cancelled", None)
    play(bench)
    params = [trial.params for trial in bench.now.candidates]
    assert [params.index(one) for one in params] == [0, 1, 2, 3, 0]
    assert bench.now.all_tried == "All 4 candidates have been tried."


def test_a_search_begun_on_data_without_validation_records_does_not_go_on(workspace):
    bench = Bench(workspace)
    pause_search(workspace, bench.id)
    with workspace.catalogue.writing() as connection:
        iris = get_dataset(workspace, "iris")
        described = iris.description | {"split": {"train": 4, "validation": 0, "test": 0}}
        connection.execute(tables.datasets.update().values(description=described))
    with pytest.raises(Conflict, match="none is left for validation"):
        resume_search(workspace, bench.id)


def test_a_budget_below_what_was_tried_is_refused(workspace):
    bench = confirming(workspace, trials=5)
    bench.steps(4)
    tried = bench.now.spent
    with pytest.raises(Invalid) as refused:
        change_search(workspace, bench.id, {"budget": {"trials": tried - 1}})
    assert f"{tried} candidates have been tried" in refused.value.errors["budget.trials"]


def test_a_search_whose_time_is_spent_says_so_and_goes_on_with_more(workspace):
    bench = Bench(workspace, trials=9)
    change_search(workspace, bench.id, {"budget": {"seconds": 0.4}})
    bench.steps()
    bench.finish(bench.take(), 0.5)  # an epoch of half a second
    bench.finish(bench.take(), 0.5)
    while bench.driver.step():
        while job := bench.take():
            bench.finish(job, 0.5)
    bench.journal.end(bench.driver.job, "finished", None)
    assert bench.now.search.state == "finished"
    with pytest.raises(Conflict, match="Time limit reached"):
        resume_search(workspace, bench.id)
    change_search(workspace, bench.id, {"budget": {"seconds": 60}})
    assert resume_search(workspace, bench.id).state == "running"


@pytest.mark.parametrize("end", ["it stopped", "it was killed as it did not stop", "it was still queued"])
def test_a_search_whose_run_a_person_cancelled_is_paused_however_the_run_ended(workspace, end):
    bench = Bench(workspace)
    job = bench.driver.job
    if end == "it was still queued":
        bench.journal.requeue(job, "the worker ended", died=False)
    cancel_run(workspace, job.run_id)
    if end == "it stopped":
        bench.journal.end(job, "cancelled", None)
    if end == "it was killed as it did not stop":
        bench.journal.requeue(job, "it did not stop", died=False)
    search = get_search(workspace, bench.id)
    assert (search.run_state, search.state, search.shown_state) == ("cancelled", "paused", "paused")


def test_deaths_of_a_search_are_forgotten_once_it_gets_on(workspace):
    bench = Bench(workspace)
    journal, job = bench.journal, bench.driver.job
    journal.progress(job, Progress(0, 4, "", {}))
    for done in (0, 0, 1, 1, 1, 1, 1):  # three deaths before the first trial has ended, and five behind it
        journal.requeue(job, "it was killed", died=True)
        job = journal.claim([SEARCHES])
        assert journal.progress(job, Progress(done, 4, "", {}))
    journal.requeue(job, "it was killed", died=True)
    assert get_run(workspace, job.run_id).run.state == "interrupted"


def test_deaths_of_a_verification_count_until_it_is_further_than_ever(workspace):
    with workspace.catalogue.writing() as connection:
        run_rows.insert_run(connection, {"kind": "verify", "spec": {}})
    journal = CatalogueJournal(workspace)

    def attempt(*reports):
        job = journal.claim([ACTIONS])
        for done in reports:
            journal.progress(job, Progress(done, 9, "", {}))
        journal.requeue(job, "it was killed", died=True)
        with workspace.catalogue.reading() as connection:
            return run_rows.deaths_of(connection, job.run_id)

    assert [attempt(0, 1, 2), attempt(0, 1, 2), attempt(0, 1, 2, 3), attempt(0)] == [1, 2, 1, 2]
    journal = CatalogueJournal(workspace)  # of the next coordinator
    assert attempt(0, 1, 2, 3, 4) == 3
