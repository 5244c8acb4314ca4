"""Tables as pictures: levels of colour around zero, pooled so that there are never more cells than pixels."""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from dashboard.analysis.cells import BLOCK_CELLS, Array, Cells, cells_of
from dashboard.analysis.quantiles import quantiles

ZERO_LEVEL = 127
NAN_LEVEL = 255
ROBUST_SHARE = 0.995


class HeatMap(NamedTuple):
    """A table as levels: `levels` (height, width) uint8, 0 = −limit, 127 = zero, 254 = +limit, 255 = NaN.

    `limit` is the 99.5th percentile of |value| over the finite cells (or what was given), `clipped` the number of
    cells beyond it; `pooled` says whether a pixel represents several cells, of which it shows the largest in size
    (NaN if there is one among them).
    """

    levels: Array
    limit: float
    clipped: int
    rows: int
    columns: int
    pooled: bool


def heat_map(source: Array | Cells, height: int, width: int, limit: float | None = None) -> HeatMap:
    """Return the levels of a table (rows, columns), at most `height` × `width` of them, read band by band."""
    cells = cells_of(source)
    if limit is None:
        limit = robust_limit(cells)
    down, across = min(cells.rows, height), min(cells.columns, width)
    levels = np.empty((down, across), dtype=np.uint8)
    clipped = 0
    for line, band, pooled in _pooled_bands(cells, down, across):
        clipped += int(np.count_nonzero(np.abs(band) > limit))
        levels[line : line + len(pooled)] = _levels(pooled, limit)
    is_pooled = (down, across) != (cells.rows, cells.columns)
    return HeatMap(levels, limit, clipped, cells.rows, cells.columns, is_pooled)


def pooled_table(source: Array | Cells, height: int, width: int) -> Array:
    """Return the numbers that a heat map of this size shows: float64, NaN where there is one among a pixel's cells."""
    cells = cells_of(source)
    down, across = min(cells.rows, height), min(cells.columns, width)
    table = np.empty((down, across))
    for line, _, pooled in _pooled_bands(cells, down, across):
        table[line : line + len(pooled)] = pooled
    return table


def part_starts(length: int, parts: int) -> Array:
    """Return where each of `parts` nearly equal parts of a length begins, and the end of the last."""
    return np.arange(parts + 1) * length // max(parts, 1)


def _pooled_bands(cells: Cells, down: int, across: int) -> Iterator[tuple[int, Array, Array]]:
    """Yield (first line, a band of the table, the lines that it is pooled to) until `down` lines are read."""
    rows, columns = part_starts(cells.rows, down), part_starts(cells.columns, across)
    together = max(BLOCK_CELLS * down // max(cells.size, 1), 1)
    for line in range(0, down if across else 0, together):
        starts = rows[line : line + together + 1]
        band = cells.band(int(starts[0]), int(starts[-1]))
        yield line, band, _pooled(_pooled(band, starts[:-1] - starts[0], 0), columns[:-1], 1)


def robust_limit(source: Array | Cells) -> float:
    """Return the 99.5th percentile of |value| over the finite cells, the largest if that is 0, and 1 if all are 0."""
    limit, largest = (float(size) for size in quantiles(source, (ROBUST_SHARE, 1.0), sizes=True))
    return 1.0 if np.isnan(largest) else limit or largest or 1.0


def tile_size(image_shape: tuple[int, ...]) -> tuple[int, int]:
    """Return the (height, width) of a unit's picture: the channels of (height, width, 3) stand side by side."""
    height, width, *channels = image_shape
    return height, width * math.prod(channels)


def unit_picture(weights: Array, unit: int, image_shape: tuple[int, ...]) -> Array:
    """Return one unit's weights as a picture: weights (inputs, units) -> (height, width).

    With three channels, of which each pixel has its own, the weights of red, green and blue stand side by side.
    """
    height, width, *channels = image_shape
    picture = np.asarray(weights[:, unit]).reshape(height, width, math.prod(channels))
    return picture.transpose(0, 2, 1).reshape(tile_size(image_shape))


def unit_mosaic(weights: Array, image_shape: tuple[int, ...], units: Sequence[int], across: int = 10) -> Array:
    """Return the pictures of several units in rows of `across`, one pixel of zero between them: float64."""
    height, width = tile_size(image_shape)
    across = max(min(across, len(units)), 1)
    down = -(-len(units) // across)
    mosaic = np.zeros((max(down * (height + 1) - 1, 1), across * (width + 1) - 1))
    for place, unit in enumerate(units):
        top, left = (place // across) * (height + 1), (place % across) * (width + 1)
        mosaic[top : top + height, left : left + width] = unit_picture(weights, unit, image_shape)
    return mosaic


def _pooled(table: Array, starts: Array, axis: int) -> Array:
    """Return of each part along an axis the value that is the largest in size, with its sign (the positive of two)."""
    if starts.size == table.shape[axis]:
        return table
    high = np.maximum.reduceat(table, starts, axis=axis)
    low = np.minimum.reduceat(table, starts, axis=axis)
    return np.where(high >= -low, high, low)


def _levels(values: Array, limit: float) -> Array:
    nan = np.isnan(values)
    shares = np.clip(np.where(nan, 0.0, values), -limit, limit) / limit
    levels = np.rint(shares * ZERO_LEVEL + ZERO_LEVEL).astype(np.uint8)
    levels[nan] = NAN_LEVEL
    return levels
