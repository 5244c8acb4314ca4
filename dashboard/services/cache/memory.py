"""Results about tensors in memory, by their content: the change between two tensors is always the same.

Only small results belong in it (numbers, not arrays of cells). Threads may use it at the same time: at worst a result
is computed twice.
"""

import threading
from collections.abc import Hashable
from typing import Any

from cachetools import LRUCache

MOST = 256


class ResultCache:
    """The `most` results that were used last, by their keys."""

    def __init__(self, most: int = MOST) -> None:
        self._results: LRUCache[Hashable, Any] = LRUCache(most)
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> Any:  # noqa: ANN401 - the caller knows the type of its results
        """Return the result of a key, None if there is none."""
        with self._lock:
            return self._results.get(key)

    def put(self, key: Hashable, result: Any) -> None:  # noqa: ANN401
        """Store the result of a key."""
        with self._lock:
            self._results[key] = result

    def clear(self) -> None:
        """Remove all results."""
        with self._lock:
            self._results.clear()
