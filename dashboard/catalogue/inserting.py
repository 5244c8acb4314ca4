"""Adding one row."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Table


def insert_row(connection: Connection, table: Table, values: Mapping[str, Any]) -> int:
    """Add a row and return the id that the database gave it."""
    key = connection.execute(table.insert().values(dict(values))).inserted_primary_key
    assert key is not None  # every table of ours that this is called for has an id
    return int(key[0])
