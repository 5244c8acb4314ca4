"""Adding one row, and the time that it is given."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Table


def insert_row(connection: Connection, table: Table, values: Mapping[str, Any]) -> int:
    """Add a row and return the id that the database gave it."""
    key = connection.execute(table.insert().values(dict(values))).inserted_primary_key
    assert key is not None  # every table of ours that this is called for has an id
    return int(key[0])


def now() -> datetime:
    """Return the present moment in UTC, to the microsecond, without a zone, so that both databases store the same."""
    return datetime.now(UTC).replace(tzinfo=None)
