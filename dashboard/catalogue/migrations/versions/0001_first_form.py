"""The first form of the catalogue: datasets, networks, runs, epochs, versions and tensors; and views for people."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from dashboard.catalogue.prefixed import prefix_of

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

NAME = sa.String(64).with_variant(mysql.VARCHAR(64, charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb")
TIME = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")


def _ours(length: int) -> sa.String:
    ascii_only = mysql.VARCHAR(length, charset="ascii", collation="ascii_bin")
    return sa.String(length).with_variant(ascii_only, "mysql", "mariadb")


VIEWS = {
    "weightbase_versions": """
        SELECT n.name AS network, v.number AS version, v.epoch, v.created, v.bytes, v.sha256
        FROM {prefix}versions v JOIN {prefix}networks n ON n.id = v.network_id
        WHERE v.state = 'ready'
    """,
    "weightbase_layers": """
        SELECT n.name AS network, v.number AS version, t.position, t.name AS tensor, t.dtype, t.table_name,
               t.table_rows, t.table_columns, t.bytes, t.sha256
        FROM {prefix}tensors t
        JOIN {prefix}versions v ON v.id = t.version_id JOIN {prefix}networks n ON n.id = v.network_id
        WHERE v.state = 'ready'
    """,
}
"""For people with SQL of their own: from a network's name and a version's number to the tables; docs/sql.md."""


def upgrade() -> None:
    """Make the tables and views."""
    _create_datasets()
    _create_networks()
    _create_runs()
    _create_epochs()
    _create_versions()
    _create_tensors()
    _create_views()


def _create_datasets() -> None:
    op.create_table(
        "datasets",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("folder", sa.String(length=64), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("task", sa.String(length=16), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("licence", sa.Text(), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("description", sa.JSON(), nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_datasets")),
        sa.UniqueConstraint("name", name=op.f("uq_datasets_name")),
        mysql_engine="InnoDB",
        sqlite_autoincrement=True,
    )


def _create_networks() -> None:
    op.create_table(
        "networks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("slug", sa.String(length=24), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("task", sa.String(length=16), nullable=False),
        sa.Column("dataset_id", sa.Integer(), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("last_version", sa.Integer(), nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("trash", sa.Integer(), nullable=False),
        sa.Column("trashed", TIME, nullable=True),
        sa.ForeignKeyConstraint(["dataset_id"], ["datasets.id"], name=op.f("fk_networks_dataset_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_networks")),
        sa.UniqueConstraint("name", "trash", name=op.f("uq_networks_name")),
        sa.UniqueConstraint("slug", name=op.f("uq_networks_slug")),
        mysql_engine="InnoDB",
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_networks_trash"), "networks", ["trash"], unique=False)


def _create_runs() -> None:
    op.create_table(
        "runs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("network_id", sa.Integer(), nullable=True),
        sa.Column("dataset_id", sa.Integer(), nullable=True),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("request", sa.JSON(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("started", TIME, nullable=True),
        sa.Column("ended", TIME, nullable=True),
        sa.Column("heartbeat", TIME, nullable=True),
        sa.ForeignKeyConstraint(["dataset_id"], ["datasets.id"], name=op.f("fk_runs_dataset_id")),
        sa.ForeignKeyConstraint(["network_id"], ["networks.id"], name=op.f("fk_runs_network_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
        mysql_engine="InnoDB",
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_runs_network_id"), "runs", ["network_id"], unique=False)
    op.create_index(op.f("ix_runs_state"), "runs", ["state"], unique=False)


def _create_epochs() -> None:
    op.create_table(
        "epochs",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("loss", sa.Double(), nullable=False),
        sa.Column("accuracy", sa.Double(), nullable=True),
        sa.Column("val_loss", sa.Double(), nullable=True),
        sa.Column("val_accuracy", sa.Double(), nullable=True),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("learning_rate", sa.Double(), nullable=False),
        sa.Column("metrics", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_epochs_run_id")),
        sa.PrimaryKeyConstraint("run_id", "epoch", name=op.f("pk_epochs")),
        mysql_engine="InnoDB",
    )


def _create_versions() -> None:
    op.create_table(
        "versions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("network_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("dataset_id", sa.Integer(), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("preprocessing", sa.JSON(), nullable=False),
        sa.Column("metrics", sa.JSON(), nullable=False),
        sa.Column("evaluation", sa.JSON(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("changed", sa.Double(), nullable=True),
        sa.Column("trashed", TIME, nullable=True),
        sa.ForeignKeyConstraint(["dataset_id"], ["datasets.id"], name=op.f("fk_versions_dataset_id")),
        sa.ForeignKeyConstraint(["network_id"], ["networks.id"], name=op.f("fk_versions_network_id")),
        sa.ForeignKeyConstraint(["parent_id"], ["versions.id"], name=op.f("fk_versions_parent_id")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_versions_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_versions")),
        sa.UniqueConstraint("network_id", "number", name=op.f("uq_versions_network_id")),
        mysql_engine="InnoDB",
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_versions_run_id"), "versions", ["run_id"], unique=False)
    op.create_index("ix_versions_state", "versions", ["state"], unique=False)
    op.create_index("ix_versions_network_state", "versions", ["network_id", "state"], unique=False)


def _create_tensors() -> None:
    op.create_table(
        "tensors",
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("shape", sa.JSON(), nullable=False),
        sa.Column("dtype", sa.String(length=16), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("content", _ours(255), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("table_name", _ours(200), nullable=False),
        sa.Column("table_rows", sa.BigInteger(), nullable=False),
        sa.Column("table_columns", sa.BigInteger(), nullable=False),
        sa.Column("statistics", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["version_id"], ["versions.id"], name=op.f("fk_tensors_version_id")),
        sa.PrimaryKeyConstraint("version_id", "position", name=op.f("pk_tensors")),
        mysql_engine="InnoDB",
    )
    wanted = ["content", "version_id", "table_name", "bytes"]
    op.create_index("ix_tensors_content", "tensors", wanted, unique=False)
    op.create_index(op.f("ix_tensors_table_name"), "tensors", ["table_name"], unique=False)


def _create_views() -> None:
    rights = "" if op.get_bind().dialect.name == "sqlite" else "SQL SECURITY INVOKER "
    prefix = prefix_of(op.get_bind())
    for name, query in VIEWS.items():
        op.execute(f"CREATE {rights}VIEW {prefix}{name} AS {query.format(prefix=prefix)}")
