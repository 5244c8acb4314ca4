"""How a version came to be, in words, and which tensor of a file became which of its own."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from dashboard.services.versions.reading import VersionDetail
from dashboard.web.kit.formats import file_size, plural
from dashboard.web.kit.formats import number as written
from dashboard.web.kit.tables import Column, Table, exports
from dashboard.web.kit.urls import address

MOST_MAPPED = 100
LONGEST = 200
MOST_NAMED = 5
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
    "put_back": "parts put back to another version's values",
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
    facts += [("Settings", words)] if (words := _settings_words(_object(origin.get("settings")))) else []
    cells = origin.get("cells")
    facts += [("Cells", _cells_words(cells))] if isinstance(cells, list) and cells else []
    facts.append(("Put back", _put_back_words(_object(origin.get("put_back")))))
    facts += [("Written by", _text(about["producer"]))] if about.get("producer") else []
    skipped = origin.get("skipped")
    if isinstance(skipped, list) and skipped:
        names = ", ".join(_text(_object(one).get("name")) for one in skipped[:3])
        facts.append(("Left out", f"{plural(len(skipped), 'tensor')}: {names}{' …' if len(skipped) > 3 else ''}"))
    return [(label, words) for label, words in facts if words]


def facts_of_page(detail: VersionDetail) -> dict[str, Any]:
    """Return what the page of a version says of its origin, by the names that the template has for it."""
    return {
        "origin_facts": origin_facts(detail.origin),
        "made_of": made_of(detail.origin),
        "mapping": mapping_table(detail),
        "most_mapped": MOST_MAPPED,
    }


class MadeOf(NamedTuple):
    """The versions that a change made another of: the first of them, and all, each with its share and its address."""

    first: str
    parents: list[tuple[str, str]]


def made_of(origin: Mapping[str, Any]) -> MadeOf | None:
    """Return what a change made a version of; None for others."""
    of = origin.get("of")
    known = [one for one in of if isinstance(one, dict)] if isinstance(of, list) else []
    parents = [_parent(one, len(known) > 1) for one in known]
    return MadeOf(_text(known[0].get("version")), parents) if parents and parents[0][1] else None


def _parent(one: Mapping[str, Any], has_share: bool) -> tuple[str, str]:
    reference, share = _text(one.get("version")), one.get("share")
    network, _, number = reference.rpartition(":")
    words = f"{written(share)} × {reference}" if has_share and isinstance(share, float) else reference
    is_reference = network and re.fullmatch("[0-9]{1,9}", number)
    return words, address("versions.show", name=network, number=int(number)) if is_reference else ""


NAMED = {
    "path": "Computed by",
    "number": "Number in its name",
    "stated": "Stated by the file",
    "format": "Format",
    "reader": "Read by version",
    "search": "Search",
    "client": "Client",
    "sender": "Sender",
}
"""What an origin may say in a text, each with its label."""


def _settings_words(settings: Mapping[str, Any]) -> str:
    """Return the settings of a change in words: share 0.8, scope all."""
    said = {name: _text(value) for name, value in settings.items() if not isinstance(value, bool)}
    said |= {name: "yes" for name, value in settings.items() if value is True}
    return ", ".join(f"{name[:LONGEST].replace('_', ' ')} {value}" for name, value in said.items() if value)


def _cells_words(cells: list[Any]) -> str:
    """Return the cells that were edited, the first ones in full."""
    known = [one for one in cells if isinstance(one, dict)]
    named = [
        f"{_text(one.get('tensor'))} row {_text(one.get('row'))}, column {_text(one.get('column'))}: "
        f"{_text(one.get('before'))} → {_text(one.get('after'))}"
        for one in known[:3]
    ]
    return "; ".join(named) + (f"; {plural(len(known) - 3, 'further cell')}" if len(known) > 3 else "")


def _put_back_words(parts: Mapping[str, Any]) -> str:
    """Return the units and tensors that were put back, the first ones by name."""
    units, tensors = ([*one] if isinstance(one := parts.get(name), list) else [] for name in ("units", "tensors"))
    known = [_object(unit) for unit in units]
    named = [f"unit {_text(one.get('unit'))} of layer {_text(one.get('layer'))}" for one in known]
    named += [_text(name) for name in tensors]
    return ", ".join(named[:MOST_NAMED]) + (f" and {len(named) - MOST_NAMED:,} more" if len(named) > MOST_NAMED else "")


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
