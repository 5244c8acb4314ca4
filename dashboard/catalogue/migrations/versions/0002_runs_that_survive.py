"""Runs get a priority, who started them, how often they died, and the checkpoint that they go on from."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; runs of before have died never and have no checkpoint."""
    op.add_column("runs", sa.Column("priority", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("runs", sa.Column("started_by", sa.String(length=120), nullable=False, server_default=""))
    op.add_column("runs", sa.Column("deaths", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("runs", sa.Column("checkpoint", sa.JSON(), nullable=True))
