"""Live parts that many tabs ask for at the same moment: rendered once, sent to all, each with the token of its own.

A part is kept for a second, under the address that asked for it and the mark of what it shows.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from flask import request
from flask_wtf.csrf import generate_csrf

MOST_PARTS = 64
KEPT_SECONDS = 1.0
TOKEN_PLACE = "token-of-the-one-who-asks"  # noqa: S105 - stands where a token will


class SharedParts:
    """The last few parts that were rendered; safe for several threads."""

    def __init__(self) -> None:
        self.parts: OrderedDict[tuple[str, ...], tuple[float, str]] = OrderedDict()
        self.lock = threading.Lock()

    def part(self, mark: str, render: Callable[[], str]) -> str:
        """Return what `render` gives for this request's path and list, once for all who ask at this mark."""
        key = (request.path, request.args.get("state", ""), request.args.get("offset", ""), mark)
        with self.lock:
            made, found = self.parts.get(key, (0.0, ""))
        token = generate_csrf()
        if found and time.monotonic() - made < KEPT_SECONDS:
            return found.replace(TOKEN_PLACE, token)
        made, rendered = time.monotonic(), render()
        with self.lock:
            self.parts[key] = made, rendered.replace(token, TOKEN_PLACE)
            while len(self.parts) > MOST_PARTS:
                self.parts.popitem(last=False)
        return rendered
