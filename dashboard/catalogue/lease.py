"""One home a database: its processes hold a lease together, which another home cannot get while one of them lives.

Each process holds one of SLOTS locks of the server, on a connection of its own: the lock ends with the connection, and
that with the process, however it ends. A row says whose home they are. After an outage the locks are taken again; if
another home has been quicker, the lease is lost, and this home writes nothing any more.
"""

import contextlib
import hashlib
import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager

from sqlalchemy import Connection, Engine, bindparam, inspect, select, text
from sqlalchemy.exc import SQLAlchemyError

from dashboard.catalogue.prefixed import prefix_of
from dashboard.catalogue.tables import holders
from dashboard.errors import OtherDashboard
from dashboard.holder import Holder, holder_from, in_use

log = logging.getLogger(__name__)

SLOTS = 24
LOOK_SECONDS = 5.0
PATIENCE_SECONDS = 2.0
LONGEST_SILENCE_SECONDS = 60
"""A machine that vanishes holds its locks for so long."""

Guard = Callable[[], AbstractContextManager[None]]
"""What lets one process at a time, of whatever home, take a lease."""


class Lease:
    """A process's part in the lease of its home; `lost` says who has the database instead, empty while it is ours."""

    def __init__(self, engine: Engine, me: Holder, guard: Guard) -> None:
        self.engine, self.me, self.guard = engine, me, guard
        self.lost = ""
        self.when_lost: Callable[[], None] = lambda: None
        self._stop = threading.Event()
        self._using = threading.Lock()
        self._connection: Connection | None = None
        self._slot = ""
        self._is_first = False

    def take(self) -> None:
        """Take a slot, inside the guard; raises OtherDashboard if another home lives."""
        connection = self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        connection.detach()
        try:
            self._is_first = not require_ours(connection, self.me)
            connection.execute(text(f"SET SESSION wait_timeout = {LONGEST_SILENCE_SECONDS}"))
            self._slot = _take_slot(connection)
        except BaseException:
            connection.close()
            raise
        with self._using:
            self._connection = connection

    def keep(self) -> None:
        """Write down whose home it is, inside the guard, and look after the slot until `end` is called."""
        _write_down(self.engine, self.me, self._is_first)
        threading.Thread(target=self._look_after, name="lease", daemon=True).start()

    def end(self) -> None:
        """Give the slot back."""
        self._stop.set()
        if self._using.acquire(timeout=PATIENCE_SECONDS):  # a server that is away gives it back by itself
            try:
                self._let_go()
            finally:
                self._using.release()

    def _look_after(self) -> None:
        while not self._stop.wait(LOOK_SECONDS):
            try:
                with self._using:
                    is_held = self._is_held()
                if not is_held:
                    self._take_again()
            except OtherDashboard as error:
                self.lost = error.message
                log.error("Nothing is written any more. %s", error.message)
                self.when_lost()
                return
            except SQLAlchemyError as error:
                log.warning("The lock on the database cannot be taken again now: %s", _said(error))

    def _take_again(self) -> None:
        with self.guard():
            self.take()
            _write_down(self.engine, self.me, is_first=False)
        if self._stop.is_set():  # since it was looked at
            self.end()

    def _is_held(self) -> bool:
        """Return whether the connection lives, and with it the lock; what is dead is let go."""
        try:
            if self._connection is not None:
                self._connection.execute(text("SELECT 1"))
                return True
        except SQLAlchemyError as error:
            log.warning("The connection that holds the lock on the database has ended: %s", _said(error))
            self._let_go()
        return self._stop.is_set()

    def _let_go(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        with contextlib.suppress(SQLAlchemyError):  # a dead connection has given it back
            if not connection.invalidated:
                connection.execute(text("SELECT RELEASE_LOCK(:name)"), {"name": self._slot})
        with contextlib.suppress(SQLAlchemyError):
            connection.close()


def _said(error: SQLAlchemyError) -> str:
    return str(getattr(error, "orig", error))


def _take_slot(connection: Connection) -> str:
    """Take the first slot that is free; return its name."""
    for name in _slots(connection):
        if connection.execute(text("SELECT GET_LOCK(:name, 0)"), {"name": name}).scalar() == 1:
            return name
    log.warning("All slots of this home are taken: its other processes hold its place.")
    return ""


def require_ours(connection: Connection, me: Holder) -> bool:
    """Return whether a process of this home holds a slot; raises OtherDashboard if one of another home does."""
    marks = ", ".join(f"IS_USED_LOCK(:n{place})" for place in range(SLOTS))
    names = {f"n{place}": name for place, name in enumerate(_slots(connection))}
    query = text(f"SELECT {marks}").bindparams(*map(bindparam, names))
    if not any(user is not None for user in connection.execute(query, names).one()):
        return False
    other = _holder(connection)
    if other is None or other.home != me.home:
        raise in_use(f"The database {connection.engine.url.database}", other)
    return True


def _slots(connection: Connection) -> list[str]:
    """Return the names of the locks, which are the server's: each database has its own."""
    database = f"{connection.engine.url.database}{prefix_of(connection)}"
    digest = hashlib.sha256(database.encode()).hexdigest()[:16]
    return [f"weightbase_home_{digest}_{place}" for place in range(SLOTS)]


def _holder(connection: Connection) -> Holder | None:
    if not inspect(connection).has_table(prefix_of(connection) + holders.name):
        return None
    row = connection.execute(select(holders)).mappings().first()
    return holder_from(dict(row)) if row else None


def _write_down(engine: Engine, me: Holder, is_first: bool) -> None:
    with engine.connect().execution_options(write=True) as connection, connection.begin():
        row = connection.execute(select(holders.c.home)).scalar()
        if row != me.home or is_first:  # else another process of the home uses it since it was written
            connection.execute(holders.delete())
            connection.execute(holders.insert().values(id=1, **me.to_json()))
