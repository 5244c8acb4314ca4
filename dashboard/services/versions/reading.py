"""Reading versions: one, all, a page of them, their metrics; deleting one."""

from dataclasses import dataclass
from typing import Any

from dashboard.catalogue import datasets as dataset_rows
from dashboard.catalogue import networks as network_rows
from dashboard.catalogue import trash as trash_rows
from dashboard.catalogue import versions as version_rows
from dashboard.errors import Conflict, NotFound
from dashboard.files import make_space
from dashboard.records.network import ListedVersion, Network, Version
from dashboard.records.page import Page
from dashboard.records.tensor import TensorInfo
from dashboard.services.networks import read_network
from dashboard.services.store.trash_notes import note_trash
from dashboard.services.workspace import Workspace


def count_versions(workspace: Workspace) -> int:
    """Return how many versions exist, of all networks."""
    with workspace.catalogue.reading() as connection:
        return version_rows.count_versions(connection)


def metric_history(workspace: Workspace, network: Network) -> dict[int, dict[str, Any]]:
    """Return version number -> metrics of all versions of a network, in order."""
    with workspace.catalogue.reading() as connection:
        return version_rows.metric_history(connection, network.id)


def runs_of_versions(workspace: Workspace, network: Network) -> dict[int, int | None]:
    """Return version number -> the run that wrote it, of all versions of a network, in order."""
    with workspace.catalogue.reading() as connection:
        return version_rows.runs_of_versions(connection, network.id)


def all_versions(workspace: Workspace, network_name: str) -> list[ListedVersion]:
    """Return all versions of a network, in order; raises NotFound for an unknown network."""
    with workspace.catalogue.reading() as connection:
        network = network_rows.get_network(connection, network_name)
        return version_rows.list_versions(connection, network, max(network.last_version, 1))[::-1]


def references(workspace: Workspace, most_networks: int = 20) -> list[str]:
    """Return name:number of all versions of the newest networks, as offered where two are chosen to compare."""
    with workspace.catalogue.reading() as connection:
        return version_rows.references(connection, most_networks)


def target(workspace: Workspace, version: Version) -> str:
    """Return the name of the column that a version predicts; empty if its dataset is not here, or it reads none.

    With several targets it says so: each has its own unit.
    """
    if not version.preprocessing:
        return ""
    if version.preprocessing.get("targets") or version.preprocessing.get("groups"):
        return "each target; those above are means over the targets"
    with workspace.catalogue.reading() as connection:
        try:
            return str(dataset_rows.get_dataset(connection, version.dataset).description.get("target", ""))
        except NotFound:
            return ""


def versions_of_runs(workspace: Workspace, run_ids: list[int]) -> dict[int, list[int]]:
    """Return run id -> the numbers of the versions that it wrote."""
    with workspace.catalogue.reading() as connection:
        return version_rows.versions_of_runs(connection, run_ids)


def get_version(workspace: Workspace, network_name: str, number: int) -> Version:
    """Return a version; raises NotFound with the nearest ones."""
    with workspace.catalogue.reading() as connection:
        return read_version(workspace, connection, network_name, number)


def read_version(
    workspace: Workspace,
    connection: Any,  # noqa: ANN401 - a Connection
    network_name: str,
    number: int,
) -> Version:
    """Return a version, read once within one state of the catalogue: its 784 columns take milliseconds.

    It is read by this connection, so that it is of the same state as what else is read by that; raises NotFound.
    """
    key = ("version", network_name, number)
    return workspace.catalogue.made_once(key, lambda: version_rows.get_version(connection, network_name, number))


def list_versions(workspace: Workspace, network_name: str, limit: int = 50, offset: int = 0) -> Page[ListedVersion]:
    """Return a page of a network's versions, the newest first; raises NotFound for an unknown network."""
    with workspace.catalogue.reading() as connection:
        network = read_network(workspace, connection, network_name)
        page = version_rows.list_versions(connection, network, limit + 1, offset)
    return Page(page[:limit], offset + limit if len(page) > limit else None)


def get_with_tensors(workspace: Workspace, network_name: str, number: int) -> tuple[Version, list[TensorInfo]]:
    """Return a version with what its tensors are; raises NotFound with the nearest ones."""
    with workspace.catalogue.reading() as connection:
        version = read_version(workspace, connection, network_name, number)
        return version, version_rows.list_tensors(connection, version.id)


@dataclass(frozen=True)
class VersionDetail:
    """A version with its tensors, its detailed metrics, the numbers of its neighbours, and how it came to be."""

    version: Version
    tensors: list[TensorInfo]
    evaluation: dict[str, Any]
    before: int | None
    after: int | None
    origin: dict[str, Any]


def get_detail(workspace: Workspace, network_name: str, number: int) -> VersionDetail:
    """Return all that a version's page shows; raises NotFound."""
    with workspace.catalogue.reading() as connection:
        version = read_version(workspace, connection, network_name, number)
        before, after = version_rows.neighbours(connection, version)
        return VersionDetail(
            version,
            version_rows.list_tensors(connection, version.id),
            version_rows.get_evaluation(connection, version.id),
            before,
            after,
            version_rows.get_origin(connection, version.id),
        )


def delete_version(workspace: Workspace, network_name: str, number: int) -> None:
    """Put a version into the trash: it no longer exists for anybody, but can be restored.

    Raises NotFound, or Conflict while it is the parent of a run that has not ended.
    """
    make_space(workspace.settings.home_folder)
    with workspace.catalogue.writing() as connection:
        version = version_rows.get_version(connection, network_name, number)
        if version_rows.has_active_child(connection, version.id):
            raise Conflict(f"A run trains on from {version.reference}: wait for it or cancel it first.", "version")
        trash_rows.trash_version(connection, version.id)
    note_trash(workspace)
