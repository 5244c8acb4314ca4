"""Scores between two versions, kept for a while: the figure, its numbers and the page need the same."""

from dashboard.records.network import Version
from dashboard.services.changes.measured import Between, score_between
from dashboard.services.changes.sources import load_sources
from dashboard.services.workspace import Workspace


def get_between(workspace: Workspace, version: Version, other: str) -> Between | None:
    """Return the scores of 21 mixes of a version and another; None where they cannot be measured.

    Raises UserError or NotFound naming `other`, Conflict if it has other tensors.
    """
    sources = load_sources(workspace, [("version", version.reference), ("other", other)])
    both = [source.version for source in sources.versions]
    key = ("between", *((one.network, one.number, one.sha256) for one in both))
    known: Between | None = workspace.results.get(key)
    if known is None:
        known = score_between(workspace, sources)
        if known is not None:
            workspace.results.put(key, known)
    return known
