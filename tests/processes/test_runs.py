"""Runs in processes of their own: what they keep, how they are cancelled, and what is left when something is killed."""

import itertools
import signal
import threading

import numpy as np
import pytest

from dashboard.data.dataset import open_arrays
from dashboard.data.preprocessing import Preprocessing, encode
from dashboard.engine.network import Network
from dashboard.errors import Conflict, Outage
from dashboard.jobs.coordinator import Coordinator, coordinator_lock
from dashboard.jobs.local_processes import LocalAttempt, LocalProcesses
from dashboard.services.compare.versions import DiffRequest, compare, load_versions
from dashboard.services.datasets import add_bundled, get_dataset
from dashboard.services.networks import create_network
from dashboard.services.runs.journal import CatalogueJournal
from dashboard.services.runs.runs import cancel_run, get_run, restart_run, start_run
from dashboard.services.versions.evaluation import evaluate_version
from dashboard.services.versions.reading import delete_version, get_version, list_versions
from dashboard.services.versions.tensors import read_tensors
from dashboard.services.versions.verification import verify_version
from dashboard.services.workspace import making, open_workspace, sweep
from dashboard.settings import Settings
from tests.processes.run_processes import is_alive, signal_to, training_pids, wait_for_end
from tests.worker import start_worker, wait_until, working

pytestmark = pytest.mark.processes

ENDLESS = {"epochs": 100_000, "save": "last"}
NUMBERS = itertools.count(1)
PATIENCE = 300.0
LONG_EPOCH = {"batch_size": 1, "epochs": 1000, "save": "last"}


def define(workspace, name="net", dataset="iris", layers=((8, "tanh"),), **training):
    add_bundled(workspace, dataset)
    task = "regression" if dataset == "life-expectancy" else "classification"
    output = {"activation": "identity" if task == "regression" else "softmax"}
    loss = "squared_error" if task == "regression" else "cross_entropy"
    data = {
        "name": name,
        "dataset": dataset,
        "layers": [{"units": units, "activation": activation} for units, activation in layers],
        "output": output,
        "training": {"loss": loss, "epochs": 4, "seed": 3} | training,
    }
    return create_network(workspace, data)


@pytest.fixture(scope="module")
def trainer(tmp_path_factory):
    """A workspace with a worker, for all tests that leave the two as they were; each has a network of its own."""
    found = open_workspace(Settings(home=str(tmp_path_factory.mktemp("trainer"))))
    with working(found.settings):
        yield found
    found.catalogue.close()


@pytest.fixture
def net():
    """The name of a network that no other test has."""
    return f"net-{next(NUMBERS)}"


def numbers_of(workspace, name="net"):
    return sorted(version.number for version in list_versions(workspace, name).items)


def wait_for_epochs(workspace, run_id, count=1):
    wait_until(lambda: len(get_run(workspace, run_id).epochs) >= count, f"{count} epochs of run {run_id}")


def test_a_run_reports_every_epoch_and_its_versions_are_proven(trainer, net):
    define(trainer, net)
    detail = wait_for_end(trainer, start_run(trainer, net, {}).id)
    assert (detail.run.state, detail.run.error) == ("finished", None)
    assert [epoch.epoch for epoch in detail.epochs] == [1, 2, 3, 4]
    assert detail.versions == [1, 2, 3, 4]
    assert all(verify_version(trainer, net, number).identical for number in detail.versions)


def test_versions_are_saved_as_the_person_chose_and_the_end_is_never_lost(trainer, net):
    chosen = {"2": [2, 4, 5], "last": [5], "every": [1, 2, 3, 4, 5]}
    for save in chosen:
        define(trainer, f"{net}-{save}", epochs=5, save=save)
    for run in [start_run(trainer, f"{net}-{save}", {}) for save in chosen]:
        wait_for_end(trainer, run.id)
    for save, epochs in chosen.items():
        name = f"{net}-{save}"
        assert [get_version(trainer, name, number).epoch for number in numbers_of(trainer, name)] == epochs


def test_best_saves_one_version_of_the_epoch_with_the_lowest_validation_loss(trainer, net):
    define(trainer, net, epochs=30, save="best", learning_rate=0.1)
    detail = wait_for_end(trainer, start_run(trainer, net, {}).id)
    best = min(detail.epochs, key=lambda epoch: epoch.val_loss)
    assert [get_version(trainer, net, number).epoch for number in numbers_of(trainer, net)] == [best.epoch]


def test_two_runs_of_one_seed_end_in_the_same_bits(trainer, net):
    define(trainer, net, save="last")
    for _ in range(2):
        wait_for_end(trainer, start_run(trainer, net, {}).id)
    assert compare(load_versions(trainer, DiffRequest(f"{net}:1", f"{net}:2"))).identical


