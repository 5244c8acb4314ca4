"""The verification as a command prints it."""

from collections.abc import Iterable

from dashboard.services.compare.versions import parse_reference
from dashboard.services.versions.verification import VersionProof, verify_all, verify_version
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings


def print_proofs(settings: Settings, reference: str | None) -> int:
    """Verify one version, or all, print a line for each tensor that differs, and return 1 if any does."""
    workspace = open_workspace(settings)
    proofs: Iterable[VersionProof]
    if reference is None:
        proofs = verify_all(workspace)
    else:
        proofs = [verify_version(workspace, *parse_reference(reference, "version"))]
    checked = different = 0
    for proof in proofs:
        checked += 1
        different += not proof.identical
        verdict = "identical" if proof.identical else "DIFFERENT"
        print(f"{proof.version.reference}: {verdict} ({len(proof.tensors)} tensors)")
        for tensor in proof.tensors:
            if not tensor.identical:
                print(f"  {tensor.problem}")
    print(f"{checked} versions verified, {different} different")
    return 1 if different else 0
