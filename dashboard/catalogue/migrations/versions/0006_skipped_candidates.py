"""Searches count the candidates that were not trained, as an earlier trial had trained the same."""

import sqlalchemy as sa
from alembic import op

from dashboard.catalogue.prefixed import prefix_of

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the count; searches of before skipped none."""
    table = f"{prefix_of(op.get_bind())}searches"
    op.add_column(table, sa.Column("skipped", sa.Integer(), nullable=False, server_default="0"))
