"""Several trainings of one network as a run: what is trained, what its result says, and that a part is no whole."""

import multiprocessing

import numpy as np
import pytest

from dashboard.catalogue import runs as run_rows
from dashboard.errors import Invalid
from dashboard.jobs.coordinator import coordinator_lock
from dashboard.jobs.job import Progress
from dashboard.jobs.trainer import Trainer
from dashboard.records.repeats import repeated_score
from dashboard.records.run_kinds import REPEATS
from dashboard.services.datasets import add_bundled, create_dataset, get_dataset, receive_upload
from dashboard.services.networks import create_network, get_network
from dashboard.services.runs.journal import CatalogueJournal
from dashboard.services.runs.repeating import make_plan
from dashboard.services.runs.repeats import latest_runs, latest_scores, start_repeats
from dashboard.services.runs.runs import restart_run
from dashboard.services.store import process as action_process
from dashboard.services.store.actions import RepeatJob
from dashboard.services.versions.reading import count_versions
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings
from dashboard.web.runs.words import action_sentence, repeat_explanation
from tests.unit.services.carry_out import carry_out

pytestmark = pytest.mark.slow

TRAINING = {"epochs": 12, "learning_rate": 0.02, "batch_size": 16, "patience": 4, "seed": 5}
DEFINITION = {
    "name": "iris-net",
    "dataset": "iris",
    "layers": [{"units": 6, "activation": "tanh"}],
    "output": {"activation": "softmax"},
    "training": TRAINING,
}


@pytest.fixture
def workspace(tmp_path):
    opened = open_workspace(Settings(home=str(tmp_path)))
    with coordinator_lock(opened.settings.home_folder):
        add_bundled(opened, "iris")
        create_network(opened, DEFINITION)
        yield opened
    opened.catalogue.close()


def repeated(workspace, **data):
    start_repeats(workspace, "iris-net", data)
    return carry_out(workspace, lane=REPEATS)


def test_a_cross_validation_measures_each_record_once_and_summarises_the_folds(workspace):
    run = repeated(workspace, folds=5)
    trainings = run.result["trainings"]
    assert (run.state, run.error, run.title) == ("finished", None, "5-fold cross-validation")
    assert (run.done, run.total) == (60, 60)
    assert run.result["method"] == "stratified"
    assert [one["records"] for one in trainings] == [30] * 5
    assert all(one["train"] + one["validation"] == 120 and one["validation"] > 10 for one in trainings)
    accuracies = [one["metrics"]["accuracy"] for one in trainings]
    assert np.mean(accuracies) > 0.8
    spread = run.result["spreads"]["accuracy"]
    np.testing.assert_allclose([spread["mean"], spread["std"]], [np.mean(accuracies), np.std(accuracies, ddof=1)])
    assert all(one["baseline"]["accuracy"] == pytest.approx(1 / 3) for one in trainings)
    assert count_versions(workspace) == 0
    again = repeated(workspace, folds=5)
    assert again.result == run.result


def test_a_fold_learns_nothing_from_what_it_holds_out(workspace):
    run = start_repeats(workspace, "iris-net", {"folds": 3})
    plan = make_plan(workspace, run.id)
    for place in range(3):
        parts = plan.parts(place)
        trainer = Trainer(plan.job(place, parts), lambda *_: None)
        trainer.prepare(lambda: None)
        own = np.asarray(plan.arrays.inputs, float)[parts.train]
        means = [-column.offset / column.scale for column in trainer.preprocessing.numeric]
        np.testing.assert_allclose(means, own.mean(axis=0))
        rows = {name: samples.rows for name, samples in trainer.parts.items()}
        assert rows["test"].tolist() == parts.test.tolist()
        assert not set(rows["validation"]) & set(parts.test)


def test_repeated_seeds_measure_the_same_records_with_other_weights(workspace):
    run = repeated(workspace, seeds=3, epochs=3)
    assert [one["seed"] for one in run.result["trainings"]] == [5, 6, 7]
    records = get_dataset(workspace, "iris").description["split"]["test"]
    assert run.result["records"] == records
    losses = [one["metrics"]["loss"] for one in run.result["trainings"]]
    assert len(set(losses)) == 3
    assert repeated_score(run).records == records
    assert "same test records" in repeat_explanation(run, "")[0]


def test_a_run_that_died_goes_on_with_the_training_it_was_in(workspace):
    undisturbed = repeated(workspace, folds=3)
    run = start_repeats(workspace, "iris-net", {"folds": 3})
    journal = CatalogueJournal(workspace)
    job = journal.claim([REPEATS])
    first, path = undisturbed.result["trainings"][0] | {"marked": True}, undisturbed.path
    assert journal.progress(
        job, Progress(12, 36, "", {"method": "stratified", "records": 50, "trainings": [first], "path": path})
    )
    assert journal.requeue(job, "it was killed", died=True)
    with workspace.catalogue.reading() as connection:
        queued = run_rows.get_run(connection, run.id)
    assert "attempt 2 continues after 1 whole training" in action_sentence(queued, 1)
    ended = carry_out(workspace, lane=REPEATS)
    assert (ended.state, ended.attempt) == ("finished", 2)
    assert ended.result["trainings"] == [first, *undisturbed.result["trainings"][1:]]
    assert ended.result["spreads"] == undisturbed.result["spreads"]


def test_deaths_are_forgotten_once_a_whole_training_more_is_done(workspace):
    start_repeats(workspace, "iris-net", {"folds": 3})
    journal = CatalogueJournal(workspace)
    job = journal.claim([REPEATS])

    def deaths(done, trainings):
        assert journal.progress(job, Progress(done, 36, "", {"trainings": [{}] * trainings}))
        with workspace.catalogue.reading() as connection:
            return run_rows.deaths_of(connection, job.run_id)

    assert deaths(1, 0) == 0
    assert journal.requeue(job, "it was killed", died=True)
    job = journal.claim([REPEATS])
    assert deaths(9, 0) == 1
    assert deaths(13, 1) == 0


