"""Which home uses a database on a server, so that another one is refused by name."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of the one home."""
    op.create_table(
        "weightbase_home",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("home", sa.String(120), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("since", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_weightbase_home"),
    )
