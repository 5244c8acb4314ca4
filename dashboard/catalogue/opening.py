"""Opening the catalogue: one database, migrated to the newest form, and the translation of its errors."""

import contextlib
import fcntl
import sqlite3
import weakref
from collections.abc import Callable, Hashable, Iterator
from contextvars import ContextVar
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from dashboard.catalogue.engines import (
    CATALOGUE,
    answer_pages,
    engine_of,
    existing_engine,
    one_at_a_time,
    reading_engine,
)
from dashboard.catalogue.lease import Lease, require_ours
from dashboard.catalogue.preflight import reason_not_to_write
from dashboard.catalogue.restoring import require_not_restoring
from dashboard.catalogue.set_up import bring_up_to_date, is_set_up, require_newest
from dashboard.errors import Conflict, ConnectionLost, Forbidden, OtherDashboard, Outage, StoreError, StoreUnavailable
from dashboard.files import is_frozen
from dashboard.holder import holder_of
from dashboard.outages import SQLITE_WORDS, is_of_client, server_passes, sqlite_passes, system_passes, system_words
from dashboard.responding import Responding
from dashboard.settings import Settings

Read = TypeVar("Read")

MIGRATION_LOCK = ".migration.lock"
READ_ONLY_IS_SET = "WEIGHTBASE_READ_ONLY is set"


class OneState:
    """The transaction that all readings of a request share; it begins with the first of them."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.connection: Connection | None = None
        self.known: dict[Hashable, Any] = {}
        """What was read by `Catalogue.once`, as long as the transaction lasts."""

    def begun(self) -> Connection:
        """Return the connection, inside its transaction."""
        if self.connection is None:
            connection = self.engine.connect()
            connection.begin()
            self.connection = connection
        return self.connection

    def end(self, is_lost: bool = False) -> None:
        """End the transaction, without a word to a server that is lost; the next reading begins another one."""
        self.known.clear()
        if self.connection is not None:
            connection, self.connection = self.connection, None
            if is_lost:
                connection.invalidate()
            connection.close()


_STATE: ContextVar[OneState | None] = ContextVar("one state of the catalogue", default=None)


class Catalogue:
    """The catalogue's database; safe for several threads and processes."""

    def __init__(self, engine: Engine, home: Path, read_only: str = "", lease: Lease | None = None) -> None:
        self.engine = engine
        self.home = home
        self.read_only = read_only
        """Why nothing can be written, in a few words; empty if it can."""
        self.lease = lease
        self._responding: Responding | None = None
        if lease is not None:
            weakref.finalize(self, lease.end)

    @property
    def kind(self) -> str:
        """The kind of database: sqlite, mysql or mariadb."""
        return self.engine.dialect.name

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """Yield a connection that sees one state of the catalogue; raises Outage, StoreUnavailable or StoreError."""
        state = self._state()
        if state is None:
            with self._asking(), self.engine.begin() as connection:
                yield connection
            return
        with self._asking():
            try:
                yield state.begun()
            except SQLAlchemyError:
                state.end()
                raise

    def once(self, key: Hashable, read: Callable[[Connection], Read]) -> Read:
        """Return what `read` reads; within one state it is read once for each key, and nobody changes it.

        For what several parts of a page ask for: the 784 columns of a dataset take milliseconds to read.
        """

        def make() -> Read:
            with self.reading() as connection:
                return read(connection)

        return self.made_once(key, make)

    def made_once(self, key: Hashable, make: Callable[[], Read]) -> Read:
        """Return what `make` makes of one state; within it, it is made once for each key, and nobody changes it."""
        state = self._state()
        if state is None or key not in state.known:
            value = make()
            if state is None:
                return value
            state.known[key] = value
        known: Read = state.known[key]
        return known

    @contextlib.contextmanager
    def one_state(self) -> Iterator[None]:
        """Let all that this thread reads see one state, in one transaction, until the block ends or it writes."""
        state = OneState(self.engine)
        _STATE.set(state)
        try:
            yield
        finally:
            _STATE.set(None)
            with translated():
                state.end(is_lost=self._responding is not None and self._responding.is_unresponsive)

    @contextlib.contextmanager
    def apart(self) -> Iterator[None]:
        """Let readings see the newest state within the block, also in one that sees a single state."""
        token = _STATE.set(None)
        try:
            yield
        finally:
            _STATE.reset(token)

    def _state(self) -> OneState | None:
        state = _STATE.get()
        return state if state is not None and state.engine is self.engine else None

    @contextlib.contextmanager
    def writing(self, hasty: bool = False) -> Iterator[Connection]:
        """Yield a connection whose changes are committed all together, or not at all; raises as `reading` does.

        A broken uniqueness or reference leaves as Conflict. What is `hasty` does not wait for the disk, where the
        database can do so: it survives every kill, but not a power cut; for what would simply be done again.
        """
        self.require_writable()
        self.require_held()
        options = {"write": True, "hasty": hasty}
        with self._asking(), self.engine.connect().execution_options(**options) as connection, connection.begin():
            yield connection
        state = self._state()
        if state is not None:
            state.end()  # what is read from now on includes what was written

    @contextlib.contextmanager
    def _asking(self) -> Iterator[None]:
        """Translate errors, and note whether the server answers; raises Outage at once while it is unresponsive."""
        with self._responding.listening() if self._responding else contextlib.nullcontext(), translated():
            yield

    def answer_pages(self) -> None:
        """Wait briefly for a server from now on, as a page may."""
        self._responding = answer_pages(self.engine)

    def require_writable(self) -> None:
        """Raise Forbidden where nothing can be written."""
        if self.read_only:
            raise Forbidden(f"This dashboard is read-only: {self.read_only}. Nothing can be changed here.")

    def require_held(self) -> None:
        """Raise OtherDashboard if another home has taken the database over."""
        if self.lease is not None and self.lease.lost:
            raise OtherDashboard(self.lease.lost)

    def when_lost(self, action: Callable[[], None]) -> None:
        """Call `action`, from a thread, once another home has taken the database over."""
        if self.lease is not None:
            self.lease.when_lost = action

    def ping(self) -> None:
        """Raise StoreUnavailable unless the catalogue answers."""
        with self.reading() as connection:
            connection.execute(text("SELECT 1"))

    def close(self) -> None:
        """Give all connections back, and this process's part in the lease."""
        if self.lease is not None:
            self.lease.end()
        self.engine.dispose()


