"""A database server that takes connections and answers nothing, as a process that answers pages meets it.

A page waits briefly for it; what waits for longer belongs to the worker. While the server is unresponsive one request
at a time tries it, and all others are refused at once: each try takes seconds, and requests outnumber the threads.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from dashboard.errors import ConnectionLost, Outage

LOST_SECONDS = 2.0
"""A failure that took so long is an unresponsive server; a server that is down refuses at once."""
PAUSE_SECONDS = 0.5
TRIAL_SECONDS = 12.0
"""So long a try counts as under way: longer than any takes."""


class Waits(NamedTuple):
    """How many seconds to wait: for a connection, for the next bytes of a server, and for locks that others hold."""

    connect: int
    read: int
    row_lock: int
    named_lock: int


BRIEF = Waits(connect=3, read=5, row_lock=3, named_lock=3)
"""For a page: a read that fails on a connection and a new connection that fails, together, stay below ten seconds."""


class Responding:
    """Whether one server is unresponsive; shared by what talks to it in this process, safe for threads."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._guard = threading.Lock()
        self._next_try: float | None = None
        self._tries = 0

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Note whether the server answers within the block; ConnectionLost after some seconds says that it does not.

        Raises Outage then, and at once while the server is unresponsive and it is not this thread's turn to try it.
        """
        began, answers = self._begin(), True
        try:
            yield
        except ConnectionLost as error:
            answers = False
            if self._lost(began):
                raise Outage(self.words()) from error
            raise
        finally:
            if answers:
                self._heard()

    def _begin(self) -> float:
        now, me = time.monotonic(), threading.get_ident()
        with self._guard:
            if self._next_try is not None and me != self._tries:
                if now < self._next_try:
                    raise Outage(self.words())
                self._next_try, self._tries = now + TRIAL_SECONDS, me
        return now

    def _lost(self, began: float) -> bool:
        """Return whether the server is unresponsive, rather than down."""
        now = time.monotonic()
        with self._guard:
            is_unresponsive = now - began >= LOST_SECONDS
            if is_unresponsive:
                self._next_try = now + PAUSE_SECONDS
            elif self._tries == threading.get_ident():
                self._next_try = None
            self._tries = 0
        return is_unresponsive

    def _heard(self) -> None:
        if self._next_try is not None:
            with self._guard:
                self._next_try, self._tries = None, 0

    @property
    def is_unresponsive(self) -> bool:
        """Whether the server was unresponsive when it was last tried."""
        return self._next_try is not None

    def words(self) -> str:
        """Return what is wrong and what a person can do."""
        return (
            f"The database server at {self._server} does not answer. See whether it runs, is not stopped, and can be "
            "reached from here; then try again."
        )


_KNOWN: dict[str, Responding] = {}


def responding_of(server: str) -> Responding:
    """Return what this process knows of a server, by the name that people read (host:port, or a socket)."""
    return _KNOWN.setdefault(server, Responding(server))