def test_training_on_starts_from_the_parent_and_records_it(trainer, net):
    define(trainer, net, save="last")
    wait_for_end(trainer, start_run(trainer, net, {}).id)
    detail = wait_for_end(trainer, start_run(trainer, net, {"parent": 1, "epochs": 1, "learning_rate": 1e-9}).id)
    child, parent = get_version(trainer, net, 2), get_version(trainer, net, 1)
    assert (detail.run.parent, child.parent) == (f"{net}:1", f"{net}:1")
    assert child.preprocessing == parent.preprocessing
    before, after = read_tensors(trainer, parent), read_tensors(trainer, child)
    np.testing.assert_allclose(after["layer_01.weight"], before["layer_01.weight"], atol=1e-6)


def test_a_regression_trains_and_reports_no_accuracy(trainer, net):
    define(trainer, net, dataset="life-expectancy", save="last", epochs=30, learning_rate=0.01)
    detail = wait_for_end(trainer, start_run(trainer, net, {}).id)
    assert detail.run.state == "finished"
    assert {epoch.accuracy for epoch in detail.epochs} == {None}
    assert detail.epochs[-1].val_loss < detail.epochs[0].val_loss


@pytest.mark.parametrize("scaling", [pytest.param("standard", marks=pytest.mark.soak), "book"])
def test_the_errors_of_a_regression_are_told_in_the_unit_of_its_target(trainer, net, scaling):
    define(trainer, net, dataset="life-expectancy", save="last", epochs=30, learning_rate=0.01, scaling=scaling)
    detail = wait_for_end(trainer, start_run(trainer, net, {}).id)
    version = get_version(trainer, net, detail.versions[-1])
    network = Network(version.spec)
    network.load(read_tensors(trainer, version))
    arrays = open_arrays(trainer.datasets_folder / get_dataset(trainer, "life-expectancy").folder)
    preprocessing = Preprocessing.from_json(version.preprocessing)
    encoded = encode(arrays, preprocessing, np.dtype(np.float32))
    outputs = network.predict(encoded.inputs * encoded.scale + encoded.offset)[:, 0]
    in_own_unit = (outputs - preprocessing.target_offset) / preprocessing.target_scale
    by_hand = np.abs(in_own_unit - arrays.target).mean()
    assert 1 < by_hand < 20  # years
    measured = evaluate_version(trainer, net, version.number, "life-expectancy")
    assert measured["mae"] == pytest.approx(by_hand, rel=1e-4)
    assert version.metrics["val_mae"] == pytest.approx(by_hand, rel=0.5)
    assert version.metrics["test_mae"] == pytest.approx(by_hand, rel=0.5)
    assert detail.epochs[-1].metrics["val_mae"] == version.metrics["val_mae"]


def test_a_loss_that_is_no_number_fails_the_run_says_so_and_keeps_the_last_good_version(trainer, net):
    warm_up = {"warmup_epochs": 4000, "learning_rate": 100, "epochs": 5000}
    define(
        trainer, net, dataset="life-expectancy", layers=(), optimizer="sgd", save="last", scaling="standard", **warm_up
    )
    detail = wait_for_end(trainer, start_run(trainer, net, {}).id)
    assert detail.run.state == "failed"
    assert "no longer finite numbers" in detail.run.error
    assert "smaller learning rate" in detail.run.error
    assert detail.epochs
    kept = get_version(trainer, net, detail.versions[-1])
    assert kept.epoch == detail.epochs[-1].epoch
    assert all(np.isfinite(array).all() for array in read_tensors(trainer, kept).values())


def test_a_cancel_in_the_middle_of_an_epoch_ends_the_run_and_keeps_the_last_whole_epoch(trainer, net):
    define(trainer, net, dataset="digits", layers=((400, "tanh"), (400, "tanh")), **LONG_EPOCH)
    run = start_run(trainer, net, {})
    wait_for_epochs(trainer, run.id)
    cancel_run(trainer, run.id)
    detail = wait_for_end(trainer, run.id)
    assert (detail.run.state, detail.run.error) == ("cancelled", None)
    assert get_version(trainer, net, detail.versions[-1]).epoch == detail.epochs[-1].epoch


def test_a_run_that_does_not_answer_a_cancel_is_killed_and_counts_as_cancelled(workspace, coordinator):
    define(workspace, **ENDLESS)
    run = start_run(workspace, "net", {})
    wait_for_epochs(workspace, run.id)
    stopped = training_pids(coordinator)
    signal_to(stopped, signal.SIGSTOP)  # as a batch does that takes very long
    cancel_run(workspace, run.id)
    detail = wait_for_end(workspace, run.id)
    assert [is_alive(pid) for pid in stopped] == [False]
    assert (detail.run.state, detail.run.error) == ("cancelled", None)


def test_a_parent_that_cannot_be_read_fails_its_run_and_no_other(workspace, coordinator):
    define(workspace, save="last")
    wait_for_end(workspace, start_run(workspace, "net", {}).id)
    other = start_run(workspace, "net", ENDLESS)
    wait_for_epochs(workspace, other.id)
    (workspace.settings.home_folder / "weights/net/v0001/layer_01_weight.csv").unlink()
    detail = wait_for_end(workspace, start_run(workspace, "net", {"parent": 1}).id)
    assert detail.run.state == "failed"
    assert "net/v0001/layer_01_weight.csv" in detail.run.error
    assert get_run(workspace, other.id).run.state == "running"
    assert coordinator.poll() is None


