"""How a version came to be, in words, and which tensor of a file became which of its own."""

from collections.abc import Mapping
from typing import Any

from dashboard.services.versions.reading import VersionDetail
from dashboard.web.kit.formats import file_size, plural
from dashboard.web.kit.tables import Column, Table, exports

MOST_MAPPED = 100
LONGEST = 200
HOW = {
    "training": "trained here",
    "search": "made by a search here",
    "import": "imported from a file",
    "push": "sent by a program elsewhere",
    "edit": "edited by hand",
    "interpolate": "interpolated between versions",
    "average": "the average of versions",
    "prune": "pruned",
    "round": "rounded",
    "": "not known: it is older than the note of it, or its note was lost",
}
MAPPING_COLUMNS = (
    Column("tensor", "Tensor", "tensor"),
    Column("source", "In the file", "source"),
    Column("turned", "Turned", "turned", "setting"),
    Column("dtype", "Type in the file", "dtype"),
    Column("sha256", "SHA-256 in the file", "sha256", "digest"),
)


def origin_facts(origin: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what is known of how a version came to be, each with its label."""
    how = _text(origin.get("how"))
    facts = [("Came to be", HOW.get(how, how))]
    file, about = _object(origin.get("file")), _object(origin.get("about"))
    if file.get("name"):
        facts.append(("File", _text(file["name"])))
    if type(file.get("bytes")) is int:
        facts.append(("Size of the file", file_size(file["bytes"])))
    facts += [("SHA-256 of the file", _text(file["sha256"]))] if file.get("sha256") else []
    facts += [(label, _text(origin[name])) for name, label in NAMED.items() if origin.get(name)]
    facts += [("Written by", _text(about["producer"]))] if about.get("producer") else []
    skipped = origin.get("skipped")
    if isinstance(skipped, list) and skipped:
        names = ", ".join(_text(_object(one).get("name")) for one in skipped[:3])
        facts.append(("Left out", f"{plural(len(skipped), 'tensor')}: {names}{' …' if len(skipped) > 3 else ''}"))
    return [(label, words) for label, words in facts if words]


NAMED = {
    "number": "Number in its name",
    "format": "Format",
    "reader": "Read by version",
    "search": "Search",
    "client": "Client",
    "sender": "Sender",
}
"""What an origin may say in a text, each with its label."""


def mapping_table(detail: VersionDetail) -> Table:
    """Return which tensor of a file became which tensor here, turned or not; empty where there was no file."""
    mapping = detail.origin.get("mapping")
    rows = [_row(one) for one in mapping if isinstance(one, dict)] if isinstance(mapping, list) else []
    version = detail.version
    files = exports("versions.numbers", name=version.network, number=version.number, what="mapping")
    return Table(f"{version.network}_v{version.number}_mapping", MAPPING_COLUMNS, rows, "From the file", files)


def _row(one: Mapping[str, Any]) -> dict[str, Any]:
    texts = {name: _text(one.get(name)) or None for name in ("tensor", "source", "dtype", "sha256")}
    return texts | {"turned": one.get("turned") is True}


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value[:LONGEST] if isinstance(value, str) else str(value) if type(value) in (int, float) else ""
