"""Base against other, cell by cell, as counts on a grid: the scatter of two tensors when there are too many points."""

from typing import NamedTuple

import numpy as np

from dashboard.analysis.cells import BLOCK_CELLS, Array, Change
from dashboard.analysis.distributions import shared_edges


class JointCounts(NamedTuple):
    """`counts` (bins, bins): first axis base, second other, both over the same `edges`; `outside` counts all others."""

    edges: Array
    counts: Array
    outside: int
    not_comparable: int


def joint_counts(base: Array, other: Array, bins: int, limits: str = "robust") -> JointCounts:
    """Return how often a value of the base goes with one of the other; limits as for distributions, shared by both."""
    change = Change(base, other)
    edges = shared_edges([base, other], bins, limits)
    counts = np.zeros(bins * bins, dtype=np.int64)
    comparable = 0
    for start in range(0, change.size, BLOCK_CELLS):
        sides = change.sides(start, start + BLOCK_CELLS)
        comparable += int(np.count_nonzero(np.isfinite(sides[2])))
        low, high = np.minimum(sides[0], sides[1]), np.maximum(sides[0], sides[1])
        inside = np.flatnonzero((low >= edges[0]) & (high <= edges[-1]))  # NaN is on no side of an edge
        first, second = (_bins(side[inside], edges) for side in sides[:2])
        counts += np.bincount(first * bins + second, minlength=counts.size)
    return JointCounts(edges, counts.reshape(bins, bins), comparable - int(counts.sum()), change.size - comparable)


def _bins(values: Array, edges: Array) -> Array:
    """Return the bin of each value inside the edges: guessed by a division, then set right by the edges themselves."""
    last = edges.size - 2
    # Halves, as the difference of the largest numbers is none; a share of the whole, so that nothing overflows.
    shares = (values / 2 - edges[0] / 2) / (edges[-1] / 2 - edges[0] / 2)
    places: Array = np.minimum((shares * (last + 1)).astype(np.intp), last)
    places -= values < edges[places]
    places += (values >= edges[places + 1]) & (places < last)
    return places
