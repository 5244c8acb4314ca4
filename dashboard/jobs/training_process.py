"""The process in which one run trains; it talks through a pipe, and ends with whoever holds the other end."""

from multiprocessing.connection import Connection

from dashboard.jobs.job import TrainingJob, stop_if_asked
from dashboard.jobs.trainer import train


def main(job: TrainingJob, pipe: Connection) -> None:
    """Train as the job says and report through the pipe."""
    train(job, lambda *report: pipe.send(report), lambda: stop_if_asked(pipe))
