"""The background: one thread keeps what is logged on disk, another sends it, so that no training waits for a server."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from weightbase.connection import Transport
from weightbase.errors import Refused, Unreachable, WeightbaseError
from weightbase.pushing import MOST_EPOCHS, Pusher, is_there_already, joined_epochs
from weightbase.spool import Entry, Message, Spool, remove, set_aside
from weightbase.tensors import Tensor

log = logging.getLogger("weightbase")

MOST_IN_MEMORY = 2
"""So many copies of a model's weights wait for the disk at most; the next `log` waits for it, too."""
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
"""Seconds between two tries to reach a server, doubled after each."""


class Item(NamedTuple):
    """What was logged: a message, and the copies of the weights that belong to it."""

    message: Message
    tensors: list[Tensor]


class Sender:
    """Keeps and sends what is put into it, in order; for several threads. Without `connect` nothing is sent."""

    def __init__(self, spool: Spool, connect: Callable[[], Transport] | None) -> None:
        self._spool, self._connect = spool, connect
        self._changed = threading.Condition()
        self._items: deque[Item] = deque()
        self._entries: deque[Entry] = deque()
        self._is_writing = False
        self._failures = 0
        self._wakes = 0
        self._has_warned = False
        self._pusher: Pusher | None = None
        self._threads: list[threading.Thread] = []

    def put(self, item: Item) -> None:
        """Take over an item; returns at once unless two wait for the disk already."""
        with self._changed:
            self._start()
            self._changed.wait_for(lambda: len(self._items) < MOST_IN_MEMORY)
            self._items.append(item)
            self._changed.notify_all()

    def is_cancelled(self, key: str) -> bool:
        """Return whether the server's last answer about a run says that it is to stop."""
        return self._pusher is not None and key in self._pusher.cancelled

    def flush(self, seconds: float, until_failure: bool = False) -> int:
        """Wait until everything was sent, at most so long; return how many entries still wait on disk.

        With `until_failure` an unreachable server is tried once and not waited for.
        """
        until = time.monotonic() + seconds
        with self._changed:
            self._changed.wait_for(self._is_on_disk, seconds)
            failures = self._failures
            self._wakes += 1
            self._changed.notify_all()
            if self._connect is not None:
                self._changed.wait_for(
                    lambda: not self._entries or (until_failure and self._failures > failures),
                    max(0.0, until - time.monotonic()),
                )
            return len(self._items) + len(self._entries)

    def _is_on_disk(self) -> bool:
        return not self._items and not self._is_writing

    def _start(self) -> None:
        """Start the threads at the first item."""
        if not self._threads:
            targets = [self._write_all, *([self._send_all] if self._connect is not None else [])]
            self._threads = [threading.Thread(target=one, daemon=True, name="weightbase") for one in targets]
            for thread in self._threads:
                thread.start()

    def _write_all(self) -> None:
        """Keep one item after another on disk, for as long as the process runs."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._items))
                item = self._items.popleft()
                self._is_writing = True
                self._changed.notify_all()
            entry = self._written(item)
            with self._changed:
                self._is_writing = False
                if entry is not None:
                    self._entries.append(entry)
                self._changed.notify_all()

    def _written(self, item: Item) -> Entry | None:
        try:
            return self._spool.put(item.message, item.tensors)
        except OSError as error:
            log.error("What was logged for %s could not be kept on disk and is lost: %s.", item.message.network, error)
            return None

    def _send_all(self) -> None:
        """Send one entry after another; wait longer and longer for a server that cannot be reached."""
        assert self._connect is not None
        pusher, pause = Pusher(self._connect()), FIRST_PAUSE
        self._pusher = pusher
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._entries))
                taken, wakes = self._next(), self._wakes
            problem = send(pusher, taken)
            if problem is None:
                pause = FIRST_PAUSE
                self._done(len(taken))
            else:
                self._failed(problem)
                self._rest(wakes, pause)
                pause = min(2 * pause, LONGEST_PAUSE)

    def _rest(self, wakes: int, seconds: float) -> None:
        """Wait so long, or until somebody flushes."""
        with self._changed:
            self._changed.wait_for(lambda: self._wakes > wakes, seconds)

    def _next(self) -> list[Entry]:
        """Return the oldest entry; with those behind it, if all of them are epochs of one run."""
        first = self._entries[0]
        taken = [first]
        if first.message.what == "epochs":
            for entry in list(self._entries)[1:MOST_EPOCHS]:
                if entry.message.what != "epochs" or entry.message.run != first.message.run:
                    break
                taken.append(entry)
        return taken

    def _done(self, count: int) -> None:
        with self._changed:
            for _ in range(count):
                self._entries.popleft()
            self._failures = 0
            self._has_warned = False
            self._changed.notify_all()

    def _failed(self, problem: Unreachable) -> None:
        """Warn once for each outage, and let those who wait know."""
        with self._changed:
            self._failures += 1
            is_news, self._has_warned = not self._has_warned, True
            self._changed.notify_all()
        if is_news:
            log.warning("%s The training goes on; what it logs waits in %s.", problem, self._spool.folder)


def send(pusher: Pusher, entries: list[Entry]) -> Unreachable | None:
    """Send one entry, or epochs of one run together, and remove them; return why the server cannot be reached.

    What the server refuses is set aside with the reason, and logged.
    """
    first = entries[0]
    if len(entries) > 1:
        first = first._replace(message=joined_epochs([entry.message for entry in entries]))
    try:
        pusher.send(first)
    except Unreachable as error:
        return error
    except (WeightbaseError, OSError) as error:
        if isinstance(error, OSError) or not is_there_already(first, error):
            for entry in entries:
                _refuse(entry, error)
            return None
        log.info("%s", error)
    for entry in entries:
        remove(entry)
    return None


def _refuse(entry: Entry, error: Exception) -> None:
    """Set an entry aside; one that is gone was sent by another process, such as `weightbase sync`."""
    if not entry.folder.is_dir():
        return
    reason = f"{error.field}: {error}" if isinstance(error, Refused) and error.field else str(error)
    try:
        where: Path | str = set_aside(entry, reason)
    except OSError as problem:
        where = f"{entry.folder} ({problem})"
    log.error("The server refuses what was logged for %s: %s It is kept in %s.", entry.message.network, reason, where)
