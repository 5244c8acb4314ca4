"""Scores for the proposer: only their order counts, mapped to the quantiles of a normal distribution.

Losses of diverged trainings, or an accuracy that saturates, would distort a network's fit of the rest. The proposer
predicts these *normal scores*; `Scores.own` converts them back to the score's own unit.
"""

from statistics import NormalDist
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
NORMAL = NormalDist()


def ranks(values: Array) -> Array:
    """Return each value's rank from 1, (values,); equal values share the mean of theirs."""
    order = np.sort(values)
    below = np.searchsorted(order, values, "left")
    return (below + np.searchsorted(order, values, "right") + 1) / 2.0


class Scores:
    """Values (trials,), higher ones better, and their normal scores Φ⁻¹((rank − ½)/trials) (Hazen 1914)."""

    def __init__(self, values: Array) -> None:
        self.values = values
        shares = (ranks(values) - 0.5) / max(1, len(values))
        self.normal = np.array([NORMAL.inv_cdf(share) for share in shares])

    def own(self, normal: Array) -> Array:
        """Return the values at normal scores (...): between trials along lines, beyond them with the outer slopes."""
        known, first = np.unique(self.normal, return_index=True)
        values = self.values[first]
        interpolated: Array = np.interp(normal, known, values)
        if len(known) > 1:
            slopes = np.diff(values) / np.diff(known)
            interpolated = interpolated + slopes[0] * np.minimum(normal - known[0], 0.0)
            interpolated = interpolated + slopes[-1] * np.maximum(normal - known[-1], 0.0)
        return interpolated
