"""Single cells that changed: the largest changes of a tensor, and the rank of a single cell.

The order is that of |d|, equal ones in table order. Last come, in table order too, the cells whose bits changed though
no number says by how much: one side is NaN or infinite, or the two are +0.0 and −0.0.
"""

from typing import NamedTuple

import numpy as np

from dashboard.analysis.cells import BLOCK_CELLS, Array, Change, finite_or_zero, same_bits


class CellChange(NamedTuple):
    """One changed cell of a table; `change` is NaN where a side is not finite."""

    row: int
    column: int
    base: float
    other: float
    change: float


class CellRank(NamedTuple):
    """The rank of a cell among those that changed, from 1 (None if it did not), and the cells next to it."""

    place: int | None
    before: tuple[int, int] | None
    after: tuple[int, int] | None


def top_changes(base: Array, other: Array, k: int) -> list[CellChange]:
    """Return the `k` cells with the largest change, the largest first."""
    change = Change(base, other)
    worst, best = 0.0, np.empty((0, 2))
    for start, block in change.blocks():
        size = np.abs(finite_or_zero(block))
        better = _largest(size, k, worst)
        candidates = np.concatenate([best, np.column_stack([size[better], better + start])])
        best = candidates[np.argsort(-candidates[:, 0], kind="stable")[:k]]
        worst = best[-1, 0] if len(best) == k else 0.0
    places = best[:, 1].astype(np.intp).tolist()
    places += _unmeasured(change, k - len(places)) if len(places) < k else []
    return [cell_change(change, place) for place in places]


def cell_change(change: Change, place: int) -> CellChange:
    """Return one cell of a change, counted in table order."""
    return CellChange(*change.place(place), *change.sides(place, place + 1)[:, 0].tolist())


def cell_rank(base: Array, other: Array, row: int, column: int) -> CellRank:
    """Return the rank of a cell among the cells with a measurable change, in one pass."""
    change = Change(base, other)
    own = row * change.columns + column
    size = float(np.abs(finite_or_zero(change.block(own, own + 1)))[0])
    place, before, after = 1, (np.inf, -1), (0.0, -1)
    for start, block in change.blocks():
        sizes = np.abs(finite_or_zero(block))
        numbers = np.arange(start, start + sizes.size)
        earlier = (sizes > size) | ((sizes == size) & (numbers < own))
        later = ~earlier & (sizes > 0) & (numbers != own)
        place += int(np.count_nonzero(earlier & (sizes > 0)))
        before = min(before, _nearest(sizes, numbers, earlier & (sizes > 0), last=True), key=lambda e: (e[0], -e[1]))
        after = max(after, _nearest(sizes, numbers, later, last=False), key=lambda e: (e[0], -e[1]))
    if not size:
        return CellRank(None, None, None)
    return CellRank(place, *(change.place(cell) if cell >= 0 else None for _, cell in (before, after)))


def _nearest(sizes: Array, numbers: Array, among: Array, last: bool) -> tuple[float, int]:
    """Return (size, number) of the last of the smallest of these cells, or of the first of the largest."""
    if not among.any():
        return (np.inf, -1) if last else (0.0, -1)
    extreme = sizes[among].min() if last else sizes[among].max()
    cells = numbers[among & (sizes == extreme)]
    return float(extreme), int(cells[-1 if last else 0])


def _unmeasured(change: Change, most: int) -> list[int]:
    """Return the first cells whose bits changed without a measurable change."""
    cells: list[int] = []
    for start in range(0, change.size, BLOCK_CELLS):
        odd = ~same_bits(change, start, start + BLOCK_CELLS)
        odd &= finite_or_zero(change.block(start, start + BLOCK_CELLS)) == 0
        cells += (np.flatnonzero(odd)[: most - len(cells)] + start).tolist()
        if len(cells) == most:
            break
    return cells


def _largest(sizes: Array, k: int, above: float) -> Array:
    """Return where the `k` largest of these sizes stand, if above a bound, and those equal to the least of them."""
    places: Array = np.flatnonzero(sizes > above)
    if places.size > k:
        places = places[sizes[places] >= np.partition(sizes[places], -k)[-k]]
    return places
