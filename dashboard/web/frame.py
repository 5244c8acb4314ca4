"""What the frame of every page shows: the store, our version, and how many runs are active."""

from typing import Any

from dashboard import __version__
from dashboard.errors import StoreError
from dashboard.services.runs.queue import count_active_runs
from dashboard.web.kit.query import workspace


def frame() -> dict[str, Any]:
    """Return what base.html needs beside the page's own values; an error page comes without the count."""
    try:
        active = count_active_runs(workspace())
    except StoreError:
        active = 0  # the page that says that the catalogue is away needs a frame, too
    return {"site": {"store": workspace().store.kind, "version": __version__, "active_runs": active}}
