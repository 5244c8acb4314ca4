"""Distributions of weights: counts in equal bins, shared by all tensors of a chart."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from dashboard.analysis.cells import LARGEST, Array, Cells, cells_of
from dashboard.analysis.moments import safe_scale
from dashboard.analysis.quantiles import quantiles

ROBUST, FULL = (0.005, 0.995), (0.0, 1.0)


class Distribution(NamedTuple):
    """Counts of finite cells in equal bins.

    `edges` has one number more than there are bins; `counts`, `below`, `above` (cells outside the edges) and
    `not_finite` have one member for each tensor. The last bin holds its right edge.
    """

    edges: Array
    counts: tuple[Array, ...]
    below: tuple[int, ...]
    above: tuple[int, ...]
    not_finite: tuple[int, ...]

    def rows(self) -> list[tuple[float, ...]]:
        """Return (from, to, the count of each tensor), so that every cell is counted in a row.

        One row for the cells below the bins (from −inf), one for each bin, one for those above (to inf), and one for
        those that are not finite (from NaN to NaN).
        """
        edges = self.edges.tolist()
        bins = zip(edges[:-1], edges[1:], *(counts.tolist() for counts in self.counts), strict=True)
        below, above = (-math.inf, edges[0], *self.below), (edges[-1], math.inf, *self.above)
        return [below, *bins, above, (math.nan, math.nan, *self.not_finite)]

    def to_json(self) -> dict[str, Any]:
        """Return plain lists and numbers by name."""
        return {
            "edges": self.edges.tolist(),
            "counts": [counts.tolist() for counts in self.counts],
            "below": list(self.below),
            "above": list(self.above),
            "not_finite": list(self.not_finite),
        }


def distribution(sources: Sequence[Array | Cells], bins: int, limits: str = "robust") -> Distribution:
    """Return the distribution of each tensor over shared bins.

    With the limits `robust` the bins reach from the smallest 0.5th to the largest 99.5th percentile of any of the
    tensors, with `full` from the smallest to the largest value. Where all values are equal (or so near each other
    that bins between them would have no width) the bins surround that value.
    """
    tensors = [cells_of(source) for source in sources]
    return counts_between(tensors, shared_edges(tensors, bins, limits))


def counts_between(sources: Sequence[Array | Cells], edges: Array) -> Distribution:
    """Return the distribution of each tensor over bins between these equally spaced edges."""
    counted = [_count(cells_of(source), edges) for source in sources]
    return Distribution(
        edges,
        tuple(count.inside for count in counted),
        tuple(count.below for count in counted),
        tuple(count.above for count in counted),
        tuple(count.not_finite for count in counted),
    )


def shared_edges(sources: Sequence[Array | Cells], bins: int, limits: str = "robust") -> Array:
    """Return the edges (bins + 1) of `distribution` for these tensors, without counting."""
    tensors = [cells_of(source) for source in sources]
    return edges_between(*_ends(tensors, FULL if limits == "full" else ROBUST), bins)


def edges_between(low: float, high: float, bins: int) -> Array:
    """Return the edges (bins + 1) of equal bins from `low` to `high`, or around them if they are (nearly) equal."""
    low, high = _widened(low, high, bins)
    scale = safe_scale(max(abs(low), abs(high)))  # the difference of the largest numbers is none
    edges: Array = np.linspace(low * scale, high * scale, bins + 1) / scale
    return edges


def _ends(tensors: Sequence[Cells], shares: tuple[float, float]) -> tuple[float, float]:
    """Return the ends of the bins; −1 and 1 where nothing is finite."""
    ends = np.array([quantiles(tensor, shares) for tensor in tensors]).reshape(-1, 2)
    ends = ends[~np.isnan(ends[:, 0])]
    return (float(ends[:, 0].min()), float(ends[:, 1].max())) if ends.size else (-1.0, 1.0)


def _widened(low: float, high: float, bins: int) -> tuple[float, float]:
    """Return the ends so far apart that the edges of every bin are different numbers."""
    largest = max(abs(low), abs(high))
    if high / 2 - low / 2 > 2 * bins * math.ulp(largest):
        return low, high
    margin = max(largest * 1e-3, 1e-300) if largest else 1e-3
    return max(low - margin, -LARGEST), min(high + margin, LARGEST)


class _Count(NamedTuple):
    inside: Array
    below: int
    above: int
    not_finite: int


def _count(cells: Cells, edges: Array) -> _Count:
    """Count the cells in the bins between equally spaced edges, scaled like the edges so that nothing overflows."""
    scale = safe_scale(float(np.abs(edges).max()))
    low, high, bins = edges[0] * scale, edges[-1] * scale, edges.size - 1
    inside = np.zeros(bins, dtype=np.int64)
    below = above = finite = 0
    for _, block in cells.blocks():
        values = block[np.isfinite(block)]
        finite += values.size
        with np.errstate(over="ignore"):
            values *= scale
        below += int(np.count_nonzero(values < low))
        above += int(np.count_nonzero(values > high))
        inside += np.histogram(values, bins=bins, range=(low, high))[0]
    return _Count(inside, below, above, cells.size - finite)
