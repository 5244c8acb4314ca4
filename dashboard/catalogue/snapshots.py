"""A catalogue as one file at one moment, whatever database it is in; and such a file made into a catalogue again."""

import contextlib
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import JSON, Column, Connection, Engine, MetaData, Table, func, null, select

from dashboard.catalogue import runs as run_rows
from dashboard.catalogue import versions as version_rows
from dashboard.catalogue.engines import sqlite_engine
from dashboard.catalogue.opening import Catalogue, translated
from dashboard.catalogue.rows import now
from dashboard.catalogue.set_up import bring_up_to_date
from dashboard.catalogue.tables import Stored, datasets, holders, metadata, networks, runs, tensors, versions
from dashboard.errors import Outage, StoreError, StoreUnavailable
from dashboard.outages import SQLITE_WORDS

ROWS_AT_ONCE = 500
UNFINISHED = ("writing", "deleting")
LEAVES_THE_HOME = ("backup", "copy")
"""Runs that write elsewhere: nobody wants a restored home to begin them by itself."""
NOT_BEGUN_AGAIN = "It was under way when this home was backed up. Start it again if it is wanted here, too."

T = TypeVar("T")


class HeldVersion(NamedTuple):
    """A version with all of its tables, shown or in the trash: its id, its network's slug and name, its number."""

    id: int
    slug: str
    network: str
    number: int

    @property
    def reference(self) -> str:
        """The version as people write it."""
        return f"{self.network}:{self.number}"


def write_snapshot(
    catalogue: Catalogue, path: Path, resumable: int, hold: Callable[[list[run_rows.Checkpoint]], T]
) -> T:
    """Write the catalogue as it is at one moment into a new SQLite file; others go on reading and writing meanwhile.

    `hold` is called at this moment with the checkpoints that count: those of runs that have not ended, and of the
    newest `resumable` that ended before their goal. Returns what it returns.
    """
    with catalogue.apart(), translated(), catalogue.engine.connect() as connection:
        if catalogue.kind != "sqlite":
            connection.execution_options(isolation_level="REPEATABLE READ")
            connection.exec_driver_sql("START TRANSACTION WITH CONSISTENT SNAPSHOT")
        result = hold(run_rows.wanted_checkpoints(connection, resumable))
        if catalogue.kind == "sqlite":
            _copy_file(connection, path)
        else:
            with open_snapshot(path) as snapshot, snapshot.writing() as target:
                copy_rows(connection, target)
    return result


def _copy_file(connection: Connection, path: Path) -> None:
    """Copy the state that a connection sees; the pages of a file that another program writes stay as they were."""
    source = connection.connection.driver_connection
    assert isinstance(source, sqlite3.Connection)
    try:
        with contextlib.closing(sqlite3.connect(path)) as target:
            source.backup(target)
    except sqlite3.Error as error:
        raise _unwritable(path, error) from error


@contextlib.contextmanager
def open_snapshot(path: Path) -> Iterator[Catalogue]:
    """Open a snapshot's file, brought to the newest form; at the end all of it is in this one file.

    Raises NewerForm, or StoreUnavailable for a file that is no catalogue or cannot be written: its disk is that of a
    backup, or of a new home, and nobody waits for it.
    """
    engine = sqlite_engine(path)
    try:
        with _not_waited_for(path), translated(path):
            bring_up_to_date(engine)
            yield Catalogue(engine, path.parent)
    finally:
        engine.dispose()
    try:
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.Error as error:
        raise _unwritable(path, error) from error


@contextlib.contextmanager
def _not_waited_for(path: Path) -> Iterator[None]:
    """Turn an outage of a snapshot's own file into StoreUnavailable; one of the database that is copied stays one."""
    try:
        yield
    except Outage as outage:
        cause = getattr(outage.__cause__, "orig", None)
        if isinstance(cause, sqlite3.Error):
            raise _unwritable(path, cause) from outage
        raise


def _unwritable(path: Path, error: sqlite3.Error) -> StoreUnavailable:
    words = SQLITE_WORDS.get(getattr(error, "sqlite_errorcode", 0) & 0xFF, "")
    return StoreUnavailable(f"The copy of the catalogue {path} cannot be written: {error}. {words}".rstrip())


def held_versions(connection: Connection) -> list[HeldVersion]:
    """Return the versions whose tables are to be there, those in the trash among them, parents before children."""
    columns = (versions.c.id, networks.c.slug, networks.c.name, versions.c.number)
    query = select(*columns).join(networks, networks.c.id == versions.c.network_id)
    held = query.where(versions.c.state.not_in(UNFINISHED)).order_by(versions.c.id)
    return [HeldVersion(*row) for row in connection.execute(held)]


