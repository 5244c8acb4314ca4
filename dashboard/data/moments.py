"""Count, lowest, highest, mean and standard deviation of many columns, taken in block by block.

Blocks are joined by the pairwise formula of Chan, Golub and LeVeque (1979), "Updating Formulae and a Pairwise
Algorithm for Computing Sample Variances", which loses no digits where a sum of squares would.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Facts = tuple[Floats, Floats, Floats, Floats, Floats]
CACHED_CELLS = 1 << 15
LONG_COLUMN = 1 << 10


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
        # A few columns at a time stay in the processor's cache; in another order of memory sums would differ.
        step = max(1, CACHED_CELLS // block.shape[1]) if block.flags.c_contiguous else len(block)
        self._take([_facts(block[start : start + step]) for start in range(0, len(block), step)])

    def add_columns(self, columns: Sequence[Floats]) -> None:
        """Take in a block as its columns, each of shape (rows,) and contiguous."""
        if columns and len(columns[0]) >= LONG_COLUMN:
            self._take([_facts(column[np.newaxis]) for column in columns])
        elif columns:
            self.add(np.stack(columns))

    def _take(self, parts: Sequence[Facts]) -> None:
        count, low, high, mean, squares = (np.concatenate(part) for part in zip(*parts, strict=True))
        self.low, self.high = np.minimum(self.low, low), np.maximum(self.high, high)
        self._join(count, mean, squares)

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

    def facts(self) -> list[list[float]]:
        """Return [low, high, mean, standard deviation] of each column."""
        facts: list[list[float]] = np.stack([self.low, self.high, self.mean, self.std], axis=1).tolist()
        return facts

    def pooled(self) -> "Moments":
        """Return the statistics of all columns together, as one column."""
        pool = Moments(1)
        for column in np.flatnonzero(self.count):
            one = slice(column, column + 1)
            pool._join(self.count[one], self.mean[one], self.squares[one])
        pool.low = self.low.min(initial=np.inf, keepdims=True)
        pool.high = self.high.max(initial=-np.inf, keepdims=True)
        return pool


def _facts(block: Floats) -> Facts:
    """Return (count, low, high, mean, sum of squared distances from it) of each row's known values."""
    low = np.fmin.reduce(block, axis=1, initial=np.inf)
    high = np.fmax.reduce(block, axis=1, initial=-np.inf)
    count, total = np.full(len(block), float(block.shape[1])), block.sum(axis=1)
    if np.isnan(total).any():
        known = ~np.isnan(block)
        count, total = known.sum(axis=1).astype(np.float64), np.where(known, block, 0.0).sum(axis=1)
    mean = total / np.maximum(count, 1)
    squares = block - mean[:, None]
    np.square(squares, out=squares)
    if (count < block.shape[1]).any():
        squares = np.where(np.isnan(block), 0.0, squares)
    return count, low, high, mean, squares.sum(axis=1)


def described(name: str, kind: str, missing: int, distinct: int, facts: Sequence[float | None]) -> dict[str, Any]:
    """Return plain values about a column; `facts` as in `Moments.facts`, or None where they say nothing."""
    named = dict(zip(("low", "high", "mean", "std"), facts, strict=True))
    return {"name": name, "kind": kind, "missing": missing, "distinct": distinct} | named
