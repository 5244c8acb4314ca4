"""The gradient of a batch: forward and backward through the layers, in buffers that are made once.

Per layer, with values a (batch, units), sums z = a_below·W + b and delta = dL/dz (Rumelhart, Hinton & Williams 1986)::

    dL/dW = a_belowᵀ · delta        dL/db = Σ delta over the batch
    dL/da_below = delta · Wᵀ        delta_below = dL/da_below · f'(z_below)

Where the gradient of a flat vector of parameters is wanted, each product is written straight into its place there.
"""

from collections.abc import Callable
from typing import Protocol

import numpy as np

from dashboard.engine.activations import ACTIVATIONS
from dashboard.engine.arrays import Array, columns
from dashboard.engine.network import LayerViews, Parameters, lay_out

Tick = Callable[[], None] | None


class Randoms(Protocol):
    """What fills a mask with numbers from 0 to 1: numpy's Generator, or one a network of a stack."""

    def random(self, *, out: Array, dtype: type) -> object:
        """Fill `out`."""


class LayerPass:
    """One layer's buffers for a batch of fixed size; forward and backward.

    The first layer's biases are the last row of its weights, against a column of ones in the inputs; the others add
    theirs. The output layer's buffers are stored column by column (see `arrays.columns`), so its products are written
    transposed; nothing is dropped from it. `batch` is the number of rows, behind the stack's networks if there are any.
    """

    def __init__(
        self, layer: LayerViews, gradient: LayerViews, batch: tuple[int, ...], first: bool, output: bool
    ) -> None:
        dtype = layer.weight.dtype
        units = layer.spec.units
        self.weight = layer.block if first else layer.weight
        self.weight_across = self.weight.swapaxes(-1, -2)  # made once: each .T is a call, and small steps are all calls
        self.bias = None if first else layer.bias
        self.bias_across = None if self.bias is None else self.bias[..., None]
        self.weight_gradient = gradient.block if first else gradient.weight
        self.bias_gradient = None if first else gradient.bias
        self.activation = ACTIVATIONS[layer.spec.activation]
        self.flipped = output and units > 1 and len(batch) == 1
        self.values, self.delta, self.scratch = (_buffer(batch, units, dtype, self.flipped) for _ in range(3))
        self.values_across = self.values.swapaxes(-1, -2)
        self.sums = np.empty_like(self.values) if self.activation.needs_sums else None
        self.ones = np.ones(batch[-1], dtype)
        self.keep = 1.0 - layer.spec.dropout
        drops = layer.spec.dropout > 0.0 and not output
        self.mask = np.ones_like(self.values) if drops else None
        self.dropped = np.empty_like(self.values) if drops else self.values

    def forward(self, inputs: Array, rng: Randoms | None) -> Array:
        """Return the layer's values (batch, units), dropped out; without `rng` the last mask is used again."""
        self.sum_up(inputs)
        return self.activate(rng)

    def sum_up(self, inputs: Array) -> None:
        """Compute the sums z into `values`."""
        if self.flipped:
            self.weight_across.dot(inputs.T, self.values_across)
        else:
            inputs.dot(self.weight, self.values)
        if self.bias_across is not None:
            np.add(self.values_across, self.bias_across, out=self.values_across)

    def activate(self, rng: Randoms | None) -> Array:
        """Turn the sums in `values` into activations, and drop out (inverted: Srivastava et al. 2014, sec. 10)."""
        if self.sums is not None:
            np.copyto(self.sums, self.values)
        self.activation.forward(self.values, self.scratch)
        if self.mask is not None:
            if rng is not None:
                self.draw(rng, self.mask)
            np.multiply(self.values, self.mask, out=self.dropped)
        return self.dropped

    def through_activation(self) -> None:
        """Turn `delta` from dL/da into dL/dz; the values are used up."""
        if self.mask is not None:
            np.multiply(self.delta, self.mask, out=self.delta)
        self.activation.backward(self.delta, self.values if self.sums is None else self.sums)

    def differentiate(self, inputs: Array) -> None:
        """Write dL/dW and dL/db into their places in the flat gradient."""
        inputs.T.dot(self.delta, self.weight_gradient)
        if self.bias_gradient is not None:
            self.ones.dot(self.delta, self.bias_gradient)  # half the price of a reduction where the batch is small

    def pass_back(self, below: "LayerPass") -> None:
        """Write dL/da of the layer below into its delta."""
        self.delta.dot(self.weight_across, below.delta)

    def draw(self, rng: Randoms, mask: Array) -> None:
        """Fill a mask with 1/keep at the probability `keep`, else 0."""
        rng.random(out=mask, dtype=mask.dtype.type)
        np.less(mask, self.keep, out=mask)
        np.multiply(mask, 1.0 / self.keep, out=mask)


def _buffer(batch: tuple[int, ...], units: int, dtype: np.dtype[np.generic], flipped: bool) -> Array:
    return columns(batch[0], units, dtype) if flipped else np.zeros((*batch, units), dtype)


class Pass:
    """Forward and backward for batches of one size; the gradient goes into `gradient`, a flat vector (parameters,)."""

    layer_pass: type[LayerPass] = LayerPass

    def __init__(self, network: Parameters, gradient: Array, batch: tuple[int, ...]) -> None:
        pairs = list(zip(network.layers, lay_out(network.spec, gradient), strict=True))
        last = len(pairs) - 1
        self.layers = [
            self.layer_pass(layer, slope, batch, first=number == 0, output=number == last)
            for number, (layer, slope) in enumerate(pairs)
        ]
        self.last = self.layers[-1]
        self.loss = network.loss
        trainable = [number for number, layer in enumerate(network.layers) if not layer.spec.frozen]
        self.lowest = min(trainable, default=len(pairs))  # below it nothing is trained, so nothing is differentiated
        below = [None, *self.layers]
        self.downwards = [
            (self.layers[number], number in trainable, below[number], below[number] if number > self.lowest else None)
            for number in range(last, self.lowest - 1, -1)
        ]

    def forward(self, inputs: Array, record: Array, rng: Randoms | None, tick: Tick = None) -> None:
        """Compute the batch's outputs; `record` (batch, outputs) gets what the loss is measured on (sums if fused).

        `tick` is called between layers, so that a long batch can be cancelled before its end.
        """
        values = inputs
        for layer in self.layers[:-1]:
            values = layer.forward(values, rng)
            if tick is not None:
                tick()
        self.last.sum_up(values)
        if self.loss.fused_with is not None:
            np.copyto(record, self.last.values)
        self.last.activate(rng)
        if self.loss.fused_with is None:
            np.copyto(record, self.last.values)

    def backward(self, inputs: Array, targets: Array, share: Array | float, tick: Tick = None) -> None:
        """Fill the gradient from the outputs of `forward`.

        `share` is 1/batch, or each record's weight/batch as (batch, 1), times a factor that the gradient shall have.
        """
        last = self.last
        self.loss.slope(last.values, targets, last.delta)
        np.multiply(last.delta, share, out=last.delta)
        if self.loss.fused_with is None:
            last.through_activation()
        for layer, trains, source, below in self.downwards:
            if trains:
                layer.differentiate(inputs if source is None else source.dropped)
            if tick is not None:
                tick()
            if below is not None:
                layer.pass_back(below)
                below.through_activation()