def is_held(connection: Connection, slug: str, number: int) -> bool:
    """Return whether a version is there, shown or in the trash."""
    query = select(versions.c.id).join(networks, networks.c.id == versions.c.network_id)
    one = query.where(networks.c.slug == slug, versions.c.number == number, versions.c.state.not_in(UNFINISHED))
    return connection.execute(one).first() is not None


def dataset_folders(connection: Connection) -> dict[str, tuple[str, str]]:
    """Return folder -> (name, SHA-256 of the uploaded file) of the datasets whose records are in a home."""
    query = select(datasets.c.folder, datasets.c.name, datasets.c.sha256).where(datasets.c.folder != "")
    return {row.folder: (row.name, row.sha256) for row in connection.execute(query.order_by(datasets.c.id))}


def birth_marks(connection: Connection) -> list[str]:
    """Return what no other catalogue has: when each dataset and network was made, to the microsecond."""
    named = (select(datasets.c.name, datasets.c.created), select(networks.c.slug, networks.c.created))
    return sorted(f"{row[0]} {row[1].isoformat()}" for query in named for row in connection.execute(query))


def drop_unfinished(connection: Connection) -> None:
    """Remove versions that were being written or deleted at that moment: what wrote them does so again."""
    query = select(versions.c.id, versions.c.state).where(versions.c.state.in_(UNFINISHED))
    for row in connection.execute(query.order_by(versions.c.id.desc())).all():
        drop = version_rows.take_back_version if row.state == "writing" else version_rows.drop_version
        drop(connection, row.id)


def forget_checkpoints(connection: Connection, run_ids: Collection[int]) -> None:
    """Let runs begin from the beginning, as the files of their checkpoints are not there."""
    connection.execute(runs.update().where(runs.c.id.in_(run_ids)).values(checkpoint=null()))


def settle_runs(connection: Connection) -> None:
    """Queue again what was running at that moment; what writes outside of a home is ended instead."""
    unended = runs.c.state.in_(("queued", "running"))
    elsewhere = {"state": "interrupted", "error": NOT_BEGUN_AGAIN, "ended": now()}
    connection.execute(runs.update().where(unended, runs.c.kind.in_(LEAVES_THE_HOME)).values(**elsewhere))
    for run_id, attempt in run_rows.stale_attempts(connection):
        run_rows.requeue_run(connection, run_id, attempt, died=False)


def name_tables(connection: Connection, version_id: int, names: Mapping[str, str]) -> None:
    """Write down what the tables of a version are called in the store that holds them now, by tensor."""
    for tensor, name in names.items():
        one = (tensors.c.version_id == version_id) & (tensors.c.name == tensor)
        connection.execute(tensors.update().where(one).values(table_name=name))


def replace_rows(snapshot: Catalogue, engine: Engine) -> None:
    """Make a server's catalogue, of the newest form, what a snapshot is: all of it or, on any error, nothing."""
    with translated(), snapshot.reading() as source, engine.connect() as target:
        target.exec_driver_sql("SET SESSION foreign_key_checks = 0")  # a parent may follow its child
        target.commit()
        for table in _plain_tables()[::-1]:
            target.execute(table.delete())
        copy_rows(source, target)
        target.commit()
        target.invalidate()  # nobody else gets a connection that checks nothing


def copy_rows(source: Connection, target: Connection) -> None:
    """Copy every row of every table, as it is; raises StoreError if the target has another number of them then."""
    if target.dialect.name == "sqlite":
        target.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
    for table in _plain_tables():
        rows = source.execution_options(yield_per=ROWS_AT_ONCE).execute(select(table).order_by(*_keys(table)))
        for part in rows.mappings().partitions():
            target.execute(table.insert(), [dict(row) for row in part])
        if _count(source, table) != _count(target, table):
            raise StoreError(f"Rows of {table.name} were lost on their way to another database. Try again.")


def _plain_tables() -> list[Table]:
    """Return our tables without rules, and with JSON as it is stored, its form's number in it; parents first."""
    plain = MetaData()
    return [
        Table(table.name, plain, *(Column(column.name, _plain_type(column)) for column in table.columns))
        for table in metadata.sorted_tables
        if table is not holders  # says which home uses this very database
    ]


def _plain_type(column: Column[Any]) -> Any:  # noqa: ANN401 - any type of a column
    return JSON() if isinstance(column.type, Stored) else column.type


def _keys(plain: Table) -> list[Column[Any]]:
    return [plain.c[column.name] for column in metadata.tables[plain.name].primary_key]


def _count(connection: Connection, table: Table) -> int:
    return int(connection.execute(select(func.count()).select_from(table)).scalar_one())
