"""The formats in which a version can be exported, each with what it holds and what is known of its file."""

from typing import NamedTuple

from dashboard.errors import NotFound
from dashboard.formats.writer_registry import WRITERS
from dashboard.services.exports.describing import BY_SUFFIX, leaving
from dashboard.services.exports.proof import ExportProof
from dashboard.services.exports.stored import find_stored, identity_of, path_of
from dashboard.services.workspace import Workspace

FORMATS = tuple(writer.name for writer in WRITERS)
SUFFIXES = tuple(writer.suffix for writer in WRITERS)


def format_of(suffix: str) -> str:
    """Return the format whose files end so; raises NotFound for another ending."""
    if suffix not in BY_SUFFIX:
        raise NotFound(f"There is no format whose files end in {suffix}.", "suffix", SUFFIXES)
    return BY_SUFFIX[suffix].name


class Offer(NamedTuple):
    """A format: `carries` and `lacks` in words, `why_not` if the version cannot be exported in it.

    `proof` is that of the file that was made last, with its size; None if there is none.
    """

    format: str
    words: str
    suffix: str
    carries: str
    lacks: str
    why_not: str
    proof: ExportProof | None


def offers(workspace: Workspace, network_name: str, number: int) -> list[Offer]:
    """Return every format with what is known of it for a version; raises NotFound."""
    description = leaving(workspace, network_name, number).description
    identity = identity_of(description)
    listed = []
    for writer in WRITERS:
        why_not = writer.why_not(description)
        stored = None if why_not else find_stored(path_of(workspace, writer, identity))
        proof = stored.proof if stored else None
        listed.append(Offer(writer.name, writer.words, writer.suffix, writer.carries, writer.lacks, why_not, proof))
    return listed
