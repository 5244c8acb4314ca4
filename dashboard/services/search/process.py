"""The process that drives one search: its own workspace, its driver, and reports through a pipe."""

from multiprocessing.connection import Connection

from dashboard.errors import WeightbaseError
from dashboard.jobs.job import Cancelled
from dashboard.services.search.driver import Driver
from dashboard.services.search.requests import SearchJob
from dashboard.services.store.process import Reporter
from dashboard.services.workspace import open_workspace


def main(job: SearchJob, pipe: Connection) -> None:
    """Drive a search and report through the pipe until it is done, cancelled or wrong."""
    reporter = Reporter(pipe)
    state: str = "finished"
    error: str | None = None
    try:
        opened = reporter.patiently(lambda: open_workspace(job.settings, sweeping=False))
        reporter.patiently(lambda: Driver(opened, job, reporter)).drive(reporter.patiently)
    except Cancelled:
        state = "cancelled"
    except WeightbaseError as failure:
        state, error = "failed", failure.message
    reporter.flush()
    pipe.send(("end", {"state": state, "error": error}))
