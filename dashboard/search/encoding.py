"""Candidates as numbers: *genes*, one number from 0 to 1 for each setting, and the features that a network is given.

Genes are what is drawn, mutated and mixed. A number's gene is its place in its range (in the logarithm of it where the
range is logarithmic), a choice's gene the middle of its share of the unit line. Features scale a number to a spread
of 1, give each choice a feature of its own, and add a bit for each setting that is not always there: it says whether
it counts, and where it does not, its own features are 0.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

Array = np.ndarray[Any, Any]
NEUTRAL = 0.5
SPREAD = math.sqrt(3.0)  # what is drawn evenly from -SPREAD to SPREAD has a standard deviation of 1
FEW_LEVELS = 12
LEVEL_SHARE = 0.7


class Condition(NamedTuple):
    """A setting counts only while its parent has one of these values."""

    parent: str
    values: tuple[Any, ...]


class Setting(Protocol):
    """A setting's way between its values, its genes (candidates,) and its features (candidates, features).

    One that `is_stepless` has so few levels, or levels so unlike, that small steps along them mean nothing.
    """

    features: list[str]
    levels: int | None
    is_stepless: bool

    def value(self, gene: float) -> Any: ...  # noqa: ANN401, D102
    def gene(self, value: Any) -> float: ...  # noqa: ANN401, D102
    def level(self, genes: Array) -> Array: ...  # noqa: D102
    def snap(self, genes: Array) -> Array: ...  # noqa: D102
    def encode(self, genes: Array) -> Array: ...  # noqa: D102


class Number:
    """A range of floats or whole numbers, each level of which has the same share of the unit line."""

    def __init__(self, name: str, distribution: FloatDistribution | IntDistribution) -> None:
        self.distribution, self.log, self.step = distribution, distribution.log, distribution.step
        half = 0.0 if self.step is None else self.step / 2.0
        self.low, self.high = self._scaled(distribution.low - half), self._scaled(distribution.high + half)
        count = None if self.step is None else round((distribution.high - distribution.low) / self.step) + 1
        self.levels = count
        self.features = [name]
        self.is_stepless = count is not None and count <= FEW_LEVELS
        if count is not None and self.is_stepless:
            self.features += [f"{name}={distribution.low + level * (self.step or 0)}" for level in range(count)]

    def value(self, gene: float) -> float | int:
        """Return the value at a gene, a whole number where the range has only such."""
        inner = self._values(np.asarray(gene, np.float64)).item()
        return int(inner) if isinstance(self.distribution, IntDistribution) else inner

    def gene(self, value: float) -> float:
        """Return the gene of a value."""
        return (self._scaled(value) - self.low) / (self.high - self.low) if self.high > self.low else NEUTRAL

    def level(self, genes: Array) -> Array:
        """Return the number, from 0, of the level at each gene."""
        assert self.step is not None
        return np.rint((self._values(genes) - self.distribution.low) / self.step).astype(np.intp)

    def snap(self, genes: Array) -> Array:
        """Move genes to those of values that there are."""
        if self.step is None or self.high <= self.low:
            return genes
        values = self._values(genes)
        return ((np.log(values) if self.log else values) - self.low) / (self.high - self.low)

    def encode(self, genes: Array) -> Array:
        """Return the number's place and, where there are few levels, a feature for each, so that any may stand out."""
        place = (2.0 * genes - 1.0)[:, None] * SPREAD
        if len(self.features) == 1:
            return place
        assert self.levels is not None
        return np.hstack([place, LEVEL_SHARE * _one_hot(self.level(genes), self.levels)])

    def _values(self, genes: Array) -> Array:
        values = self.low + genes * (self.high - self.low)
        values = np.exp(values) if self.log else values
        bottom, top = self.distribution.low, self.distribution.high
        if self.step is not None:
            values = bottom + np.rint((values - bottom) / self.step) * self.step
        return np.clip(values, bottom, top)

    def _scaled(self, value: float) -> float:
        return math.log(value) if self.log else float(value)


