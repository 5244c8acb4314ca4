"""A dense network: one contiguous vector of parameters, and the layers as views into it.

The vector holds, layer by layer, the weights (inputs, units) row by row and then the biases (units,), so that a
layer's block is also one matrix (inputs + 1, units): the weights with the biases as their last row.
"""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from dashboard.engine.activations import ACTIVATIONS
from dashboard.engine.arrays import Array
from dashboard.engine.initializers import INITIALIZERS
from dashboard.engine.losses import LOSSES
from dashboard.errors import Invalid
from dashboard.records.network import LayerSpec, NetworkSpec

BLOCK_ROWS = 1024
INITIAL_STREAM = 0


@dataclass(frozen=True)
class LayerViews:
    """One layer's part of a flat vector: `weight` (inputs, units), `bias` (units,), `block` both as one matrix."""

    spec: LayerSpec
    span: slice
    weight: Array
    bias: Array | None
    block: Array


def lay_out(spec: NetworkSpec, vector: Array) -> list[LayerViews]:
    """Return each layer's views into a vector (parameters,), or into a stack of such (networks, parameters)."""
    layers = []
    start = 0
    sizes = [spec.inputs, *(layer.units for layer in spec.layers)]
    for layer, (inputs, units) in zip(spec.layers, itertools.pairwise(sizes), strict=True):
        rows = inputs + 1 if layer.bias else inputs
        span = slice(start, start + rows * units)
        block = vector[..., span].reshape(*vector.shape[:-1], rows, units)
        bias = block[..., inputs, :] if layer.bias else None
        layers.append(LayerViews(layer, span, block[..., :inputs, :], bias, block))
        start = span.stop
    return layers


def unit_tensors(spec: NetworkSpec, layer: int) -> list[str]:
    """Return the tensors, along whose last axis the units of a layer (from 1) are: its weights, and biases if any."""
    name = f"layer_{layer:02d}"
    return [f"{name}.weight", *([f"{name}.bias"] if spec.layers[layer - 1].bias else [])]


class Parameters:
    """A spec and a vector of its parameters, beginning at zero: (parameters,), or a stack of such with `leading` axes.

    Raises Invalid if the loss cannot be had with the output activation.
    """

    def __init__(self, spec: NetworkSpec, leading: tuple[int, ...] = ()) -> None:
        self.spec = spec
        self.dtype = np.dtype(spec.training.dtype)
        self.loss = LOSSES[spec.training.loss]
        self.vector = np.zeros((*leading, spec.parameters), self.dtype)
        self.layers = lay_out(spec, self.vector)
        self.output = ACTIVATIONS[spec.layers[-1].activation]
        fused = self.loss.fused_with
        if fused is not None and spec.layers[-1].activation != fused:
            message = f"The loss {spec.training.loss} needs the output activation {fused}."
            raise Invalid({"output.activation": message})

    @property
    def outputs(self) -> int:
        """How many numbers come out."""
        return self.spec.layers[-1].units

    def sums(self, inputs: Array) -> Array:
        """Return the last layer's sums z (..., batch, outputs), before its activation.

        `inputs` (batch, inputs) are scaled already; every network of a stack is given the same.
        """
        values = inputs
        for layer in self.layers[:-1]:
            values = _sums(layer, values)
            ACTIVATIONS[layer.spec.activation].forward(values, np.zeros_like(values))
        return _sums(self.layers[-1], values)

    def by_layer(self, inputs: Array) -> Iterator[tuple[Array, Array]]:
        """Yield each layer's sums and outputs, both (batch, units), for scaled inputs (batch, inputs)."""
        values = inputs
        for layer in self.layers:
            sums = _sums(layer, values)
            values = sums.copy()
            ACTIVATIONS[layer.spec.activation].forward(values, np.zeros_like(values))
            yield sums, values

    def activate(self, sums: Array) -> Array:
        """Turn the last layer's sums into outputs, in place, and return them."""
        self.output.forward(sums, np.zeros_like(sums))
        return sums

    def weight_mask(self) -> Array:
        """Return 1 for each weight that is trained, 0 for biases and frozen layers, (parameters,)."""
        mask = np.zeros(self.vector.shape[-1:], self.dtype)
        for layer in lay_out(self.spec, mask):
            layer.weight[...] = 0.0 if layer.spec.frozen else 1.0
        return mask