def open_catalogue(settings: Settings, holding: bool = True) -> Catalogue:
    """Return the catalogue of these settings, made or migrated if need be.

    On a server this process takes part in the lease of its home until the catalogue is closed; without `holding`, for a
    process that another one has started, it only looks whose the database is. Raises StoreUnavailable, NewerForm, or
    OtherDashboard if another home uses the database and this one could write.
    """
    home = settings.home_folder
    if is_frozen_home(settings):
        return _open_frozen(settings)
    with translated(home / CATALOGUE), _home_translated(home):
        home.mkdir(parents=True, exist_ok=True)
        engine, lease = engine_of(settings), None
        try:
            read_only = READ_ONLY_IS_SET if settings.read_only else reason_not_to_write(engine)
            with _alone(home, engine):
                require_not_restoring(engine)
                if settings.store_kind.holds_catalogue and not read_only:
                    lease = _leased(home, engine, holding)
                bring_up_to_date(engine)
                if lease is not None:
                    lease.keep()
        except BaseException:
            if lease is not None:
                lease.end()
            engine.dispose()
            raise
    return Catalogue(engine, home, read_only, lease)


def has_catalogue(settings: Settings) -> bool:
    """Return whether there is a catalogue, and make nothing; raises StoreUnavailable, also for one being restored."""
    home = settings.home_folder
    if not settings.store_kind.holds_catalogue:
        with _home_translated(home):
            return (home / CATALOGUE).is_file()
    with translated():
        engine = existing_engine(settings.store)
        if engine is None:
            return False
        try:
            require_not_restoring(engine)
            return is_set_up(engine)
        finally:
            engine.dispose()


def is_frozen_home(settings: Settings) -> bool:
    """Return whether these settings are to read only, and this process may not write in their home anyway."""
    return bool(settings.read_only) and is_frozen(settings.home_folder, (CATALOGUE, MIGRATION_LOCK))


