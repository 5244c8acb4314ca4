"""Outages of store and catalogue, as they come: each a context in which it lasts."""

import os
import signal
import sqlite3
from contextlib import closing, contextmanager, suppress

import mysql.connector

from dashboard.catalogue.tables import runs
from dashboard.services.runs.queue import waiting_runs
from tests.server import connect
from tests.worker import wait_until


def wait_until_waiting(workspace, run_id):
    """Wait until a run is shown to wait for the database; return why."""
    wait_until(lambda: run_id in waiting_runs(workspace), f"run {run_id} to wait for the database")
    return waiting_runs(workspace)[run_id]


@contextmanager
def killed(server):
    """A server that dies, and is started again at the end."""
    server.kill()
    yield
    server.start()


@contextmanager
def stopped(server):
    """A server that answers no more, and accepts connections still."""
    os.kill(server.process.pid, signal.SIGSTOP)
    yield
    os.kill(server.process.pid, signal.SIGCONT)


def cut_connections(url):
    """End every connection to a server but the one that does it."""
    with closing(connect(url)) as connection, closing(connection.cursor()) as cursor:
        cursor.execute("SELECT id FROM information_schema.processlist WHERE user = 'tester' AND id <> connection_id()")
        for (number,) in cursor.fetchall():
            with suppress(mysql.connector.Error):  # it has ended by itself meanwhile
                cursor.execute(f"KILL {number}")


@contextmanager
def row_locked(url, run_id):
    """The row of a run, which another program has locked."""
    server, _, database = url.rpartition("/")
    with closing(connect(server, database)) as connection, closing(connection.cursor()) as cursor:
        connection.autocommit = False
        cursor.execute(f"SELECT * FROM {runs.name} WHERE id = {run_id} FOR UPDATE")
        cursor.fetchall()
        yield
        connection.rollback()


@contextmanager
def sqlite_locked(path):
    """A catalogue in a file that another program writes, without an end."""
    with closing(sqlite3.connect(path, isolation_level=None, timeout=60)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


@contextmanager
def disk_filled(folder):
    """A disk on which not one block is free."""
    path = folder / "filling"
    with open(path, "wb", buffering=0) as file:
        for size in (1 << 16, 1 << 12, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue
    yield
    path.unlink()
