"""Tables as pictures: levels of colour around zero, pooled so that there are never more cells than pixels."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, Any]
ZERO_LEVEL = 127
NAN_LEVEL = 255


class HeatMap(NamedTuple):
    """A table as levels: `levels` (height, width) uint8, 0 = −limit, 127 = zero, 254 = +limit, 255 = NaN.

    `limit` is the 99.5th percentile of |value| over the finite cells (or what was given), `clipped` the number of
    cells beyond it; `pooled` tells whether a pixel stands for several cells, of which it shows the largest in size.
    """

    levels: Array
    limit: float
    clipped: int
    rows: int
    columns: int
    pooled: bool


def heat_map(table: Array, height: int, width: int, limit: float | None = None) -> HeatMap:
    """Return the levels of a table (rows, columns), at most `height` × `width` of them."""
    rows, columns = table.shape
    if limit is None:
        limit = robust_limit(table)
    with np.errstate(invalid="ignore"):
        clipped = int(np.count_nonzero(np.abs(table) > limit))
    pooled = _pool(_pool(np.asarray(table, dtype=np.float32), height, 0), width, 1)
    with np.errstate(invalid="ignore"):
        scaled = np.clip(pooled / np.float32(limit), -1.0, 1.0) * ZERO_LEVEL + ZERO_LEVEL
    nan = np.isnan(scaled)
    levels = np.rint(np.where(nan, ZERO_LEVEL, scaled)).astype(np.uint8)
    levels[nan] = NAN_LEVEL
    return HeatMap(levels, limit, clipped, rows, columns, pooled.shape != table.shape)


def robust_limit(table: Array) -> float:
    """Return the 99.5th percentile of |value| over the finite cells, the largest if that is 0, and 1 if all are 0."""
    sizes = np.abs(np.asarray(table, dtype=np.float64).reshape(-1))
    sizes = sizes[np.isfinite(sizes)]
    if not sizes.size:
        return 1.0
    place = min(int(0.995 * sizes.size), sizes.size - 1)
    limit = float(np.partition(sizes, place)[place])
    return limit or float(sizes.max()) or 1.0


def unit_picture(weights: Array, unit: int, image_shape: tuple[int, int]) -> Array:
    """Return one unit's weights as a picture: weights (inputs, units) -> (height, width)."""
    return np.asarray(weights[:, unit]).reshape(image_shape)


def unit_mosaic(weights: Array, image_shape: tuple[int, int], units: Sequence[int], across: int = 10) -> Array:
    """Return the pictures of several units in rows of `across`, one pixel of zero between them."""
    height, width = image_shape
    across = max(min(across, len(units)), 1)
    down = -(-len(units) // across)
    mosaic = np.zeros((down * (height + 1) - 1 if units else 1, across * (width + 1) - 1), dtype=np.float32)
    for place, unit in enumerate(units):
        top, left = (place // across) * (height + 1), (place % across) * (width + 1)
        mosaic[top : top + height, left : left + width] = unit_picture(weights, unit, image_shape)
    return mosaic


def _pool(table: Array, most: int, axis: int) -> Array:
    """Pool along an axis to at most `most` entries, each the largest in size of its equal share, with its sign."""
    length = table.shape[axis]
    if length <= most:
        return table
    starts = np.arange(most) * length // most
    high = np.maximum.reduceat(table, starts, axis=axis)
    low = np.minimum.reduceat(table, starts, axis=axis)
    return np.where(high >= -low, high, low)
