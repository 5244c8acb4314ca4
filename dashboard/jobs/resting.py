"""What the web server does when nobody asks it anything: it gives free memory back, and has itself replaced if it grew.

Modules that a page or an upload has loaded, what Python keeps of its own heaps, and caches go only with the process.
"""

import time
from collections.abc import Callable

from dashboard.jobs.memory import give_back, resident_mb

TRIM_SECONDS = 5.0
"""How long after a request free memory is given back to the system, also while others follow."""
REST_SECONDS = 20.0
"""How long after the last request and the end of the last connection the process rests."""
GROWN_MB = 24.0
"""How much larger than at its start a process may stay that rests."""


class Rest:
    """What is known of the requests so far; `replace` is called once, when the process is to be replaced."""

    def __init__(
        self,
        replace: Callable[[], None],
        size: Callable[[], float] = resident_mb,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.replace, self.size, self.clock = replace, size, clock
        give_back()
        self.fresh = size()
        self.used = self.trimmed = 0  # the number of requests when they were looked at last, and at the last trim
        self.used_at = self.trimmed_at = clock()
        self.has_looked = True  # since the last request, at the size
        self.is_replaced = False

    def look(self, requests: int, connections: int) -> None:
        """Do what is due, after so many requests, while so many connections are open."""
        now = self.clock()
        if requests == self.trimmed:
            self.trimmed_at = now
        elif now - self.trimmed_at > TRIM_SECONDS:
            self.trimmed, self.trimmed_at = requests, now
            give_back()
        if requests != self.used or connections:
            self.used, self.used_at, self.has_looked = requests, now, False
        elif not self.has_looked and now - self.used_at > REST_SECONDS:
            self.has_looked = True
            self._replace_if_grown()

    def _replace_if_grown(self) -> None:
        give_back()
        if not self.is_replaced and self.size() - self.fresh > GROWN_MB:
            self.is_replaced = True
            self.replace()
