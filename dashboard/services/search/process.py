"""The process that drives one search: its own workspace, its driver, and reports through a pipe."""

from functools import partial
from multiprocessing.connection import Connection

from dashboard.catalogue import runs as run_rows
from dashboard.catalogue import searches as search_rows
from dashboard.errors import WeightbaseError
from dashboard.jobs.job import Cancelled
from dashboard.services.search.driver import Driver
from dashboard.services.search.requests import SearchJob
from dashboard.services.store.process import Reporter
from dashboard.services.workspace import Workspace, open_workspace


def main(job: SearchJob, pipe: Connection) -> None:
    """Drive a search and report through the pipe until it is done, cancelled or wrong."""
    reporter = Reporter(pipe)
    state: str = "finished"
    error: str | None = None
    workspace = None
    try:
        workspace = opened = reporter.patiently(lambda: open_workspace(job.settings, sweeping=False))
        reporter.patiently(lambda: Driver(opened, job, reporter)).drive(reporter.patiently)
    except Cancelled:
        state = "cancelled"
        if workspace is not None:
            reporter.patiently(partial(_pause_if_cancelled, workspace, job))
    except WeightbaseError as failure:
        state, error = "failed", failure.message
    reporter.flush()
    pipe.send(("end", {"state": state, "error": error}))


def _pause_if_cancelled(workspace: Workspace, job: SearchJob) -> None:
    """Pause the search if a person cancelled the run that drives it; a coordinator that ends leaves it to the next."""
    with workspace.catalogue.writing() as connection:
        run = run_rows.get_run(connection, job.run_id)
        search = search_rows.get_search(connection, job.search_id)
        if run.cancel_requested and search.state == "running":
            search_rows.change_search(connection, job.search_id, {"state": "paused"})