@pytest.mark.parametrize("method", ["end", "cancel_requests", "claim", "epochs", "version"])
def test_a_catalogue_that_cannot_be_used_for_a_moment_costs_no_run(workspace, method):
    class ForAMomentAway(CatalogueJournal):
        """The real journal; the first time that it is asked, the disk is full."""

        failures = 0

    def once_away(journal, *arguments):
        if not journal.failures:
            journal.failures += 1
            raise Outage("The catalogue cannot be used now: database or disk is full.")
        return getattr(CatalogueJournal, method)(journal, *arguments)

    setattr(ForAMomentAway, method, once_away)
    journal = ForAMomentAway(workspace)
    define(workspace)
    with coordinator_lock(workspace.settings.home_folder):
        run = start_run(workspace, "net", {})
        coordinator = Coordinator(journal, LocalProcesses(slots=1))
        thread = threading.Thread(target=coordinator.run)
        thread.start()
        detail = wait_for_end(workspace, run.id)
        coordinator.end()
        thread.join()
    assert journal.failures == 1
    saved = list_versions(workspace, "net").items  # whose numbers another's sweep may have made begin later
    assert (detail.run.state, detail.versions) == ("finished", sorted(version.number for version in saved))
    assert sorted(version.epoch for version in saved) == [1, 2, 3, 4]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_fault_of_ours_while_an_attempt_is_closed_does_not_leave_its_run_running_for_ever(workspace, monkeypatch):
    def closing_badly(attempt):
        close(attempt)
        raise ZeroDivisionError

    close = LocalAttempt.close
    monkeypatch.setattr(LocalAttempt, "close", closing_badly)
    define(workspace)
    with coordinator_lock(workspace.settings.home_folder):
        run = start_run(workspace, "net", {})
        coordinator = Coordinator(CatalogueJournal(workspace), LocalProcesses(slots=1))
        thread = threading.Thread(target=coordinator.run)
        thread.start()
        detail = wait_for_end(workspace, run.id)
        coordinator.end()
        thread.join()
    assert (detail.run.state, detail.versions) == ("finished", [1, 2, 3, 4])


def test_the_next_training_starts_while_the_last_reports_of_one_are_being_saved(workspace, monkeypatch):
    """With one slot the second run has begun, and reported, before the first one's version is saved."""
    define(workspace, save="last")
    journal, save = CatalogueJournal(workspace), CatalogueJournal.version
    second_reports = threading.Event()

    def wait_for_the_other(self, job, report):
        if job.run_id == first:
            assert second_reports.wait(PATIENCE)
        return save(self, job, report)

    def note(self, job, epochs):
        if job.run_id != first:
            second_reports.set()
        return write(self, job, epochs)

    write = CatalogueJournal.epochs
    monkeypatch.setattr(CatalogueJournal, "version", wait_for_the_other)
    monkeypatch.setattr(CatalogueJournal, "epochs", note)
    with coordinator_lock(workspace.settings.home_folder):
        first, second = (start_run(workspace, "net", {"seed": seed}).id for seed in (1, 2))
        coordinator = Coordinator(journal, LocalProcesses(slots=1))
        thread = threading.Thread(target=coordinator.run)
        thread.start()
        states = [wait_for_end(workspace, run_id).run.state for run_id in (first, second)]
        coordinator.end()
        thread.join()
    assert states == ["finished", "finished"]


def test_a_run_whose_parent_is_gone_cannot_be_started_again_as_if_it_had_none(trainer, net):
    define(trainer, net, save="last")
    wait_for_end(trainer, start_run(trainer, net, {}).id)
    run = start_run(trainer, net, {"parent": 1})
    wait_for_end(trainer, run.id)
    delete_version(trainer, net, 1)
    with pytest.raises(Conflict, match="was deleted"):
        restart_run(trainer, run.id)


def test_a_queued_run_that_is_cancelled_never_starts(workspace):
    define(workspace, **ENDLESS)
    (workspace.settings.home_folder / ".coordinator.lock").touch()
    coordinator = start_worker(workspace.settings)
    runs = [start_run(workspace, "net", {}) for _ in range(workspace.settings.slots + 1)]
    wait_for_epochs(workspace, runs[0].id)
    assert cancel_run(workspace, runs[-1].id).state == "cancelled"
    assert get_run(workspace, runs[-1].id).run.started is None
    coordinator.terminate()
    coordinator.wait()


def test_a_sweep_leaves_a_dataset_alone_that_another_process_is_making(workspace):
    folder = workspace.datasets_folder / "abc.new"
    folder.mkdir()
    with making(folder):
        assert "abc.new" not in sweep(workspace)
        assert folder.exists()
    assert "abc.new" in sweep(workspace)
    assert not folder.exists()
