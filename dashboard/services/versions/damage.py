"""Damage is reported where it is met: which version, which tensor, which cell; and it never hides other versions.

What was met is remembered by each process, so that the pages of a network can name it next to what they show of its
other versions. Once a table is read whole and is what was saved, it is forgotten again.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from dashboard.errors import Damage, NotAsSaved
from dashboard.records.network import Version
from dashboard.records.tensor import TensorInfo
from dashboard.services.workspace import Workspace
from dashboard.weights.verification import TensorProof, verify

MANIFEST = "version.json"
"""What the manifest is called among the tensors of a version."""

MOST_EXAMINED = 64
"""Tensors of a version that its page looks at."""


@contextmanager
def located(workspace: Workspace, network: str, slug: str, number: int, info: TensorInfo) -> Iterator[None]:
    """Let NotAsSaved that is raised inside name the version and the first cell that differs, and remember it."""
    try:
        yield
    except NotAsSaved as error:
        if error.place is not None:
            raise
        proof = verify(workspace.store, info.key(slug, number))
        if proof.identical:
            raise  # it was damaged for a moment only
        failure = type(error)(f"{network}:{number}: {proof.problem}")
        failure.place = damage_of(network, number, proof)
        note(workspace, failure.place)
        raise failure from error


def damage_of(network: str, number: int, proof: TensorProof) -> Damage:
    """Return where a proof has found damage."""
    cell = proof.first_difference
    row, column = (None, None) if cell is None else (cell.row, cell.column)
    return Damage(network, number, proof.name, row, column, proof.problem or "")


def note(workspace: Workspace, damage: Damage) -> None:
    """Remember damage, for the pages of its network."""
    workspace.damage[damage.reference, damage.tensor] = damage


def note_proof(workspace: Workspace, network: str, number: int, proof: TensorProof) -> None:
    """Remember what a proof has found, or forget what was known."""
    if proof.identical:
        workspace.damage.pop((f"{network}:{number}", proof.name), None)
    else:
        note(workspace, damage_of(network, number, proof))


def known_damage(workspace: Workspace, network: str) -> list[Damage]:
    """Return the damage of a network's versions that this process has met, in the order of versions."""
    met = [damage for damage in list(workspace.damage.values()) if damage.network == network]
    return sorted(met, key=lambda damage: (damage.number, damage.tensor))


def damaged_numbers(workspace: Workspace, network: str) -> set[int | None]:
    """Return the numbers of a network's versions of which this process knows that they cannot be counted."""
    return {damage.number for damage in known_damage(workspace, network)}


def examine_version(
    workspace: Workspace, version: Version, infos: list[TensorInfo], shown: list[TensorInfo] | None = None
) -> list[Damage]:
    """Look quickly at a version's tables and its manifest; return what is wrong with them.

    `infos` are all of its tensors; of those `shown` (default: all) the first MOST_EXAMINED are looked at. A cell that
    was changed on a server without a trace is found by whoever reads it, and by verification.
    """
    problems: list[tuple[str, str | None]] = [(MANIFEST, check_manifest(workspace, version, infos))]
    problems += [
        (info.name, workspace.store.examine(info.key(version.slug, version.number)))
        for info in (infos if shown is None else shown)[:MOST_EXAMINED]
    ]
    for name, problem in problems:
        if problem is not None:
            note(workspace, Damage(version.network, version.number, name, None, None, problem))
        else:
            workspace.damage.pop((version.reference, name), None)
    return [damage for damage in known_damage(workspace, version.network) if damage.number == version.number]


def check_manifest(workspace: Workspace, version: Version, infos: list[TensorInfo]) -> str | None:
    """Return what is wrong with a version's manifest in the store, in a sentence; None if nothing is."""
    try:
        manifest = workspace.store.manifest((version.slug, version.number))
    except NotAsSaved as error:
        return error.message
    listed = {(entry["name"], entry["dtype"], tuple(entry["shape"]), entry["sha256"]) for entry in manifest["tensors"]}
    if listed != {(info.name, info.dtype, info.shape, info.sha256) for info in infos}:
        return f"The manifest of {version.reference} lists other tensors than were saved."
    return None
