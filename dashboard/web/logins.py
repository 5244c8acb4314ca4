"""Wrong passwords: each is logged with its peer, and a peer that keeps guessing has to wait longer and longer.

Nobody waits in a thread: who comes too early is refused without the password being looked at.
"""

import logging
import threading
import time

from cachetools import TTLCache

log = logging.getLogger(__name__)

FREE_TRIES = 5
LONGEST_SECONDS = 60.0
FORGOTTEN_SECONDS = 900.0
MOST_PEERS = 10_000


class Logins:
    """The failed logins of the last minutes by peer; safe for several threads."""

    def __init__(self) -> None:
        self._failures: TTLCache[str, tuple[int, float]] = TTLCache(MOST_PEERS, FORGOTTEN_SECONDS)
        self._lock = threading.Lock()

    def seconds_to_wait(self, peer: str) -> float:
        """Return how long a peer has to wait until it may try again; 0 if it may now."""
        with self._lock:
            return max(0.0, self._failures.get(peer, (0, 0.0))[1] - time.monotonic())

    def failed(self, peer: str) -> None:
        """Record and log a wrong password, which the log does not have."""
        with self._lock:
            count = self._failures.get(peer, (0, 0.0))[0] + 1
            pause = min(LONGEST_SECONDS, 2.0 ** min(count - FREE_TRIES, 10)) if count >= FREE_TRIES else 0.0
            self._failures[peer] = count, time.monotonic() + pause
        log.warning("Wrong password from %s (%s in a row); it may try again in %.0f s.", peer, count, pause)

    def succeeded(self, peer: str) -> None:
        """Forget the failures of a peer that knows the password."""
        with self._lock:
            self._failures.pop(peer, None)
