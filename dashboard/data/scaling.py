"""The four scalings, each as a factor and an addend: x * scale + offset is what a network sees.

*book*: x / highest * 0.99 + 0.01, so that no input is 0 (T. Rashid, Make Your Own Neural Network, 2016);
*minmax*: (x - lowest) / (highest - lowest); *standard*: (x - mean) / deviation; *none*: x.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dashboard.data.moments import Moments

Floats = NDArray[np.float64]

BOOK_LOW, BOOK_SPAN = 0.01, 0.99
BOOK_TARGET_LOW, BOOK_TARGET_SPAN = 0.01, 0.98
LEAST_DEVIATION = 1e-12
"""A deviation below this share of the mean is what rounding leaves of a constant column."""


def column_scales(scaling: str, moments: Moments) -> tuple[Floats, Floats]:
    """Return (scale, offset) of each column, float64 of shape (columns,).

    A column that is constant, or empty, in what was measured becomes 0 whatever x is (0.01 in the book's scaling).
    """
    known = moments.count > 0
    low, high = (np.where(known, bound, 0.0) for bound in (moments.low, moments.high))
    if scaling == "none":
        return np.ones(low.shape), np.zeros(low.shape)
    if scaling == "standard":
        scale = _inverse(moments.std, np.maximum(np.abs(moments.mean), 1e-300) * LEAST_DEVIATION)
        return scale, -moments.mean * scale
    # The book divides by the highest value; where there are negative ones, the lowest counts as its zero.
    floor = np.minimum(low, 0.0) if scaling == "book" else low
    scale = _inverse(high - floor, np.zeros(low.shape))
    if scaling == "minmax":
        return scale, -floor * scale
    return scale * BOOK_SPAN, -floor * scale * BOOK_SPAN + BOOK_LOW


def target_scale(scaling: str, target: NDArray[Any]) -> tuple[float, float]:
    """Return (scale, offset) of a regression's target: standardised, or from 0 to 1 (book: 0.01 to 0.99), or as is."""
    moments = Moments(1)
    moments.add(np.asarray(target, np.float64)[np.newaxis])
    scales, offsets = column_scales("minmax" if scaling == "book" else scaling, moments)
    scale, offset = float(scales[0]), float(offsets[0])
    if not scale:  # a constant target must still be read back: only its offset is learnt
        scale, offset = 1.0, -float(moments.mean[0])
    if scaling == "book":
        return scale * BOOK_TARGET_SPAN, offset * BOOK_TARGET_SPAN + BOOK_TARGET_LOW
    return scale, offset


def _inverse(span: Floats, least: Floats) -> Floats:
    return np.divide(1.0, span, out=np.zeros(span.shape), where=span > least)
