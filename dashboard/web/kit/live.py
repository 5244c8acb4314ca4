"""Live parts that many tabs request at the same moment: rendered once, sent to all, each with its own token.

A part is cached for a second, under its address and the mark of what it shows; the mark itself for a tenth of one, so
that 200 tabs that poll once a second query the catalogue ten times.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from flask import request
from flask_wtf.csrf import generate_csrf

MOST_PARTS = 64
PART_SECONDS = 1.0
MARK_SECONDS = 0.1
TOKEN_PLACE = "token-of-this-session"  # noqa: S105 - is replaced by a token


class SharedParts:
    """The last few parts that were rendered; safe for several threads."""

    def __init__(self) -> None:
        self.parts: OrderedDict[tuple[str, ...], tuple[float, str]] = OrderedDict()
        self.lock = threading.Lock()

    def mark(self, read: Callable[[], str]) -> str:
        """Return what `read` gives for this request's path, or gave a moment ago."""
        return self._shared((request.path, "mark"), MARK_SECONDS, read)

    def part(self, mark: str, render: Callable[[], str]) -> str:
        """Return what `render` gives for this request's path and list, once for all requests with this mark."""
        key = (request.path, request.args.get("state", ""), request.args.get("offset", ""), mark)
        token = generate_csrf()
        part = self._shared(key, PART_SECONDS, lambda: render().replace(token, TOKEN_PLACE))
        return part.replace(TOKEN_PLACE, token)

    def _shared(self, key: tuple[str, ...], seconds: float, make: Callable[[], str]) -> str:
        with self.lock:
            made, part = self.parts.get(key, (0.0, ""))
        if part and time.monotonic() - made < seconds:
            return part
        made, part = time.monotonic(), make()
        with self.lock:
            self.parts[key] = made, part
            self.parts.move_to_end(key)
            while len(self.parts) > MOST_PARTS:
                self.parts.popitem(last=False)
        return part
