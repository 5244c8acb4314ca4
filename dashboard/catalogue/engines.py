"""The two databases that can hold a catalogue: SQLite in the home, or the MySQL/MariaDB of the weights."""

import contextlib
import hashlib
import json
import shutil
import sqlite3
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson
from sqlalchemy import URL, Connection, Engine, create_engine, event, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from dashboard.catalogue.prefixed import prefix_of, use_prefix
from dashboard.errors import ConnectionLost, Outage, StoreUnavailable, WeightbaseError
from dashboard.outages import is_of_client, server_passes
from dashboard.records.mysql_address import MysqlAddress, parse_address
from dashboard.responding import BRIEF, Responding, responding_of
from dashboard.settings import Settings

UNKNOWN_DATABASE = 1049
CATALOGUE = "catalogue.sqlite"
DRIVERS_C_PART = "_mysql_connector"
SERVER = "server"
"""The option of an engine that says where its server is reached."""
LOCK_SECONDS = 60
PATIENCE_SECONDS = 8
"""How long a statement waits for a lock that others hold, and a thread for a connection: a page is answered within ten
seconds, and what runs in the background tries again."""
CONNECT_SECONDS = 4
STATEMENT_SECONDS = 60
"""How long a server may take to answer before its connection counts as lost."""


LONG_TEXT = 4096
LONG_TEXTS = 16
"""As many are kept as read: the versions of a network share one; a dataset of 784 columns is 1.4 MB once read."""


def read_json(text: str | bytes) -> Any:  # noqa: ANN401 - whatever was stored
    """Read stored JSON as the standard library does, NaN included; by orjson, which takes a fraction of the time.

    What a long text holds is read once and shared: nobody may change it.
    """
    return _read_long(text) if len(text) > LONG_TEXT else _read(text)


@lru_cache(maxsize=LONG_TEXTS)
def _read_long(text: str | bytes) -> Any:  # noqa: ANN401 - as above
    return _read(text)


def _read(text: str | bytes) -> Any:  # noqa: ANN401 - as above
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return json.loads(text)


def sqlite_engine(path: Path) -> Engine:
    """Return the engine of a catalogue in a file."""
    # The path is no text of an address: it may hold any sign.
    address = URL.create("sqlite", database=str(path))
    arguments = {"timeout": PATIENCE_SECONDS, "check_same_thread": False}
    engine = create_engine(address, connect_args=arguments, pool_timeout=PATIENCE_SECONDS, json_deserializer=read_json)
    _configure(engine, ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"))
    return engine


def sqlite_reader(path: Path) -> Engine:
    """Return the engine of a catalogue in a file, in a folder where nothing can be written.

    The newest changes may be in a file next to it. SQLite reads that if the index of it is there, too; else both files
    are copied to where the index can be made.
    """
    changes, index = path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")
    has_changes = changes.exists() and changes.stat().st_size > 0
    copies = tempfile.mkdtemp(prefix="weightbase-") if has_changes and not index.exists() else None
    if copies is not None:
        path, changes = (Path(shutil.copy(file, copies)) for file in (path, changes))
    how = "mode=rw" if copies else "mode=ro" if changes.exists() and index.exists() else "mode=ro&immutable=1"

    def connect() -> sqlite3.Connection:
        where = f"file:{quote(str(path))}?{how}"
        return sqlite3.connect(where, uri=True, timeout=PATIENCE_SECONDS, check_same_thread=False)

    pool: dict[str, Any] = {"poolclass": QueuePool, "pool_timeout": PATIENCE_SECONDS}
    engine = create_engine("sqlite://", creator=connect, json_deserializer=read_json, **pool)
    if copies is not None:
        weakref.finalize(engine, shutil.rmtree, copies, ignore_errors=True)
    _configure(engine, ())
    return engine


def _configure(engine: Engine, pragmas: Sequence[str]) -> None:
    """Let transactions of SQLite begin as we say."""

    @event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
        # We begin transactions ourselves (below): sqlite3's own late BEGIN lets two writers read before either
        # locks, and then one of them fails at once instead of waiting.
        connection.isolation_level = None
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        if options.get("write", False):
            # A power cut may take the last hasty commits, a kill cannot; a lasting one takes those before to disk, too.
            connection.exec_driver_sql(f"PRAGMA synchronous={'NORMAL' if options.get('hasty') else 'FULL'}")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("write", False) else "BEGIN")


def mysql_engine(store: str) -> Engine:
    """Return the engine of a catalogue in the database of a store such as mysql://user:password@host:3306/name.

    The address is read as the store reads it, TLS and all. The database is made if it is missing and the user may
    make it. Raises StoreUnavailable for an address that cannot be one.
    """
    address = parse_address(store)
    engine = _engine(address, address.database)
    _make_database(engine, address)
    return engine


def existing_engine(store: str) -> Engine | None:
    """Return the engine of a database as `mysql_engine` does, None if it is missing: it is not made."""
    address = parse_address(store)
    engine = _engine(address, address.database)
    try:
        engine.connect().close()
    except DBAPIError as error:
        engine.dispose()
        if getattr(error.orig, "errno", None) != UNKNOWN_DATABASE:
            raise
        return None
    return engine


