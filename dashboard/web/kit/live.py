"""Live parts that many tabs poll at the same moment: rendered once, sent to all, each with the token of its own.

A rendered part is cached for a second, under its address and the mark of what it shows; the mark itself for a tenth of
one, so that 200 tabs that poll once a second query the catalogue ten times.
"""

import threading
from collections.abc import Callable, MutableMapping

from cachetools import TTLCache
from flask import Response, current_app, request
from flask_wtf.csrf import generate_csrf

from dashboard.http import own_path
from dashboard.web.kit.query import query

MOST_PARTS = 64
TOKEN_PLACE = "token-of-the-tab"  # noqa: S105 - stands where a token will

Key = tuple[object, ...]


class LiveParts:
    """The last few parts that were rendered; safe for several threads."""

    def __init__(self, mark_seconds: float = 0.1, part_seconds: float = 1.0) -> None:
        self.marks: TTLCache[Key, str] = TTLCache(MOST_PARTS, mark_seconds)
        self.parts: TTLCache[Key, str] = TTLCache(MOST_PARTS, part_seconds)
        self.lock = threading.Lock()

    def mark(self, find: Callable[[], str]) -> str:
        """Return what `find` returns for this request's path, or did a moment ago."""
        return self._cached(self.marks, (request.path,), find)

    def part(self, mark: str, render: Callable[[], str]) -> str:
        """Return what `render` returns for this address, once for all tabs with this mark."""
        others = sorted((name, value) for name, value in request.args.items() if name != "mark")
        token = generate_csrf()
        part = self._cached(self.parts, (own_path(), *others, mark), lambda: render().replace(token, TOKEN_PLACE))
        return part.replace(TOKEN_PLACE, token)

    def _cached(self, cache: MutableMapping[Key, str], key: Key, make: Callable[[], str]) -> str:
        with self.lock:
            value = cache.get(key)
        if value is None:
            value = make()
            with self.lock:
                cache[key] = value
        return value


def live_answer(find_mark: Callable[[], str], render: Callable[[str], str]) -> Response:
    """Answer a poll with nothing (204) if the tab has what belongs to the present mark, else with the new part.

    `render` is given the mark, so that what changes while it renders is fetched at the next poll.
    """
    parts = current_app.extensions["live"]
    mark = parts.mark(find_mark)
    is_known = query().text("mark") == mark
    answer = Response(status=204) if is_known else Response(parts.part(mark, lambda: render(mark)))
    answer.headers["Cache-Control"] = "no-store"
    return answer
