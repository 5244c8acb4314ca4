"""Connections to one database: leased, checked, replaced when lost; every error of the driver translated here."""

import os
import re
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import mysql.connector
from mysql.connector.errors import Error

from dashboard.errors import ConnectionLost, Outage, StoreUnavailable
from dashboard.outages import CLOSED, NO_SPACE, server_passes
from dashboard.records.mysql_address import MysqlAddress
from dashboard.responding import BRIEF, Responding, Waits, responding_of
from dashboard.weights.mysql_binary import BinaryChannel, is_available
from dashboard.weights.mysql_text import PlainChannel, TextChannel

T = TypeVar("T")

REGISTRY = re.compile(r"(?=\bweights__(?:versions|tables|uses|special_cells)\b)")
"""Where the name of a table of the registry begins; tables of weights have their prefix in what we call them."""
NO_SUCH_TABLE = 1146
NO_SUCH_DATABASE = 1049
DISK_FULL = 1021
GONE = 2006
PAUSES = (0.1, 0.5, 1.0, 2.0)
"""Seconds between attempts after a lost connection: a server that restarts is back within them, a hang is not."""

PATIENT = Waits(connect=10, read=600, row_lock=8, named_lock=60)
"""For runs, copies and verifications, which try again."""
SQL_MODE = "STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION"
RIGHTS_WANTED = "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, INDEX, REFERENCES, CREATE VIEW, SHOW VIEW"


class TryAgain(Outage):
    """The server took back a transaction because of another one."""


class NoSuchTable(StoreUnavailable):
    """A table that a statement names does not exist."""


class TableChanged(StoreUnavailable):
    """A table is not what it was made as (a column is missing), or the server finds it damaged."""


class NameInUse(StoreUnavailable):
    """A table or view of this name exists already."""


REMEDIES: tuple[tuple[set[int], type[StoreUnavailable], str], ...] = (
    ({NO_SUCH_TABLE}, NoSuchTable, "A table was removed by someone else."),
    (
        {1034, 1054, 1194, 1712, 1812, 1814, 1815, 1877, 1932},
        TableChanged,
        "A table was changed or damaged by someone else.",
    ),
    ({1050}, NameInUse, "It is left alone."),
    ({1020, 1213, 1614}, TryAgain, "Another transaction was in the way; try again."),
    ({1205}, StoreUnavailable, "Another program holds a lock on a row or table: let it end, or end it there."),
    (
        {2002, 2003, GONE, 2013, 2055, 3024, 1053, 1927, 4031},
        ConnectionLost,
        "See whether the server runs and can be reached from here.",
    ),
    (
        {1044, 1045, 1142, 1143, 1227, 1370, 1698},
        StoreUnavailable,
        f"Check the user and the password, and GRANT {RIGHTS_WANTED} ON {{database}}.* to the user.",
    ),
    ({1290, 1792, 1836, 3100}, StoreUnavailable, "The server is read-only: name the one that takes writes."),
    ({DISK_FULL, 1114}, StoreUnavailable, "The server's disk is full: free some space there."),
    ({1040, 1203, 1226}, StoreUnavailable, "Raise the server's max_connections, or run fewer threads and workers."),
    ({1461}, StoreUnavailable, "Raise the server's max_prepared_stmt_count, or set it to 0: then none are used."),
    ({1153}, StoreUnavailable, "Raise the server's max_allowed_packet to 16M or more."),
    ({NO_SUCH_DATABASE}, StoreUnavailable, "Create it: CREATE DATABASE {database}."),
)
"""What the server's error numbers mean for us, and what a person can do."""


@contextmanager
def translated(address: MysqlAddress) -> Iterator[None]:
    """Translate the driver's errors, naming the remedy."""
    try:
        yield
    except Error as error:
        raise _translation(address, error) from error


