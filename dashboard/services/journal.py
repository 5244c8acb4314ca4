"""The journal in which the coordinator writes runs down: the catalogue, and the store for the versions they report."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, replace
from typing import Any

from dashboard.catalogue import datasets as dataset_rows
from dashboard.catalogue import networks as network_rows
from dashboard.catalogue import runs as run_rows
from dashboard.errors import UserError, WeightbaseError
from dashboard.jobs.job import ACTIONS, TRAININGS, Job, Progress, TrainingJob
from dashboard.records import RUN_KINDS, Run
from dashboard.services import handover
from dashboard.services.actions import action_job
from dashboard.services.tensors import read_tensors
from dashboard.services.versions import Draft, get_version, save_version
from dashboard.services.workspace import Workspace

INTERRUPTED = "The coordinator ended while this run was under way. Start it again."
KINDS = {TRAININGS: ("training",), ACTIONS: tuple(kind for kind in RUN_KINDS if kind != "training")}


class CatalogueJournal:
    """The coordinator's journal (`jobs.job.Journal`), kept in the catalogue and the store."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    def claim(self, lanes: Collection[str]) -> Job | None:
        """Take the oldest queued run of these lanes.

        None if there is none, or if what it needs cannot be had: that ends this run, not the coordinator.
        """
        kinds = [kind for lane in lanes for kind in KINDS[lane]]
        with self.workspace.catalogue.reading() as connection:
            if not run_rows.any_queued(connection, kinds):
                return None
        with self.workspace.catalogue.writing() as connection:
            run = run_rows.claim_next_run(connection, kinds)
        if run is None:
            return None
        try:
            return self._training(run) if run.is_training else action_job(self.workspace, run)
        except WeightbaseError as error:
            with self.workspace.catalogue.writing() as connection:
                run_rows.end_run(connection, run.id, run.attempt, "failed", error.message)
            return None

    def _training(self, run: Run) -> Job:
        with self.workspace.catalogue.reading() as connection:
            dataset = dataset_rows.get_dataset(connection, run.dataset)
            parent_id = run_rows.parent_id(connection, run.id)
        if parent_id is not None and run.parent is None:
            raise UserError("The version that this run goes on from was deleted meanwhile: start a new run.")
        job = TrainingJob(
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
        assert isinstance(job, TrainingJob)
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

    def progress(self, job: Job, progress: Progress) -> bool:
        """Write down how far an action has come; False if this attempt no longer counts."""
        with self.workspace.catalogue.writing() as connection:
            return run_rows.note_progress(connection, job.run_id, job.attempt, asdict(progress))

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
            queued = run_rows.queued_runs(connection)
        handover.discard_all_but(self.workspace.settings.home_folder, queued)

    def _with_parent(self, job: TrainingJob, reference: str) -> Job:
        name, _, number = reference.rpartition(":")
        parent = get_version(self.workspace, name, int(number))
        tensors = read_tensors(self.workspace, parent)
        return replace(job, parent_tensors=tensors, parent_preprocessing=parent.preprocessing)
