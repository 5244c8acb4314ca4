"""Exports of large versions: runs make and prove their files, show how far they are, and can be stopped."""

from collections.abc import Sequence
from typing import NamedTuple

from dashboard.catalogue import runs as run_rows
from dashboard.errors import BeingMade, Conflict
from dashboard.files import make_space
from dashboard.jobs.job import Progress
from dashboard.jobs.starting import ensure_coordinator
from dashboard.records.run import STARTED_BY_LENGTH
from dashboard.records.run_kinds import EXPORT
from dashboard.records.tensor import TensorInfo
from dashboard.services.exports.describing import Leaving, leaving, require_writable, writer_of
from dashboard.services.exports.making import Exported, export_version, find_export, prove_export
from dashboard.services.exports.proof import ExportProof, proof_from_json
from dashboard.services.networks import get_network
from dashboard.services.store.actions import ActionJob
from dashboard.services.store.process import Reporter
from dashboard.services.versions.by_runs import AT_ONCE_CELLS, WAIT_SECONDS, WAITED_CELLS, ended_run
from dashboard.services.versions.reading import get_with_tensors
from dashboard.services.workspace import Workspace


class Requested(NamedTuple):
    """What came of asking for a file: its proof, None while the run makes it; no run where it was made at once."""

    proof: ExportProof | None
    run_id: int | None = None


def request_export(
    workspace: Workspace, network_name: str, number: int, format_name: str, started_by: str = ""
) -> Requested:
    """Make a version's file again and prove it: at once, or by a run, which is waited for if it cannot take long.

    Raises what `prove_export` does.
    """
    writer, taken = writer_of(format_name), leaving(workspace, network_name, number)
    require_writable(writer, taken)
    cells = cells_of(taken.tensors)
    if cells <= AT_ONCE_CELLS:
        return Requested(prove_export(workspace, network_name, number, format_name))
    run_id = _start(workspace, taken, format_name, started_by)
    return Requested(_proof_of(workspace, run_id) if cells <= WAITED_CELLS else None, run_id)


def made_export(
    workspace: Workspace, network_name: str, number: int, format_name: str, started_by: str = ""
) -> Exported:
    """Return a version's file, open; a large one that is not made yet is made by a run.

    Raises BeingMade, naming the run, where it takes long, and what `export_version` does.
    """
    taken = leaving(workspace, network_name, number)
    if cells_of(taken.tensors) <= AT_ONCE_CELLS:
        return export_version(workspace, network_name, number, format_name)
    if made := find_export(workspace, network_name, number, format_name):
        return made
    requested = request_export(workspace, network_name, number, format_name, started_by)
    if requested.proof and (made := find_export(workspace, network_name, number, format_name)):
        return made
    words = f"Run {requested.run_id} makes and proves this file of {cells_of(taken.tensors):,} weights"
    raise BeingMade(f"{words}: ask for it again when the run has finished.", "format")


def run_export(workspace: Workspace, job: ActionJob, report: Reporter) -> str | None:
    """Make and prove the file that was asked for; raises what `prove_export` raises."""
    with workspace.catalogue.reading() as connection:
        name = run_rows.get_run(connection, job.run_id).network
    number, format_name = job.request["number"], job.request["format"]
    total = len(leaving(workspace, name, number).tensors) + 1

    def step(done: int, note: str) -> None:
        report(Progress(done, total, note, {}))

    proof = report.patiently(lambda: prove_export(workspace, name, number, format_name, step))
    report(Progress(total, total, "", {"proof": proof.to_json()}))
    return None


def is_made_by_a_run_alone(workspace: Workspace, network_name: str, number: int) -> bool:
    """Return whether a version is so large that nobody waits for its files; raises NotFound."""
    _version, tensors = get_with_tensors(workspace, network_name, number)
    return cells_of(tensors) > WAITED_CELLS


def cells_of(tensors: Sequence[TensorInfo]) -> int:
    """Return how many weights a version of these tensors has."""
    return sum(tensor.cells for tensor in tensors)


def _start(workspace: Workspace, taken: Leaving, format_name: str, started_by: str) -> int:
    """Queue the making of a file; if that is under way, return its run."""
    make_space(workspace.settings.home_folder)
    network = get_network(workspace, taken.version.network)
    request = {"version_id": taken.version.id, "number": taken.version.number, "format": format_name}
    row = {"kind": EXPORT, "network_id": network.id, "spec": {}, "request": request, "total": len(taken.tensors) + 1}
    with workspace.catalogue.writing() as connection:
        run_id = run_rows.active_request(connection, EXPORT, request)
        run_id = run_id or run_rows.insert_run(connection, row | {"started_by": started_by[:STARTED_BY_LENGTH]})
    ensure_coordinator(workspace.settings)
    return run_id


def _proof_of(workspace: Workspace, run_id: int) -> ExportProof | None:
    """Wait up to 20 seconds for a run and return its proof, None if it goes on; raises Conflict if it failed."""
    run = ended_run(workspace, run_id, WAIT_SECONDS)
    if run is None:
        return None
    if run.state != "finished":
        raise Conflict(f"Run {run_id}, which made the file, {run.state}: {run.error or 'start it again.'}", "format")
    return proof_from_json(run.result["proof"])
