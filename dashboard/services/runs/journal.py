"""The journal in which the coordinator writes runs down: the catalogue, and the store for the versions they report."""

import logging
import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from dashboard.catalogue import datasets as dataset_rows
from dashboard.catalogue import networks as network_rows
from dashboard.catalogue import runs as run_rows
from dashboard.catalogue import searches as search_rows
from dashboard.catalogue import versions as version_rows
from dashboard.catalogue.tables import FARTHEST
from dashboard.engine.paths import NUMPY
from dashboard.errors import Outage, Superseded, UserError, WeightbaseError
from dashboard.jobs.job import Job, Progress, TrainingCheckpoint, TrainingJob
from dashboard.outages import system_words
from dashboard.records.run import Run
from dashboard.records.run_kinds import REPEATS, RUN_KINDS, SEARCHES, kinds_in
from dashboard.search.together import is_quicker
from dashboard.services.datasets import require_records
from dashboard.services.runs import checkpoints, passwords, stop_requests
from dashboard.services.runs.paths import new_path
from dashboard.services.store.actions import action_job
from dashboard.services.versions.reading import get_version
from dashboard.services.versions.saving import Draft, save_version
from dashboard.services.versions.tensors import read_tensors
from dashboard.services.workspace import Workspace, sweep

log = logging.getLogger(__name__)

MOST_DEATHS = 5
"""A run that died so often without getting on is given up: it would take the machine down for ever."""
RESUMABLE_RUNS = 20
"""Of so many runs that ended before their goal the checkpoints are stored, so that they can be resumed."""


