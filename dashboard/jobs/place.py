"""Where runs execute: the small interface that a place fulfils, be it this machine's processes or a cluster."""

import signal
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from dashboard.jobs.job import Job, TrainingJob

Report = tuple[str, Any]
"""A report of an attempt: its kind (epoch, version, checkpoint, progress or end) and its content."""


class Gone(Exception):
    """An attempt is no more: its process died, its worker was lost. `died` is False where the run is not to blame."""

    def __init__(self, reason: str, died: bool = True) -> None:
        super().__init__(reason)
        self.reason, self.died = reason, died


def exit_words(code: int | None) -> str:
    """Return in words how a process ended, from its exit code as multiprocessing gives it."""
    if code is None:
        return "no exit code"
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


class Attempt(Protocol):
    """One attempt at a run, executing; used by one thread, but for `ask_to_stop` and `is_over`, which any may."""

    @property
    def is_over(self) -> bool:
        """Whether it takes no processor any more, though its last reports may still have to be received."""

    def receive(self, seconds: float) -> Report | None:
        """Return the next report, or None if there was none for so long; raises Gone once there will be no more."""

    def ask_to_stop(self) -> None:
        """Ask it to stop between two batches; it reports what it has learnt, and its end."""

    def kill(self) -> None:
        """End it immediately; `receive` raises Gone then."""

    def close(self) -> None:
        """Give back what it holds; it has ended, or is ended now."""


class Place(Protocol):
    """A place that carries jobs out."""

    @property
    def slots(self) -> int:
        """How many trainings execute here at once; 0 while the place cannot be used."""

    @property
    def problem(self) -> str | None:
        """Why the place cannot be used now, in a sentence for people; None if it can."""

    def start(self, job: Job) -> Attempt:
        """Carry out a job; raises Gone if the place cannot be used after all."""

    def close(self) -> None:
        """Give back what the place holds; attempts are closed before."""


class SharingPlace(Place, Protocol):
    """A place where small trainings of one shape can share a process; `when_over` is called whenever one has ended."""

    when_over: Callable[[], None]

    def start_together(self, jobs: Sequence[TrainingJob]) -> Sequence[Attempt]:
        """Train jobs that differ in seed and learning rate alone; return an attempt for each."""
