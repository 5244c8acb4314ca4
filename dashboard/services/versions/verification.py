"""Verification: the content of the store is compared with the SHA-256 computed from memory at the save."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from dashboard.catalogue import versions as version_rows
from dashboard.errors import NotFound
from dashboard.jobs.job import Progress
from dashboard.records.network import Version
from dashboard.services.versions.damage import MANIFEST, check_manifest, note_proof
from dashboard.services.workspace import Workspace
from dashboard.weights.verification import Difference, TensorProof, verify

__all__ = ["Difference", "TensorProof"]  # for those who may not enter the weights

Patiently = Callable[[Callable[[], None]], None]
"""What calls something, and calls it again after an outage."""

MOST_DIFFERENCES = 2000
"""So many are kept of a store that is damaged throughout; all are counted."""


def at_once(action: Callable[[], None]) -> None:
    """Call something once: an outage leaves as the error that it is."""
    action()


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
    proofs = [verify(workspace.store, info.key(version.slug, number)) for info in infos]
    problem = check_manifest(workspace, version, infos)
    if problem is not None:
        proofs.append(TensorProof(MANIFEST, False, None, None, problem))
    else:
        workspace.damage.pop((version.reference, MANIFEST), None)
    for proof in proofs:
        note_proof(workspace, network_name, number, proof)
    return VersionProof(version, proofs)


def verify_all(workspace: Workspace) -> Iterator[VersionProof]:
    """Verify every version of every network, one after the other; those that are deleted meanwhile are left out."""
    with workspace.catalogue.reading() as connection:
        wanted = version_rows.all_versions(connection)
    for name, number in wanted:
        with suppress(NotFound):
            yield verify_version(workspace, name, number)


@dataclass
class Findings:
    """What proofs have found so far: how many versions are as saved, how many not, and where these differ."""

    proven: int = 0
    different: int = 0
    differences: list[dict[str, Any]] = field(default_factory=list)

    def add(self, proof: VersionProof) -> None:
        """Count a proof, and keep a line for each tensor that differs."""
        self.proven += proof.identical
        self.different += not proof.identical
        lines = [_line(proof.version.reference, tensor) for tensor in proof.tensors if not tensor.identical]
        self.differences += lines[: MOST_DIFFERENCES - len(self.differences)]

    def prove(self, workspace: Workspace, name: str, number: int) -> None:
        """Verify a version and add what was found; raises NotFound or StoreUnavailable."""
        self.add(verify_version(workspace, name, number))

    def to_json(self) -> dict[str, Any]:
        """Return the counts, and each difference: version, tensor, row, column, expected, found, problem."""
        return {"proven": self.proven, "different": self.different, "differences": list(self.differences)}


def verify_store(workspace: Workspace, report: Callable[[Progress], None], patiently: Patiently = at_once) -> Findings:
    """Verify every version, reporting progress and findings; `patiently` calls what may be tried again."""
    with workspace.catalogue.reading() as connection:
        wanted = version_rows.all_versions(connection)
    findings = Findings()
    for done, (name, number) in enumerate(wanted):
        note = f"reading {name}:{number}, version {done + 1:,} of {len(wanted):,}"
        report(Progress(done, len(wanted), note, findings.to_json()))
        with suppress(NotFound):  # deleted meanwhile
            patiently(partial(findings.prove, workspace, name, number))
    report(Progress(len(wanted), len(wanted), "", findings.to_json()))
    return findings


def _line(reference: str, proof: TensorProof) -> dict[str, Any]:
    place = proof.first_difference
    cell = {name: getattr(place, name, None) for name in ("row", "column", "expected", "found")}
    return {"version": reference, "tensor": proof.name, "problem": proof.problem} | cell
