"""What a network scores with some of another's weights put back: measured with those weights, never estimated.

Units are the columns of a layer's weights with their bias. A layer's products are computed for all of its units at
once, as they are for either network: so what is put back has the same bits as in the network that it comes from.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from dashboard.engine.arrays import Array
from dashboard.engine.line import Line, Point, Records, Scores, activated, bias_of
from dashboard.engine.measuring import nothing

Tick = Callable[[], None]


class Unit(NamedTuple):
    """A unit by its layer and its place there, both from 0."""

    layer: int
    unit: int


class Mix(NamedTuple):
    """Which columns of a layer's weights, and which of its biases, are the base's: two masks (units,) a layer."""

    weights: Mapping[int, Array]
    biases: Mapping[int, Array]

    def layer(self, line: Line, place: int) -> tuple[Array, Array | float]:
        """Return the weights and biases of a layer."""
        base, other = line.at(place, 0.0), line.at(place, 1.0)
        mask, own = self.weights.get(place), self.biases.get(place)
        weight = other[0] if mask is None else np.where(mask, base[0], other[0])
        return weight, other[1] if own is None else np.where(own, base[1], other[1])


def units_mix(line: Line, units: Sequence[Unit]) -> Mix:
    """Return the mix in which these units, weights and bias, are the base's."""
    masks: dict[int, Array] = {}
    for unit in units:
        mask = masks.setdefault(unit.layer, np.zeros(line.spec.layers[unit.layer].units, bool))
        mask[unit.unit] = True
    return Mix(masks, masks)


def tensor_mix(line: Line, place: int, is_bias: bool) -> Mix:
    """Return the mix in which one tensor is the base's."""
    whole = {place: np.ones(line.spec.layers[place].units, bool)}
    return Mix({}, whole) if is_bias else Mix(whole, {})


class PutBack(NamedTuple):
    """The scores of each unit and of each mix, in their order, each put back alone."""

    units: list[Scores]
    mixes: list[Scores]


def score_put_back(
    line: Line, records: Records, units: Sequence[Unit], mixes: Sequence[Mix], tick: Tick = nothing
) -> PutBack:
    """Measure the other network with each of these units, and with each of these mixes, put back."""
    by_layer: dict[int, list[int]] = {}
    for number, unit in enumerate(units):
        by_layer.setdefault(unit.layer, []).append(number)
    result = PutBack([Scores(line, records) for _ in units], [Scores(line, records) for _ in mixes])
    for batch in line.batches(records, tick):
        first = _Layer(line, 0, batch.inputs)
        for mix, score in zip(mixes, result.mixes, strict=True):
            score.add(Point(line, first.mixed(mix), partial(mix.layer, line)), batch)
        for place, layer in enumerate(_layers(line, first)):
            numbers = by_layer.get(place, [])
            own = [units[number].unit for number in numbers]
            for number, outputs in zip(numbers, layer.with_units(own), strict=True):
                result.units[number].add(_Rest(line, place, *outputs), batch)
    return result


def _layers(line: Line, first: "_Layer") -> Iterator["_Layer"]:
    layer = first
    for place in range(1, len(line.activations)):
        yield layer
        layer = _Layer(line, place, layer.values)
    yield layer


class _Layer:
    """A layer of the other network on a batch: with the other's weights, and with the base's on the same inputs."""

    def __init__(self, line: Line, place: int, inputs: Array) -> None:
        self.line, self.place = line, place
        base, other = line.base.layers[place], line.other.layers[place]
        self.products = inputs @ base.weight, inputs @ other.weight
        self.biases = bias_of(base), bias_of(other)
        self.sums = self.products[1] + self.biases[1]
        self.values = activated(line, place, self.sums)

    def mixed(self, mix: Mix) -> Array:
        """Return the sums with the weights and biases of a mix."""
        mask, own = mix.weights.get(self.place), mix.biases.get(self.place)
        products = self.products[1] if mask is None else np.where(mask, *self.products)
        sums: Array = products + (self.biases[1] if own is None else np.where(own, *self.biases))
        return sums

    def with_units(self, units: Sequence[int]) -> Iterator[tuple[Array, Array]]:
        """Yield (sums, outputs) of the layer with each of these units put back; valid until the next."""
        if not units:
            return
        base = self.products[0] + self.biases[0]
        is_last = self.place == len(self.line.activations) - 1
        put = base if is_last else activated(self.line, self.place, base)
        for unit in units:
            sums, values = self.sums, self.values
            own = (sums if is_last else values)[:, unit].copy()
            (sums if is_last else values)[:, unit] = put[:, unit]
            yield sums, activated(self.line, self.place, sums) if is_last else values
            (sums if is_last else values)[:, unit] = own


class _Rest(Point):
    """The other network on a batch, given what one of its layers puts out."""

    def __init__(self, line: Line, place: int, sums: Array, values: Array) -> None:
        self.line = line
        self.sums, self.values = [sums], [values]
        for above in range(place + 1, len(line.activations)):
            weight, bias = line.at(above, 1.0)
            self.sums.append(self.values[-1] @ weight + bias)
            self.values.append(activated(line, above, self.sums[-1]))
