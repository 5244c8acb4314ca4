"""A version says since which version it has changed; what earlier releases compared with another run's is unknown.

They took the change since the number before, whatever run that was of: it stays only where that is the version before
in the same run or, for the first of a run, the parent.
"""

import sqlalchemy as sa
from alembic import op

from dashboard.catalogue.prefixed import prefix_of

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, and fill it where it is known; a repetition finds what is left to do."""
    table = f"{prefix_of(op.get_bind())}versions"
    op.add_column(table, sa.Column("changed_since", sa.Integer(), nullable=True))
    names = ("id", "network_id", "number", "run_id", "parent_id", "changed", "changed_since")
    versions = sa.table(table, *map(sa.column, names))
    known, unknown = _compared(op.get_bind(), versions)
    for some, values in (
        (known, {"changed_since": versions.c.number - 1}),
        (unknown, {"changed": None, "changed_since": None}),
    ):
        for start in range(0, len(some), 500):
            op.execute(versions.update().where(versions.c.id.in_(some[start : start + 500])).values(**values))


def _compared(connection: sa.Connection, versions: sa.TableClause) -> tuple[list[int], list[int]]:
    """Return the ids of the versions whose change is since the one that they came from, and of the others."""
    columns = (versions.c[name] for name in ("id", "network_id", "number", "run_id", "parent_id", "changed"))
    rows = connection.execute(sa.select(*columns).order_by(versions.c.network_id, versions.c.number)).all()
    places = {row.id: (row.network_id, row.number) for row in rows}
    newest: dict[tuple[int, int], tuple[int, int]] = {}
    known: list[int] = []
    unknown: list[int] = []
    for row in rows:
        own = (row.network_id, row.run_id)
        before = newest.get(own) or places.get(row.parent_id)
        if row.run_id is not None:
            newest[own] = places[row.id]
        if row.changed is not None:
            (known if before == (row.network_id, row.number - 1) else unknown).append(row.id)
    return known, unknown
