"""Quantiles of any number of cells in bounded memory: exact, by counting instead of sorting.

A float64's bits, with those of negative numbers turned round, order like the number itself. The cells are counted by
the leading bits of the range that is still in question, which leaves ranges of few cells; these are taken and sorted.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby

import numpy as np

from dashboard.analysis.cells import FEW_CELLS, Array, Cells, cells_of

ALL_BUT_SIGN = np.int64(2**63 - 1)

BITS = 16
"""Leading bits to count by in one pass."""


def quantiles(
    source: Array | Cells, shares: Sequence[float], sizes: bool = False, few: int = FEW_CELLS, bits: int = BITS
) -> Array:
    """Return the quantiles at `shares` (0 to 1) of the finite cells, or of their absolute values with `sizes`.

    Between two cells the quantile is interpolated linearly, as numpy does by default (method 7 of Hyndman and Fan
    1996). Without any finite cell all are NaN. Up to `few` cells are sorted, more are counted by `bits` at a time.
    """
    cells = _Keys(cells_of(source), sizes, few, bits)
    low, high, count = cells.span()
    if not count:
        return np.full(len(shares), np.nan)
    places = np.asarray(shares, dtype=np.float64) * (count - 1)
    floors = np.floor(places).astype(np.int64)
    ceilings = np.minimum(floors + 1, count - 1)
    ranks = np.unique(np.concatenate([floors, ceilings]))
    keys = np.where(ranks == 0, low, high)  # the ends are known; only ranks between them need a search
    between_ends = (ranks > 0) & (ranks < count - 1)
    if between_ends.any():
        keys[between_ends] = _select(cells, low, high, count, ranks[between_ends])
    numbers = _numbers(keys)
    below, above = numbers[np.searchsorted(ranks, floors)], numbers[np.searchsorted(ranks, ceilings)]
    part = places - floors
    between: Array = np.where(below == above, below, below * (1 - part) + above * part)
    return between


class _Keys:
    """The finite cells as signed 64-bit integers that order like them; `sorted` holds all of them if they are few.

    To sort them is quicker than numpy's partition, and than another pass to count them.
    """

    def __init__(self, cells: Cells, sizes: bool, few: int, bits: int) -> None:
        self.cells, self.sizes, self.few, self.bits = cells, sizes, few, bits
        is_few = cells.size <= few
        self.sorted = np.sort(np.concatenate([np.empty(0, np.int64), *self])) if is_few else None

    def __iter__(self) -> Iterator[Array]:
        for _, block in self.cells.blocks():
            values = np.abs(block) if self.sizes else block
            finite = np.isfinite(values)
            yield _keys(values if finite.all() else values[finite])

    def span(self) -> tuple[int, int, int]:
        """Return the smallest and the largest key, and how many there are."""
        if self.sorted is not None and self.sorted.size:
            return int(self.sorted[0]), int(self.sorted[-1]), self.sorted.size
        low, high, count = np.iinfo(np.int64).max, np.iinfo(np.int64).min, 0
        for keys in self:
            if keys.size:
                low, high, count = min(low, int(keys.min())), max(high, int(keys.max())), count + keys.size
        return low, high, count


def _select(source: _Keys, low: int, high: int, count: int, ranks: Array) -> Array:
    """Return the keys of these ranks (ascending, from 0) among the `count` keys from `low` to `high`."""
    if source.sorted is not None:
        return np.asarray(source.sorted[ranks])
    if low == high:
        return np.full(ranks.size, low, dtype=np.int64)
    if count <= source.few:
        taken = np.concatenate([keys[(keys >= low) & (keys <= high)] for keys in source])
        return np.asarray(np.partition(taken, ranks)[ranks])
    shift = max((high - low).bit_length() - source.bits, 0)
    ends = np.cumsum(_count(source, low, high, shift))
    parts = []
    for bucket, group in groupby(ranks.tolist(), key=lambda rank: int(np.searchsorted(ends, rank, side="right"))):
        before = int(ends[bucket - 1]) if bucket else 0
        first = low + (bucket << shift)
        last = min(first + (1 << shift) - 1, high)
        parts.append(_select(source, first, last, int(ends[bucket]) - before, np.array(list(group)) - before))
    return np.concatenate(parts)


def _count(source: _Keys, low: int, high: int, shift: int) -> Array:
    counts = np.zeros(((high - low) >> shift) + 1, dtype=np.int64)
    for keys in source:
        inside = keys[(keys >= low) & (keys <= high)]
        # The differences may exceed a signed integer; as unsigned ones they are right (arithmetic modulo 2^64).
        offsets = (inside.view(np.uint64) - np.array(low).view(np.uint64)) >> np.uint64(shift)
        counts += np.bincount(offsets.astype(np.int64), minlength=counts.size)
    return counts


def _keys(values: Array) -> Array:
    bits: Array = (values + 0.0).view(np.int64)  # + 0.0 makes -0.0 equal +0.0, as numbers are
    keys: Array = bits ^ ((bits >> 63) & ALL_BUT_SIGN)
    return keys


def _numbers(keys: Array) -> Array:
    numbers: Array = (keys ^ ((keys >> 63) & ALL_BUT_SIGN)).view(np.float64)
    return numbers
