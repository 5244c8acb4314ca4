"""The proposer's model after a refit: the expected score of any candidate, and the effect of each setting."""

import math
from collections.abc import Mapping
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np

from dashboard.search.encoding import Array, Encoding
from dashboard.search.ensemble import Ensemble, Prediction
from dashboard.search.scores import Scores

BACKGROUND = 200
POINTS = 11
LUCK = np.array([NormalDist().inv_cdf((place + 0.5) / 15) for place in range(15)])
"""Outcomes of a standard normal distribution that are equally likely."""


class Expectation(NamedTuple):
    """What is expected of a candidate: `mean` and `spread` of its normal score, and the same in the goal's own unit.

    `value` is the expected score, noise included; two of three outcomes should be between `low` and `high`.
    """

    mean: float
    spread: float
    value: float
    low: float
    high: float


class PartialDependence(NamedTuple):
    """What is expected on average over the other settings (values,), for each of a setting's values.

    `mean` and `spread` are normal scores; `own` is the expected score in the goal's own unit, `own_spread` half of the
    way from one spread below the mean to one above (Friedman 2001).
    """

    name: str
    values: list[Any]
    mean: Array
    spread: Array
    own: Array
    own_spread: Array


class Belief:
    """An ensemble with what it needs to predict candidates; `scores` are those it was trained on.

    `scores` holds values of which higher ones are better; `sign` is −1 where the goal itself is to be small;
    predictions are clipped to `bounds`, the limits of the metric. With several goals `own` numbers mean nothing, as
    each proposal weights the goals differently.
    """

    def __init__(self, encoding: Encoding, ensemble: Ensemble, scores: Scores, sign: float = 1.0) -> None:
        self.encoding, self.ensemble, self.scores, self.sign = encoding, ensemble, scores, sign
        self.bounds = (-math.inf, math.inf)

    def predict(self, genes: Array) -> Prediction:
        """Return normal scores' mean and spread for genes (candidates, settings)."""
        return self.ensemble.predict(self.encoding.encode(genes))

    def expect(self, params: Mapping[str, Any]) -> Expectation:
        """Return what is expected of a candidate."""
        prediction = self.predict(self.encoding.snap(self.encoding.genes([params])))
        mean = float(prediction.mean[0])
        spread = float(np.hypot(prediction.spread[0], self.ensemble.noise))  # the outcome of a trial is noisy
        low, high = np.sort(self.own(mean + np.array([-spread, spread])))
        return Expectation(
            mean, spread, float(self.expected(np.array(mean), np.array(spread))), float(low), float(high)
        )

    def own(self, normal: Array) -> Array:
        """Return normal scores (...) in the goal's own unit."""
        return np.clip(self.sign * self.scores.own(normal), *self.bounds)

    def expected(self, mean: Array, spread: Array) -> Array:
        """Return the mean in the goal's own unit (...) of outcomes that are normal in normal scores."""
        outcomes = self.own(mean[..., None] + spread[..., None] * LUCK)
        return np.asarray(outcomes.mean(axis=-1))

    def partial_dependence(self, seed: int = 0) -> list[PartialDependence]:
        """Return for each setting what the ensemble expects of its values, averaged over the same random candidates."""
        background = np.random.default_rng(seed).random((BACKGROUND, len(self.encoding.names)))
        return [self._dependence(place, background) for place in range(len(self.encoding.names))]

    def _dependence(self, place: int, background: Array) -> PartialDependence:
        setting = self.encoding.settings[place]
        count = setting.levels if setting.levels is not None and setting.is_stepless else POINTS
        genes = np.linspace(0.0, 1.0, count) if setting.levels is None else (np.arange(count) + 0.5) / count
        genes = np.unique(setting.snap(genes))
        averages = [self._average(place, gene, background) for gene in genes]
        means, spreads, own = np.array(averages).T
        ends = self.own(means - spreads), self.own(means + spreads)
        values = [setting.value(float(gene)) for gene in genes]
        return PartialDependence(self.encoding.names[place], values, means, spreads, own, np.abs(ends[1] - ends[0]) / 2)

    def _average(self, place: int, gene: float, background: Array) -> tuple[float, float, float]:
        """Return the mean prediction with a setting at one gene, over the candidates in which it counts then.

        These are its mean, its spread, and what it means in the goal's own unit.
        """
        genes = background.copy()
        genes[:, place] = gene
        counts = self.encoding.active(genes)[:, place]
        genes = genes[counts] if counts.any() else genes
        mean, spread = self.predict(self.encoding.snap(genes))
        own = self.expected(mean, np.hypot(spread, self.ensemble.noise))
        return float(mean.mean()), float(spread.mean()), float(own.mean())
