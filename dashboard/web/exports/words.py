"""What the page says of exported files: what was proven, and why a format is refused."""

from collections.abc import Sequence

from dashboard.services.exports.offers import Offer
from dashboard.services.exports.proof import ExportProof, OutputsProof
from dashboard.web.kit.formats import number, plural


def offers_sentence(offers: Sequence[Offer]) -> str:
    """Say in how many formats a version can be exported, and how many files are proven."""
    possible = [one for one in offers if not one.why_not]
    proven = sum(one.proof is not None for one in possible)
    formats, files = plural(len(offers), "format"), plural(proven, "file")
    return f"It can be exported in {len(possible)} of {formats}; {files} made and proven."


def proof_words(proof: ExportProof | None) -> str:
    """Say what was found when a file was read back; that nothing was checked yet, if none was made."""
    if proof is None:
        return "Not made yet."
    outputs = _outputs_words(proof.outputs) if proof.outputs else f"Outputs not compared: {proof.why_no_outputs}"
    again = " Made twice: the same bytes." if proof.repeats else ""
    return f"{plural(proof.equal, 'tensor')} read back, SHA-256 equal. {outputs}{again}"


def _outputs_words(outputs: OutputsProof) -> str:
    records = plural(outputs.records, "record")
    within = "" if outputs.is_within else f" That is more than the {outputs.tolerance:g} that the format promises."
    if not outputs.largest_difference:
        return f"Outputs of {records}: equal.{within}"
    largest = number(outputs.largest_difference)
    return f"Outputs of {records}: at most {largest} apart, {outputs.labels_equal:,} answers the same.{within}"
