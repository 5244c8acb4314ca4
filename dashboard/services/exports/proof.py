"""What was found when an exported file was read back: its tensors, and its outputs on records."""

from collections.abc import Mapping
from typing import Any, NamedTuple

FORM = 1


class OutputsProof(NamedTuple):
    """How far the outputs of a file are from ours, and on how many records the answer is the same."""

    records: int
    largest_difference: float
    labels_equal: int
    tolerance: float

    @property
    def is_within(self) -> bool:
        """Whether all are as near as the format promises."""
        return self.largest_difference <= self.tolerance and self.labels_equal == self.records


class ExportProof(NamedTuple):
    """The proof of a file: `equal` tensors have the SHA-256 that the store has, `different` names the others.

    `made` is the time in UTC (ISO 8601). `repeats` says whether a second file was the same to the byte, None if none
    was made. Without `outputs`, `why_no_outputs` says why in a sentence.
    """

    format: str
    bytes: int
    sha256: str
    made: str
    equal: int
    different: tuple[str, ...]
    outputs: OutputsProof | None
    why_no_outputs: str
    repeats: bool | None = None

    @property
    def is_sound(self) -> bool:
        """Whether every tensor came back."""
        return not self.different

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON; `proof_from_json` reads it back."""
        outputs = self.outputs._asdict() if self.outputs else None
        return {"form": FORM} | self._asdict() | {"outputs": outputs, "different": list(self.different)}


def proof_from_json(data: Mapping[str, Any]) -> ExportProof | None:
    """Return the proof that `to_json` wrote; None if another version of Weightbase did."""
    if data.get("form") != FORM:
        return None
    outputs = OutputsProof(**data["outputs"]) if data["outputs"] else None
    own = {name: data[name] for name in ExportProof._fields}
    return ExportProof(**{**own, "outputs": outputs, "different": tuple(data["different"])})
