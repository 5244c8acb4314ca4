"""Count, lowest, highest, mean and standard deviation of many columns, taken in block by block.

Blocks are joined by the pairwise formula of Chan, Golub and LeVeque (1979), "Updating Formulae and a Pairwise
Algorithm for Computing Sample Variances", which loses no digits where a sum of squares would.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Moments:
    """The running statistics of `columns` columns; each attribute is float64 of shape (columns,).

    `low` and `high` are ±inf, and `mean` 0, for a column without numbers. Nothing overflows, as no cell is beyond
    `cells.LARGEST`.
    """

    def __init__(self, columns: int) -> None:
        self.count = np.zeros(columns)
        self.mean = np.zeros(columns)
        self.squares = np.zeros(columns)
        self.low = np.full(columns, np.inf)
        self.high = np.full(columns, -np.inf)

    def add(self, block: Floats) -> None:
        """Take in a block of shape (columns, rows) whose NaN are missing values."""
        if not block.size:
            return
        known = ~np.isnan(block)
        count = known.sum(axis=1).astype(np.float64)
        self.low = np.minimum(self.low, np.fmin.reduce(block, axis=1, initial=np.inf))
        self.high = np.maximum(self.high, np.fmax.reduce(block, axis=1, initial=-np.inf))
        mean = _sums(block, known) / np.maximum(count, 1)
        self._join(count, mean, _sums(np.square(block - mean[:, None]), known))

    def _join(self, count: Floats, mean: Floats, squares: Floats) -> None:
        total = np.maximum(self.count + count, 1)
        apart = mean - self.mean
        self.mean = self.mean + apart * (count / total)
        self.squares = self.squares + squares + np.square(apart) * (self.count * count / total)
        self.count = self.count + count

    @property
    def std(self) -> Floats:
        """The population's standard deviation of each column."""
        return np.sqrt(self.squares / np.maximum(self.count, 1))

    def pooled(self) -> "Moments":
        """Return the statistics of all columns together, as one column."""
        pool = Moments(1)
        for column in np.flatnonzero(self.count):
            one = slice(column, column + 1)
            pool._join(self.count[one], self.mean[one], self.squares[one])
        pool.low = self.low.min(initial=np.inf, keepdims=True)
        pool.high = self.high.max(initial=-np.inf, keepdims=True)
        return pool


def _sums(block: Floats, known: NDArray[np.bool_]) -> Floats:
    """Return the sum of each row's known values."""
    sums: Floats = (block if known.all() else np.where(known, block, 0.0)).sum(axis=1)
    return sums
