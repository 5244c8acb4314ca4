"""What the units of a layer do on records: whether they fire, whether they vary, where their activation is flat."""

from typing import NamedTuple

import numpy as np

from dashboard.analysis.cells import Array

FLAT_FROM = 4.0
"""The sigmoid of 4 is 0.982: its slope there is 7 % of that at 0."""
MOSTLY = 0.95
"""A unit is called saturated if it is flat on such a share of the records."""
SAME = 1e-6
"""Answers of a curve that flattens out are the same if they are within a millionth."""


class Activity(NamedTuple):
    """What each unit did on so many `records`: four arrays (units,) of bool.

    `is_never_active`: a rectifier that no record lifts above 0; `is_unvarying`: the same answer to every record, of two
    or more; `is_saturated`: mostly flat; `is_odd`: an answer that is NaN or infinite.
    """

    records: int
    is_never_active: Array
    is_unvarying: Array
    is_saturated: Array
    is_odd: Array


class ActivityCount:
    """Counts what a layer's units do, block by block; the traits are those of the layer's activation.

    Answers are the same if they are not further apart than `same`.
    """

    def __init__(self, units: int, is_rectifier: bool, saturates: bool, same: float = 0.0) -> None:
        self._is_rectifier, self._saturates, self._same = is_rectifier, saturates, same
        self._records = 0
        self._fires, self._odd = np.zeros((2, units), dtype=bool)
        self._low, self._high = np.full(units, np.inf), np.full(units, -np.inf)
        self._flat = np.zeros(units, dtype=np.int64)

    def add(self, sums: Array, outputs: Array) -> None:
        """Count a block of records: the units' sums and their outputs, both (records, units)."""
        self._records += len(outputs)
        self._fires |= (outputs > 0).any(axis=0)
        np.minimum(self._low, outputs.min(axis=0), out=self._low)
        np.maximum(self._high, outputs.max(axis=0), out=self._high)
        self._odd |= ~np.isfinite(outputs).all(axis=0)
        if self._saturates:
            self._flat += (np.abs(sums) > FLAT_FROM).sum(axis=0)

    def result(self) -> Activity:
        """Return what was counted so far."""
        return Activity(
            self._records,
            ~self._fires & self._is_rectifier,
            (self._high - self._low <= self._same) & (self._records > 1),
            (self._flat >= MOSTLY * self._records) & self._saturates,
            self._odd,
        )
