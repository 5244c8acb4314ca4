"""Why an answer: integrated gradients of a network's output along the straight path from a baseline to a record.

The share of input i is (x_i − b_i) · ∫₀¹ ∂F/∂x_i(b + t·(x − b)) dt; the shares sum to F(x) − F(b), which is called
completeness (Sundararajan, Taly & Yan 2017, "Axiomatic Attribution for Deep Networks"). F is the last layer's sum z of
one unit, before its activation. All is computed in float64.
"""

from typing import NamedTuple

import numpy as np

from dashboard.engine.activations import ACTIVATIONS
from dashboard.engine.arrays import Array
from dashboard.engine.network import Parameters

FEWEST_STEPS, MOST_STEPS = 64, 4096
BLOCK_STEPS = 256
TOLERANCE = 1e-3
"""The steps are doubled until the shares sum to the change of F, up to this share of it."""


class Shares(NamedTuple):
    """The share of each input, (inputs,), F at the baseline and at the record, and how many steps were taken."""

    shares: Array
    baseline: float
    output: float
    steps: int

    @property
    def residual(self) -> float:
        """What the shares sum to, less the change of F: 0 in exact arithmetic with steps without end."""
        return float(self.shares.sum()) - (self.output - self.baseline)


class FiredUnit(NamedTuple):
    """A hidden unit on one record: its layer from 1, its place from 0, its output, and output · ∂F/∂output."""

    layer: int
    unit: int
    output: float
    effect: float


def integrated_gradients(network: Parameters, record: Array, baseline: Array, unit: int) -> Shares:
    """Return the shares of a record's inputs (inputs,) in the sum of an output unit, from a baseline (inputs,)."""
    wide = _Wide(network)
    record, baseline = np.asarray(record, np.float64), np.asarray(baseline, np.float64)
    outputs = [float(wide.forward(place[np.newaxis])[-1][0, unit]) for place in (baseline, record)]
    change, steps = outputs[1] - outputs[0], FEWEST_STEPS
    while True:
        shares = (record - baseline) * _mean_gradient(wide, record, baseline, unit, steps)
        is_complete = abs(float(shares.sum()) - change) <= TOLERANCE * abs(change)
        if is_complete or steps >= MOST_STEPS:
            return Shares(shares, outputs[0], outputs[1], steps)
        steps *= 2


def fired_units(network: Parameters, record: Array, unit: int) -> list[FiredUnit]:
    """Return every hidden unit on a record (inputs,), in order, with its effect on the sum of an output unit."""
    wide = _Wide(network)
    values = wide.forward(np.asarray(record, np.float64)[np.newaxis])
    gradients = wide.gradients(values, unit)
    return [
        FiredUnit(layer, place, output, output * slope)
        for layer, (outputs, slopes) in enumerate(zip(values[1:-1], gradients[1:], strict=True), start=1)
        for place, (output, slope) in enumerate(zip(outputs[0].tolist(), slopes[0].tolist(), strict=True))
    ]


def _mean_gradient(wide: "_Wide", record: Array, baseline: Array, unit: int, steps: int) -> Array:
    """Return the mean gradient at the middles of equal steps along the path, (inputs,)."""
    total = np.zeros_like(record)
    for start in range(0, steps, BLOCK_STEPS):
        places = (np.arange(start, min(start + BLOCK_STEPS, steps)) + 0.5) / steps
        points = baseline + places[:, np.newaxis] * (record - baseline)
        total += wide.gradients(wide.forward(points), unit)[0].sum(axis=0)
    return np.asarray(total / steps)


class _Wide:
    """A network's layers in float64."""

    def __init__(self, network: Parameters) -> None:
        self.activations = [ACTIVATIONS[layer.spec.activation] for layer in network.layers[:-1]]
        self.weights = [layer.weight.astype(np.float64) for layer in network.layers]
        self.biases = [0.0 if layer.bias is None else layer.bias.astype(np.float64) for layer in network.layers]

    def forward(self, inputs: Array) -> list[Array]:
        """Return the inputs, each hidden layer's outputs, and the last layer's sums, all (batch, …)."""
        values, self.sums = [inputs], []
        for place, weight in enumerate(self.weights):
            sums = values[-1] @ weight + self.biases[place]
            self.sums.append(sums)
            if place < len(self.activations):
                sums = sums.copy()
                self.activations[place].forward(sums, np.zeros_like(sums))
            values.append(sums)
        return values

    def gradients(self, values: list[Array], unit: int) -> list[Array]:
        """Return the gradient of an output unit's sum by the inputs and by each hidden layer's outputs."""
        gradient = np.repeat(self.weights[-1][np.newaxis, :, unit], len(values[0]), axis=0)
        gradients = [gradient]
        for place in range(len(self.activations) - 1, -1, -1):
            activation = self.activations[place]
            saved = (self.sums[place] if activation.needs_sums else values[place + 1]).copy()
            gradient = gradient.copy()
            activation.backward(gradient, saved)
            gradient = gradient @ self.weights[place].T
            gradients.append(gradient)
        return gradients[::-1]