class Network(Parameters):
    """One network; `initialize` draws its parameters, `load` takes them from tensors."""

    def __init__(self, spec: NetworkSpec) -> None:
        super().__init__(spec)

    def initialize(self, seed: int) -> None:
        """Draw the weights as the spec's initializer says, each layer from its own stream of the seed; biases are 0."""
        draw = INITIALIZERS[self.spec.training.initializer]
        for number, layer in enumerate(self.layers):
            rng = np.random.Generator(np.random.PCG64([seed, INITIAL_STREAM, number]))
            layer.weight[...] = draw(rng, *layer.weight.shape)
            if layer.bias is not None:
                layer.bias[...] = 0.0

    def tensors(self) -> dict[str, Array]:
        """Return ``layer_01.weight`` (inputs, units), ``layer_01.bias`` (units,) ... as views, in the spec's order."""
        parts = [part for layer in self.layers for part in (layer.weight, layer.bias) if part is not None]
        return {name: part for (name, _), part in zip(self.spec.tensor_shapes, parts, strict=True)}

    def load(self, tensors: Mapping[str, Array]) -> None:
        """Copy tensors of these names and shapes into the network; raises Invalid naming what does not fit."""
        own = self.tensors()
        wrong = {name: f"This network has no tensor {name}." for name in tensors if name not in own}
        for name, part in own.items():
            if name not in tensors:
                wrong[name] = f"The tensor {name} is missing."
            elif np.shape(tensors[name]) != part.shape:
                wrong[name] = f"{name} has the shape {np.shape(tensors[name])}, this network needs {part.shape}."
        if wrong:
            raise Invalid(wrong)
        for name, part in own.items():
            part[...] = tensors[name]

    def predict(self, inputs: Array) -> Array:
        """Return outputs (batch, outputs) for already scaled inputs (batch, inputs); probabilities where softmax.

        A record's outputs have the same bits whatever else is in the batch, wherever in it the record is and however
        the array is laid out. Safe for several threads at once; raises Invalid if the width is not the network's.
        """
        inputs = np.ascontiguousarray(inputs, self.dtype)  # strides would change the order of the sums
        if inputs.ndim != 2 or inputs.shape[1] != self.spec.inputs:
            message = f"The network takes {self.spec.inputs} inputs a row; these are {inputs.shape}."
            raise Invalid({"inputs": message})
        if len(inputs) == 1:
            return self._answer(inputs[0])[np.newaxis]
        outputs = np.empty((len(inputs), self.outputs), self.dtype)
        for start in range(0, len(inputs), BLOCK_ROWS):
            block = slice(start, start + BLOCK_ROWS)
            outputs[block] = self._answers(inputs[block])
        return outputs

    def _answers(self, inputs: Array) -> Array:
        """Return the outputs for a block, each record by itself, as a batch of one.

        A product of matrices adds in an order that depends on how many rows there are: 2.5 times as quick, but then a
        record's score depends on the records next to it.
        """
        values = inputs[:, None, :]
        for layer in self.layers:
            values = _sums(layer, values)
            ACTIVATIONS[layer.spec.activation].forward(values, np.zeros_like(values))
        return values[:, 0]

    def _answer(self, values: Array) -> Array:
        """Return the outputs (outputs,) for one record (inputs,): `_answers` without its price for several axes."""
        for layer in self.layers:
            values = values.dot(layer.weight)
            if layer.bias is not None:
                np.add(values, layer.bias, out=values)
            ACTIVATIONS[layer.spec.activation].forward(values, np.zeros(values.shape, values.dtype))
        return values


def _sums(layer: LayerViews, values: Array) -> Array:
    sums: Array = values @ layer.weight
    if layer.bias is not None:
        np.add(sums, layer.bias[..., None, :], out=sums)
    return sums
