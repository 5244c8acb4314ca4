"""Making the store's tables exact for every program: FLOAT cells, which servers show with six digits, become DOUBLE."""

from collections.abc import Callable
from typing import Any

from dashboard.jobs.job import Progress
from dashboard.services.workspace import Workspace


def count_inexact(workspace: Workspace) -> int:
    """Return how many tables other programs read with fewer digits than they hold; raises StoreUnavailable."""
    return len(workspace.store.inexact_tables())


def make_exact(workspace: Workspace, report: Callable[[Progress], None]) -> dict[str, Any]:
    """Convert every such table, with its SHA-256 compared before and after; what was stopped is done by the next call.

    A table that is not what was saved is left as it is, and named in `left`.
    """
    tables = workspace.store.inexact_tables()
    result: dict[str, Any] = {"converted": 0, "left": []}
    for done, table in enumerate(tables):
        report(Progress(done, len(tables), f"table {done + 1:,} of {len(tables):,}", dict(result)))
        problem = workspace.store.make_exact(table)
        if problem is None:
            result["converted"] += 1
        else:
            result["left"] = [*result["left"], problem]
    report(Progress(len(tables), len(tables), "", dict(result)))
    return result
