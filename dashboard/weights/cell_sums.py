"""Sums over a tensor's cells, much smaller than it, which locate a changed cell and restore its old value.

The cells' bits, as integers, form a square grid; each row and each column has two sums, modulo 2^64:
plain, and weighted by the position (1, 2, ...). If one cell of a row changed by d at position j, its sums differ by d
and j·d, which names the cell and gives the value back; the same holds down the columns, and each cell that is put
right may leave another row or column with only one. This is a product code with single-error syndromes (as in
Elias, "Error-free coding", 1954). The SHA-256 decides whether a repair is correct, never the sums alone.
"""

import math
from dataclasses import dataclass

import numpy as np

from dashboard.weights.dtypes import Array

BLOCK = 1 << 20
MOST_PASSES = 8
"""Each pass looks at every row and column once; damage that is still spreading after these is not sparse."""


def cell_sums(bits: Array) -> Array:
    """Return the sums of flat `bits` as uint64, shape (2·height + 2·width,): of rows, rows weighted, columns, weighted.

    The grid is `grid_shape(len(bits))`; its last row is filled with zeros.
    """
    height, width = grid_shape(len(bits))
    sums = np.zeros(2 * (height + width), np.uint64)
    rows, rows_weighted, columns, columns_weighted = np.split(sums, [height, 2 * height, 2 * height + width])
    across = np.arange(1, width + 1, dtype=np.uint64)
    step = max(1, BLOCK // max(width, 1))
    for top in range(0, height, step):
        grid = _grid_rows(bits, top, min(step, height - top), width)
        down = np.arange(top + 1, top + 1 + len(grid), dtype=np.uint64)
        rows[top : top + len(grid)] = grid.sum(axis=1, dtype=np.uint64)
        rows_weighted[top : top + len(grid)] = grid @ across
        columns += grid.sum(axis=0, dtype=np.uint64)
        columns_weighted += down @ grid
    return sums


def grid_shape(cells: int) -> tuple[int, int]:
    """Return (height, width) of the nearly square grid in which this many cells are summed."""
    width = math.isqrt(cells - 1) + 1 if cells else 0
    return (-(-cells // width) if width else 0), width


def covering(cells: int, start: int, stop: int) -> range:
    """Return the flat positions, up to `cells`, of the whole grid rows that hold those from `start` to `stop`."""
    _, width = grid_shape(cells)
    return range(start // width * width, min(-(-stop // width) * width, cells))


def is_as_saved(part: Array, place: range, cells: int, saved: Array) -> bool:
    """Return whether flat bits at `place`, whole grid rows of a tensor of `cells` cells, have the saved sums.

    An accidental change stays unseen with a chance of 2^-64 and less; who means to can make one up.
    """
    height, width = grid_shape(cells)
    if len(saved) != 2 * (height + width):
        return False
    top = place.start // width
    grid = _grid_rows(part, 0, -(-len(part) // width), width)
    rows = slice(top, top + len(grid))
    plain, weighted = grid.sum(axis=1, dtype=np.uint64), grid @ np.arange(1, width + 1, dtype=np.uint64)
    return np.array_equal(plain, saved[:height][rows]) and np.array_equal(weighted, saved[height : 2 * height][rows])


def _grid_rows(bits: Array, top: int, count: int, width: int) -> Array:
    part = bits[top * width : (top + count) * width].astype(np.uint64)
    return np.pad(part, (0, count * width - len(part))).reshape(count, width)


@dataclass(frozen=True)
class Repair:
    """Cells (flat positions, rising) that differ and the bits that the sums say they had.

    `complete` says that nothing is left unexplained; if it is false, `cells` is not the whole and `suspects` are
    the flat positions among which the first unexplained cell is.
    """

    cells: dict[int, int]
    complete: bool
    suspects: tuple[int, ...]


def find_changes(bits: Array, saved: Array) -> Repair:
    """Return which cells of flat `bits` differ from those of which `saved` are the sums."""
    height, width = grid_shape(len(bits))
    if len(saved) != 2 * (height + width):
        return Repair({}, False, ())
    residual = _Residual(np.subtract(saved, cell_sums(bits)), bits)
    for _ in range(MOST_PASSES):
        if not residual.correct_one_line_each():
            break
    return residual.repair()


class _Residual:
    """What is not yet explained of the differences between saved and current sums."""

    def __init__(self, difference: Array, bits: Array) -> None:
        self.bits = bits
        self.height, self.width = grid_shape(len(bits))
        h, w = self.height, self.width
        self.rows, self.columns = difference[: 2 * h].reshape(2, h), difference[2 * h :].reshape(2, w)
        self.expected: dict[int, int] = {}
        self.limit = 1 << (8 * bits.dtype.itemsize)

    def correct_one_line_each(self) -> bool:
        """Correct each row, then each column, in which one changed cell explains all; return whether any was."""
        corrected = [
            self._correct(axis, line)
            for axis, sums in enumerate((self.rows, self.columns))
            for line in np.flatnonzero(sums[0]).tolist()
        ]
        return any(corrected)

    def _correct(self, axis: int, line: int) -> bool:
        along, across = (self.rows, self.columns) if axis == 0 else (self.columns, self.rows)
        delta, weighted = along[:, line]
        weights = np.arange(1, across.shape[1] + 1, dtype=np.uint64)
        positions = np.flatnonzero((weights * delta == weighted) & across.any(axis=0)).tolist()
        places = [(line, at) if axis == 0 else (at, line) for at in positions]
        places = [place for place in places if self._fits(place, int(delta))]
        if len(places) == 1:
            self._move(*places[0], int(delta))
        return len(places) == 1

    def _value(self, cell: int) -> int:
        return self.expected.get(cell, int(self.bits[cell]))

    def _fits(self, place: tuple[int, int], delta: int) -> bool:
        cell = place[0] * self.width + place[1]
        return cell < len(self.bits) and (self._value(cell) + delta) % (1 << 64) < self.limit

    def _move(self, row: int, column: int, delta: int) -> None:
        cell = row * self.width + column
        self.expected[cell] = (self._value(cell) + delta) % (1 << 64)
        self.rows[:, row] -= _weighed(delta, column)
        self.columns[:, column] -= _weighed(delta, row)

    def repair(self) -> Repair:
        """Return what was found; cells that ended with the bits that they have now are no change."""
        cells = {c: bits for c, bits in sorted(self.expected.items()) if bits != int(self.bits[c])}
        rows, columns = self.rows.any(axis=0), self.columns.any(axis=0)
        complete = not rows.any() and not columns.any()
        first = np.flatnonzero(rows)[:1].tolist()
        suspects = [first[0] * self.width + c for c in np.flatnonzero(columns).tolist()] if first else []
        return Repair(cells, complete, tuple(cell for cell in suspects if cell < len(self.bits)))


def _weighed(delta: int, position: int) -> Array:
    return np.array([delta, delta * (position + 1) % (1 << 64)], np.uint64)
