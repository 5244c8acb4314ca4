"""The process in which a run trains, or several do; it reports through a pipe, and ends with its parent."""

from collections.abc import Sequence
from multiprocessing.connection import Connection

from dashboard.jobs.job import TrainingJob, stop_if_cancelled
from dashboard.jobs.together import train_together
from dashboard.jobs.trainer import train


def main(job: TrainingJob, pipe: Connection) -> None:
    """Train as the job says and report through the pipe."""
    train(job, lambda *report: pipe.send(report), lambda: stop_if_cancelled(pipe))


def together(jobs: Sequence[TrainingJob], pipe: Connection) -> None:
    """Train several jobs as one stack; each report goes through the pipe behind its job's place."""
    cancelled: set[int] = set()

    def listen() -> None:
        while pipe.poll():
            cancelled.add(pipe.recv())

    train_together(jobs, lambda *report: pipe.send(report), listen, cancelled)
