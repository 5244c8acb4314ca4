"""The catalogue's tables: networks, versions, tensors, datasets, runs, epochs, searches and trials; never a weight.

Names are compared exactly (two networks may differ only in case), times are UTC without a zone.
"""

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects import mysql
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from dashboard.records.stored import numbered, unnumbered

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)
FARTHEST = 2**63 - 1
"""The largest integer that a database can look up; nothing beyond it exists."""

MYSQL: dict[str, Any] = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_bin",
    "mysql_row_format": "DYNAMIC",
}
"""How a server makes our tables, whatever its database and its defaults are: texts are compared by their bytes."""
NUMBERED: dict[str, Any] = MYSQL | {"sqlite_autoincrement": True}
"""So are tables made whose rows get numbers, none of them twice."""

Time = DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")


class Stored(TypeDecorator[dict[str, Any]]):
    """JSON of a kind: written with the number of its form, read in the newest; reading raises NewerForm."""

    impl = JSON
    cache_ok = True

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: dict[str, Any] | None, dialect: Dialect) -> dict[str, Any] | None:
        """Add the number."""
        return None if value is None else numbered(value)

    def process_result_value(self, value: dict[str, Any] | None, dialect: Dialect) -> dict[str, Any] | None:
        """Take the number away, and bring the rest to the newest form."""
        return None if value is None else unnumbered(self.kind, value)


def _exact(length: int) -> String:
    """Return a text type whose values differ when their case differs, on every database."""
    return String(length).with_variant(
        mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb"
    )


def _ours(length: int) -> String:
    """Return a text type for names that we make ourselves, of ASCII letters."""
    return String(length).with_variant(
        mysql.VARCHAR(length, charset="ascii", collation="ascii_bin"), "mysql", "mariadb"
    )


