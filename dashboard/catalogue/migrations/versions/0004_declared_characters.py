"""On a server: the characters, the comparison of names and the row format are declared, whatever the database's are.

Names are compared by their bytes, as SQLite does, and any character can be stored in a database of latin1 or utf8mb3.
"""

import sqlalchemy as sa
from alembic import op

from dashboard.catalogue.prefixed import prefix_of

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLES = ("datasets", "networks", "runs", "epochs", "versions", "tensors", "searches", "trials")
COLLATION = "utf8mb4_bin"
OURS = {"content": 255, "table_name": 200}
"""Columns of tensors whose texts are made by us, in ASCII: their index fits small pages."""


def upgrade() -> None:
    """Change what is not so yet; tables made by this release are."""
    if op.get_bind().dialect.name == "sqlite":
        return
    prefix = prefix_of(op.get_bind())
    for name in (f"{prefix}{table}" for table in TABLES):
        collation, row_format = _of_table(name)
        if (collation, row_format.lower()) != (COLLATION, "dynamic"):
            how = f"CONVERT TO CHARACTER SET utf8mb4 COLLATE {COLLATION}, ROW_FORMAT=DYNAMIC"
            op.execute(f"ALTER TABLE {name} {how}")
    for name, length in OURS.items():
        if _characters_of(f"{prefix}tensors", name) != "ascii":
            kind = f"VARCHAR({length}) CHARACTER SET ascii COLLATE ascii_bin NOT NULL"
            op.execute(f"ALTER TABLE {prefix}tensors MODIFY {name} {kind}")


def _of_table(name: str) -> tuple[str, str]:
    query = (
        "SELECT table_collation, row_format FROM information_schema.tables "
        "WHERE table_schema = DATABASE() AND table_name = :name"
    )
    row = op.get_bind().execute(sa.text(query), {"name": name}).one()
    return str(row[0]), str(row[1])


def _characters_of(table: str, column: str) -> str:
    query = (
        "SELECT character_set_name FROM information_schema.columns "
        "WHERE table_schema = DATABASE() AND table_name = :table AND column_name = :name"
    )
    return str(op.get_bind().execute(sa.text(query), {"table": table, "name": column}).scalar_one())
