"""A heat map turned on its side: units as rows, in the order that a person asks for, inputs across."""

import numpy as np

from dashboard.analysis.cells import Array
from dashboard.analysis.images import ZERO_LEVEL, HeatMap


def units_as_rows(found: HeatMap, order: Array, height: int) -> HeatMap:
    """Return a heat map whose rows are units in this order, pooled to at most `height` of them by the largest size.

    `found` is that of a table (inputs, units) with each unit in a column of its own; `order` has every unit once.
    """
    turned = found.levels.T[order]
    starts = first_units(len(order), height)
    if starts.size and starts.size < len(order):
        high, low = (extreme.reduceat(turned, starts, axis=0) for extreme in (np.maximum, np.minimum))
        is_high = high.astype(np.int16) - ZERO_LEVEL >= ZERO_LEVEL - low.astype(np.int16)
        turned = np.where(is_high, high, low)
    is_pooled = turned.shape != (found.columns, found.rows)
    return HeatMap(np.ascontiguousarray(turned), found.limit, found.clipped, found.columns, found.rows, is_pooled)


def first_units(units: int, height: int) -> Array:
    """Return the place in the order of the first unit that each row of such a heat map shows."""
    rows = min(units, height)
    places: Array = np.arange(rows) * units // max(rows, 1)
    return places
