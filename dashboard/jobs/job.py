"""What a run needs to execute, and what it reports: the small interface between a run and the place it executes in.

A `Job` travels to a process of its own and names the function that carries it out; reports come back as
(kind, payload) pairs. The `Journal` is where they are written down: the coordinator is the only one that speaks to it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np

from dashboard.records import NetworkSpec

Tensors = Mapping[str, np.ndarray[Any, Any]]


TRAININGS, ACTIONS = "trainings", "actions"
"""The two lanes: what waits in one does not hold up the other."""


@dataclass(frozen=True)
class Job:
    """One attempt at a run; what else its process has to know stands in subclasses.

    `target` is the function that the process calls with the job and its end of the pipe, as "module:function".
    """

    target: ClassVar[str]
    lane: ClassVar[str]

    run_id: int
    attempt: int


@dataclass(frozen=True)
class TrainingJob(Job):
    """A training: `split` is the dataset's {"validation", "test", "seed"}.

    `parent_tensors` and `parent_preprocessing` are those of the version that it goes on from, if it does.
    """

    target: ClassVar[str] = "dashboard.jobs.training_process:main"
    lane: ClassVar[str] = TRAININGS

    spec: NetworkSpec
    task: str
    folder: Path
    split: Mapping[str, Any]
    parent_tensors: Tensors | None = None
    parent_preprocessing: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Progress:
    """How far an action has come: `done` of `total`, what it is at, and what came of it so far (JSON-able)."""

    done: int
    total: int
    note: str
    result: Mapping[str, Any]


class Cancelled(Exception):
    """Raised in the process of a run when the coordinator asks it to stop."""


def stop_if_asked(pipe: Connection) -> None:
    """Raise Cancelled if the coordinator asks for it; EOFError, when the coordinator is gone, ends the process."""
    if pipe.poll():
        pipe.recv()
        raise Cancelled


class Journal(Protocol):
    """Where runs are claimed from and written down; every method is safe to call from several threads."""

    def claim(self, lanes: Collection[str]) -> Job | None:
        """Take the next queued run of one of these lanes, or return None."""

    def epoch(self, job: Job, numbers: Mapping[str, Any]) -> bool:
        """Append an epoch's numbers; False if this attempt no longer counts."""

    def version(self, job: Job, report: Mapping[str, Any]) -> None:
        """Save a version: {"epoch", "metrics", "evaluation", "preprocessing", "tensors"}."""

    def progress(self, job: Job, progress: Progress) -> bool:
        """Write down how far an action has come; False if this attempt no longer counts."""

    def end(self, job: Job, state: str, error: str | None) -> bool:
        """Give the run its final state; False if this attempt no longer counts."""

    def cancel_requests(self) -> set[int]:
        """Return the ids of running runs that a person wants to stop."""

    def recover(self) -> None:
        """Mark what an earlier coordinator left running; called once, before the first claim."""
