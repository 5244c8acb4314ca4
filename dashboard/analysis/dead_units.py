"""Units that do nothing: found from the stored weights alone, each with the reason why it is called dead.

Three rules, in this order. `zero`: its incoming weights and its bias are all 0. `unread`: its outgoing weights are all
0, so that nothing reads it. `silent` (relu only): its bias plus the largest that its weights can make of inputs in
their range is not above 0, so that it fires on no such input. The last rule is cautious (it takes each input at its
worst, whether or not a record looks so): what it names is dead, but a unit that no record happens to wake is not named.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from dashboard.analysis.cells import Array, cells_of

RANGES = {"sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0)}


class Range(NamedTuple):
    """Between which numbers each of a layer's inputs lies: float64 (inputs,) each."""

    low: Array
    high: Array


class Layer(NamedTuple):
    """A dense layer: weights (inputs, units), bias (units,) or None, and its activation."""

    weights: Array
    bias: Array | None
    activation: str


class DeadUnit(NamedTuple):
    """A dead unit: its layer (from 1), its number in it, and the rule that found it: zero, unread or silent."""

    layer: int
    unit: int
    rule: str


def dead_units(layers: Sequence[Layer], inputs: Range | None = None) -> list[DeadUnit]:
    """Return the dead units of all layers but the last, in order; without the inputs' range the first is not silent."""
    found = []
    given = inputs
    for number, (layer, following) in enumerate(zip(layers, layers[1:], strict=False), start=1):
        reach = None if given is None else _sums(layer, given)
        rules = {"zero": _is_zero(layer), "unread": ~following.weights.any(axis=1)}
        if layer.activation == "relu" and reach is not None:
            rules["silent"] = reach.high <= 0
        for unit in np.flatnonzero(np.any(list(rules.values()), axis=0)).tolist():
            found.append(DeadUnit(number, unit, next(rule for rule, is_dead in rules.items() if is_dead[unit])))
        given = _outputs(layer, reach)
    return found


def _is_zero(layer: Layer) -> Array:
    is_zero: Array = ~layer.weights.any(axis=0)
    return is_zero if layer.bias is None else is_zero & (layer.bias == 0)


def _sums(layer: Layer, given: Range) -> Range:
    """Return between which numbers each unit's weighted sum lies; float64, whatever the weights are."""
    units = layer.weights.shape[1]
    low, high = np.zeros(units), np.zeros(units)
    if layer.bias is not None:
        low += layer.bias
        high += layer.bias
    for row, band in cells_of(layer.weights).bands():
        lower, upper = given.low[row : row + len(band)], given.high[row : row + len(band)]
        at_low, at_high = band * lower[:, None], band * upper[:, None]
        low += np.minimum(at_low, at_high).sum(axis=0)
        high += np.maximum(at_low, at_high).sum(axis=0)
    return Range(low, high)


def _outputs(layer: Layer, sums: Range | None) -> Range | None:
    """Return between which numbers a layer's outputs lie; None where its activation does not say."""
    if layer.activation in RANGES:
        low, high = RANGES[layer.activation]
        units = layer.weights.shape[1]
        return Range(np.full(units, low), np.full(units, high))
    if layer.activation == "relu" and sums is not None:
        return Range(np.maximum(sums.low, 0.0), np.maximum(sums.high, 0.0))
    return None
