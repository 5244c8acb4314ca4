"""Runs get a priority, who started them, how often they died, and the checkpoint that they go on from."""

import sqlalchemy as sa
from alembic import op

from dashboard.catalogue.prefixed import prefix_of

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; runs of before have died never and have no checkpoint."""
    table = f"{prefix_of(op.get_bind())}runs"
    op.add_column(table, sa.Column("priority", sa.Integer(), nullable=False, server_default="0"))
    op.add_column(table, sa.Column("started_by", sa.String(length=120), nullable=False, server_default=""))
    op.add_column(table, sa.Column("deaths", sa.Integer(), nullable=False, server_default="0"))
    op.add_column(table, sa.Column("checkpoint", sa.JSON(), nullable=True))
