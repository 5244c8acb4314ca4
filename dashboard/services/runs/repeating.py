"""The process that trains one network several times, one training after another, and keeps the scores of each.

What has been trained is part of the run's result: a run that dies goes on with the training that it was in, which
begins again. The weights are not stored.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from dashboard.catalogue import datasets as dataset_rows
from dashboard.catalogue import runs as run_rows
from dashboard.data.baseline import baseline_scores
from dashboard.data.dataset import Arrays, open_arrays, split_of
from dashboard.data.folds import Folds
from dashboard.data.splitting import Split, codes_of_split
from dashboard.engine.paths import NUMPY
from dashboard.jobs.job import Progress, TrainingJob
from dashboard.jobs.trainer import ENDS_BADLY, Trainer, why
from dashboard.records.dataset import Dataset
from dashboard.records.repeats import spreads_of
from dashboard.records.run import Run
from dashboard.services.datasets import require_records
from dashboard.services.runs.paths import new_path
from dashboard.services.runs.repeats import folds_of
from dashboard.services.store.actions import ActionJob
from dashboard.services.store.process import Reporter
from dashboard.services.versions.baselines import constant_of_arrays
from dashboard.services.workspace import Workspace

NEVER = float("inf")
WORDS = {"folds": "Fold", "seeds": "Seed"}


@dataclass(frozen=True)
class Plan:
    """What is trained: with folds, other records each time; without, the dataset's own split with other seeds."""

    run: Run
    dataset: Dataset
    arrays: Arrays
    folds: Folds | None
    path: str

    @property
    def count(self) -> int:
        """How many trainings there are."""
        return int(self.run.request["count"])

    @property
    def method(self) -> str:
        """How the records are divided: a method of folds, or that of the dataset."""
        return self.folds.method if self.folds else str(self.dataset.spec.get("split", "random"))

    def parts(self, place: int) -> Split:
        """Return the parts of a training, from 0; raises Invalid."""
        return self.folds.parts(place) if self.folds else split_of(self.arrays, self.dataset.spec)

    def seed(self, place: int) -> int:
        """Return the seed of a training, from 0."""
        seed = self.run.spec.training.seed
        return seed if self.folds else (seed + place) % 2**31

    def words(self, place: int) -> str:
        """Name a training."""
        return f"{WORDS[self.run.kind]} {place + 1} of {self.count}"

    def job(self, place: int, parts: Split) -> TrainingJob:
        """Return a training, of which only the last version is reported."""
        training = self.run.spec.training
        settings = replace(training, save="best" if training.ends_with_best else "last", seed=self.seed(place))
        return TrainingJob(
            run_id=self.run.id,
            attempt=self.run.attempt,
            spec=replace(self.run.spec, training=settings),
            task=self.dataset.task,
            folder=Path(),  # the records travel with it
            split={},
            checkpoint_seconds=NEVER,
            path=self.path,
            arrays=self.arrays._replace(parts=codes_of_split(parts, len(self.arrays.target))),
        )


def repeat(workspace: Workspace, job: ActionJob, report: Reporter) -> str | None:
    """Train a network several times and report the scores of each, and at the end how far they vary.

    Returns which training ended badly, and why; those before it stay in the result, without a summary.
    """
    plan = report.patiently(lambda: make_plan(workspace, job.run_id))
    total = plan.count * plan.run.spec.training.epochs
    done: list[dict[str, Any]] = list(plan.run.result.get("trainings", []))
    for place in range(len(done), plan.count):
        try:
            done.append(_trained(plan, place, total, done, report))
        except ENDS_BADLY as failure:
            return f"{plan.words(place)}: {why(failure)}"
        report(Progress(len(done) * plan.run.spec.training.epochs, total, "", _result(plan, done)))
    report(Progress(total, total, "", _result(plan, done) | {"spreads": spreads_of(done)}))
    return None


def make_plan(workspace: Workspace, run_id: int) -> Plan:
    """Return what a run trains; raises Conflict without the dataset's records, Invalid if they cannot be divided so."""
    with workspace.catalogue.reading() as connection:
        run = run_rows.get_run(connection, run_id)
        dataset = dataset_rows.get_dataset(connection, run.dataset)
    require_records(workspace, dataset)
    arrays = open_arrays(workspace.datasets_folder / dataset.folder)
    folds = folds_of(workspace, dataset, arrays, run.request["count"]) if run.kind == "folds" else None
    return Plan(run, dataset, arrays, folds, _path(workspace, run))


def _path(workspace: Workspace, run: Run) -> str:
    """Return by what all of the trainings are computed: as the first one was; before there was a choice, by numpy."""
    began_before = NUMPY if run.result.get("trainings") else new_path(workspace.settings, run.spec)
    return run.path or began_before


def _result(plan: Plan, done: list[dict[str, Any]]) -> dict[str, Any]:
    counts = [one["records"] for one in done]
    records = sum(counts) if plan.folds else max(counts, default=0)
    return {"method": plan.method, "records": records, "trainings": done, "path": plan.path}


def _trained(plan: Plan, place: int, total: int, done: list[dict[str, Any]], report: Reporter) -> dict[str, Any]:
    """Carry out one training and return its numbers; raises what ends a training badly, and Cancelled."""
    parts, epochs = plan.parts(place), plan.run.spec.training.epochs
    versions: list[dict[str, Any]] = []
    so_far = _result(plan, done)

    def send(kind: str, payload: Any) -> None:  # noqa: ANN401 - what a training reports
        if kind == "version":
            versions.append(payload)
        if kind == "epoch":
            note = f"{plan.words(place)}: epoch {payload['epoch']:,} of at most {epochs:,}"
            report(Progress(min(place * epochs + payload["epoch"], total), total, note, so_far))

    trainer = Trainer(plan.job(place, parts), send)
    trainer.train(report.stop_if_cancelled)
    version = versions[-1]
    assert trainer.last is not None  # a version was reported
    measured = {name.removeprefix("test_"): value for name, value in version["metrics"].items() if "test_" in name}
    target = np.asarray(plan.arrays.target)
    constant = constant_of_arrays(plan.arrays, parts)
    return {
        "training": place + 1,
        "seed": plan.seed(place),
        "train": len(parts.train),
        "validation": len(parts.validation),
        "records": len(parts.test),
        "epochs": trainer.last.epoch,
        "epoch": version["epoch"],
        "metrics": measured,
        "baseline": baseline_scores(target[parts.test], constant),
    }