def _engine(address: MysqlAddress, database: str | None) -> Engine:
    url = URL.create("mysql+mysqlconnector", database=database)
    # The collation by name: the connector's own choice, utf8mb4_0900_ai_ci, does not exist on MariaDB 10.11.
    arguments = {"charset": "utf8mb4", "collation": "utf8mb4_bin", "connection_timeout": CONNECT_SECONDS}
    times = {"read_timeout": STATEMENT_SECONDS, "write_timeout": STATEMENT_SECONDS}
    pool = {"pool_pre_ping": True, "pool_recycle": 3600, "pool_timeout": PATIENCE_SECONDS}
    engine = create_engine(
        url, connect_args=address.arguments() | arguments | times, **pool, json_deserializer=read_json
    )
    _wait_briefly(engine, PATIENCE_SECONDS)
    event.listen(engine, "handle_error", _own_error)
    engine.update_execution_options(**{SERVER: address.server})
    use_prefix(engine, address.prefix)
    return engine


def _own_error(context: ExceptionContext) -> WeightbaseError | None:
    """Translate the errors of a commit or rollback that the connector's C part raises as they are.

    It wraps all others; without this, a connection that is cut at a commit would look like a mistake of ours.
    """
    error = context.original_exception
    if type(error).__module__ != DRIVERS_C_PART:
        return None
    context.is_disconnect = True  # whatever has happened: the connection is not used again
    number, said = getattr(error, "errno", None), str(error)
    kind = ConnectionLost if is_of_client(number) else Outage if server_passes(number, said) else StoreUnavailable
    return kind(f"The catalogue cannot be used now: {said} ({number}).")


def _wait_briefly(engine: Engine, seconds: int) -> None:
    """Let connections wait briefly for locks on rows and tables."""

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _: ConnectionPoolEntry) -> None:  # noqa: ANN401 - the driver's
        cursor = connection.cursor()
        cursor.execute(f"SET SESSION innodb_lock_wait_timeout = {seconds}")
        cursor.execute(f"SET SESSION lock_wait_timeout = {seconds}")
        cursor.close()


def answer_pages(engine: Engine) -> Responding | None:
    """Let new connections to a server wait briefly, as a page may, and drop the old ones.

    Returns what this process knows of the server, which the weights are on, too; None for a file.
    """
    if engine.dialect.name == "sqlite":
        return None

    @event.listens_for(engine, "do_connect")
    def connect(_: Any, __: Any, ___: Any, options: dict[str, Any]) -> None:  # noqa: ANN401 - SQLAlchemy's own
        options |= {"connection_timeout": BRIEF.connect, "read_timeout": BRIEF.read, "write_timeout": BRIEF.read}

    _wait_briefly(engine, BRIEF.row_lock)
    engine.dispose()
    return responding_of(str(engine.get_execution_options()[SERVER]))


SERVERS = {"mysql": mysql_engine}
"""What opens the catalogue in the database of a store that holds it, by the store's scheme."""


def engine_of(settings: Settings) -> Engine:
    """Return the engine of the catalogue: in the store's own database, or in a file of the home."""
    kind, path = settings.store_kind, settings.home_folder / CATALOGUE
    return SERVERS[kind.scheme](settings.store) if kind.holds_catalogue else sqlite_engine(path)


def reading_engine(settings: Settings) -> Engine:
    """Return the engine of a catalogue of a home in which nothing can be written."""
    kind, path = settings.store_kind, settings.home_folder / CATALOGUE
    return SERVERS[kind.scheme](settings.store) if kind.holds_catalogue else sqlite_reader(path)


@contextlib.contextmanager
def one_at_a_time(engine: Engine) -> Iterator[None]:
    """Hold the database's own lock for migrations: several machines may open one database (SQLite: a lock file)."""
    if engine.dialect.name == "sqlite":
        yield
        return
    with engine.connect() as connection:
        digest = hashlib.sha256(f"{engine.url.database}{prefix_of(engine)}".encode()).hexdigest()[:16]
        name = f"weightbase_form_{digest}"
        connection.execute(text("SELECT GET_LOCK(:name, :seconds)"), {"name": name, "seconds": LOCK_SECONDS})
        try:
            yield
        finally:
            connection.execute(text("SELECT RELEASE_LOCK(:name)"), {"name": name})


def _make_database(engine: Engine, address: MysqlAddress) -> None:
    try:
        engine.connect().close()
    except DBAPIError as error:
        if getattr(error.orig, "errno", None) != UNKNOWN_DATABASE:
            raise
        server = _engine(address, None)
        with server.connect() as connection:
            quoted = connection.dialect.identifier_preparer.quote_identifier(address.database)
            connection.execute(text(f"CREATE DATABASE IF NOT EXISTS {quoted} CHARACTER SET utf8mb4"))
        server.dispose()
