"""What was found out about tensors, kept by their content: the change between two of them can never be another one.

Only small things belong here (numbers, not arrays of cells); the least recently asked for go first. Threads may ask at
the same time: at worst something is found out twice.
"""

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Any

MOST = 256


class Kept:
    """At most `most` findings by their keys; None is none."""

    def __init__(self, most: int = MOST) -> None:
        self.most = most
        self._found: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> Any:  # noqa: ANN401 - who keeps something knows what it is
        """Return what is kept under a key, None if nothing is."""
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
            return self._found.get(key)

    def keep(self, key: Hashable, found: Any) -> None:  # noqa: ANN401
        """Keep a finding under its key."""
        with self._lock:
            self._found[key] = found
            while len(self._found) > self.most:
                self._found.popitem(last=False)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._found.clear()
