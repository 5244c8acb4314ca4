"""Mixing the weights of several networks: computed in float64 and rounded once, and copied wherever they are equal."""

import math
from collections.abc import Sequence

import numpy as np

from dashboard.engine.arrays import Array
from dashboard.engine.rounding import round_once

CELLS_AT_ONCE = 1_000_000


def interpolate(first: Array, second: Array, share: float) -> Array:
    """Return (1 − share)·first + share·second, of one floating type and shape, in that type.

    Cells of equal bits, and all cells where the share is 0 or 1, are copied: the formula would lose −0, and make NaN of
    infinities.
    """
    if share in (0.0, 1.0):
        return np.array(second if share == 1.0 else first)
    return _mixed([first, second], [1.0 - share, share], 1.0)


def average(arrays: Sequence[Array], shares: Sequence[float]) -> Array:
    """Return the mean of arrays of one floating type and shape, weighted by shares above 0, in that type.

    It is summed in the order given, then divided by the sum of the shares. Cells of equal bits are copied.
    """
    return _mixed(arrays, shares, math.fsum(shares))


def _mixed(arrays: Sequence[Array], factors: Sequence[float], divisor: float) -> Array:
    """Return Σ factor·array / divisor, a part of the cells at a time, so that memory stays small."""
    flat = [np.ascontiguousarray(array).reshape(-1) for array in arrays]
    result = np.empty_like(flat[0])
    for start in range(0, len(result), CELLS_AT_ONCE):
        parts = [array[start : start + CELLS_AT_ONCE] for array in flat]
        total = np.zeros(len(parts[0]))
        with np.errstate(over="ignore", invalid="ignore"):
            for part, factor in zip(parts, factors, strict=True):
                total += factor * part.astype(np.float64)
            mixed = round_once(total / divisor, result.dtype)
        is_equal = np.logical_and.reduce([_bits(part) == _bits(parts[0]) for part in parts])
        result[start : start + CELLS_AT_ONCE] = np.where(is_equal, parts[0], mixed)
    return result.reshape(arrays[0].shape)


def _bits(array: Array) -> Array:
    return array.view(f"u{array.dtype.itemsize}")
