"""Online learning, one record at a time, at nearly the price of a batch.

The plain rule visits every weight of the first layer at every record: W ← W − x·dᵀ, d being rate · delta. But for a
block of records x₁ … x_K, known beforehand, record k meets the weights

    W_k = W − Σ_{j<k} x_j·d_jᵀ,   so its sums are   x_k·W_k = (X·W)_k − Σ_{j<k} (x_k·x_j)·d_j.

X·W and the inner products X·Xᵀ are one matrix product each for the whole block, and so is W ← W − Xᵀ·D at its end. In
exact arithmetic these are the same numbers, record by record; only the rounding differs (tests hold both against the
plain rule). The same identity is why a perceptron may be stored as its list of mistakes (Freund & Schapire 1999, sec.
3). The later layers, whose inputs are not known beforehand, are moved by their rank-1 product at each record.
"""

from collections.abc import Callable

import numpy as np

from dashboard.engine.activations import ACTIVATIONS
from dashboard.engine.arrays import Array
from dashboard.engine.feed import Chunk
from dashboard.engine.network import LayerViews, Network

BLOCK_ROWS = 32


class RecordLayer:
    """One layer's buffers for a single record: `values` and `delta` (units,); the delta carries the learning rate.

    `error` is what is passed back to the layer below: the delta, or, `as_printed`, dL/da before the activation's slope.
    """

    def __init__(self, layer: LayerViews, as_printed: bool) -> None:
        dtype = layer.weight.dtype
        self.weight, self.bias = layer.weight, layer.bias
        self.trains = not layer.spec.frozen
        self.activation = ACTIVATIONS[layer.spec.activation]
        self.values, self.delta, self.scratch = np.zeros((3, layer.spec.units), dtype)
        self.sums = np.empty_like(self.values) if self.activation.needs_sums else None
        self.error = np.empty_like(self.values) if as_printed else self.delta
        self.as_printed = as_printed
        self.change = np.empty_like(layer.weight)

    def sum_up(self, inputs: Array) -> None:
        """Compute the sums z into `values` from inputs (inputs,)."""
        inputs.dot(self.weight, self.values)
        if self.bias is not None:
            np.add(self.values, self.bias, out=self.values)

    def activate(self) -> None:
        """Turn the sums in `values` into activations."""
        if self.sums is not None:
            np.copyto(self.sums, self.values)
        self.activation.forward(self.values, self.scratch)

    def through_activation(self) -> None:
        """Turn `delta` from dL/da into dL/dz; the values are used up."""
        if self.as_printed:
            np.copyto(self.error, self.delta)
        self.activation.backward(self.delta, self.values if self.sums is None else self.sums)

    def move(self, inputs: Array) -> None:
        """Move the weights by the rank-1 product of inputs and delta."""
        inputs[:, None].dot(self.delta[None, :], self.change)
        np.subtract(self.weight, self.change, out=self.weight)
        if self.bias is not None:
            np.subtract(self.bias, self.delta, out=self.bias)


class Chain:
    """A network's layers for one record: from the first layer's sums to the outputs, and back to its delta.

    The book's printed program passes a layer's plain errors back (hidden_errors = Whoᵀ · output_errors), without the
    slope o·(1 − o) that the gradient has there; `as_printed` does the same, for losses that are not fused.
    """

    def __init__(self, network: Network, as_printed: bool = False) -> None:
        self.loss = network.loss
        self.layers = [RecordLayer(layer, as_printed) for layer in network.layers]
        self.first, self.last = self.layers[0], self.layers[-1]
        trainable = [number for number, layer in enumerate(self.layers) if layer.trains]
        self.lowest = min(trainable, default=len(self.layers))

    def forward(self, out: Array) -> None:
        """Go on from the first layer's sums to the outputs; `out` gets what the loss is measured on."""
        below = self.first
        for layer in self.layers[1:]:
            below.activate()
            layer.sum_up(below.values)
            below = layer
        if self.loss.fused_with is not None:
            np.copyto(out, below.values)
        below.activate()
        if self.loss.fused_with is None:
            np.copyto(out, below.values)

    def backward(self, target: Array, share: float) -> None:
        """Go back from the outputs and move every layer but the first, whose delta is saved for the block's end."""
        last = self.last
        self.loss.slope(last.values, target, last.delta)
        np.multiply(last.delta, share, out=last.delta)
        if self.loss.fused_with is None:
            last.through_activation()
        for number in range(len(self.layers) - 1, max(self.lowest, 1) - 1, -1):
            layer, below = self.layers[number], self.layers[number - 1]
            if number > self.lowest:
                layer.weight.dot(layer.error, below.delta)
            if layer.trains:
                layer.move(below.values)
            if number > self.lowest:
                below.through_activation()


class RecordSteps:
    """Steps of one record with plain SGD; `serves` leaves all else that a spec may require to the batches."""

    def __init__(self, network: Network, class_weights: Array | None, as_printed: bool = False) -> None:
        self.class_weights = class_weights
        self.block = network.layers[0].block
        self.chain = Chain(network, as_printed)
        self.deltas = np.zeros((BLOCK_ROWS, network.layers[0].spec.units), network.dtype)

    @staticmethod
    def serves(network: Network) -> bool:
        """Return whether a network trains online: batches of one, plain SGD, no dropout, no penalties."""
        training = network.spec.training
        shaped = training.weight_decay or training.l1 or training.l2 or training.clip_norm
        drops = any(layer.dropout > 0.0 for layer in network.spec.layers[:-1])
        return training.batch_size == 1 and training.optimizer == "sgd" and not shaped and not drops

    def begin(self, rng: np.random.Generator) -> None:
        """Need nothing random."""

    def run(self, chunk: Chunk, rate: float, tick: Callable[[], None]) -> None:
        """Train on the rows once, in order, a step a record."""
        for start in range(0, len(chunk.inputs), BLOCK_ROWS):
            rows = slice(start, start + BLOCK_ROWS)
            self._run_block(Chunk(*(part[rows] for part in chunk)), rate)
            tick()

    def finish(self) -> None:
        """Do nothing: the vector is worked on in place."""

    def _run_block(self, chunk: Chunk, rate: float) -> None:
        inputs, targets = chunk.inputs, chunk.targets.copy(order="C")
        record = np.empty_like(targets)
        sums, likeness = inputs.dot(self.block), inputs.dot(inputs.T)
        self.deltas.fill(0.0)  # what is yet to come has not changed anything
        first, deltas = self.chain.first, self.deltas[: len(inputs)]
        rows = zip(sums, targets, record, self._shares(chunk.codes, rate), likeness, deltas, strict=True)
        for row, target, out, share, past, delta in rows:
            past.dot(deltas, first.values)
            np.subtract(row, first.values, out=first.values)
            self.chain.forward(out)
            if first.trains:
                first.delta = delta
            self.chain.backward(target, share)
        if first.trains:
            np.subtract(self.block, inputs.T.dot(deltas), out=self.block)
        chunk.record[...] = record

    def _shares(self, codes: Array, rate: float) -> list[float]:
        if self.class_weights is None:
            return [rate] * len(codes)
        return [rate * float(weight) for weight in self.class_weights[codes]]
