"""How far two distributions are apart, from their counts on shared bins.

With as many bins as `FINE_BINS` over the full range the distance of Wasserstein is that of the cells themselves to
within the width of a bin.
"""

import numpy as np

from dashboard.analysis.cells import Array
from dashboard.analysis.distributions import Distribution

FINE_BINS = 4096


def wasserstein_distance(found: Distribution) -> float | None:
    """Return the 1-Wasserstein distance of the first two tensors: how far a cell has to move on average.

    In the unit of the weights; the area between the cumulative distributions (Vallender 1974), each bin's cells
    standing at its middle. None if one of them has no cell in the bins.
    """
    shares = _shares(found)
    if shares is None:
        return None
    width = (found.edges[-1] - found.edges[0]) / (found.edges.size - 1)
    return float(np.abs(np.cumsum(shares[0] - shares[1])).sum() * width)


def kl_divergence(found: Distribution) -> float | None:
    """Return the Kullback-Leibler divergence of the second tensor from the first, Σ p ln(p/q), in nats.

    p is the first's, q the second's share of a bin, with half a cell added to each bin of both, so that a bin that
    is empty on one side leaves it finite (Krichevsky and Trofimov 1981). None if one of them has no cell in the bins.
    """
    if _shares(found) is None:
        return None
    p, q = ((counts + 0.5) / (counts + 0.5).sum() for counts in found.counts[:2])
    return float((p * np.log(p / q)).sum())


def jensen_shannon_divergence(found: Distribution) -> float | None:
    """Return the Jensen-Shannon divergence of the first two tensors in bits: 0 for equal shares, 1 for none in common.

    (Lin 1991.) None if one of them has no cell in the bins.
    """
    shares = _shares(found)
    if shares is None:
        return None
    middle = (shares[0] + shares[1]) / 2
    halves = []
    for p in shares:
        some = p > 0
        halves.append((p[some] * np.log2(p[some] / middle[some])).sum() / 2)
    return float(max(sum(halves), 0.0))


def _shares(found: Distribution) -> tuple[Array, Array] | None:
    one, two = found.counts[:2]
    return (one / one.sum(), two / two.sum()) if one.any() and two.any() else None
