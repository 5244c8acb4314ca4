"""Cells that stand far from the others, by name: where robust axes cut, a person is shown what is beyond."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from dashboard.analysis.cells import Array, Cells, cells_of
from dashboard.analysis.quantiles import quantiles


class Cell(NamedTuple):
    """One cell of a table and its value."""

    row: int
    column: int
    value: float


@dataclass(frozen=True)
class Outliers:
    """How many cells are below `low` or above `high`, and the farthest of them, the farthest first."""

    count: int
    low: float
    high: float
    cells: tuple[Cell, ...]


def outliers(source: Array | Cells, most: int = 20, quartiles: tuple[float, float] | None = None) -> Outliers:
    """Return the finite cells that are *far out* in Tukey's sense (Exploratory Data Analysis, 1977).

    These are more than 3 times the distance of the quartiles below the first or above the third one; of normally
    distributed cells two in a million. Where the quartiles are equal nothing is called an outlier.
    The first and third quartile are computed unless they are given.
    """
    cells = cells_of(source)
    first, third = quartiles or (float(value) for value in quantiles(cells, (0.25, 0.75)))
    with np.errstate(over="ignore"):
        low, high = first - 3 * (third - first), third + 3 * (third - first)
    if not third > first:
        return Outliers(0, low, high, ())
    count = 0
    farthest: list[tuple[float, int, float]] = []
    for start, block in cells.blocks():
        beyond = np.flatnonzero(np.isfinite(block) & ((block < low) | (block > high)))
        count += beyond.size
        values = block[beyond]
        distances = np.maximum(low - values, values - high)
        order = np.argsort(-distances, kind="stable")[:most]
        near = [(float(distances[i]), start + int(beyond[i]), float(values[i])) for i in order]
        farthest = sorted(farthest + near, key=lambda cell: (-cell[0], cell[1]))[:most]
    return Outliers(count, low, high, tuple(Cell(*cells.place(place), value) for _, place, value in farthest))
