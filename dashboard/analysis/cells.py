"""Reading tensors in blocks of bounded size, so that 25 million weights cost no more memory than a few thousand.

What is read may be an array, a memory map, or the change between two of them; all else in `analysis` reads through
this, in float64.
"""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

BLOCK_CELLS = 1 << 16
"""Cells to a block: three blocks of float64 stay in a core's second-level cache."""

FEW_CELLS = 1 << 19
"""The most cells that are held in memory at once."""

LARGEST = float(np.finfo(np.float64).max)


class Cells:
    """A tensor's cells in the order of its table (C order), as float64; `rows` × `columns` is the table."""

    def __init__(self, array: Array) -> None:
        self.array = array
        self.shape = array.shape
        self.size = int(array.size)
        self.rows = int(array.shape[0]) if array.ndim else 1
        self.columns = math.prod(array.shape[1:])
        self.flat = array.reshape(-1)

    @property
    def table(self) -> Array:
        """The cells as their table (rows, columns), of their own dtype."""
        return self.flat.reshape(self.rows, self.columns)

    def lines(self, rows: Array) -> Array:
        """Return these rows of the table, in this order, as float64 (rows, columns)."""
        with np.errstate(invalid="ignore"):
            return self.table[rows].astype(np.float64)

    def block(self, start: int, stop: int) -> Array:
        """Return the cells from `start` to before `stop` as a new float64 vector."""
        with np.errstate(invalid="ignore"):  # a signalling NaN is treated as any other NaN
            return self.flat[start:stop].astype(np.float64)

    def blocks(self) -> Iterator[tuple[int, Array]]:
        """Yield (first cell, a block of cells as a float64 vector) until all are read."""
        for start in range(0, self.size, BLOCK_CELLS):
            yield start, self.block(start, start + BLOCK_CELLS)

    def bands(self) -> Iterator[tuple[int, Array]]:
        """Yield (first row, whole rows as a float64 table (rows, columns)), about a block at a time."""
        height = max(BLOCK_CELLS // max(self.columns, 1), 1)
        for row in range(0, self.rows, height):
            yield row, self.band(row, min(row + height, self.rows))

    def place(self, cell: int) -> tuple[int, int]:
        """Return the (row, column) in the table of a cell, counted in table order."""
        row, column = divmod(cell, max(self.columns, 1))
        return row, column

    def band(self, start: int, stop: int) -> Array:
        """Return the rows from `start` to before `stop` of the table as float64 (rows, columns)."""
        return self.block(start * self.columns, stop * self.columns).reshape(stop - start, self.columns)


class Change(Cells):
    """The change from `base` to `other` of the same shape, cell by cell in float64, computed as it is read.

    It is finite exactly where both sides are: NaN and ±Inf have no change that could be counted, and a change beyond
    the largest float64 is given as that.
    """

    def __init__(self, base: Array, other: Array) -> None:
        check_same_shape(base, other)
        super().__init__(base)
        self.base, self.other = Cells(base), Cells(other)

    def block(self, start: int, stop: int) -> Array:
        """Return the changes of the cells from `start` to before `stop`."""
        changes: Array = self.sides(start, stop)[2]
        return changes

    def lines(self, rows: Array) -> Array:
        """Return the changes of these rows of the table, in this order."""
        one, two = self.base.lines(rows), self.other.lines(rows)
        return _difference(one, two, np.empty_like(one))

    def sides(self, start: int, stop: int) -> Array:
        """Return (base's cells, other's cells, their changes) from `start` to before `stop` as rows: (3, cells)."""
        sides = np.empty((3, min(stop, self.size) - start))
        a, b, d = sides
        with np.errstate(invalid="ignore", over="ignore"):
            a[:], b[:] = self.base.flat[start:stop], self.other.flat[start:stop]
        _difference(a, b, d)
        return sides


class Turned(Cells):
    """A tensor's table with its axes exchanged, so that its rows are columns; nothing is copied as a whole."""

    def __init__(self, array: Array) -> None:
        super().__init__(array)
        self.rows, self.columns = self.columns, self.rows

    @property
    def table(self) -> Array:
        """The cells as the turned table, of their own dtype."""
        return self.flat.reshape(self.columns, self.rows).T

    def band(self, start: int, stop: int) -> Array:
        """Return rows of the turned table, columns of the stored one, as float64."""
        with np.errstate(invalid="ignore"):
            return self.table[start:stop].astype(np.float64)


def _difference(base: Array, other: Array, out: Array) -> Array:
    """Write other − base into `out`, finite where both are; return it."""
    with np.errstate(invalid="ignore", over="ignore"):
        np.subtract(other, base, out=out)
    if not np.isfinite(out).all():
        np.copyto(out, np.clip(out, -LARGEST, LARGEST), where=np.isfinite(base) & np.isfinite(other))
    return out


def same_bits(change: Change, start: int, stop: int) -> Array:
    """Return for each cell from `start` to before `stop` whether its bits are the same on both sides.

    Of tensors of different dtypes the bits are those of the float64 that the cells equal.
    """
    base, other = change.base, change.other
    if base.flat.dtype == other.flat.dtype:
        one, two = (np.ascontiguousarray(side.flat[start:stop]) for side in (base, other))
    else:
        one, two = base.block(start, stop), other.block(start, stop)
    bits = f"u{one.dtype.itemsize}"
    same: Array = one.view(bits) == two.view(bits)
    return same


def cells_of(source: Array | Cells) -> Cells:
    """Return a source of cells, for an array or for what is one already."""
    return source if isinstance(source, Cells) else Cells(np.asarray(source))


def finite_or_zero(values: Array) -> Array:
    """Return the values with 0 in place of NaN and ±Inf."""
    finite = np.isfinite(values)
    return values if finite.all() else np.where(finite, values, 0.0)


def check_same_shape(base: Array, other: Array) -> None:
    """Raise ValueError unless both have one shape: a tensor of another shape has no cell-by-cell change."""
    if base.shape != other.shape:
        raise ValueError(f"A change needs two tensors of one shape, not {base.shape} and {other.shape}.")


def in_memory(cells: Cells) -> Cells:
    """Return the cells as float64 in memory if they are few, so that several passes compute a change only once."""
    return Cells(cells.block(0, cells.size).reshape(cells.shape)) if cells.size <= FEW_CELLS else cells