datasets = Table(
    "datasets",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", _exact(64), nullable=False, unique=True),
    Column("folder", String(64), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("rows", Integer, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("task", String(16), nullable=False),
    Column("source", Text, nullable=False),
    Column("licence", Text, nullable=False),
    Column("spec", Stored("dataset"), nullable=False),
    Column("description", Stored("description"), nullable=False),
    Column("created", Time, nullable=False),
    **NUMBERED,
)

networks = Table(
    "networks",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", _exact(64), nullable=False),
    Column("slug", String(24), nullable=False, unique=True),
    Column("purpose", Text, nullable=False),
    Column("task", String(16), nullable=False),  # empty if it is foreign
    Column("dataset_id", ForeignKey(datasets.c.id), nullable=True),  # none: its weights came from elsewhere
    Column("kind", String(16), nullable=False, default="dense", server_default="dense"),
    Column("fields", JSON, nullable=False),
    Column("spec", Stored("network"), nullable=False),
    Column("last_version", Integer, nullable=False, default=0),
    Column("created", Time, nullable=False),
    # 0; in the trash the network's own id, so that its name is free; minus that once it is being deleted permanently.
    Column("trash", Integer, nullable=False, default=0, index=True),
    Column("trashed", Time, nullable=True),
    UniqueConstraint("name", "trash"),
    **NUMBERED,
)

runs = Table(
    "runs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String(16), nullable=False, default="training"),
    Column("network_id", ForeignKey(networks.c.id), nullable=True, index=True),  # actions on the store have none
    Column("dataset_id", ForeignKey(datasets.c.id), nullable=True),
    Column("parent_id", Integer, nullable=True),  # a version; no foreign key, since versions refer to runs
    Column("state", String(16), nullable=False, index=True),
    Column("spec", Stored("network"), nullable=False),
    Column("attempt", Integer, nullable=False, default=0),
    Column("cancel_requested", Boolean, nullable=False, default=False),
    Column("priority", Integer, nullable=False, default=0, server_default="0"),
    Column("started_by", String(120), nullable=False, default="", server_default=""),
    # How often it died since its last checkpoint: what dies again and again is given up.
    Column("deaths", Integer, nullable=False, default=0, server_default="0"),
    Column("push_key", _exact(160), nullable=True),  # by which a program elsewhere knows its run
    Column("checkpoint", JSON(none_as_null=True), nullable=True),  # {"epoch", "file", "sha256"}
    Column("error", Text, nullable=True),
    Column("request", Stored("request"), nullable=False, default=dict),
    Column("done", Integer, nullable=False, default=0),
    Column("total", Integer, nullable=False, default=0),
    Column("note", Text, nullable=False, default=""),
    Column("result", Stored("result"), nullable=False, default=dict),
    Column("created", Time, nullable=False),
    Column("started", Time, nullable=True),
    Column("ended", Time, nullable=True),
    Column("heartbeat", Time, nullable=True),
    Index("ix_runs_push_key", "network_id", "push_key", unique=True),
    **NUMBERED,
)

epochs = Table(
    "epochs",
    metadata,
    Column("run_id", ForeignKey(runs.c.id), primary_key=True),
    Column("epoch", Integer, primary_key=True, autoincrement=False),
    Column("loss", Double, nullable=True),  # a run elsewhere may measure neither it nor the two below
    Column("accuracy", Double, nullable=True),
    Column("val_loss", Double, nullable=True),
    Column("val_accuracy", Double, nullable=True),
    Column("seconds", Double, nullable=True),
    Column("learning_rate", Double, nullable=True),
    Column("metrics", Stored("metrics"), nullable=False),
    **MYSQL,
)

versions = Table(
    "versions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("network_id", ForeignKey(networks.c.id), nullable=False),
    Column("number", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("run_id", ForeignKey(runs.c.id), nullable=True, index=True),
    Column("parent_id", ForeignKey("versions.id"), nullable=True),
    Column("dataset_id", ForeignKey(datasets.c.id), nullable=True),
    Column("spec", Stored("network"), nullable=False),
    Column("preprocessing", Stored("preprocessing"), nullable=False),
    Column("metrics", Stored("metrics"), nullable=False),
    Column("evaluation", Stored("evaluation"), nullable=False),  # apart, so that lists of versions stay light
    # How it came to be; apart, too: the mapping of an import may name thousands of tensors. None of older releases.
    Column("origin", Stored("origin"), nullable=True),
    Column("push_key", _exact(160), nullable=True),  # by which a program elsewhere knows it
    Column("sha256", String(64), nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("created", Time, nullable=False),
    Column("changed", Double, nullable=True),  # how far all weights moved since the version before, in its norm
    Column("changed_since", Integer, nullable=True),  # the number of that version
    Column("trashed", Time, nullable=True),
    UniqueConstraint("network_id", "number"),
    Index("ix_versions_push_key", "network_id", "push_key", unique=True),
    Index("ix_versions_state", "state"),
    Index("ix_versions_network_state", "network_id", "state"),
    **NUMBERED,
)

tensors = Table(
    "tensors",
    metadata,
    Column("version_id", ForeignKey(versions.c.id), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("shape", JSON, nullable=False),
    Column("dtype", String(16), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("content", _ours(255), nullable=False),  # what tensors share that are one table
    Column("bytes", BigInteger, nullable=False),
    Column("table_name", _ours(200), nullable=False, index=True),
    Column("table_rows", BigInteger, nullable=False),
    Column("table_columns", BigInteger, nullable=False),
    Column("statistics", Stored("statistics"), nullable=False),
    Column(
        "units_axis", Integer, nullable=True
    ),  # along which its units are: 1 columns, 0 rows (PyTorch); None: unknown
    Index("ix_tensors_content", "content", "version_id", "table_name", "bytes"),  # all that the list of tables needs
    **MYSQL,
)

searches = Table(
    "searches",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", _exact(64), nullable=False, unique=True),
    Column("purpose", Text, nullable=False),
    Column("dataset_id", ForeignKey(datasets.c.id), nullable=False),
    Column("space", Stored("space"), nullable=False),
    Column("goal", Stored("goal"), nullable=False),
    Column("budget", Stored("budget"), nullable=False),
    Column("sampler", String(16), nullable=False),
    Column("stopping", String(16), nullable=False),
    Column("seed", Integer, nullable=False),
    Column("state", String(16), nullable=False),  # what is wanted of it; finished once all of it is done
    Column("run_id", Integer, nullable=True),  # the run that drives it now, or did last
    Column("network_id", Integer, nullable=True),  # that of its proposer; no foreign key: networks can be deleted
    Column("beliefs", Stored("beliefs"), nullable=False),  # what its proposer expects of each setting
    Column("result", Stored("findings"), nullable=False),
    Column("skipped", Integer, nullable=False, server_default="0"),  # proposals that equalled an earlier trial
    Column("created", Time, nullable=False),
    Column("changed", Time, nullable=False),
    **NUMBERED,
)

trials = Table(
    "trials",
    metadata,
    Column("search_id", ForeignKey(searches.c.id), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("run_id", ForeignKey(runs.c.id), nullable=False, unique=True),
    Column("confirms", Integer, nullable=True),  # the trial whose candidate this one trains again with another seed
    Column("state", String(16), nullable=False),
    Column("params", Stored("candidate"), nullable=False),
    Column("predicted", Stored("prediction"), nullable=True),
    Column("parameters", BigInteger, nullable=False),
    Column("score", Double, nullable=True),
    Column("second", Double, nullable=True),
    Column("stopped_at", Integer, nullable=True),  # the epoch after which it was stopped early
    Column("epochs", Integer, nullable=False, default=0),
    Column("seconds", Double, nullable=False, default=0.0),
    Column("created", Time, nullable=False),
    Column("ended", Time, nullable=True),
    **MYSQL,
)

# On a server: the home that uses this database, in the row with the id 1 (`catalogue.lease`).
holders = Table(
    "weightbase_home",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("home", String(120), nullable=False),
    Column("path", Text, nullable=False),
    Column("host", String(255), nullable=False),
    Column("since", String(32), nullable=False),
    **MYSQL,
)
