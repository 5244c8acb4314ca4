"""A heat map with units as columns in a chosen order, inputs down; whole or a part, whichever axis the units are."""

from typing import NamedTuple

import numpy as np

from dashboard.analysis.cells import Array, Cells
from dashboard.analysis.images import HeatMap, heat_map, pooled_table


class MapPart(NamedTuple):
    """The part of the map that is shown: places of units in the order, and inputs."""

    places: range
    inputs: range


class OrderedUnits(Cells):
    """A part of a table (inputs, units) with its units in another order, read band by band like the table itself."""

    def __init__(self, source: Cells, inputs: range, units: Array) -> None:
        self.source, self.inputs, self.units = source, inputs, units
        self.rows, self.columns = len(inputs), len(units)
        self.size = self.rows * self.columns
        self.is_whole = np.array_equal(units, np.arange(source.columns))

    def band(self, start: int, stop: int) -> Array:
        """Return the inputs from `start` to before `stop` of the part, each with its units in order."""
        rows = self.source.band(self.inputs.start + start, self.inputs.start + stop)
        return rows if self.is_whole else rows[:, self.units]


class OrderedRows(Cells):
    """A part of a table (units, inputs) with its units in another order, read band by band."""

    def __init__(self, source: Cells, inputs: range, units: Array) -> None:
        self.source, self.inputs, self.units = source, inputs, units
        self.rows, self.columns = len(units), len(inputs)
        self.size = self.rows * self.columns

    def band(self, start: int, stop: int) -> Array:
        """Return the units from `start` to before `stop` of the part, each with its inputs."""
        return self.source.lines(self.units[start:stop])[:, self.inputs.start : self.inputs.stop]


class UnitOrder(NamedTuple):
    """Every unit once, in the order that is shown, and the axis of the table along which they are."""

    units: Array
    axis: str


def units_as_columns(source: Cells, order: UnitOrder, part: MapPart, height: int, width: int, limit: float) -> HeatMap:
    """Return a part of a heat map whose columns are units in this order, at most `height` × `width` levels of it.

    `rows` and `columns` of the map are those of the part, and `clipped` counts the part's cells alone.
    """
    if order.axis == "column":
        return heat_map(_ordered(source, order, part), height, width, limit)
    turned = heat_map(_ordered(source, order, part), width, height, limit)
    levels = np.ascontiguousarray(turned.levels.T)
    return turned._replace(levels=levels, rows=turned.columns, columns=turned.rows)


def unit_numbers(source: Cells, order: UnitOrder, part: MapPart, height: int, width: int) -> Array:
    """Return the numbers that such a map shows: (units, inputs) float64."""
    if order.axis == "row":
        return pooled_table(_ordered(source, order, part), width, height)
    return pooled_table(_ordered(source, order, part), height, width).T


def _ordered(source: Cells, order: UnitOrder, part: MapPart) -> Cells:
    kind = OrderedRows if order.axis == "row" else OrderedUnits
    return kind(source, part.inputs, order.units[part.places.start : part.places.stop])
