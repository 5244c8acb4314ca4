"""What a run needs to execute, and what it reports: the small interface between a run and the place it executes in.

A `Job` travels to where it executes and names the function that carries it out; reports come back as (kind, payload)
pairs. The `Journal` records them; only the coordinator uses it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np

from dashboard.data.dataset import Arrays, open_arrays
from dashboard.records.network import NetworkSpec
from dashboard.records.run_kinds import TRAININGS

Tensors = Mapping[str, np.ndarray[Any, Any]]


@dataclass(frozen=True)
class Job:
    """One attempt at a run; subclasses have what else is needed to carry it out.

    `target` is the function that a process of this machine calls with the job and its end of the pipe, as
    "module:function".
    """

    target: ClassVar[str]
    lane: ClassVar[str]

    run_id: int
    attempt: int


@dataclass(frozen=True)
class TrainingCheckpoint:
    """All that a training needs to resume after an epoch, with exactly the same bits.

    `state` is what `engine.training.Training.state` returned: arrays and numbers. `last` and `best` are the numbers of
    the epoch after which it was taken and of the best one so far, as `Epoch` has them.
    """

    state: Mapping[str, Any]
    last: Mapping[str, Any]
    best: Mapping[str, Any]

    @property
    def epoch(self) -> int:
        """The last whole epoch."""
        return int(self.state["epoch"])


@dataclass(frozen=True)
class TrainingJob(Job):
    """A training: `split` is the dataset's {"validation", "test", "seed"}.

    The records are in `folder`, or travel with the job as `arrays` to a machine that has no such folder.
    `path` is the one by which its steps are computed, from the first attempt on (`engine.paths`).
    A checkpoint is due `checkpoint_seconds` after the one before. `parent_tensors` and `parent_preprocessing` are those
    of the version that it starts from, if there is one; `checkpoint` is the last one of an earlier attempt at this run.
    """

    target: ClassVar[str] = "dashboard.jobs.training_process:main"
    lane: ClassVar[str] = TRAININGS

    spec: NetworkSpec
    task: str
    folder: Path
    split: Mapping[str, Any]
    checkpoint_seconds: float
    path: str = "numpy"
    arrays: Arrays | None = None
    parent_tensors: Tensors | None = None
    parent_preprocessing: Mapping[str, Any] | None = None
    checkpoint: TrainingCheckpoint | None = None

    def records(self) -> Arrays:
        """Return the dataset's records, wherever they are."""
        return open_arrays(self.folder) if self.arrays is None else self.arrays


@dataclass(frozen=True)
class Progress:
    """The progress of an action: `done` of `total`, a note, and the result so far (JSON-able)."""

    done: int
    total: int
    note: str
    result: Mapping[str, Any]


class Cancelled(Exception):
    """Raised where a run executes when the coordinator cancels it."""


def stop_if_cancelled(pipe: Connection) -> None:
    """Raise Cancelled if the coordinator says so; EOFError, when the coordinator is gone, ends the process."""
    if pipe.poll():
        pipe.recv()
        raise Cancelled


class Journal(Protocol):
    """Where runs are claimed from and written down; every method is safe to call from several threads.

    Each raises Outage while store or catalogue cannot be used, and may then be called again, even if it did its work.
    Those that return a bool return False if the attempt no longer counts: another has taken over, or the run has ended.
    """

    def claim(self, lanes: Collection[str]) -> Job | None:
        """Take the next queued run of one of these lanes, or return None."""

    def claim_alike(self, job: TrainingJob) -> list[TrainingJob]:
        """Take, too, the queued runs that are quicker trained together with this one; often there are none."""

    def epochs(self, job: Job, epochs: Sequence[Mapping[str, Any]]) -> bool:
        """Append the numbers of some epochs."""

    def version(self, job: Job, report: Mapping[str, Any]) -> bool:
        """Save a version: {"epoch", "metrics", "evaluation", "preprocessing", "tensors"}; once for each epoch."""

    def checkpoint(self, job: Job, checkpoint: TrainingCheckpoint) -> bool:
        """Store the checkpoint from which the run resumes if this attempt dies."""

    def progress(self, job: Job, progress: Progress) -> bool:
        """Write down how far an action has come."""

    def end(self, job: Job, state: str, error: str | None) -> bool:
        """Give the run its final state."""

    def requeue(self, job: Job, reason: str, died: bool) -> bool:
        """Let the run resume from its checkpoint; one that has died too often is interrupted instead."""

    def cancel_requests(self) -> set[int]:
        """Return the ids of running runs that a person wants to stop."""

    def stop_requests(self) -> set[int]:
        """Return the ids of runs that are to stop while the catalogue could not be written; it is not asked."""

    def take_up(self, running: Collection[int]) -> None:
        """Queue again what the catalogue calls running, but is not among these runs, and sweep what an outage left."""

    def recover(self) -> None:
        """Take up what an earlier coordinator left running; called once, before the first claim."""
