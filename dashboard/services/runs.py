"""Runs: starting, cancelling, watching; and the journal in which the coordinator writes them down."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from dashboard.catalogue import datasets as dataset_rows
from dashboard.catalogue import networks as network_rows
from dashboard.catalogue import runs as run_rows
from dashboard.catalogue import versions as version_rows
from dashboard.errors import Conflict, Invalid
from dashboard.jobs.awakening import ensure_coordinator
from dashboard.jobs.job import Job
from dashboard.parsing import Fields
from dashboard.records import TRAINING_FIELDS, Epoch, Page, Run, check_combination, parse_training
from dashboard.services.tensors import read_tensors
from dashboard.services.versions import Draft, get_version, save_version
from dashboard.services.workspace import Workspace

INTERRUPTED = "The coordinator ended while this run was training. Start it again."


@dataclass(frozen=True)
class RunDetail:
    """A run with its epochs and the numbers of the versions that it wrote."""

    run: Run
    epochs: list[Epoch]
    versions: list[int]

    @property
    def seconds_left(self) -> float | None:
        """How long the rest takes if the coming epochs take as long as the last five did; None if unknown."""
        if self.run.state != "running" or not self.epochs:
            return None
        recent = [epoch.seconds for epoch in self.epochs[-5:]]
        return sum(recent) / len(recent) * max(self.run.spec.training.epochs - self.epochs[-1].epoch, 0)


def start_run(workspace: Workspace, network_name: str, overrides: Mapping[str, Any]) -> Run:
    """Queue a training of a network; `overrides` are training settings, and `parent` (a version to go on from).

    Raises NotFound, or Invalid with a message for each wrong field.
    """
    with workspace.catalogue.reading() as connection:
        network = network_rows.get_network(connection, network_name)
        dataset = dataset_rows.get_dataset(connection, network.dataset)
    fields = Fields(overrides)
    fields.known(TRAINING_FIELDS | {"parent"})
    given = {name: value for name, value in fields.data.items() if name != "parent"}
    training = parse_training(Fields(given, "", fields.errors), network.spec.training)
    check_combination(fields, network.spec.layers[-1], training, network.task)
    # A run's settings are given by themselves, not within a definition.
    fields.errors = {path.removeprefix("training."): message for path, message in fields.errors.items()}
    parent_number = fields.integer("parent", 0, 1, 2**31 - 1)
    fields.done()
    parent = get_version(workspace, network_name, parent_number) if parent_number else None
    if parent is not None and training.dtype != parent.spec.training.dtype:
        raise Invalid({"dtype": f"{parent.reference} is {parent.spec.training.dtype}: training on keeps its dtype."})
    row = {
        "network_id": network.id,
        "dataset_id": dataset.id,
        "parent_id": parent.id if parent is not None else None,
        "spec": replace(network.spec, training=training).to_json(),
    }
    with workspace.catalogue.writing() as connection:
        run_id = run_rows.insert_run(connection, row)
    ensure_coordinator(workspace.settings)
    return get_run(workspace, run_id).run


def get_run(workspace: Workspace, run_id: int, since: int = 0) -> RunDetail:
    """Return a run with its epochs after `since`; raises NotFound."""
    with workspace.catalogue.reading() as connection:
        run = run_rows.get_run(connection, run_id)
        epochs = run_rows.list_epochs(connection, run_id, since)
        return RunDetail(run, epochs, version_rows.versions_of_run(connection, run_id))


def list_runs(
    workspace: Workspace, limit: int = 50, offset: int = 0, network: str | None = None
) -> tuple[Page[Run], dict[int, Epoch]]:
    """Return a page of runs (active ones first) and the last epoch of each that has one."""
    with workspace.catalogue.reading() as connection:
        found = run_rows.list_runs(connection, limit + 1, offset, network)
        last = run_rows.last_epochs(connection, [run.id for run in found])
    return Page(found[:limit], offset + limit if len(found) > limit else None), last


def cancel_run(workspace: Workspace, run_id: int) -> Run:
    """Ask a run to stop; what it has learnt up to its last whole epoch is kept as a version.

    Raises NotFound, or Conflict if it has ended already.
    """
    with workspace.catalogue.writing() as connection:
        run = run_rows.get_run(connection, run_id)
        if run.has_ended:
            raise Conflict(f"Run {run_id} has ended already ({run.state}).", "run")
        run_rows.request_cancel(connection, run_id)
        return run_rows.get_run(connection, run_id)


def restart_run(workspace: Workspace, run_id: int) -> Run:
    """Queue a new run with the settings of one that has ended; raises NotFound or Conflict."""
    with workspace.catalogue.writing() as connection:
        run = run_rows.get_run(connection, run_id)
        if not run.has_ended:
            raise Conflict(f"Run {run_id} is still {run.state}.", "run")
        new_id = run_rows.copy_run(connection, run_id)
    ensure_coordinator(workspace.settings)
    return get_run(workspace, new_id).run


class CatalogueJournal:
    """The coordinator's journal (`jobs.job.Journal`), kept in the catalogue and the store."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    def claim(self) -> Job | None:
        """Take the oldest queued run; None if there is none."""
        with self.workspace.catalogue.reading() as connection:
            if not run_rows.any_queued(connection):
                return None
        with self.workspace.catalogue.writing() as connection:
            run = run_rows.claim_next_run(connection)
            if run is None:
                return None
            dataset = dataset_rows.get_dataset(connection, run.dataset)
        job = Job(
            run_id=run.id,
            attempt=run.attempt,
            spec=run.spec,
            task=dataset.task,
            folder=self.workspace.datasets_folder / dataset.folder,
            split={name: dataset.spec[name] for name in ("validation", "test", "seed")},
        )
        return job if run.parent is None else self._with_parent(job, run.parent)

    def epoch(self, job: Job, numbers: Mapping[str, Any]) -> bool:
        """Append an epoch's numbers; False if this attempt no longer counts."""
        with self.workspace.catalogue.writing() as connection:
            return run_rows.append_epoch(connection, job.run_id, job.attempt, numbers)

    def version(self, job: Job, report: Mapping[str, Any]) -> None:
        """Save a version of the run's network; raises StoreError."""
        with self.workspace.catalogue.reading() as connection:
            run = run_rows.get_run(connection, job.run_id)
            network = network_rows.get_network(connection, run.network)
            dataset = dataset_rows.get_dataset(connection, run.dataset)
            parent_id = run_rows.parent_id(connection, job.run_id)
        draft = Draft(
            tensors=report["tensors"],
            spec=job.spec,
            dataset_id=dataset.id,
            preprocessing=report["preprocessing"],
            metrics=report["metrics"],
            evaluation=report["evaluation"],
            epoch=report["epoch"],
            run_id=job.run_id,
            parent_id=parent_id,
        )
        save_version(self.workspace, network, draft)

    def end(self, job: Job, state: str, error: str | None) -> bool:
        """Give the run its final state; False if this attempt no longer counts."""
        with self.workspace.catalogue.writing() as connection:
            return run_rows.end_run(connection, job.run_id, job.attempt, state, error)

    def cancel_requests(self) -> set[int]:
        """Return the ids of running runs that a person wants to stop."""
        with self.workspace.catalogue.reading() as connection:
            return run_rows.cancel_requests(connection)

    def recover(self) -> None:
        """Mark the runs that an earlier coordinator left running as interrupted."""
        with self.workspace.catalogue.writing() as connection:
            run_rows.interrupt_stale_runs(connection, INTERRUPTED)

    def _with_parent(self, job: Job, reference: str) -> Job:
        name, _, number = reference.rpartition(":")
        parent = get_version(self.workspace, name, int(number))
        tensors = read_tensors(self.workspace, parent)
        return replace(job, parent_tensors=tensors, parent_preprocessing=parent.preprocessing)