def _translation(address: MysqlAddress, error: Error) -> StoreUnavailable:
    number, said = error.errno or 0, error.msg or str(error)
    if NO_SPACE.search(said):
        number = DISK_FULL  # the server's system has no space left; the number only says what it was doing
    if CLOSED in said:
        number = GONE  # the connector has noticed by itself that the server closed the connection
    known = (entry for entry in REMEDIES if number in entry[0])
    _, kind, remedy = next(known, (set(), StoreUnavailable, ""))
    remedy = remedy.format(database=address.database)
    if kind is StoreUnavailable and server_passes(number, said):
        kind = Outage
    return kind(f"The MySQL store at {address} says: {said} ({number}). {remedy}".strip())


class Session:
    """One leased connection: statements, transactions, locks, and a channel for rows of numbers."""

    def __init__(self, address: MysqlAddress, connection: Any, only_public: bool, waits: Waits) -> None:  # noqa: ANN401
        self.address = address
        self.waits = waits
        self.connection = connection
        self.changed = 0
        self._cursor = connection.cursor()  # one for all statements: to make one asks the server whether it is there
        self.channel: BinaryChannel | TextChannel = TextChannel(connection)
        variables = self._variables("max_prepared_stmt_count", "log_bin", "binlog_format")
        if variables.get("max_prepared_stmt_count") == "0":
            self.channel = PlainChannel(connection)
        elif not only_public and is_available(connection):
            self.channel = BinaryChannel(connection)
        # A log of statements cannot be written at this level.
        if (variables.get("log_bin"), variables.get("binlog_format")) != ("ON", "STATEMENT"):
            self.run("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
        self.run(f"SET SESSION innodb_lock_wait_timeout = {waits.row_lock}, lock_wait_timeout = {waits.row_lock}")

    def _variables(self, *names: str) -> dict[str, str]:
        """Return those of the server's variables that it has."""
        rows = self.run(f"SHOW VARIABLES WHERE Variable_name IN ({', '.join(['%s'] * len(names))})", names)
        return {str(name): str(value) for name, value in rows}

    def run(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run a statement, its values escaped by the driver, and return the rows of its result."""
        with translated(self.address):
            self._cursor.execute(self._named(sql), tuple(values))
            rows: list[tuple[Any, ...]] = self._cursor.fetchall() if self._cursor.with_rows else []
            self.changed = self._cursor.rowcount
        return rows

    def _named(self, sql: str) -> str:
        """Return a statement with the prefix in front of the names of the registry's tables."""
        return REGISTRY.sub(self.address.prefix, sql) if self.address.prefix else sql

    def run_many(self, sql: str, values: Sequence[Sequence[Any]]) -> None:
        """Run an INSERT for each of many rows, in bulk."""
        with translated(self.address):
            cursor = self.connection.cursor()
            for start in range(0, len(values), 5000):
                cursor.executemany(self._named(sql), [tuple(row) for row in values[start : start + 5000]])
            cursor.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit what is done inside at the end, or nothing of it."""
        self.run("START TRANSACTION")
        try:
            yield
        except BaseException:
            with suppress(ConnectionLost):  # the server takes back what a lost connection has left
                self.run("ROLLBACK")
            raise
        self.run("COMMIT")

    def transact(self, action: Callable[[], T]) -> T:
        """Run `action` as one transaction; again, a few times, if the server takes it back."""
        for pause in PAUSES:
            try:
                with self.transaction():
                    return action()
            except TryAgain:
                time.sleep(pause)
        with self.transaction():
            return action()

    def lock(self, name: str, seconds: int = 0) -> bool:
        """Take a named lock of the server, which lives as long as this connection; False if another has it."""
        return self.run("SELECT GET_LOCK(%s, %s)", (name, min(seconds, self.waits.named_lock))) == [(1,)]

    def unlock(self, name: str) -> None:
        """Let go of a named lock."""
        self.run("SELECT RELEASE_LOCK(%s)", (name,))

    @contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """Hold a named lock inside; raises Outage if it cannot be had within a minute, or as long as a page waits."""
        if not self.lock(name, self.waits.named_lock):
            raise Outage(f"Another process has held {name} for {self.waits.named_lock} seconds; try again later.")
        try:
            yield
        finally:
            with suppress(ConnectionLost):  # a lock goes with its connection
                self.unlock(name)

    def close(self) -> None:
        """Let the connection go."""
        with suppress(Error, OSError):  # it may be lost already
            self.connection.close()


class Connections:
    """The connections of this process to one database; safe for threads, and empty again after a fork."""

    def __init__(self, address: MysqlAddress, only_public: bool = False) -> None:
        self.address = address
        self._only_public = only_public
        self._waits = PATIENT
        self._responding: Responding | None = None
        self._idle: list[Session] = []
        self._inherited: list[Session] = []
        self._process = os.getpid()
        self._guard = threading.Lock()
        weakref.finalize(self, _close_all, self._idle)

    def answer_pages(self) -> None:
        """Wait briefly from now on, and not at all while another thread finds the server unresponsive."""
        self._waits, self._responding = BRIEF, responding_of(self.address.server)
        self.close()

    def take(self) -> Session:
        """Return a session for exclusive use; raises ConnectionLost or StoreUnavailable."""
        with self._guard:
            if self._process != os.getpid():
                self._leave_to_parent()
            session = self._idle.pop() if self._idle else None
        return session or self._open()

    def _leave_to_parent(self) -> None:
        """After a fork: forget the parent's connections, without saying goodbye to the server in its name."""
        for session in self._idle:
            session.channel.abandon()
        self._inherited += self._idle
        self._idle.clear()
        self._process = os.getpid()

    def give_back(self, session: Session) -> None:
        """Keep a session, in which nothing is going on, for the next who needs one."""
        with self._guard:
            self._idle.append(session)

    def attempt(self, action: Callable[[Session], T]) -> T:
        """Run something that can be repeated; after a lost connection again, on a new one, a few times."""
        result, session = self.attempt_and_keep(action)
        self.give_back(session)
        return result

    def attempt_and_keep(self, action: Callable[[Session], T]) -> tuple[T, Session]:
        """Do as `attempt`, and return the session, too, which is the caller's now."""
        pauses = iter(PAUSES)
        while True:
            try:
                with self._listening():
                    return self._once(action)
            except (ConnectionLost, TryAgain):
                self.close()
                pause = next(pauses, None)
                if pause is None:
                    raise
                time.sleep(pause)

    @contextmanager
    def _listening(self) -> Iterator[None]:
        """Note whether the server answers; raises Outage at once while it is known to be unresponsive."""
        if self._responding is None:
            yield
            return
        with self._responding.listening():
            yield

    def _once(self, action: Callable[[Session], T]) -> tuple[T, Session]:
        session = self.take()
        try:
            return action(session), session
        except BaseException:
            session.close()
            raise

    def close(self) -> None:
        """Close the connections that wait: at the end, or because the server was restarted and has forgotten them."""
        with self._guard:
            idle = self._idle.copy()
            self._idle.clear()
        _close_all(idle)

    def _open(self) -> Session:
        with translated(self.address):
            try:
                connection = self._connect(self.address.database)
            except Error as error:
                if error.errno != NO_SUCH_DATABASE:
                    raise
                connection = self._create_database()
        return Session(self.address, connection, self._only_public, self._waits)

    def _create_database(self) -> Any:  # noqa: ANN401 - the connector's connections have no common type
        connection = self._connect(None)
        name = self.address.database.replace("`", "``")
        connection.cursor().execute(f"CREATE DATABASE IF NOT EXISTS `{name}` CHARACTER SET utf8mb4")
        connection.close()
        return self._connect(self.address.database)

    def _connect(self, database: str | None) -> Any:  # noqa: ANN401 - the connector's connections have no common type
        return mysql.connector.connect(
            **self.address.arguments(),
            database=database,
            use_pure=not (self._only_public and mysql.connector.HAVE_CEXT),
            autocommit=True,
            charset="utf8mb4",
            collation="utf8mb4_bin",
            sql_mode=SQL_MODE,
            connection_timeout=self._waits.connect,
            read_timeout=self._waits.read,
            write_timeout=self._waits.read,
        )


def _close_all(sessions: list[Session]) -> None:
    while sessions:
        sessions.pop().close()