class CatalogueJournal:
    """The coordinator's journal (`jobs.job.Journal`), in the catalogue and the store."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.farthest: dict[int, int] = {}  # how far an action or a search has ever come, by its run
        self.files = threading.Lock()  # between a checkpoint's file and its row nobody may clear up

    @property
    def home(self) -> Path:
        """The folder of checkpoints and secrets."""
        return self.workspace.settings.home_folder

    def claim(self, lanes: Collection[str]) -> Job | None:
        """Take the next queued run of these lanes.

        None if there is none, or if what it needs cannot be had: that ends this run, not the coordinator. In an outage
        the run goes back into the queue; should that fail, too, `take_up` does it.
        """
        kinds = kinds_in(lanes)
        with self.workspace.catalogue.reading() as connection:
            if not run_rows.any_queued(connection, kinds):
                return None
        with self.workspace.catalogue.writing(hasty=True) as connection:
            run = run_rows.claim_next_run(connection, kinds)
        if run is None:
            return None
        try:
            return self._job(run)
        except Outage:
            with self.workspace.catalogue.writing() as connection:
                run_rows.put_back(connection, run.id, run.attempt)
            raise
        except WeightbaseError as error:
            with self.workspace.catalogue.writing() as connection:
                run_rows.end_run(connection, run.id, run.attempt, "failed", error.message)
            passwords.discard(self.home, run.id)
            return None

    def claim_alike(self, job: TrainingJob) -> list[TrainingJob]:
        """Take the queued runs that confirm the same winner with other seeds, where training them together is quicker.

        A run that goes on from a checkpoint goes on alone, to the very same bits.
        """
        with self.workspace.catalogue.reading() as connection:
            if job.checkpoint is not None or not search_rows.queued_with(connection, job.run_id):
                return []
            dataset = dataset_rows.get_dataset(connection, run_rows.get_run(connection, job.run_id).dataset)
        with self.workspace.catalogue.writing(hasty=True) as connection:
            waiting = search_rows.queued_with(connection, job.run_id)
            specs = [run_rows.get_run(connection, run_id).spec for run_id in waiting]
            if not is_quicker([job.spec, *specs], dataset.description["rows"]):
                return []
            claimed = [run_rows.claim_run(connection, run_id) for run_id in waiting]
            for run_id, attempt in [(job.run_id, job.attempt), *((run.id, run.attempt) for run in claimed)]:
                run_rows.note_progress(connection, run_id, attempt, {"result": {"path": NUMPY}})  # as stacks are
        return [replace(job, run_id=run.id, attempt=run.attempt, spec=run.spec, path=NUMPY) for run in claimed]

    def _job(self, run: Run) -> Job:
        if run.is_training:
            return self._training(run)
        if RUN_KINDS[run.kind].lane != SEARCHES:
            return action_job(self.workspace, run)
        from dashboard.services.search.requests import search_job  # noqa: PLC0415 - Optuna: a third of a worker's start

        return search_job(self.workspace, run)

    def _training(self, run: Run) -> Job:
        with self.workspace.catalogue.reading() as connection:
            dataset = dataset_rows.get_dataset(connection, run.dataset)
            parent_id = run_rows.parent_id(connection, run.id)
            point = run_rows.get_checkpoint(connection, run.id)
        require_records(self.workspace, dataset)
        if parent_id is not None and run.parent is None:
            raise UserError("The version that this run continues from was deleted. Start a new run.")
        checkpoint = None if point is None else self._checkpoint(run, point)
        job = TrainingJob(
            checkpoint=checkpoint,
            checkpoint_seconds=self.workspace.settings.checkpoint_seconds,
            run_id=run.id,
            attempt=run.attempt,
            spec=run.spec,
            task=dataset.task,
            folder=self.workspace.datasets_folder / dataset.folder,
            split={name: dataset.spec[name] for name in ("validation", "test", "seed")},
            path=self._path(run),
        )
        return job if run.parent is None else self._with_parent(job, run.parent)

    def _path(self, run: Run) -> str:
        """Return by what a training is computed: chosen at its first attempt, and written down before it begins.

        One that began before there was a choice goes on by numpy.
        """
        if run.path or run.attempt > 1:
            return run.path or NUMPY
        path = new_path(self.workspace.settings, run.spec)
        with self.workspace.catalogue.writing(hasty=True) as connection:
            run_rows.note_progress(connection, run.id, run.attempt, {"result": run.result | {"path": path}})
        return path

    def epochs(self, job: Job, epochs: Sequence[Mapping[str, Any]]) -> bool:
        """Append the numbers of some epochs; False if this attempt no longer counts."""
        with self.workspace.catalogue.writing(hasty=True) as connection:
            return run_rows.append_epochs(connection, job.run_id, job.attempt, epochs)

    def version(self, job: Job, report: Mapping[str, Any]) -> bool:
        """Save a version of the run's network, unless an earlier attempt has saved this epoch's; raises StoreError.

        Of a trial, which has no network, only the numbers are stored.
        """
        assert isinstance(job, TrainingJob)
        with self.workspace.catalogue.reading() as connection:
            run = run_rows.get_run(connection, job.run_id)
        if not RUN_KINDS[run.kind].writes_versions:
            from dashboard.services.search.trials import report_of_trial  # noqa: PLC0415 - as above

            with self.workspace.catalogue.writing() as connection:
                result = {"result": report_of_trial(run, report) | {"path": run.path}}
                return run_rows.note_progress(connection, job.run_id, job.attempt, result)
        with self.workspace.catalogue.reading() as connection:
            network = network_rows.get_network(connection, run.network)
            dataset = dataset_rows.get_dataset(connection, run.dataset)
            parent_id = run_rows.parent_id(connection, job.run_id)
            is_saved = version_rows.has_version_of_epoch(connection, job.run_id, report["epoch"])
        if is_saved:  # and in the same bits, as a training that goes on repeats what it did
            return True
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
            attempt=job.attempt,
            origin={"how": "training", "path": job.path},
        )
        try:
            save_version(self.workspace, network, draft)
        except Superseded:
            return False
        return True

    def checkpoint(self, job: Job, checkpoint: TrainingCheckpoint) -> bool:
        """Keep a checkpoint, and remove the ones before; False if this attempt no longer counts."""
        with self.files:
            try:
                point = checkpoints.write(self.home, job.run_id, job.attempt, checkpoint)
            except OSError as error:  # a full disk: the training goes on, and an older checkpoint counts
                log.error("run %s: its checkpoint could not be stored. %s", job.run_id, system_words(error))
                return True
            with self.workspace.catalogue.writing() as connection:
                counts = run_rows.keep_checkpoint(connection, job.attempt, point)
            if counts:
                checkpoints.keep_only(self.home, [point.file], job.run_id)
        return counts

    def progress(self, job: Job, progress: Progress) -> bool:
        """Write down how far an action has come; False if this attempt no longer counts.

        Deaths before are forgotten once it is further than ever. An action begins again after each death: how far it
        was before this coordinator began is not known, so those deaths count on. What a search has done is never lost,
        nor is a whole training of several.
        """
        done = len(progress.result.get("trainings", ())) if job.lane == REPEATS else progress.done
        unknown = done if job.lane in {SEARCHES, REPEATS} or job.attempt == 1 else FARTHEST
        values = asdict(progress)
        if done > self.farthest.setdefault(job.run_id, unknown):
            self.farthest[job.run_id], values["deaths"] = done, 0
        with self.workspace.catalogue.writing(hasty=True) as connection:
            return run_rows.note_progress(connection, job.run_id, job.attempt, values)

    def end(self, job: Job, state: str, error: str | None) -> bool:
        """Give the run its final state; False if this attempt no longer counts."""
        with self.workspace.catalogue.writing() as connection:
            ended = run_rows.end_run(connection, job.run_id, job.attempt, state, error)
            if state == "finished":
                run_rows.drop_checkpoint(connection, job.run_id)
            if state == "cancelled":
                search_rows.pause_if_cancelled(connection, job.run_id)
        self.farthest.pop(job.run_id, None)
        passwords.discard(self.home, job.run_id)
        stop_requests.discard(self.home, job.run_id)
        self._clear_up()
        return ended

    def requeue(self, job: Job, reason: str, died: bool) -> bool:
        """Queue the run again, or, if it has died too often, mark it interrupted; False if another attempt counts."""
        return self._take_up_again(job.run_id, job.attempt, reason, died)

    def _take_up_again(self, run_id: int, attempt: int, reason: str, died: bool) -> bool:
        with self.workspace.catalogue.writing() as connection:
            if died and run_rows.deaths_of(connection, run_id) + 1 >= MOST_DEATHS:
                error = f"This run was given up: it has ended {MOST_DEATHS} times without getting on. Last: {reason}."
                return run_rows.end_run(connection, run_id, attempt, "interrupted", error)
            counts = run_rows.requeue_run(connection, run_id, attempt, died)
            search_rows.pause_if_cancelled(connection, run_id)
            return counts

    def cancel_requests(self) -> set[int]:
        """Return the ids of running runs that a person wants to stop."""
        with self.workspace.catalogue.reading() as connection:
            return run_rows.cancel_requests(connection)

    def stop_requests(self) -> set[int]:
        """Return the ids of runs that are to stop while the catalogue could not be written."""
        return stop_requests.all_of(self.home)

    def take_up(self, running: Collection[int]) -> None:
        """Queue again what runs by the catalogue, but not here, and sweep what an outage has left."""
        with self.workspace.catalogue.reading() as connection:
            stale = run_rows.stale_attempts(connection)
        for run_id, attempt in stale:
            if run_id not in running:
                self._take_up_again(run_id, attempt, "an outage came in between", died=False)
        sweep(self.workspace)

    def recover(self) -> None:
        """Queue again the runs that an earlier coordinator left running, and clear up what nobody needs any more."""
        with self.workspace.catalogue.reading() as connection:
            stale = run_rows.stale_attempts(connection)
        for run_id, attempt in stale:
            self._take_up_again(run_id, attempt, "the worker ended unexpectedly", died=True)
        secrets, stops = passwords.all_of(self.home), stop_requests.all_of(self.home)
        with self.workspace.catalogue.writing() as connection:
            active = run_rows.active_run_ids(connection)
        passwords.discard_all_but(self.home, secrets, active)
        stop_requests.discard_all_but(self.home, stops, active)
        self._clear_up()

    def _clear_up(self) -> None:
        """Remove the checkpoints of runs that will not go on."""
        with self.files:
            with self.workspace.catalogue.reading() as connection:
                wanted = run_rows.wanted_checkpoints(connection, RESUMABLE_RUNS)
            checkpoints.keep_only(self.home, {point.file for point in wanted})

    def _checkpoint(self, run: Run, point: run_rows.Checkpoint) -> TrainingCheckpoint | None:
        checkpoint = checkpoints.read(self.home, point)
        if checkpoint is None:
            log.warning("run %s: its checkpoint is gone or damaged; it starts from the beginning", run.id)
            with self.workspace.catalogue.writing() as connection:
                run_rows.begin_again(connection, run.id, run.attempt)
        return checkpoint

    def _with_parent(self, job: TrainingJob, reference: str) -> Job:
        name, _, number = reference.rpartition(":")
        parent = get_version(self.workspace, name, int(number))
        tensors = read_tensors(self.workspace, parent)
        # A version that came without a dataset knows its columns and classes by their places only: the dataset names
        # them, and is scaled as the network's settings say.
        preprocessing = parent.preprocessing if parent.dataset else None
        return replace(job, parent_tensors=tensors, parent_preprocessing=preprocessing)
