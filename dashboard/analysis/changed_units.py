"""How far each unit of a tensor has moved: a column of its table (what one unit weighs), or a row (one input)."""

from typing import NamedTuple

import numpy as np

from dashboard.analysis.cells import BLOCK_CELLS, Array, Change, finite_or_zero, same_bits
from dashboard.analysis.moments import safe_scales


class UnitChange(NamedTuple):
    """How much one unit changed: the L2 norm of its change, the largest of a cell, how many cells have other bits."""

    unit: int
    norm: float
    max_abs: float
    changed: int


class UnitChanges(NamedTuple):
    """The numbers of `UnitChange` of all units, an array each, in the order of the table."""

    norms: Array
    largest: Array
    changed: Array

    def order(self) -> Array:
        """Return the units, the most changed first; equal ones in the order of the table."""
        return np.argsort(-self.norms, kind="stable")

    def ranked(self, count: int | None = None) -> list[UnitChange]:
        """Return the `count` units that moved most (all of them without it)."""
        return [
            UnitChange(int(unit), float(self.norms[unit]), float(self.largest[unit]), int(self.changed[unit]))
            for unit in self.order()[:count]
        ]


def unit_differences(base: Array, other: Array, axis: str = "column") -> UnitChanges:
    """Return the change of every column (or row) of the table; cells that are not comparable count as 0."""
    change = Change(base, other)
    along = 0 if axis == "column" else 1
    units = change.rows if along else change.columns
    largest, changed, squares = np.zeros(units), np.zeros(units, dtype=np.int64), np.zeros(units)
    for start, band in change.bands():
        own = slice(start, start + len(band)) if along else slice(None)
        sizes = np.abs(finite_or_zero(band)).max(axis=along, initial=0.0)
        largest[own] = np.maximum(largest[own], sizes)
        same = _same_bits(change, start, len(band))
        changed[own] += same.shape[along] - np.count_nonzero(same, axis=along)
    scales = safe_scales(largest)
    for start, band in change.bands():
        own = slice(start, start + len(band)) if along else slice(None)
        scaled = finite_or_zero(band)
        if np.any(scales[own] != 1.0):
            scaled = scaled * (scales[own, None] if along else scales)
        squares[own] += np.einsum("ij,ij->i" if along else "ij,ij->j", scaled, scaled)
    with np.errstate(over="ignore"):
        return UnitChanges(np.sqrt(squares) / scales, largest, changed)


def unit_arrays(base: Array, other: Array, axis: str, unit: int) -> tuple[Array, Array]:
    """Return one column or row of both sides, as vectors of their own dtype."""
    change = Change(base, other)
    tables = (side.reshape(change.rows, change.columns) for side in (base, other))
    one, two = (np.ascontiguousarray(table[:, unit] if axis == "column" else table[unit]) for table in tables)
    return one, two


def unchanged_rows(base: Array, other: Array) -> int:
    """Return how many rows of the table (inputs) have the same bits on both sides."""
    change = Change(base, other)
    height = max(BLOCK_CELLS // max(change.columns, 1), 1)
    starts = range(0, change.rows, height)
    bands = (_same_bits(change, start, min(height, change.rows - start)) for start in starts)
    return sum(int(np.count_nonzero(same.all(axis=1))) for same in bands)


def _same_bits(change: Change, row: int, rows: int) -> Array:
    """Return for each cell of some rows whether its bits are the same on both sides: (rows, columns)."""
    return same_bits(change, row * change.columns, (row + rows) * change.columns).reshape(rows, change.columns)
