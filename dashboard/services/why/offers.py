"""What pages offer around a result: the classes to choose from, and the run that is counting it."""

from dataclasses import asdict

from dashboard.catalogue import runs as run_rows
from dashboard.records.network import Version
from dashboard.records.run_kinds import WHY
from dashboard.records.why import WhyRequest
from dashboard.services.compare.versions import parse_reference
from dashboard.services.versions.evaluation import why_not_measured
from dashboard.services.versions.reading import get_version
from dashboard.services.workspace import Workspace


def two_versions(workspace: Workspace, request: WhyRequest) -> tuple[Version, Version]:
    """Return both versions of a request; raises UserError or NotFound naming the side."""
    base = get_version(workspace, *parse_reference(request.base, "base"))
    return base, get_version(workspace, *parse_reference(request.other, "other"))


def class_names(version: Version) -> tuple[str, ...]:
    """Return the classes that a version answers with, none of a regression."""
    return tuple((version.preprocessing or {}).get("classes") or ())


def counting_run(workspace: Workspace, request: WhyRequest) -> int | None:
    """Return the run that is counting a request at this moment, None without one."""
    with workspace.catalogue.reading() as connection:
        return run_rows.active_request(connection, WHY, asdict(request))


def runs_elsewhere(base: Version, other: Version) -> bool:
    """Return whether one of two versions cannot run here."""
    return bool(why_not_measured(base) or why_not_measured(other))


def offers_shares(base: Version, other: Version) -> bool:
    """Return whether a loss of both can be measured on one dataset, so that their cells have shares of its change."""
    return base.dataset == other.dataset and not runs_elsewhere(base, other)
