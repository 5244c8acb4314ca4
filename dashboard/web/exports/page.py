"""The table of the formats in which a version can be exported."""

from collections.abc import Sequence
from datetime import datetime

from dashboard.records.network import Version
from dashboard.services.exports.offers import Offer
from dashboard.web.exports.words import proof_words
from dashboard.web.kit.tables import Column, Table, exports
from dashboard.web.kit.urls import api_address


def offers_table(version: Version, offers: Sequence[Offer], is_large: bool) -> Table:
    """Return the formats, each with what it holds and lacks, its file, and what was proven of it.

    A file of a large version has a link once a run has made it.
    """

    def file(offer: Offer) -> str:
        is_there = not offer.why_not and (offer.proof is not None or not is_large)
        return file_address(version, offer.suffix) if is_there else ""

    columns = (
        Column("format", "Format", "words"),
        Column("file", "File", "suffix", link=file),
        Column("bytes", "Size", lambda offer: offer.proof and offer.proof.bytes, "size"),
        Column("carries", "Holds", css="wide"),
        Column("lacks", "Lacks", css="wide"),
        Column("why_not"),
        Column("proof", "Proof", lambda offer: offer.why_not or proof_words(offer.proof), css="wide"),
        Column("made", value=_made, format="when"),
        Column("sha256", value=lambda offer: offer.proof and offer.proof.sha256),
        Column("prove", "Prove", _provable, "prove", exported=False, quiet=True),
    )
    files = exports("exports.formats", name=version.network, number=version.number)
    return Table(f"{version.network}_v{version.number}_exports", columns, offers, "Formats", files)


def file_address(version: Version, suffix: str) -> str:
    """Return the address of a version's file with this ending."""
    return api_address("networks", version.network, "versions", f"{version.number}{suffix}")


def _provable(offer: Offer) -> str:
    return "" if offer.why_not else offer.format


def _made(offer: Offer) -> datetime | None:
    return datetime.fromisoformat(offer.proof.made) if offer.proof else None
