"""What a search may try: a range or a choice for each setting of a network, and the way from there to a definition.

A candidate is a mapping of parameter names to values, as Optuna knows them. Some settings are there only with others:
`units_3` needs a third layer, `weight_decay` needs `has_weight_decay`. A setting with one value only is no parameter.
"""

import dataclasses
import functools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import Trial

from dashboard.declarations import declared, read, setting
from dashboard.errors import Invalid
from dashboard.kinds import Flag, Number, RangeOf, Several, Whole, WholeNumbers
from dashboard.parsing import Fields
from dashboard.records.network import DROPOUT, HIDDEN_ACTIVATIONS, LayerSpec, NetworkSpec
from dashboard.records.training import NUMBER_LOSSES, OPTIMIZERS, OUTPUT_OF_LOSS, SCHEDULES, TrainingSpec
from dashboard.search.encoding import Condition
from dashboard.search.ranges import Range

MOST_IN_GRID = 100_000

Params = Mapping[str, Any]


@dataclass(frozen=True)
class SearchSpace:
    """The settings that a search may vary; how many epochs a trial has is the budget's matter.

    `layers` counts hidden layers, `units` is the range of each. `weight_decay` is None if it is never used;
    with `no_weight_decay`, candidates without it are tried, too.
    """

    layers: Range = setting(RangeOf(Whole(0, 10)), Range(1, 3), "Hidden layers")
    units: Range = setting(RangeOf(Whole(1, 4096)), Range(16, 256, log=True), "Units of each layer")
    dropout: Range = setting(RangeOf(DROPOUT), Range(0.0, 0.5), "Dropout")
    learning_rate: Range = setting(RangeOf(Number(1e-8, 100)), Range(1e-4, 3e-2, log=True), "Learning rate")
    batch_size: tuple[int, ...] = setting(
        WholeNumbers(1, 100_000), (16, 32, 64, 128), "Batch sizes", "Whole numbers, separated by commas."
    )
    weight_decay: Range | None = setting(
        RangeOf(Number(1e-12, 1), can_be_off=True), Range(1e-6, 1e-2, log=True), "Weight decay"
    )
    no_weight_decay: bool = setting(Flag(), True, "Try without weight decay, too")
    activation: tuple[str, ...] = setting(Several(HIDDEN_ACTIVATIONS), ("tanh", "relu", "silu"), "Activations")
    optimizer: tuple[str, ...] = setting(Several(OPTIMIZERS), ("momentum", "adam", "adamw"), "Optimizers")
    schedule: tuple[str, ...] = setting(Several(SCHEDULES), ("constant", "cosine"), "Learning-rate schedules")

    @classmethod
    def parse(cls, fields: Fields) -> "SearchSpace":
        """Read a space from untrusted input; what is not given keeps its default, errors go to `fields`."""
        fields.known(declared(cls))
        return cls(**read(fields, declared(cls)))

    def to_json(self) -> dict[str, Any]:
        """Return plain values, in the form that `parse` reads, too."""
        values: dict[str, Any] = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        ranges = {name: value.to_json() for name, value in values.items() if isinstance(value, Range)}
        choices = {name: list(value) for name, value in values.items() if isinstance(value, tuple)}
        plain = values | ranges | choices
        return plain | {"weight_decay": "off"} if self.weight_decay is None else plain

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "SearchSpace":
        """Return the space that `to_json` wrote (trusted data)."""
        values: dict[str, Any] = {}
        for name, value in data.items():
            values[name] = Range(**value) if isinstance(value, dict) else value
            if isinstance(value, list):
                values[name] = tuple(value)
        if values.get("weight_decay") == "off":
            values["weight_decay"] = None
        return cls(**values)

    def distributions(self) -> dict[str, BaseDistribution]:
        """Return Optuna's distribution of each parameter, those that others depend on first."""
        return dict(_distributions(self))

    def conditions(self) -> dict[str, Condition]:
        """Return what other parameter must have which values for one to count, of those that do not always."""
        return dict(_conditions(self))

    def is_active(self, name: str, params: Params) -> bool:
        """Return whether a parameter counts given the others: whether its layer exists, its decay is switched on."""
        condition = _conditions(self).get(name)
        return condition is None or params.get(condition.parent) in condition.values

    def active(self, params: Params) -> dict[str, Any]:
        """Return the parameters that count, in the order of `distributions`; others are dropped."""
        return {name: params[name] for name in _distributions(self) if name in params and self.is_active(name, params)}

    def suggest(self, trial: Trial) -> dict[str, Any]:
        """Ask a trial's sampler for a value of each parameter that counts."""
        params: dict[str, Any] = {}
        for name, distribution in _distributions(self).items():
            if self.is_active(name, params):
                params[name] = _ask(trial, name, distribution)
        return params

    def holds(self, params: Params) -> bool:
        """Return whether a candidate has all parameters that count, each with a value of this space, and no other."""
        needed = [name for name in self.distributions() if self.is_active(name, params)]
        return set(needed) == set(params) and all(
            _contains(self.distributions()[name], params[name]) for name in needed
        )

    def grid(self, levels: int = 3) -> Iterator[dict[str, Any]]:
        """Yield every candidate with `levels` values a range, each once."""
        yield from self._grid(levels, list(self.distributions()), {})

    def size(self, levels: int = 3) -> int:
        """Return how many candidates `grid` has, without making them."""
        per_layer = len(self.units.levels(levels, whole=True))
        counts = self.layers.levels(int(self.layers.high - self.layers.low) + 1, whole=True)
        hidden = len(self.activation) * len(self.dropout.levels(levels, whole=False))
        shapes = sum(per_layer ** int(count) * (hidden if count else 1) for count in counts)
        decays = 0 if self.weight_decay is None else len(self.weight_decay.levels(levels, whole=False))
        decays += self.weight_decay is None or self.no_weight_decay
        others = (self.batch_size, self.optimizer, self.schedule)
        rates = len(self.learning_rate.levels(levels, whole=False))
        return int(shapes * decays * rates * math.prod(len(choices) for choices in others))

    def candidates(self, most: int = MOST_IN_GRID) -> list[dict[str, Any]] | None:
        """Return every candidate, each once; None of a space with a range of fractions, or with more than `most`."""
        if any(isinstance(one, FloatDistribution) for one in self.distributions().values()):
            return None
        every = int(self.units.high - self.units.low) + 1
        return list(self.grid(every)) if self.size(every) <= most else None

    def spec(self, params: Params, base: TrainingSpec, inputs: int, outputs: int, task: str) -> NetworkSpec:
        """Return the definition of a candidate: `base` says what the space does not, such as loss, epochs and seed.

        The output's activation is the one that the loss needs; a regression whose `base` has a loss of classes
        gets squared_error. Raises Invalid if the candidate is not of this space.
        """
        if not self.holds(params):
            raise Invalid({"params": f"This candidate does not belong to the search's space: {dict(params)}."})
        count = int(params.get("layers", self.layers.low))
        units = [int(params.get(f"units_{number}", self.units.low)) for number in range(1, count + 1)]
        activation = params.get("activation", self.activation[0])
        dropout = float(params.get("dropout", self.dropout.low))
        is_classes = task == "classification"
        loss = base.loss if is_classes or base.loss in NUMBER_LOSSES else "squared_error"
        output = OUTPUT_OF_LOSS.get(loss, "sigmoid") if is_classes else "identity"
        training = dataclasses.replace(base, loss=loss, **self._training(params))
        hidden = [LayerSpec(width, activation, dropout=dropout) for width in units]
        return NetworkSpec(inputs, (*hidden, LayerSpec(outputs, output)), training)

    def _training(self, params: Params) -> dict[str, Any]:
        decays = self.weight_decay is not None and params.get("has_weight_decay", True)
        fixed = self.weight_decay.low if self.weight_decay is not None else 0.0
        return {
            "learning_rate": float(params.get("learning_rate", self.learning_rate.low)),
            "batch_size": int(params.get("batch_size", self.batch_size[0])),
            "optimizer": params.get("optimizer", self.optimizer[0]),
            "schedule": params.get("schedule", self.schedule[0]),
            "weight_decay": float(params.get("weight_decay", fixed)) if decays else 0.0,
        }

    def _grid(self, levels: int, names: list[str], params: dict[str, Any]) -> Iterator[dict[str, Any]]:
        if not names:
            yield dict(params)
            return
        name, rest = names[0], names[1:]
        if not self.is_active(name, params):
            yield from self._grid(levels, rest, params)
            return
        for value in self._levels(name, levels):
            yield from self._grid(levels, rest, params | {name: value})

    def _levels(self, name: str, levels: int) -> list[Any]:
        if name == "layers":
            return list(range(int(self.layers.low), int(self.layers.high) + 1))
        if name.startswith("units_"):
            return self.units.levels(levels, whole=True)
        if name == "has_weight_decay":
            return [False, True]
        own = getattr(self, name)
        return own.levels(levels, whole=False) if isinstance(own, Range) else list(own)