def _open_frozen(settings: Settings) -> Catalogue:
    """Open a catalogue without writing anything in its home; raises as `open_catalogue` does."""
    home = settings.home_folder
    with translated(home / CATALOGUE), _home_translated(home):
        if not (settings.store_kind.holds_catalogue or (home / CATALOGUE).exists()):
            raise StoreUnavailable(f"The data folder {home} has no catalogue, and nothing can be written there.")
        engine = reading_engine(settings)
        try:
            require_newest(engine)
        except BaseException:
            engine.dispose()
            raise
    return Catalogue(engine, home, READ_ONLY_IS_SET)


def _leased(home: Path, engine: Engine, holding: bool) -> Lease | None:
    """Return this process's part in the lease of its home, just taken; None if it was only to look."""
    me = holder_of(home)
    if not holding:
        with engine.connect() as connection:
            require_ours(connection, me)
        return None
    lease = Lease(engine, me, partial(_alone, home, engine))
    lease.take()
    return lease


@contextlib.contextmanager
def _alone(home: Path, engine: Engine) -> Iterator[None]:
    """Let one process at a time, of this home and of every other one, change the form or the holder of a catalogue."""
    with _migration_lock(home), one_at_a_time(engine):
        yield


def settle(settings: Settings) -> None:
    """Write everything into `catalogue.sqlite` itself, so that a copy of this one file is whole.

    SQLite keeps the newest changes in a file next to it, which stays when processes are killed. Nothing is done for a
    catalogue on a server, or one that may only be read. Raises Outage or StoreUnavailable.
    """
    path = settings.home_folder / CATALOGUE
    if settings.store_kind.holds_catalogue or settings.read_only or not path.exists():
        return
    engine = engine_of(settings)
    with translated(path), engine.connect() as connection:
        connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
    engine.dispose()


@contextlib.contextmanager
def _migration_lock(home: Path) -> Iterator[None]:
    """Let one process at a time check and migrate the catalogue's form."""
    with open(home / MIGRATION_LOCK, "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def translated(path: Path | None = None) -> Iterator[None]:
    """Translate SQLAlchemy's errors into the dashboard's, naming the catalogue's file if it is given."""
    try:
        yield
    except IntegrityError as error:
        raise Conflict("This name is taken, or something else still refers to it.") from error
    except DBAPIError as error:
        kind = ConnectionLost if _is_lost(error) else Outage if _passes(error) else StoreUnavailable
        file = f" {path}" if path is not None and isinstance(error.orig, sqlite3.Error) else ""
        raise kind(f"The catalogue{file} cannot be used now: {str(error.orig).rstrip('.')}.{_remedy(error)}") from error
    except PoolTimeout as error:
        raise Outage("The catalogue cannot be used now: too many requests wait for it.") from error
    except SQLAlchemyError as error:
        raise StoreError(f"The catalogue failed: {type(error).__name__}.") from error


def _is_lost(error: DBAPIError) -> bool:
    number = getattr(error.orig, "errno", None)
    return not isinstance(error.orig, sqlite3.Error) and (error.connection_invalidated or is_of_client(number))


def _passes(error: DBAPIError) -> bool:
    if isinstance(error.orig, sqlite3.Error):
        return sqlite_passes(error.orig)
    return error.connection_invalidated or server_passes(getattr(error.orig, "errno", None), str(error.orig))


def _remedy(error: DBAPIError) -> str:
    code = getattr(error.orig, "sqlite_errorcode", None)
    return f" {SQLITE_WORDS[code & 0xFF]}" if code is not None and code & 0xFF in SQLITE_WORDS else ""


@contextlib.contextmanager
def _home_translated(home: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if system_passes(error):
            raise Outage(f"The data folder {home} cannot be used now. {system_words(error)}") from error
        remedy = "fix its permissions or set WEIGHTBASE_HOME"
        if is_frozen(home, (CATALOGUE, MIGRATION_LOCK)):
            remedy += "; to read what is in it set WEIGHTBASE_READ_ONLY=1"
        raise StoreUnavailable(f"The data folder {home} cannot be used ({error.strerror}): {remedy}.") from error
