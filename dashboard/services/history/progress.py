"""Counting what a history and health show of many or very large versions, a little in each request while one watches.

There is no run: leaving the page or its link to stop ends the counting, and whoever comes back continues with the
cached results.
"""

import time
from typing import NamedTuple

from dashboard.services.cache.numbers import NOTHING, Budget
from dashboard.services.history.health import get_health
from dashboard.services.history.ridges import get_ridges
from dashboard.services.history.tensor import get_history, spectra_of
from dashboard.services.versions.damage import damaged_numbers
from dashboard.services.workspace import Workspace

SECONDS = 1.0


class CountingProgress(NamedTuple):
    """How many counts of `total` are done, and about how many seconds the rest takes (None: not known yet)."""

    done: int
    total: int
    seconds_left: float | None

    @property
    def is_all(self) -> bool:
        """Whether nothing is left to count."""
        return self.done >= self.total


def continue_counting(
    workspace: Workspace, network_name: str, tensor: str, since: str, weights: bool, bins: int, limits: str
) -> CountingProgress:
    """Count the changes, spectra and distributions of a tensor for about a second; raises NotFound or StoreError."""
    begin = time.monotonic()
    before = _done(workspace, network_name, tensor, since)
    for one in dict.fromkeys((since, "previous", "first")):
        left = Budget(seconds=max(SECONDS - (time.monotonic() - begin), 0.0))
        history = get_history(workspace, network_name, tensor, one, left)
    spectra_of(workspace, history.network, history.versions, Budget(seconds=max(SECONDS - time.monotonic() + begin, 0)))
    after = _done(workspace, network_name, tensor, since)
    done = sum(counted for counted, _ in after)
    total = sum(of for _, of in after)
    if done == total:
        history = get_history(workspace, network_name, tensor, since)
        left = Budget(seconds=max(SECONDS - (time.monotonic() - begin), 0.01))
        is_all = get_ridges(workspace, history, weights, bins, limits, left) is not None
        return CountingProgress(done + is_all, total + 1, None)
    fresh = done - sum(counted for counted, _ in before)
    spent = time.monotonic() - begin
    return CountingProgress(done, total + 1, spent / fresh * (total - done) if fresh else None)


def continue_health(workspace: Workspace, network_name: str, tensor: str) -> CountingProgress:
    """Count the health of a tensor's versions for about a second; raises NotFound or StoreError."""
    begin = time.monotonic()
    before = get_health(workspace, network_name, tensor, NOTHING).uncounted
    health = get_health(workspace, network_name, tensor, Budget(seconds=SECONDS))
    total, left = len(health.versions), health.uncounted
    fresh = before - left
    return CountingProgress(total - left, total, (time.monotonic() - begin) / fresh * left if fresh > 0 else None)


def _done(workspace: Workspace, network_name: str, tensor: str, since: str) -> list[tuple[int, int]]:
    """Return (counted, of so many) for each thing that is counted."""
    parts = []
    for one in dict.fromkeys((since, "previous", "first")):
        history = get_history(workspace, network_name, tensor, one, NOTHING)
        parts.append((sum(change is not None for change in history.changes), history.uncounted))
    spectra = spectra_of(workspace, history.network, history.versions, NOTHING)
    left = [
        version
        for version, spectrum in zip(history.versions, spectra, strict=True)
        if spectrum is None and version.number not in damaged_numbers(workspace, network_name)
    ]
    parts.append((sum(spectrum is not None for spectrum in spectra), len(left)))
    return [(counted, counted + left_over) for counted, left_over in parts]
