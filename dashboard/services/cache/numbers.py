"""Numbers about weights that are expensive to compute, cached by the content of the tensors.

A version never changes, and a tensor is named by its SHA-256, so that such a number stays right. They are stored in one
small JSON file per *group* (a network's tensor and a kind of number), next to the decoded arrays, and may be removed at
any time: they are then computed again. Where files cannot be written they are in memory, so that who watches them being
counted sees an end.

Requests that want numbers of one group at the same time wait for each other: whoever comes later finds what the first
one has counted, and counts the rest, so that nothing is counted twice.
"""

import hashlib
import logging
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from dashboard.errors import NewerForm, NotAsSaved
from dashboard.files import atomic_write
from dashboard.records.stored import numbered, unnumbered
from dashboard.services.cache.memory import ResultCache
from dashboard.services.workspace import Workspace

log = logging.getLogger(__name__)

Numbers = dict[str, Any]
MOST_IN_A_FILE = 10_000
MOST_UNWRITTEN = 256
OPTIONS = orjson.OPT_SERIALIZE_NUMPY


@dataclass(frozen=True)
class Budget:
    """How much may be counted now: nothing if it is more than `most_work`, and only for about so many `seconds`.

    Work is counted in cells that are read; to open a version costs as much as `OPENING` cells. Within 0 seconds nothing
    is counted, within any other time at least one key.
    """

    most_work: int | None = None
    seconds: float | None = None


UNLIMITED = Budget()
NOTHING = Budget(seconds=0.0)
"""Only what is cached already."""
OPENING = 5_000
"""What it costs to look at a version at all, however small it is, in cells."""


class _Lock:
    """The lock of a group; it exists as long as anybody holds it or waits for it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()


_locks: weakref.WeakValueDictionary[Path, _Lock] = weakref.WeakValueDictionary()
_making = threading.Lock()
_unwritten = ResultCache(MOST_UNWRITTEN)
"""The numbers of groups whose files could not be written, by their paths: this process counts them once."""


def cached_numbers(
    workspace: Workspace,
    group: str,
    keys: Sequence[str],
    cells: Sequence[int],
    count: Callable[[int], Numbers],
    budget: Budget = UNLIMITED,
) -> list[Numbers | None]:
    """Return the numbers under each key; `count` (given the place of a key) computes those that are not cached.

    To count those of one key so many `cells` are read. What the budget does not allow, or a damaged table does not, is
    None. Numbers are plain JSON without NaN and infinities. Raises what `count` raises but for NotAsSaved; numbers
    computed before that are cached.
    """
    path = _path(workspace, group)
    known = _read(path)
    if _allowed(known, keys, cells, budget):
        begin = time.monotonic()
        with _alone(path, budget.seconds) as is_ours:
            known = _read(path)  # whoever was here before has counted some
            if is_ours:
                end = None if budget.seconds is None else begin + budget.seconds
                known = known | _count(path, _allowed(known, keys, cells, budget), count, end)
    return [known.get(key) for key in keys]


def _allowed(known: dict[str, Numbers], keys: Sequence[str], cells: Sequence[int], budget: Budget) -> dict[str, int]:
    """Return the keys that are to be counted with their places; none if that is beyond the budget."""
    missing = {key: place for place, key in enumerate(keys) if key not in known}
    work = sum(cells[place] + OPENING for place in missing.values())
    is_beyond = budget.most_work is not None and work > budget.most_work
    return {} if budget.seconds == 0 or is_beyond else missing


def _count(path: Path, missing: dict[str, int], count: Callable[[int], Numbers], end: float | None) -> dict[str, Any]:
    """Count until the time is over, one at least, and return what was counted; it is cached, also if one fails."""
    fresh: dict[str, Numbers] = {}
    try:
        for key, place in missing.items():
            if fresh and end is not None and time.monotonic() > end:
                break
            with suppress(NotAsSaved):  # shown as unknown; what it is was noted (services/versions/damage.py)
                fresh[key] = count(place)
    finally:
        if fresh:
            _keep(path, fresh)
    return fresh


@contextmanager
def _alone(path: Path, seconds: float | None) -> Iterator[bool]:
    """Wait until nobody else counts for this file, at most so long; yields whether that is so."""
    with _making:
        own = _locks.setdefault(path, _Lock())
    if not own.lock.acquire(timeout=-1 if seconds is None else seconds):
        yield False
        return
    try:
        yield True
    finally:
        own.lock.release()


def keep_numbers(workspace: Workspace, group: str, fresh: dict[str, Numbers]) -> None:
    """Cache numbers that were counted elsewhere, such as while a version was saved."""
    _keep(_path(workspace, group), fresh)


def clear_numbers(workspace: Workspace) -> None:
    """Remove all cached numbers."""
    for path in _folder(workspace).glob("*"):
        path.unlink(missing_ok=True)
    _unwritten.clear()


def size_of_numbers(workspace: Workspace) -> int:
    """Return the size of the cache in bytes."""
    total = 0
    for path in _folder(workspace).glob("*.json"):
        with suppress(FileNotFoundError):  # removed by another process meanwhile
            total += path.stat().st_size
    return total


def _folder(workspace: Workspace) -> Path:
    return workspace.decoded.folder / "numbers"


def _path(workspace: Workspace, group: str) -> Path:
    return _folder(workspace) / f"{hashlib.sha256(group.encode()).hexdigest()[:32]}.json"


def _read(path: Path) -> dict[str, Numbers]:
    try:
        written = unnumbered("numbers", orjson.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError, NewerForm):
        written = {}  # nothing is cached, it was torn, or it has a newer form: it is computed again
    return written | (_unwritten.get(path) or {})


def _keep(path: Path, fresh: dict[str, Numbers]) -> None:
    """Add to the numbers of the group; of two processes that add at once one may be lost, and counts again."""
    together = _read(path) | fresh
    for key in list(together)[: max(len(together) - MOST_IN_A_FILE, 0)]:
        del together[key]
    try:
        atomic_write(path, orjson.dumps(numbered(together), option=OPTIONS))
    except OSError as error:
        _unwritten.put(path, together)
        log.warning("Numbers are cached in memory only: %s", error)
