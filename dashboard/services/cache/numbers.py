"""Numbers about weights that are expensive to compute, cached by the content of the tensors.

A version never changes, and a tensor is named by its SHA-256, so that such a number stays right. They are stored in one
small JSON file per *group* (a network's tensor and a kind of number), next to the decoded arrays, and may be removed at
any time: they are then computed again.
"""

import hashlib
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from dashboard.errors import NewerForm
from dashboard.files import atomic_write
from dashboard.records.stored import numbered, unnumbered
from dashboard.services.workspace import Workspace

log = logging.getLogger(__name__)

Numbers = dict[str, Any]
MOST_IN_A_FILE = 5_000
OPTIONS = orjson.OPT_SERIALIZE_NUMPY


@dataclass(frozen=True)
class Budget:
    """How much may be counted now: nothing if more than `most_cells` would be read; for about so many `seconds`.

    Within 0 seconds nothing is counted, within any other time at least one.
    """

    most_cells: int | None = None
    seconds: float | None = None


UNLIMITED = Budget()


def cached_numbers(
    workspace: Workspace,
    group: str,
    keys: Sequence[str],
    cells: Sequence[int],
    count: Callable[[int], Numbers],
    budget: Budget = UNLIMITED,
) -> list[Numbers | None]:
    """Return the numbers under each key; `count` (given the place of a key) computes those that are not cached.

    To count those of one key so many `cells` are read. What the budget does not allow is None. Numbers are plain JSON
    without NaN and infinities. Raises what `count` raises; numbers computed before that are cached.
    """
    path = _path(workspace, group)
    known = _read(path)
    missing = {key: place for place, key in enumerate(keys) if key not in known}
    wanted = sum(cells[place] for place in missing.values())
    if budget.seconds == 0 or (budget.most_cells is not None and wanted > budget.most_cells):
        missing = {}
    end = None if budget.seconds is None else time.monotonic() + budget.seconds
    fresh: dict[str, Numbers] = {}
    try:
        for key, place in missing.items():
            if fresh and end is not None and time.monotonic() > end:
                break
            fresh[key] = count(place)
    finally:
        if fresh:
            _keep(path, fresh)
    return [known.get(key, fresh.get(key)) for key in keys]


def clear_numbers(workspace: Workspace) -> None:
    """Remove all cached numbers."""
    for path in _folder(workspace).glob("*"):
        path.unlink(missing_ok=True)


def size_of_numbers(workspace: Workspace) -> int:
    """Return the size of the cache in bytes."""
    total = 0
    for path in _folder(workspace).glob("*.json"):
        with suppress(FileNotFoundError):  # removed by another process meanwhile
            total += path.stat().st_size
    return total


def _folder(workspace: Workspace) -> Path:
    return workspace.settings.home_folder / "cache" / "numbers"


def _path(workspace: Workspace, group: str) -> Path:
    return _folder(workspace) / f"{hashlib.sha256(group.encode()).hexdigest()[:32]}.json"


def _read(path: Path) -> dict[str, Numbers]:
    try:
        return unnumbered("numbers", orjson.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError, NewerForm):
        return {}  # nothing is cached, it was torn, or it has a newer form: it is computed again


def _keep(path: Path, fresh: dict[str, Numbers]) -> None:
    """Add to the numbers of the group; of two processes that add at once one may be lost, and computes again."""
    together = _read(path) | fresh
    for key in list(together)[: max(len(together) - MOST_IN_A_FILE, 0)]:
        del together[key]
    try:
        atomic_write(path, orjson.dumps(numbered(together), option=OPTIONS))
    except OSError as error:
        log.warning("Numbers are not cached: %s", error)
