"""A tensor, or its change, in many versions: distributions on shared bins, and one version as levels of a heat map."""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from dashboard.analysis.distributions import Distribution, counts_between, edges_between
from dashboard.analysis.images import HeatMap, heat_map
from dashboard.errors import NotFound
from dashboard.records.network import Network
from dashboard.services.cache.numbers import UNLIMITED, Budget, Numbers
from dashboard.services.history.tensor import TensorHistory, TensorStep, counted, numbers_of, open_step
from dashboard.services.versions.damage import damaged_numbers
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
    """Return the distributions of a tensor's weights, or of its changes; None if the budget does not allow it.

    With the limits `robust` the bins reach from the smallest 0.5th to the largest 99.5th percentile of any of them,
    but not beyond FAR times the median of these ends, so that one version that moved far does not flatten all others;
    with `full` from the smallest to the largest value.
    """
    steps = thinned(history.steps(weights))
    if not steps:
        return no_ridges(bins)
    numbers = numbers_of(workspace, history.network, steps, budget)
    damaged = damaged_numbers(workspace, history.network.name)
    known = [one for one in numbers if one is not None]
    steps = [
        step for step, one in zip(steps, numbers, strict=True) if one is not None or damaged.isdisjoint(step.numbers)
    ]
    if len(known) < len(steps):
        return None
    edges = edges_between(*_ends(known, limits), bins)
    counts = _counts(workspace, history.network, steps, edges, budget)
    return None if counts is None else Ridges([step.version.number for step in steps], counts)


def no_ridges(bins: int) -> Ridges:
    """Return the distributions of no version at all."""
    return Ridges([], Distribution(edges_between(-1.0, 1.0, bins), (), (), (), ()))


def thinned(steps: Sequence[TensorStep]) -> list[TensorStep]:
    """Return at most `MOST_RIDGES` of them, evenly chosen."""
    if len(steps) <= MOST_RIDGES:
        return list(steps)
    return [steps[place] for place in np.linspace(0, len(steps) - 1, MOST_RIDGES).round().astype(int)]


def _ends(numbers: Sequence[Numbers], limits: str) -> tuple[float, float]:
    """Return the ends of the bins; −1 and 1 where nothing is finite."""
    low, high = ("min", "max") if limits == "full" else ("low", "high")
    ends = np.array([(one[low], one[high]) for one in numbers if one[low] is not None]).reshape(-1, 2)
    if not ends.size:
        return -1.0, 1.0
    with np.errstate(over="ignore"):  # the largest numbers need no bound
        bound = FAR * float(np.median(np.abs(ends).max(axis=1))) if limits == "robust" else np.inf
    first, last = float(ends[:, 0].min()), float(ends[:, 1].max())
    return (max(first, -bound), min(last, bound)) if bound else (first, last)


def _counts(
    workspace: Workspace, network: Network, steps: Sequence[TensorStep], edges: Array, budget: Budget
) -> Distribution | None:
    context = hashlib.sha256(edges.tobytes()).hexdigest()[:16] + " "

    def count(place: int) -> Numbers:
        counts = counts_between([open_step(workspace, network, steps[place])], edges).to_json()
        return {name: counts[name][0] for name in ("counts", "below", "above", "not_finite")}

    numbers = [one for one in counted(workspace, network, "ridges", steps, count, budget, context) if one is not None]
    if len(numbers) < len(steps):
        return None
    below, above, odd = (tuple(one[name] for one in numbers) for name in ("below", "above", "not_finite"))
    return Distribution(edges, tuple(np.array(one["counts"]) for one in numbers), below, above, odd)


def step_heat_map(workspace: Workspace, network: Network, step: TensorStep, height: int, width: int) -> HeatMap:
    """Return a tensor in one version, or its change, pooled to at most height × width levels of colour."""
    return heat_map(open_step(workspace, network, step), height, width)
