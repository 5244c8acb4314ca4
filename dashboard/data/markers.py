"""Numbers that may stand for missing, such as -999: far from all others of their column. They are only asked about."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dashboard.data.block_reader import read_blocks
from dashboard.data.blocks import Reading
from dashboard.data.cells import shown_number
from dashboard.data.csv_format import CsvFormat

Floats = NDArray[np.float64]
MARKERS = np.array(
    [sign * (10**digits - 1) / part for sign in (-1, 1) for digits in range(2, 9) for part in (1, 10, 100)]
)
"""Whole numbers of nines, and with the last one or two behind the point: -999, 9999, 99.9."""
FEWEST_OTHERS = 3


class Marker(NamedTuple):
    """How often a number stands in a column, and the lowest and the highest of the others."""

    value: float
    cells: int
    low: float
    high: float

    @property
    def question(self) -> str:
        """What is asked about it."""
        cells = "one cell" if self.cells == 1 else f"{self.cells:,} cells"
        others = f"{shown_number(self.low)} to {shown_number(self.high)}"
        return f"{shown_number(self.value)} stands in {cells}, far from the others ({others}): does it mean missing?"


def likely_marker(values: Floats) -> float | None:
    """Return the lowest or the highest of some numbers if it may mean missing: further off than the others are wide."""
    different = np.unique(values)
    if len(different) <= FEWEST_OTHERS:
        return None
    for value, others in ((different[0], different[1:]), (different[-1], different[:-1])):
        if np.isin(value, MARKERS) and np.abs(others - value).min() > others[-1] - others[0]:
            return float(value)
    return None


def count_markers(
    path: Path, csv_format: CsvFormat, width: int, likely: Mapping[int, float], readings: Sequence[Reading]
) -> dict[int, Marker]:
    """Return how often likely markers, by the places of columns, stand in a file, if they are far from the others.

    The file is read for it once more, these columns alone.
    """
    if not likely:
        return {}
    places = list(likely)
    counts = dict.fromkeys(places, 0)
    low, high = dict.fromkeys(places, np.inf), dict.fromkeys(places, -np.inf)
    for block in read_blocks(path, csv_format, width, places, [readings[place] for place in places]):
        for place, column in zip(places, block, strict=True):
            others = column.values[column.values != likely[place]]
            counts[place] += len(column.values) - len(others)
            low[place] = min(low[place], np.fmin.reduce(others, initial=np.inf))
            high[place] = max(high[place], np.fmax.reduce(others, initial=-np.inf))
    markers = (Marker(likely[place], counts[place], float(low[place]), float(high[place])) for place in places)
    return {place: one for place, one in zip(places, markers, strict=True) if _is_far(one)}


def _is_far(marker: Marker) -> bool:
    return min(abs(marker.low - marker.value), abs(marker.high - marker.value)) > marker.high - marker.low
