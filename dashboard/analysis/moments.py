"""Means, spreads and products of vectors that are read block by block: one pass, and no cancellation.

Blocks are centred on their own means and merged by the formula of Chan, Golub and LeVeque ("Updating formulae and a
pairwise algorithm for computing sample variances", 1979), for several vectors side by side.
"""

import math

import numpy as np

from dashboard.analysis.cells import Array

SAFE = 2.0**300
"""Values up to this size, and not below its inverse, can be squared and summed in float64 as they are."""


class Moments:
    """Of `vectors` vectors, added block by block: how many entries, their means, and their centred products."""

    def __init__(self, vectors: int) -> None:
        self.count = 0
        self.mean = np.zeros(vectors)
        self.products = np.zeros((vectors, vectors))

    def add(self, block: Array) -> None:
        """Add a block (vectors, entries) of finite float64; its content is overwritten."""
        entries = block.shape[1]
        if not entries:
            return
        mean = block.mean(axis=1)
        block -= mean[:, None]
        step = mean - self.mean
        total = self.count + entries
        self.products += block @ block.T + np.outer(step, step) * (self.count * entries / total)
        self.mean += step * (entries / total)
        self.count = total

    @property
    def raw_products(self) -> Array:
        """The sums of products of the vectors as they are (not centred): on the diagonal, squares of L2 norms."""
        products: Array = self.products + self.count * np.outer(self.mean, self.mean)
        return products


def safe_scale(largest: float) -> float:
    """Return the power of two that brings values of at most this size near 1, or 1 if they are good as they are.

    They are if their squares, and sums of these, stay in the range of float64. Multiplying by a power of two changes
    no digit of a number that stays in its range.
    """
    if largest == 0 or 1 / SAFE <= largest <= SAFE:
        return 1.0
    return math.ldexp(1.0, min(max(-math.frexp(largest)[1], -1022), 1022))


def safe_scales(largest: Array) -> Array:
    """Return `safe_scale` of each of these sizes."""
    good = (largest == 0) | ((largest >= 1 / SAFE) & (largest <= SAFE))
    return np.where(good, 1.0, np.ldexp(1.0, np.clip(-np.frexp(largest)[1], -1022, 1022)))
