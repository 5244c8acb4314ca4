"""Rows: adding one with its time, and making records of those that a query returns."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar, Protocol, TypeVar

from sqlalchemy import Connection, Row, Table


class _Dataclass(Protocol):
    __dataclass_fields__: ClassVar[dict[str, Any]]


Record = TypeVar("Record", bound=_Dataclass)


def insert_row(connection: Connection, table: Table, values: Mapping[str, Any]) -> int:
    """Add a row and return the id that the database gave it."""
    key = connection.execute(table.insert().values(dict(values))).inserted_primary_key
    assert key is not None  # every table of ours that this is called for has an id
    return int(key[0])


def record(kind: type[Record], row: Row[Any], **changed: Any) -> Record:  # noqa: ANN401 - fields of any type
    """Return a record of the columns that are named like its fields, but for those that are given."""
    columns = row._mapping
    return kind(**{name: columns[name] for name in kind.__dataclass_fields__ if name not in changed}, **changed)


def parent_reference(row: Row[Any]) -> str | None:
    """Return the version that a row's version or run started from, as people write it, if there is one."""
    return f"{row.parent_network}:{row.parent_number}" if row.parent_network is not None else None


def now() -> datetime:
    """Return the present moment in UTC, to the microsecond, without a zone, so that both databases store the same."""
    return datetime.now(UTC).replace(tzinfo=None)
