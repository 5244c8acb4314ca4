"""Counts and histories that the pages open with."""

from typing import Any

from dashboard.catalogue import datasets as dataset_rows
from dashboard.catalogue import history
from dashboard.catalogue import networks as network_rows
from dashboard.catalogue import runs as run_rows
from dashboard.catalogue import versions as version_rows
from dashboard.data.bundled import BUNDLED, BundledSample
from dashboard.errors import NotFound
from dashboard.records import Network, Version
from dashboard.services.workspace import Workspace


def count_active_runs(workspace: Workspace) -> int:
    """Return how many runs are queued or running."""
    with workspace.catalogue.reading() as connection:
        return run_rows.count_active(connection)


def count_versions(workspace: Workspace) -> int:
    """Return how many versions exist, of all networks."""
    with workspace.catalogue.reading() as connection:
        return history.count_versions(connection)


def metric_history(workspace: Workspace, network: Network) -> dict[int, dict[str, Any]]:
    """Return version number -> metrics of all versions of a network, in their order."""
    with workspace.catalogue.reading() as connection:
        return history.metric_history(connection, network.id)


def all_versions(workspace: Workspace, network_name: str) -> list[Version]:
    """Return all versions of a network, in their order; raises NotFound for an unknown network."""
    with workspace.catalogue.reading() as connection:
        network = network_rows.get_network(connection, network_name)
        return version_rows.list_versions(connection, network, max(network.last_version, 1))[::-1]


def active_runs(workspace: Workspace, network: Network) -> list[int]:
    """Return the ids of a network's runs that are queued or running."""
    with workspace.catalogue.reading() as connection:
        return list(run_rows.active_runs(connection, network.id))


def references(workspace: Workspace, most_networks: int = 20) -> list[str]:
    """Return name:number of all versions of the newest networks, as offered where two are chosen to compare."""
    with workspace.catalogue.reading() as connection:
        found = network_rows.list_networks(connection, most_networks)
        return [
            f"{summary.network.name}:{number}"
            for summary in found
            if summary.versions
            for number in version_rows.numbers(connection, summary.network.id)
        ]


def target(workspace: Workspace, version: Version) -> str:
    """Return the name of the column that a version predicts; empty if its dataset is not here, or it reads none."""
    if not version.preprocessing:
        return ""
    with workspace.catalogue.reading() as connection:
        try:
            return str(dataset_rows.get_dataset(connection, version.dataset).description.get("target", ""))
        except NotFound:
            return ""


def versions_of_runs(workspace: Workspace, run_ids: list[int]) -> dict[int, list[int]]:
    """Return run id -> the numbers of the versions that it wrote."""
    with workspace.catalogue.reading() as connection:
        return version_rows.versions_of_runs(connection, run_ids)


def bundled_samples() -> tuple[BundledSample, ...]:
    """Return the datasets that come along."""
    return BUNDLED
