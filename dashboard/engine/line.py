"""The straight line between two networks of one architecture, base + t · (other − base), all in float64.

The first layer's sums are linear in t: on a batch of records X they are X·W_base + t · (X·W_other − X·W_base), so that
its two large products are computed once for all points of the line.
"""

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np

from dashboard.engine.activations import ACTIVATIONS
from dashboard.engine.arrays import Array
from dashboard.engine.feed import Feed
from dashboard.engine.measuring import Errors, Tally
from dashboard.engine.network import LayerViews, Network, lay_out
from dashboard.engine.samples import Samples
from dashboard.records.network import NetworkSpec


class Batch(NamedTuple):
    """Some records: `inputs` (rows, inputs) as the network sees them, `targets` (rows, outputs), `codes` of classes."""

    inputs: Array
    targets: Array
    codes: Array


class Records(NamedTuple):
    """All records that are measured on: `blocks` yields them again each time, a part after the other.

    `like` has what is the same for all of them: what a class output says for no and yes, and the unit of errors.
    `metric` names the error that judges a regression.
    """

    blocks: Callable[[], Iterator[Samples]]
    like: Samples
    task: str
    total: int
    metric: str


class Line:
    """Two networks of one spec, in float64; their loss and activations."""

    def __init__(self, spec: NetworkSpec, base: Mapping[str, Array], other: Mapping[str, Array]) -> None:
        wide = dataclasses.replace(spec, training=dataclasses.replace(spec.training, dtype="float64"))
        self.base, self.other = Network(wide), Network(wide)
        self.base.load(base)
        self.other.load(other)
        self.spec, self.loss = wide, self.base.loss
        self.delta = self.other.vector - self.base.vector
        self.deltas = lay_out(wide, self.delta)
        self.activations = [ACTIVATIONS[layer.activation] for layer in wide.layers]

    def at(self, place: int, t: float) -> tuple[Array, Array | float]:
        """Return the weights and biases of a layer at one point; those of base and other are theirs, to the bit."""
        first, second, delta = (layers[place] for layers in (self.base.layers, self.other.layers, self.deltas))
        if t in (0.0, 1.0):
            end = second if t else first
            return end.weight, bias_of(end)
        return first.weight + t * delta.weight, bias_of(first) + t * bias_of(delta)

    def batches(self, records: Records, tick: Callable[[], None]) -> Iterator[Batch]:
        """Yield the records; the arrays are valid until the next batch is requested. `tick` is called before each."""
        for samples in records.blocks():
            tick()
            feed = Feed(self.base, samples, len(samples))
            for chunk in feed.chunks(np.arange(len(samples))):
                yield Batch(chunk.inputs[:, : feed.width], chunk.targets, chunk.codes)


def bias_of(layer: LayerViews) -> Array | float:
    """Return a layer's biases, 0 where it has none."""
    return 0.0 if layer.bias is None else layer.bias


class Scores:
    """The mean loss and the metric that judges a task, summed batch by batch: accuracy, or the root mean square error.

    The error is in the unit of the network's outputs, or that of `units` of the records.
    """

    def __init__(self, line: Line, records: Records) -> None:
        self.tally = Tally(line.base, records.like, records.task)
        self.name = records.metric
        is_number = records.task == "regression"
        self.errors = Errors((line.base.outputs,), records.like.units) if is_number else None

    def add(self, point: "Point", batch: Batch) -> None:
        """Count a batch."""
        self.tally.add(point.record, batch.targets, batch.codes)
        if self.errors is not None:
            self.errors.add(point.values[-1], batch.targets)

    @property
    def loss(self) -> float:
        """The mean loss so far."""
        return float(self.tally.loss)

    @property
    def metric(self) -> float:
        """The accuracy, or the root mean square error, so far."""
        if self.errors is not None:
            return float(self.errors.metrics()[self.name])
        assert self.tally.accuracy is not None  # a classification has one
        return float(self.tally.accuracy)


class Point:
    """A network on a batch, given the first layer's sums: `sums` and `values` (rows, units) of each layer.

    `weights` returns the weights and biases of a layer; those of the first are not needed.
    """

    def __init__(self, line: Line, first_sums: Array, weights: Callable[[int], tuple[Array, Array | float]]) -> None:
        self.line = line
        self.sums, self.values = [first_sums], [activated(line, 0, first_sums)]
        self.weights: list[Array] = []
        for place in range(1, len(line.activations)):
            weight, bias = weights(place)
            self.weights.append(weight)
            self.sums.append(self.values[-1] @ weight + bias)
            self.values.append(activated(line, place, self.sums[-1]))

    @property
    def record(self) -> Array:
        """What the loss is measured on: sums where it is fused with the output activation, else outputs."""
        return self.values[-1] if self.line.loss.fused_with is None else self.sums[-1]

    def saved(self, place: int) -> Array:
        """Return what a layer's way back needs, which is used up by it."""
        return (self.sums if self.line.activations[place].needs_sums else self.values)[place]

    def slope(self, targets: Array) -> Array:
        """Return the slope of each record's loss in the last layer's sums if it is fused, else in its outputs."""
        out = np.empty_like(self.values[-1])
        self.line.loss.slope(self.values[-1], targets, out)
        return out

    def loss_slope(self, tangent: Array, targets: Array) -> float:
        """Return the slope of the summed loss along the line, whose first layer's sums move by `tangent`; t is at 1.

        The chain rule forwards: dz = da_below · W + a_below · ΔW + Δb, da = f'(z) · dz.
        """
        last = len(self.values) - 1
        for place in range(last + 1):
            if place == last and self.line.loss.fused_with is not None:
                break
            moved = tangent.copy()
            self.line.activations[place].backward(moved, self.saved(place).copy())  # softmax's Jacobian is symmetric
            if place == last:
                tangent = moved
                break
            delta = self.line.deltas[place + 1]
            tangent = moved @ self.weights[place] + self.values[place] @ delta.weight + bias_of(delta)
        return float(np.vdot(self.slope(targets), tangent))

    def backward(self, targets: Array, share: float) -> Iterator[tuple[int, Array]]:
        """Yield (place, share · slope of each record's loss in that layer's sums), the last first; all is used up.

        The values of the layer below are whole when a layer is yielded.
        """
        slope = share * self.slope(targets)
        last = len(self.values) - 1
        if self.line.loss.fused_with is None:
            self.line.activations[last].backward(slope, self.saved(last))
        for place in range(last, 0, -1):
            yield place, slope
            slope = slope @ self.weights[place - 1].T
            self.line.activations[place - 1].backward(slope, self.saved(place - 1))
        yield 0, slope


def activated(line: Line, place: int, sums: Array) -> Array:
    """Return a layer's outputs for its sums."""
    values = sums.copy()
    line.activations[place].forward(values, np.zeros_like(values))
    return values
