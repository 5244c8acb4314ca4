"""What a run needs to execute, and what it reports: the small interface between a run and the place it executes in.

A `Job` travels to the training process; reports come back as (kind, payload) pairs. The `Journal` is where they
are written down: the coordinator is the only one that speaks to it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from dashboard.records import NetworkSpec

Tensors = Mapping[str, np.ndarray[Any, Any]]


@dataclass(frozen=True)
class Job:
    """One attempt at a run: everything that the training process has to know.

    `split` is the dataset's {"validation", "test", "seed"}; `parent` holds the tensors and preprocessing of the
    version that the training goes on from, if it does.
    """

    run_id: int
    attempt: int
    spec: NetworkSpec
    task: str
    folder: Path
    split: Mapping[str, Any]
    parent_tensors: Tensors | None = None
    parent_preprocessing: Mapping[str, Any] | None = None


class Journal(Protocol):
    """Where runs are claimed from and written down; every method is safe to call from several threads."""

    def claim(self) -> Job | None:
        """Take the next queued run, or return None."""

    def epoch(self, job: Job, numbers: Mapping[str, Any]) -> bool:
        """Append an epoch's numbers; False if this attempt no longer counts."""

    def version(self, job: Job, report: Mapping[str, Any]) -> None:
        """Save a version: {"epoch", "metrics", "evaluation", "preprocessing", "tensors"}."""

    def end(self, job: Job, state: str, error: str | None) -> bool:
        """Give the run its final state; False if this attempt no longer counts."""

    def cancel_requests(self) -> set[int]:
        """Return the ids of running runs that a person wants to stop."""

    def recover(self) -> None:
        """Mark what an earlier coordinator left running; called once, before the first claim."""