class Choice:
    """A choice among words, which have no order, or among numbers, which have."""

    def __init__(self, name: str, distribution: CategoricalDistribution) -> None:
        self.choices = distribution.choices
        self.count = len(self.choices)
        self.levels: int | None = self.count
        self.is_stepless = True
        self.features = [f"{name}={choice}" for choice in self.choices]
        self.places = _places(self.choices)
        if self.places is not None:
            self.features.insert(0, name)

    def value(self, gene: float) -> bool | int | float | str | None:
        """Return the choice at a gene."""
        return self.choices[min(int(gene * self.count), self.count - 1)]

    def gene(self, value: bool | int | float | str | None) -> float:
        """Return the gene of a choice."""
        return (self.choices.index(value) + 0.5) / self.count

    def level(self, genes: Array) -> Array:
        """Return the number, from 0, of the choice at each gene."""
        return np.minimum((genes * self.count).astype(np.intp), self.count - 1)

    def snap(self, genes: Array) -> Array:
        """Move genes to the middle of their choice's share."""
        return (self.level(genes) + 0.5) / self.count

    def encode(self, genes: Array) -> Array:
        """Return a feature for each choice and, of numbers, their place among the others first."""
        levels = self.level(genes)
        if self.places is None:
            return _one_hot(levels, self.count)
        return np.hstack([self.places[levels][:, None], LEVEL_SHARE * _one_hot(levels, self.count)])


class Encoding:
    """The way between candidates, genes (candidates, settings) and features (candidates, features)."""

    def __init__(self, distributions: Mapping[str, BaseDistribution], conditions: Mapping[str, Condition]) -> None:
        self.names = list(distributions)
        self.settings = [_setting(name, distribution) for name, distribution in distributions.items()]
        self.conditions = {
            self.names.index(name): condition
            for name, condition in conditions.items()
            if name in self.names and condition.parent in self.names
        }
        self.allowed = {place: self._allowed(condition) for place, condition in self.conditions.items()}
        self.features = [name for setting in self.settings for name in setting.features]
        self.features += [f"{self.names[place]} counts" for place in self.conditions]

    def snap(self, genes: Array) -> Array:
        """Return genes of candidates that there are, settings that do not count being NEUTRAL."""
        snapped = np.column_stack(
            [setting.snap(column) for setting, column in zip(self.settings, genes.T, strict=True)]
        )
        return np.where(self.active(snapped), snapped, NEUTRAL)

    def active(self, genes: Array) -> Array:
        """Return for each setting of each candidate whether it counts, bool (candidates, settings)."""
        counts = np.ones(genes.shape, bool)
        for place, (parent, levels) in self.allowed.items():
            counts[:, place] = levels[self.settings[parent].level(genes[:, parent])] & counts[:, parent]
        return counts

    def encode(self, genes: Array) -> Array:
        """Return what a network is given, (candidates, features)."""
        counts = self.active(genes)
        parts = [setting.encode(genes[:, place]) * counts[:, [place]] for place, setting in enumerate(self.settings)]
        return np.hstack([*parts, counts[:, list(self.conditions)].astype(np.float64)])

    def params(self, genes: Array) -> dict[str, Any]:
        """Return the candidate that one row of genes (settings,) is, without what does not count."""
        counts = self.active(genes[None])[0]
        return {
            name: setting.value(float(gene))
            for name, setting, gene, is_active in zip(self.names, self.settings, genes, counts, strict=True)
            if is_active
        }

    def genes(self, candidates: Sequence[Mapping[str, Any]]) -> Array:
        """Return the genes (candidates, settings) of candidates."""
        rows = [
            [
                setting.gene(params[name]) if name in params else NEUTRAL
                for name, setting in zip(self.names, self.settings, strict=True)
            ]
            for params in candidates
        ]
        return np.array(rows, np.float64).reshape(len(rows), len(self.names))

    def _allowed(self, condition: Condition) -> tuple[int, Array]:
        """Return a parent's place, and of each of its levels whether the condition holds there."""
        place = self.names.index(condition.parent)
        parent = self.settings[place]
        assert parent.levels is not None
        held = np.zeros(parent.levels, bool)
        genes = np.array([parent.gene(value) for value in condition.values])
        held[parent.level(genes)] = True
        return place, held


def _setting(name: str, distribution: BaseDistribution) -> Setting:
    if isinstance(distribution, CategoricalDistribution):
        return Choice(name, distribution)
    assert isinstance(distribution, IntDistribution | FloatDistribution)
    return Number(name, distribution)


def _places(choices: Sequence[Any]) -> Array | None:
    """Return of three or more numbers each one's place in their order, scaled to a spread of about 1; else None."""
    if len(choices) < 3 or any(isinstance(one, bool) or not isinstance(one, int | float) for one in choices):
        return None
    order = np.argsort(np.argsort(np.array(choices, np.float64)))
    return (2.0 * (order + 0.5) / len(choices) - 1.0) * SPREAD


def _one_hot(levels: Array, count: int) -> Array:
    """Return a feature for each level (candidates, levels), centred, with a summed spread of 1."""
    share = 1.0 / count
    hot = np.eye(count) - share
    return hot[levels] / math.sqrt(max(share * (1.0 - share) * count, share))