@functools.lru_cache(maxsize=64)
def _distributions(space: SearchSpace) -> dict[str, BaseDistribution]:
    distributions: dict[str, BaseDistribution] = {}
    if not space.layers.is_fixed:
        distributions["layers"] = space.layers.integers()
    if not space.units.is_fixed:
        units = [f"units_{number}" for number in range(1, int(space.layers.high) + 1)]
        distributions |= {name: space.units.integers() for name in units}
    for name in ("activation", "batch_size", "optimizer", "schedule"):
        if len(getattr(space, name)) > 1 and not (name == "activation" and space.layers.high == 0):
            distributions[name] = CategoricalDistribution(getattr(space, name))
    for name in ("dropout", "learning_rate"):
        if not getattr(space, name).is_fixed and not (name == "dropout" and space.layers.high == 0):
            distributions[name] = getattr(space, name).floats()
    if space.weight_decay is not None:
        if space.no_weight_decay:
            distributions["has_weight_decay"] = CategoricalDistribution((False, True))
        if not space.weight_decay.is_fixed:
            distributions["weight_decay"] = space.weight_decay.floats()
    return distributions


@functools.lru_cache(maxsize=64)
def _conditions(space: SearchSpace) -> dict[str, Condition]:
    known = _distributions(space)
    conditions: dict[str, Condition] = {}
    if "layers" in known:
        counts = range(int(space.layers.low), int(space.layers.high) + 1)
        needs = {name: int(name.removeprefix("units_")) for name in known if name.startswith("units_")}
        needs |= dict.fromkeys(("activation", "dropout"), 1)
        for name, least in needs.items():
            if name in known and least > space.layers.low:
                conditions[name] = Condition("layers", tuple(count for count in counts if count >= least))
    if "has_weight_decay" in known and "weight_decay" in known:
        conditions["weight_decay"] = Condition("has_weight_decay", (True,))
    return conditions


def _ask(trial: Trial, name: str, distribution: BaseDistribution) -> bool | int | float | str | None:
    if isinstance(distribution, CategoricalDistribution):
        return trial.suggest_categorical(name, distribution.choices)
    if isinstance(distribution, IntDistribution):
        return trial.suggest_int(name, distribution.low, distribution.high, log=distribution.log)
    assert isinstance(distribution, FloatDistribution)
    return trial.suggest_float(name, distribution.low, distribution.high, log=distribution.log)


def _contains(distribution: BaseDistribution, value: object) -> bool:
    if isinstance(distribution, CategoricalDistribution):
        return value in distribution.choices
    assert isinstance(distribution, IntDistribution | FloatDistribution)
    kinds = int if isinstance(distribution, IntDistribution) else int | float
    return isinstance(value, kinds) and distribution.low <= value <= distribution.high
