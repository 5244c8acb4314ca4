"""Live parts that many tabs ask for at the same moment: rendered once, sent to all, each with the token of its own.

A part is kept for a second, under the address that asked for it and the mark of what it shows; the mark itself for a
tenth of one, so that 200 tabs that ask once a second ask the catalogue ten times.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from flask import request
from flask_wtf.csrf import generate_csrf

MOST_PARTS = 64
KEPT_SECONDS = 1.0
MARK_SECONDS = 0.1
TOKEN_PLACE = "token-of-the-one-who-asks"  # noqa: S105 - stands where a token will


class SharedParts:
    """The last few parts that were rendered; safe for several threads."""

    def __init__(self) -> None:
        self.parts: OrderedDict[tuple[str, ...], tuple[float, str]] = OrderedDict()
        self.lock = threading.Lock()

    def mark(self, ask: Callable[[], str]) -> str:
        """Return what `ask` gives for this request's path, or gave a moment ago."""
        return self._shared((request.path, "mark"), MARK_SECONDS, ask)

    def part(self, mark: str, render: Callable[[], str]) -> str:
        """Return what `render` gives for this request's path and list, once for all who ask at this mark."""
        key = (request.path, request.args.get("state", ""), request.args.get("offset", ""), mark)
        token = generate_csrf()
        part = self._shared(key, KEPT_SECONDS, lambda: render().replace(token, TOKEN_PLACE))
        return part.replace(TOKEN_PLACE, token)

    def _shared(self, key: tuple[str, ...], seconds: float, make: Callable[[], str]) -> str:
        with self.lock:
            made, found = self.parts.get(key, (0.0, ""))
        if found and time.monotonic() - made < seconds:
            return found
        made, found = time.monotonic(), make()
        with self.lock:
            self.parts[key] = made, found
            self.parts.move_to_end(key)
            while len(self.parts) > MOST_PARTS:
                self.parts.popitem(last=False)
        return found
