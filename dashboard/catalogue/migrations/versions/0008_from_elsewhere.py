"""Weights from elsewhere: networks without a dataset, how a version came to be, keys of pushes, sparse epochs.

Versions of before were trained here as far as they have a run; of the others it is not known how they came to be.
"""

import re
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from dashboard.catalogue.prefixed import prefix_of

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

KEY = sa.String(160).with_variant(mysql.VARCHAR(160, charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb")
OPENED: Mapping[str, Mapping[str, sa.types.TypeEngine[Any]]] = {
    "networks": {"dataset_id": sa.Integer()},
    "versions": {"dataset_id": sa.Integer()},
    "epochs": {"loss": sa.Double(), "seconds": sa.Double(), "learning_rate": sa.Double()},
}
"""The columns that may be empty from now on."""


def upgrade() -> None:
    """Add the columns, and let those that did not allow it be empty; a repetition finds what is left to do."""
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for table, columns in OPENED.items():
        if is_sqlite:
            _made_again(table, tuple(columns))
        else:
            for name, kind in columns.items():
                op.alter_column(prefix_of(op.get_bind()) + table, name, existing_type=kind, nullable=True)
    _add_columns(prefix_of(op.get_bind()))


def _add_columns(prefix: str) -> None:
    op.add_column(f"{prefix}networks", sa.Column("kind", sa.String(16), nullable=False, server_default="dense"))
    op.add_column(f"{prefix}versions", sa.Column("origin", sa.JSON(), nullable=True))
    op.add_column(f"{prefix}tensors", sa.Column("units_axis", sa.Integer(), nullable=True))
    for table in ("versions", "runs"):
        op.add_column(f"{prefix}{table}", sa.Column("push_key", KEY, nullable=True))
        op.create_index(f"ix_{table}_push_key", f"{prefix}{table}", ["network_id", "push_key"], unique=True)


def _made_again(table: str, names: tuple[str, ...]) -> None:
    """Make a table of SQLite again, with its rows, its indexes and the numbers that it has given out.

    SQLite cannot change a column. References to the table are by its name, and are not checked meanwhile.
    """
    connection = op.get_bind()
    old = _definition(connection, "table", table)
    views = _definitions(connection, "view", None)
    indexes = _definitions(connection, "index", table)
    last = connection.execute(sa.text("SELECT seq FROM sqlite_sequence WHERE name = :name"), {"name": table}).scalar()
    for name in views:
        op.execute(f"DROP VIEW {name}")
    op.execute(_renamed(_opened(old, names), table, f"new_{table}"))
    op.execute(f"INSERT INTO new_{table} SELECT * FROM {table}")  # noqa: S608 - our own names
    op.execute(f"DROP TABLE {table}")
    op.execute(f"ALTER TABLE new_{table} RENAME TO {table}")
    for statement in (*indexes.values(), *views.values()):
        connection.exec_driver_sql(statement)
    if last is not None:
        connection.execute(sa.text("DELETE FROM sqlite_sequence WHERE name = :name"), {"name": table})
        row = {"name": table, "last": last}
        connection.execute(sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :last)"), row)


def _definitions(connection: sa.Connection, kind: str, table: str | None) -> dict[str, str]:
    """Return name -> statement of the views, or of the indexes of a table, that were made by a statement."""
    query = "SELECT name, sql FROM sqlite_master WHERE type = :kind AND sql IS NOT NULL"
    of_table = "" if table is None else " AND tbl_name = :table"
    rows = connection.execute(sa.text(query + of_table), {"kind": kind} | ({"table": table} if table else {}))
    return {row.name: row.sql for row in rows}


def _definition(connection: sa.Connection, kind: str, name: str) -> str:
    return _definitions(connection, kind, name)[name]


def _opened(statement: str, names: tuple[str, ...]) -> str:
    """Return the statement that makes a table whose columns of these names may be empty."""
    for name in names:
        statement, changed = re.subn(rf'(\b{name}"? \w+) NOT NULL', r"\1", statement, count=1)
        if not changed and not re.search(rf'\b{name}"? \w+\s*,', statement):
            raise RuntimeError(f"The column {name} is not as a migration made it: {statement}")
    return statement


def _renamed(statement: str, before: str, after: str) -> str:
    return re.sub(rf'^CREATE TABLE "?{before}"?', f"CREATE TABLE {after}", statement, count=1)
