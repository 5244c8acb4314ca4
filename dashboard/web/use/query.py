"""What the address of a record holds: its values, the record of the dataset that it began with, further versions."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from dashboard.errors import Invalid
from dashboard.services.use.inputs import InputColumn
from dashboard.web.kit.query import Query

RESERVED = frozenset({"record", "also", "values", "endpoint", "csrf_token"})
MOST_FIELDS = 60
"""A record of more columns is typed as one text."""
LONGEST = 200_000
LONGEST_ADDRESS = 3_000
"""A server takes lines of about 4,000 characters."""


@dataclass(frozen=True)
class RecordQuery:
    """`given` are the values that were sent, by column; `record` is that of the dataset, None for none."""

    given: Mapping[str, str] = field(default_factory=dict)
    record: int | None = None
    also: tuple[str, ...] = ()
    others: Mapping[str, str] = field(default_factory=dict)
    values: str = ""


def field_names(columns: Sequence[InputColumn]) -> dict[str, str]:
    """Return column -> the name of its field in an address: its own, but for the few that mean something else."""
    taken = {column.name for column in columns}
    names = {}
    for column in columns:
        name = column.name
        while name in RESERVED or name.startswith("_") or (name != column.name and name in taken):
            name = f"column.{name}"
        names[column.name] = name
    return names


def record_query(query: Query, columns: Sequence[InputColumn]) -> RecordQuery:
    """Read the address; raises Invalid for a record that is no number, or for values that are too many or too few."""
    names = field_names(columns)
    args = query.args
    given = {column: args[name][:LONGEST] for column, name in names.items() if name in args}
    others = {name: args[name] for name in args if name not in RESERVED and name not in names.values()}
    also = tuple(dict.fromkeys(text.strip() for text in args.getlist("also") if text.strip()))
    record = query.number("record") if args.get("record") else None
    return RecordQuery(given, record, also, others, args.get("values", ""))


def record_address(sent: RecordQuery, columns: Sequence[InputColumn], is_changed: bool) -> dict[str, Any] | None:
    """Return what an address of a record has in its query; None if it is too long for one."""
    own: dict[str, Any] = {} if sent.record is None else {"record": sent.record}
    if sent.record is None or is_changed:
        names = field_names(columns)
        own |= {names[column]: text for column, text in sent.given.items()}
        own |= {"values": sent.values} if sent.values else {}
    return own if len(urlencode(own)) <= LONGEST_ADDRESS else None


def split_values(text: str, columns: Sequence[InputColumn], decimal: str) -> dict[str, str]:
    """Return column -> value of a record that was typed as one text; raises Invalid for another number of values."""
    cells = re.split(r"[;\s]+" if decimal == "," else r"[,;\s]+", text[:LONGEST].strip())
    cells = [cell for cell in cells if cell]
    if len(cells) != len(columns):
        raise Invalid(
            {"values": f"Give {len(columns):,} values in the order of the columns; these are {len(cells):,}."}
        )
    return dict(zip((column.name for column in columns), cells, strict=True))