def test_a_cancelled_run_states_no_mean_and_how_many_trainings_are_done(workspace):
    start_repeats(workspace, "iris-net", {"folds": 5})
    run = carry_out(workspace, told_to_stop=True, lane=REPEATS)
    assert run.state == "cancelled"
    assert "spreads" not in run.result
    assert repeated_score(run) is None
    assert action_sentence(run, None) in {"Cancelled: 0 of 5 folds trained.", "Cancelled."}
    assert latest_scores(workspace, [get_network(workspace, "iris-net")]) == {}


def test_a_training_that_diverges_ends_the_run_and_is_named(workspace):
    run = repeated(workspace, folds=3, optimizer="sgd", learning_rate=1000, l2=10, epochs=200, patience=0)
    assert run.state == "failed"
    assert run.error.startswith("Fold 1 of 3: Training diverged in epoch")
    assert repeated_score(run) is None


@pytest.mark.parametrize(
    ("data", "field", "message"),
    [
        ({}, "folds", "either folds or seeds"),
        ({"folds": 5, "seeds": 5}, "folds", "either folds or seeds"),
        ({"folds": 1}, "folds", "from 2 to 20"),
        ({"seeds": "many"}, "seeds", "from 2 to 20"),
        ({"folds": 5, "parent": 1}, "parent", "new weights"),
        ({"folds": 5, "epochs": 0}, "epochs", "from 1"),
        ({"folds": 5, "rounds": 3}, "rounds", ""),
    ],
)
def test_what_cannot_be_repeated_is_refused_at_its_field(workspace, data, field, message):
    with pytest.raises(Invalid) as refused:
        start_repeats(workspace, "iris-net", data)
    assert message in refused.value.errors[field]


def test_a_dataset_without_a_test_part_is_cross_validated_instead(workspace, tmp_path):
    path = tmp_path / "few.csv"
    path.write_text("x,y\n" + "".join(f"{row},{row * 2.5}\n" for row in range(12)))
    with path.open("rb") as file:
        upload = receive_upload(workspace, file, "few.csv")
    choices = {"name": "few", "target": "y", "task": "regression", "validation": 0, "test": 0}
    create_dataset(workspace, upload, choices | {"kinds": {"x": "numeric"}})
    output = {"output": {"activation": "identity"}, "training": {"loss": "squared_error", "epochs": 5}}
    create_network(workspace, {"name": "line", "dataset": "few"} | output)
    with pytest.raises(Invalid, match="no test part to measure on"):
        start_repeats(workspace, "line", {"seeds": 3})
    with pytest.raises(Invalid, match="12 records are too few for 7 folds"):
        start_repeats(workspace, "line", {"folds": 7})
    start_repeats(workspace, "line", {"folds": 4})
    run = carry_out(workspace, lane=REPEATS)
    assert run.state == "finished"
    assert run.result["method"] == "random"
    assert {"rmse", "mae", "r2", "loss"} <= set(run.result["spreads"])
    assert [one["validation"] for one in run.result["trainings"]] == [0] * 4


def test_in_order_each_fold_is_trained_on_what_comes_before_it(workspace, tmp_path):
    path = tmp_path / "days.csv"
    path.write_text("day,x,y\n" + "".join(f"{(row * 7) % 30},{row % 5},{row * 2.5}\n" for row in range(30)))
    with path.open("rb") as file:
        upload = receive_upload(workspace, file, "days.csv")
    choices = {"name": "days", "target": "y", "task": "regression", "split": "ordered", "split_by": "day"}
    create_dataset(workspace, upload, choices | {"kinds": {"x": "numeric", "day": "ignore"}})
    output = {"output": {"activation": "identity"}, "training": {"loss": "squared_error", "epochs": 3}}
    create_network(workspace, {"name": "net", "dataset": "days"} | output)
    start_repeats(workspace, "net", {"folds": 4})
    run = carry_out(workspace, lane=REPEATS)
    sizes = [(one["train"] + one["validation"], one["records"]) for one in run.result["trainings"]]
    assert (run.state, run.result["method"]) == ("finished", "ordered")
    assert sizes == [(6, 6), (12, 6), (18, 6), (24, 6)]
    assert "In the order of day" in repeat_explanation(run, "day")[0]


def test_the_newest_of_each_kind_counts_and_a_restart_begins_again(workspace):
    repeated(workspace, folds=3, epochs=2)
    newest, seeds = repeated(workspace, folds=2, epochs=2), repeated(workspace, seeds=2, epochs=2)
    network = get_network(workspace, "iris-net")
    assert [score.run_id for score in latest_scores(workspace, [network])["iris-net"]] == [newest.id, seeds.id]
    assert {kind: run.id for kind, run in latest_runs(workspace, network).items()} == {
        "folds": newest.id,
        "seeds": seeds.id,
    }
    again = restart_run(workspace, newest.id)
    assert (again.kind, again.request, again.total, again.result) == ("folds", {"count": 2}, 4, {})


def test_progress_names_the_fold_and_its_epoch(workspace):
    start_repeats(workspace, "iris-net", {"folds": 2, "epochs": 2})
    job = CatalogueJournal(workspace).claim([REPEATS])
    assert isinstance(job, RepeatJob)
    ours, theirs = multiprocessing.Pipe()
    with ours, theirs:
        action_process.main(job, theirs)
        kind, first = ours.recv()
    assert kind == "progress"
    assert first.note == "Fold 1 of 2: epoch 1 of at most 2"
    assert (first.done, first.total, first.result["trainings"]) == (1, 4, [])
