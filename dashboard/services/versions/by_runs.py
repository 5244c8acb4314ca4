"""Which versions are saved at once, which by a run that is waited for, and which by a run alone."""

import time

from dashboard.catalogue import runs as run_rows
from dashboard.records.network import Version
from dashboard.records.run import Run
from dashboard.services.versions.reading import get_version
from dashboard.services.workspace import Workspace

AT_ONCE_CELLS = 250_000
"""So many weights are written by the process that answers, whose memory stays small so; more are saved by a run."""
WAITED_CELLS = 5_000_000
WAIT_SECONDS = 20.0
"""For a run that saves up to so many weights it is waited so long: the answer is then the version, as if at once."""
POLL_SECONDS = 0.05


def saved_by(workspace: Workspace, run_id: int, seconds: float) -> Version | None:
    """Return the version that a run saves; None if it has not saved it after so many seconds."""
    run = ended_run(workspace, run_id, seconds)
    number = run.result.get("version") if run is not None else None
    return None if run is None or number is None else get_version(workspace, run.network, number)


def ended_run(workspace: Workspace, run_id: int, seconds: float) -> Run | None:
    """Wait until a run has ended, at most so many seconds, and return it; None if it goes on."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with workspace.catalogue.apart(), workspace.catalogue.reading() as connection:
            run = run_rows.get_run(connection, run_id)
        if run.has_ended:
            return run
        time.sleep(POLL_SECONDS)
    return None
