"""The process in which one action on the store is carried out: its own workspace, and reports through a pipe."""

import time
from collections.abc import Callable
from importlib import import_module
from multiprocessing.connection import Connection
from typing import TypeVar

from dashboard.errors import Outage, StoreUnavailable, UserError, WeightbaseError
from dashboard.jobs.job import Cancelled, Progress, stop_if_cancelled
from dashboard.jobs.patience import patiently
from dashboard.records.run_kinds import RUN_KINDS
from dashboard.services.store.actions import GIVE_IT_AGAIN, ActionJob, target_settings
from dashboard.services.store.copying import copy_store
from dashboard.services.store.exactness import make_exact
from dashboard.services.store.reindexing import reindex_store
from dashboard.services.store.trash import remove_deleted
from dashboard.services.versions.verification import verify_store
from dashboard.services.workspace import Workspace, open_workspace

REPORT_SECONDS = 0.2

T = TypeVar("T")


def main(job: ActionJob, pipe: Connection) -> None:
    """Carry out an action and report through the pipe until it is done, cancelled or wrong.

    In an outage of store or catalogue it waits, and begins again where it can: what is done already is found done.
    """
    reporter = Reporter(pipe)
    state: str = "finished"
    error: str | None = None
    try:
        # The coordinator has swept; here a sweep would do an emptying's work before its progress can be reported.
        workspace = reporter.patiently(lambda: open_workspace(job.settings, sweeping=False))
        error = reporter.patiently(lambda: find_action(job.kind)(workspace, job, reporter))
        state = "failed" if error else "finished"
    except Cancelled:
        state = "cancelled"
    except WeightbaseError as failure:
        state, error = "failed", failure.message
    reporter.flush()
    pipe.send(("end", {"state": state, "error": error}))


class Reporter:
    """Sends progress, a few times a second at most, and sees whether the run is to stop."""

    def __init__(self, pipe: Connection) -> None:
        self.pipe = pipe
        self.waiting: Progress | None = None
        self.sent_at = 0.0
        self.outage = ""

    def __call__(self, progress: Progress) -> None:
        """Report progress now or soon; raises Cancelled if the coordinator asks the run to stop."""
        self.waiting = progress
        if time.monotonic() - self.sent_at > REPORT_SECONDS:
            self.flush()
        stop_if_cancelled(self.pipe)

    def stop_if_cancelled(self) -> None:
        """Raise Cancelled if the coordinator asks the run to stop."""
        stop_if_cancelled(self.pipe)

    def patiently(self, action: Callable[[], T]) -> T:
        """Return what `action` returns; in an outage say so, wait and try again. Raises Cancelled as `report` does."""
        result = patiently(action, self.wait)
        self._say("")
        return result

    def wait(self, outage: Outage, seconds: float) -> None:
        """Say that the run waits, and wait; raises Cancelled."""
        self._say(outage.message)
        if self.pipe.poll(seconds):
            stop_if_cancelled(self.pipe)

    def _say(self, reason: str) -> None:
        if reason != self.outage:
            self.outage = reason
            self.pipe.send(("waiting", reason))

    def flush(self) -> None:
        """Send what has not been sent yet."""
        if self.waiting is not None:
            self.pipe.send(("progress", self.waiting))
            self.waiting, self.sent_at = None, time.monotonic()


Action = Callable[[Workspace, ActionJob, Reporter], str | None]


def find_action(kind: str) -> Action:
    """Return the function that carries out a kind of action."""
    module, _, name = RUN_KINDS[kind].action.partition(":")
    action: Action = getattr(import_module(module), name)
    return action


def verify(workspace: Workspace, _: ActionJob, report: Reporter) -> str | None:
    """Verify every version; what differs is in the run's result, and no failure of the run."""
    verify_store(workspace, report, report.patiently)
    return None


def reindex(workspace: Workspace, _: ActionJob, report: Reporter) -> str | None:
    """Add what only the store has to the catalogue; what is skipped is in the run's result, and no failure of it."""
    report.patiently(lambda: reindex_store(workspace, report))
    return None


def copy(workspace: Workspace, job: ActionJob, report: Reporter) -> str | None:
    """Copy everything to the store of the request; raises UserError without the password that it needs.

    A target that cannot be opened at first is refused, as its address may be wrong; later it is waited for.
    """
    if job.request["password"] and not job.password:
        raise UserError(GIVE_IT_AGAIN)
    settings = target_settings(job.settings, job.request["to"], job.password, job.request["home"])
    try:
        target = open_workspace(settings)
    except Outage as outage:
        raise StoreUnavailable(outage.message) from outage
    return report.patiently(lambda: copy_store(workspace, target, report, report.patiently))


def exact(workspace: Workspace, _: ActionJob, report: Reporter) -> str | None:
    """Make all tables exact for other programs; what is left as it was is in the run's result."""
    report.patiently(lambda: make_exact(workspace, report))
    return None


def empty(workspace: Workspace, _: ActionJob, report: Reporter) -> str | None:
    """Remove the tables of what was deleted permanently in the trash."""
    remove_deleted(workspace, report)
    return None
