"""How many floating-point numbers are between two: the unit of rounding errors."""

from typing import NamedTuple

import numpy as np

from dashboard.analysis.cells import Array, Change
from dashboard.analysis.quantiles import quantiles


class UlpDistance(NamedTuple):
    """Over the comparable cells (finite on both sides): the median and the largest distance, None if there are none."""

    median: float | None
    max: float | None


class UlpDistances(Change):
    """The distance of each cell of `other` from that of `base` in units in the last place, NaN if one is not finite.

    Neighbouring numbers of the tensors' own floating dtype are 1 apart, +0.0 and −0.0 are 0 apart. Beyond 2^53 the
    distance is rounded to float64. Integers are as far apart as their difference.
    """

    def block(self, start: int, stop: int) -> Array:
        """Return the distances of the cells from `start` to before `stop`."""
        one, two = self.base.flat[start:stop], self.other.flat[start:stop]
        if one.dtype != two.dtype or one.dtype.kind in "biu":
            return np.abs(super().block(start, stop))
        distances = _distances(_ordinals(one), _ordinals(two), one.dtype.itemsize)
        for side in (one, two):
            with np.errstate(invalid="ignore"):  # a signalling NaN is treated as any other NaN
                finite = np.isfinite(side)
            if not finite.all():
                distances[~finite] = np.nan
        return distances


def ulp_distance(base: Array, other: Array) -> UlpDistance:
    """Return the median and largest distance of the comparable cells; raises ValueError if the shapes differ."""
    median, largest = quantiles(UlpDistances(base, other), (0.5, 1.0)).tolist()
    return UlpDistance(None, None) if np.isnan(median) else UlpDistance(median, largest)


def _ordinals(values: Array) -> Array:
    """Return integers that count the numbers of a floating dtype: 0 for ±0.0, 1 for the next above, −1 for below."""
    width = values.dtype.itemsize
    bits: Array = np.ascontiguousarray(values).view(f"i{width}").astype(np.int64)
    minus = bits >> 63  # −1 for a negative number, else 0; its other bits, inverted, count downwards from −1
    bits ^= minus & np.int64(2 ** (8 * width - 1) - 1)
    bits -= minus
    return bits


def _distances(one: Array, two: Array, width: int) -> Array:
    """Return how far ordinals are apart as float64; those of wide numbers on two sides of 0 by floats."""
    if width < 8:
        distances: Array = np.abs(two - one).astype(np.float64)
        return distances
    apart = (one < 0) != (two < 0)
    across: Array = np.abs(one.astype(np.float64)) + np.abs(two.astype(np.float64))
    return np.where(apart, across, np.abs(two - np.where(apart, two, one)))
