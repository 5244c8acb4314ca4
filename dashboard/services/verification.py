"""The proof: what lies in the store is read back and compared with the SHA-256 taken from memory when it was saved."""

from collections.abc import Iterator
from dataclasses import dataclass

from dashboard.catalogue import networks as network_rows
from dashboard.catalogue import versions as version_rows
from dashboard.records import Version
from dashboard.services.workspace import Workspace
from dashboard.weights.verification import TensorProof, verify


@dataclass(frozen=True)
class VersionProof:
    """What the verification of one version found."""

    version: Version
    tensors: list[TensorProof]

    @property
    def identical(self) -> bool:
        """Whether every tensor is, bit for bit, what it was in memory."""
        return all(proof.identical for proof in self.tensors)


def verify_version(workspace: Workspace, network_name: str, number: int) -> VersionProof:
    """Read a version's tables from the store itself and compare; raises NotFound or StoreUnavailable."""
    with workspace.catalogue.reading() as connection:
        version = version_rows.get_version(connection, network_name, number)
        infos = version_rows.list_tensors(connection, version.id)
    return VersionProof(version, [verify(workspace.store, info.key(version.slug, number)) for info in infos])


def verify_all(workspace: Workspace) -> Iterator[VersionProof]:
    """Verify every version of every network, one after the other."""
    with workspace.catalogue.reading() as connection:
        networks = [summary.network for summary in network_rows.list_networks(connection, limit=10**9)]
        wanted = [
            (network.name, number) for network in networks for number in version_rows.numbers(connection, network.id)
        ]
    for name, number in wanted:
        yield verify_version(workspace, name, number)
