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


def class_names(workspace: Workspace, reference: str) -> tuple[str, ...]:
    """Return the classes that a version answers with, none of a regression; raises UserError or NotFound."""
    version = get_version(workspace, *parse_reference(reference, "other"))
    return tuple((version.preprocessing or {}).get("classes") or ())


def counting_run(workspace: Workspace, request: WhyRequest) -> int | None:
    """Return the run that is counting a request at this moment, None without one."""
    with workspace.catalogue.reading() as connection:
        return run_rows.active_request(connection, WHY, asdict(request))


def runs_elsewhere(workspace: Workspace, request: WhyRequest) -> bool:
    """Return whether one of the two versions cannot run here; raises UserError or NotFound."""
    sides = {"base": request.base, "other": request.other}
    versions = [get_version(workspace, *parse_reference(reference, side)) for side, reference in sides.items()]
    return any(why_not_measured(version) for version in versions)


def offers_shares(base: Version, other: Version) -> bool:
    """Return whether a loss of both can be measured on one dataset, so that their cells have shares of its change."""
    return base.dataset == other.dataset and not why_not_measured(base) and not why_not_measured(other)
