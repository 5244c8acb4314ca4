"""What is drawn of a tensor, or of its change, in many versions: distributions on shared bins, and one as a picture."""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from dashboard.analysis.distributions import Distribution, counts_between, edges_between
from dashboard.analysis.images import heat_map
from dashboard.charts.images import HEAT_MAP_HEIGHT, HEAT_MAP_WIDTH, png
from dashboard.errors import NotFound
from dashboard.records.network import Network
from dashboard.services.cache.numbers import UNLIMITED, Budget, Numbers
from dashboard.services.history.tensor import Pair, TensorHistory, counted, numbers_of, open_pair
from dashboard.services.workspace import Workspace
from dashboard.weights.dtypes import Array

MOST_RIDGES = 40
"""More versions than this are thinned out evenly; the first and the last one stay."""

FAR = 3.0


class Ridges(NamedTuple):
    """The versions that are shown, and the distribution that has one member for each of them."""

    versions: list[int]
    distribution: Distribution

    def of(self, version: int) -> Distribution:
        """Return the distribution of one version, by default of the last, on the bins of all; raises NotFound."""
        number = version or (self.versions[-1] if self.versions else 0)
        if number not in self.versions:
            known = [str(other) for other in self.versions]
            raise NotFound(f"There is no distribution for version {number}.", "at", known)
        place, whole = self.versions.index(number), self.distribution
        below, above, odd = ((column[place],) for column in (whole.below, whole.above, whole.not_finite))
        return Distribution(whole.edges, (whole.counts[place],), below, above, odd)


def get_ridges(
    workspace: Workspace,
    history: TensorHistory,
    weights: bool,
    bins: int,
    limits: str = "robust",
    budget: Budget = UNLIMITED,
) -> Ridges | None:
    """Return the distributions of a tensor's weights, or of its changes; None if that is beyond the budget.

    With the limits `robust` the bins reach from the smallest 0.5th to the largest 99.5th percentile of any of them,
    but not beyond FAR times the median of these ends, so that one version that moved far does not flatten all others;
    with `full` from the smallest to the largest value.
    """
    pairs = thinned(history.pairs(weights))
    if not pairs:
        return no_ridges(bins)
    numbers = numbers_of(workspace, history.network, pairs, budget)
    known = [found for found in numbers if found is not None]
    if len(known) < len(pairs):
        return None
    edges = edges_between(*_ends(known, limits), bins)
    counts = _counts(workspace, history.network, pairs, edges, budget)
    return None if counts is None else Ridges([pair.at.number for pair in pairs], counts)


def no_ridges(bins: int) -> Ridges:
    """Return what is shown where there is nothing to count."""
    return Ridges([], Distribution(edges_between(-1.0, 1.0, bins), (), (), (), ()))


def thinned(pairs: Sequence[Pair]) -> list[Pair]:
    """Return at most `MOST_RIDGES` of them, evenly chosen."""
    if len(pairs) <= MOST_RIDGES:
        return list(pairs)
    return [pairs[place] for place in np.linspace(0, len(pairs) - 1, MOST_RIDGES).round().astype(int)]


def _ends(numbers: Sequence[Numbers], limits: str) -> tuple[float, float]:
    """Return the ends of the bins; −1 and 1 where nothing is finite."""
    low, high = ("min", "max") if limits == "full" else ("low", "high")
    ends = np.array([(found[low], found[high]) for found in numbers if found[low] is not None]).reshape(-1, 2)
    if not ends.size:
        return -1.0, 1.0
    with np.errstate(over="ignore"):  # the largest numbers need no bound
        bound = FAR * float(np.median(np.abs(ends).max(axis=1))) if limits == "robust" else np.inf
    first, last = float(ends[:, 0].min()), float(ends[:, 1].max())
    return (max(first, -bound), min(last, bound)) if bound else (first, last)


def _counts(
    workspace: Workspace, network: Network, pairs: Sequence[Pair], edges: Array, budget: Budget
) -> Distribution | None:
    mark = hashlib.sha256(edges.tobytes()).hexdigest()[:16] + " "

    def count(place: int) -> Numbers:
        found = counts_between([open_pair(workspace, network, pairs[place])], edges).to_json()
        return {name: found[name][0] for name in ("counts", "below", "above", "not_finite")}

    kept = counted(workspace, network, "ridges", pairs, count, budget, mark)
    found = [one for one in kept if one is not None]
    if len(found) < len(pairs):
        return None
    below, above, odd = (tuple(one[name] for one in found) for name in ("below", "above", "not_finite"))
    return Distribution(edges, tuple(np.array(one["counts"]) for one in found), below, above, odd)


def pair_map_png(workspace: Workspace, network: Network, pair: Pair, theme: str) -> bytes:
    """Return a tensor in one version, or its change, as a PNG image."""
    cells = open_pair(workspace, network, pair)
    return png(heat_map(cells, HEAT_MAP_HEIGHT, HEAT_MAP_WIDTH), theme)
