"""What changed in one tensor between two versions: which units and cells moved most, and each of them by itself."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from dashboard.analysis.cells import Change
from dashboard.analysis.changed_cells import CellChange, CellRank, cell_change, cell_rank, top_changes
from dashboard.analysis.changed_units import (
    UnitChange,
    UnitChanges,
    unchanged_rows,
    unit_arrays,
    unit_differences,
)
from dashboard.analysis.ulps import UlpDistances
from dashboard.errors import NotFound
from dashboard.records.units import COLUMN, ROW, counted_axis, other_axis
from dashboard.services.compare.bits import integer
from dashboard.services.compare.pairs import TensorPair

__all__ = ["CellChange", "UnitChange"]  # for those who may not import the analysis

Array = np.ndarray[Any, Any]

UNIT, INPUT = "unit", "input"
AXES = (UNIT, INPUT, COLUMN, ROW)
"""By what a table may be counted: by its units or its inputs, wherever these are, or by an axis of the table.

Where it is not known which axis is which, columns are counted as units are, and rows as inputs.
"""

CELLS_CACHED = 100
"""How many of the cells that changed most are cached with a tensor's numbers."""


@dataclass(frozen=True)
class ChangeDetail:
    """The change of one tensor: `units` (columns or rows) and `cells` are those that moved most, the largest first.

    `unchanged` inputs are those with the same bits on both sides.
    """

    pair: TensorPair
    units: list[UnitChange]
    cells: list[CellChange]
    unchanged: int


class UnitDetail(NamedTuple):
    """One unit's change: its place among all from 1, its neighbours in that order, and the cells that moved most.

    `cells` are (3, length): base, other, change of each cell in table order; `largest` those with the largest change.
    """

    pair: TensorPair
    unit: UnitChange
    units: int
    place: int
    before: int | None
    after: int | None
    cells: Array
    largest: list[CellChange]


class CellDetail(NamedTuple):
    """One cell's change: how many floating-point numbers are between (None: not finite), the bits, and its place."""

    pair: TensorPair
    cell: CellChange
    ulps: float | None
    bits: tuple[str, str]
    rank: CellRank

    @property
    def values(self) -> tuple[float, float]:
        """Both sides; of integers as such, since a float does not hold each of 64 bits."""
        base, other = self.bits
        one, two = integer(base, self.pair.one.dtype), integer(other, self.pair.two.dtype)
        return self.cell.base if one is None else one, self.cell.other if two is None else two


def axis_of(pair: TensorPair, by: str = UNIT) -> str:
    """Return the axis of the table, column or row, along which these are; `by` is one of AXES."""
    axis = counted_axis(pair.one, pair.base.version.kind)
    return {UNIT: axis, INPUT: other_axis(axis)}.get(by, by)


def change_detail(pair: TensorPair, by: str = UNIT, units: int = 12, cells: int = 10) -> ChangeDetail:
    """Return what changed in a tensor that both versions have; raises StoreError."""
    return ChangeDetail(
        pair=pair,
        units=unit_changes(pair, by).ranked(units),
        cells=top_cells(pair, cells),
        unchanged=_unchanged(pair, axis_of(pair, INPUT)),
    )


def _unchanged(pair: TensorPair, axis: str) -> int:
    if axis == ROW:
        return pair.cached(unchanged_rows, "unchanged rows")
    return int(np.count_nonzero(unit_changes(pair, axis).changed == 0))


def unit_changes(pair: TensorPair, by: str = UNIT) -> UnitChanges:
    """Return how far every unit of a tensor has moved, or whatever else `by` counts."""
    axis = axis_of(pair, by)
    return pair.cached(lambda one, two: unit_differences(one, two, axis), "units", axis)


def top_cells(pair: TensorPair, count: int) -> list[CellChange]:
    """Return the cells of a tensor that changed most, the largest change first."""
    if count > CELLS_CACHED:
        return top_changes(pair.before, pair.after, count)
    return pair.cached(lambda one, two: top_changes(one, two, CELLS_CACHED), "cells")[:count]


def unit_detail(pair: TensorPair, by: str, unit: int, cells: int = 20) -> UnitDetail:
    """Return the change of one unit; raises NotFound if the tensor has no such unit."""
    axis = axis_of(pair, by)
    changes = unit_changes(pair, axis)
    order = changes.order()
    if unit >= order.size:
        raise NotFound(f"{pair.one.name} has {order.size:,} {axis}s, from 0 on: there is no {axis} {unit:,}.", "unit")
    place = int(np.flatnonzero(order == unit)[0])
    before, after = order[place - 1 : place], order[place + 1 : place + 2]
    one, two = unit_arrays(pair.before, pair.after, axis, unit)
    return UnitDetail(
        pair=pair,
        unit=UnitChange(unit, *(numbers[unit].item() for numbers in changes)),
        units=int(order.size),
        place=place + 1,
        before=int(before[0]) if before.size else None,
        after=int(after[0]) if after.size else None,
        cells=Change(one, two).sides(0, one.size),
        largest=[_in_table(cell, axis, unit) for cell in top_changes(one, two, cells)],
    )


def _in_table(cell: CellChange, axis: str, unit: int) -> CellChange:
    """Return a cell of a unit, which is a vector, with its place in the table."""
    return cell._replace(column=unit) if axis == "column" else cell._replace(row=unit, column=cell.row)


def cell_detail(pair: TensorPair, row: int, column: int) -> CellDetail:
    """Return the change of one cell; raises NotFound if the table has no such cell."""
    change = Change(pair.before, pair.after)
    if row >= change.rows or column >= change.columns:
        raise NotFound(
            f"There is no cell in row {row}, column {column}: {pair.one.name} has rows 0 to {change.rows - 1} "
            f"and columns 0 to {change.columns - 1}.",
            "row" if row >= change.rows else "column",
        )
    place = row * change.columns + column
    ulps = float(UlpDistances(pair.before, pair.after).block(place, place + 1)[0])
    return CellDetail(
        pair=pair,
        cell=cell_change(change, place),
        ulps=ulps if np.isfinite(ulps) else None,
        bits=(_bits(change.base.flat[place]), _bits(change.other.flat[place])),
        rank=cell_rank(pair.before, pair.after, row, column),
    )


def _bits(cell: Any) -> str:  # noqa: ANN401 - a numpy scalar of any dtype
    """Return a cell's bits as hexadecimal digits, the sign first."""
    return np.asarray(cell).tobytes()[::-1].hex()
