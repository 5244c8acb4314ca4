"""Waiting for what passes: the same is tried again until it succeeds, with pauses that grow up to a limit."""

import itertools
from collections.abc import Callable, Iterator
from typing import TypeVar

from dashboard.errors import Outage

T = TypeVar("T")

PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Seconds before the next attempts; the last one is repeated: an outage may last for hours."""

Waits = Callable[[Outage, float], None]
"""What passes the time between two attempts: given what went wrong and the seconds; raises to give up."""


def pauses() -> Iterator[float]:
    """Yield the seconds to wait before each further attempt, without end."""
    return itertools.chain(PAUSES, itertools.repeat(PAUSES[-1]))


def patiently(action: Callable[[], T], waits: Waits) -> T:
    """Return what `action` returns, tried again for as long as it raises Outage and `waits` does not give up."""
    between = pauses()
    while True:
        try:
            return action()
        except Outage as outage:
            waits(outage, next(between))
