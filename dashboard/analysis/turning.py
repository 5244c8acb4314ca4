"""A heat map with its axes exchanged: units as rows in a chosen order, inputs across; whole or a part."""

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


def units_as_rows(source: Cells, order: Array, part: MapPart, height: int, width: int, limit: float) -> HeatMap:
    """Return a part of a heat map whose rows are units in this order, at most `height` × `width` levels of it.

    `source` is a table (inputs, units), `order` has every unit once; `rows` and `columns` of the map are those of the
    part, and `clipped` counts the part's cells alone.
    """
    turned = heat_map(_ordered(source, order, part), width, height, limit)
    levels = np.ascontiguousarray(turned.levels.T)
    return turned._replace(levels=levels, rows=turned.columns, columns=turned.rows)


def unit_numbers(source: Cells, order: Array, part: MapPart, height: int, width: int) -> Array:
    """Return the numbers that such a map shows: (units, inputs) float64."""
    return pooled_table(_ordered(source, order, part), width, height).T


def _ordered(source: Cells, order: Array, part: MapPart) -> OrderedUnits:
    return OrderedUnits(source, part.inputs, order[part.places.start : part.places.stop])
