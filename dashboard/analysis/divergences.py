"""How far two distributions are apart: from the cells themselves, or from their counts on shared bins.

With as many bins as `FINE_BINS` over the full range the distance of Wasserstein is that of the cells themselves to
within the width of a bin.
"""

from typing import NamedTuple

import numpy as np

from dashboard.analysis.cells import Array, Cells
from dashboard.analysis.distributions import Distribution, distribution, shared_edges
from dashboard.analysis.moments import safe_scale

FINE_BINS = 4096
COARSE_BINS = 64
"""Bins of the divergence of Kullback and Leibler: so few that the half cell added to each weighs little."""
CELLS_A_BIN = 20
"""With fewer cells to a bin, on average, the half cells added would be a good part of the estimate."""
MOST_UNMET = 0.01
"""If more of one side's cells are where the other has none, the estimate would be what the half cells make of it."""

SORTED_CELLS = 1 << 20
"""Up to so many cells are sorted, which is exact; of more the fine bins are counted, in bounded memory."""


class Distances(NamedTuple):
    """How far the finite cells of two tensors are apart as distributions, None if one side has none.

    `wasserstein` is exact up to `SORTED_CELLS`, beyond that within a 4,096th of the range of both; `kl` (in nats) is
    D(base ‖ other) over 64 equal bins from the smallest to the largest cell of both, None where it is no estimate.
    """

    wasserstein: float | None
    kl: float | None


def distribution_distances(base: Array, other: Array, sorted_cells: int = SORTED_CELLS) -> Distances:
    """Return how far the distributions of two tensors' finite cells are apart; more than `sorted_cells` are binned."""
    if max(base.size, other.size) <= sorted_cells:
        one, two = (_sorted(side) for side in (base, other))
        is_few = min(one.size, two.size) < CELLS_A_BIN * COARSE_BINS
        return Distances(_exact_wasserstein(one, two), None if is_few else kl_estimate(_counted(one, two)))
    fine = distribution([base, other], FINE_BINS, "full")
    return Distances(wasserstein_distance(fine), kl_estimate(_coarser(fine)))


def _sorted(side: Array) -> Array:
    cells = Cells(side).block(0, side.size)
    return np.sort(cells[np.isfinite(cells)])


def _exact_wasserstein(one: Array, two: Array) -> float | None:
    """Return the area between the cumulative distributions of sorted cells, at a scale without overflow."""
    if not one.size or not two.size:
        return None
    scale = safe_scale(float(np.abs([one[0], one[-1], two[0], two[-1]]).max()))
    if one.size == two.size:  # each cell moves to the one of its own rank
        area = np.abs(one * scale - two * scale).mean()
    else:
        both = np.sort(np.concatenate([one, two]))
        shares, others = (np.searchsorted(side, both[:-1], side="right") / side.size for side in (one, two))
        area = (np.abs(shares - others) * np.diff(both * scale)).sum()
    with np.errstate(over="ignore"):
        return float(area / scale)


def _counted(one: Array, two: Array) -> Distribution:
    """Return the coarse distribution of sorted cells."""
    ends = np.concatenate([side[[0, -1]] for side in (one, two) if side.size] or [np.zeros(0)])
    edges = shared_edges([ends], COARSE_BINS, "full")
    counts = tuple(_between(side, edges) for side in (one, two))
    return Distribution(edges, counts, (0, 0), (0, 0), (0, 0))


def _between(cells: Array, edges: Array) -> Array:
    """Count sorted cells in bins that hold their left edge, the last one its right edge, too."""
    places = np.searchsorted(cells, edges)
    places[-1] = cells.size
    return np.diff(places)


def _coarser(fine: Distribution) -> Distribution:
    """Return the coarse distribution of one with fine bins."""
    together = FINE_BINS // COARSE_BINS
    counts = tuple(counts.reshape(COARSE_BINS, together).sum(axis=1) for counts in fine.counts)
    return fine._replace(edges=fine.edges[::together], counts=counts)


def wasserstein_distance(counted: Distribution) -> float | None:
    """Return the 1-Wasserstein distance of the first two tensors: how far a cell has to move on average.

    In the unit of the weights; the area between the cumulative distributions (Vallender 1974), each bin's cells
    standing at its middle. None if one of them has no cell in the bins.
    """
    shares = _shares(counted)
    if shares is None:
        return None
    bins = counted.edges.size - 1
    width = counted.edges[-1] / bins - counted.edges[0] / bins  # the difference of the largest numbers is none
    return float(np.abs(np.cumsum(shares[0] - shares[1])).sum() * width)


def kl_divergence(counted: Distribution) -> float | None:
    """Return the Kullback-Leibler divergence D(first ‖ second), Σ p ln(p/q), in nats: of the first from the second.

    p is the first's, q the second's share of a bin, with half a cell added to each bin of both, so that a bin that
    is empty on one side leaves it finite (Krichevsky and Trofimov 1981). None if one of them has no cell in the bins.
    """
    if _shares(counted) is None:
        return None
    p, q = ((counts + 0.5) / (counts + 0.5).sum() for counts in counted.counts[:2])
    return float((p * np.log(p / q)).sum())


def kl_estimate(counted: Distribution) -> float | None:
    """Return `kl_divergence` where it says something about the cells: None for few of them, or where most do not meet.

    There the half cells added to the bins would decide it.
    """
    one, two = counted.counts[:2]
    shares = _shares(counted)
    if shares is None or min(one.sum(), two.sum()) < CELLS_A_BIN * one.size:
        return None
    unmet = float(shares[0][two == 0].sum())
    return kl_divergence(counted) if unmet <= MOST_UNMET else None


def _shares(counted: Distribution) -> tuple[Array, Array] | None:
    one, two = counted.counts[:2]
    return (one / one.sum(), two / two.sum()) if one.any() and two.any() else None
