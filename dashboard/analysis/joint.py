"""Base against other, cell by cell, as counts on a grid: the scatter of two tensors when there are too many points."""

from typing import NamedTuple

import numpy as np

from dashboard.analysis.cells import BLOCK_CELLS, Array, Change
from dashboard.analysis.distributions import distribution


class JointCounts(NamedTuple):
    """`counts` (bins, bins): first axis base, second other, both over the same `edges`; `outside` cells lie beyond."""

    edges: Array
    counts: Array
    outside: int
    not_comparable: int


def joint_counts(base: Array, other: Array, bins: int, limits: str = "robust") -> JointCounts:
    """Return how often a value of the base goes with one of the other; limits as for distributions, shared by both."""
    change = Change(base, other)
    edges = distribution([base, other], bins, limits).edges
    counts = np.zeros((bins, bins), dtype=np.int64)
    comparable = 0
    for start in range(0, change.size, BLOCK_CELLS):
        sides = change.sides(start, start + BLOCK_CELLS)
        a, b = sides[:2, np.isfinite(sides[2])]
        comparable += a.size
        counts += np.histogram2d(a, b, bins=(edges, edges))[0].astype(np.int64)
    return JointCounts(edges, counts, comparable - int(counts.sum()), change.size - comparable)
