"""Training steps by the compiled library: a chunk's batches in one call, over weights in panels.

An epoch begins with copying the flat vectors into panels (64 bytes of columns for every row) and ends with copying
them back, so that between epochs nothing differs from the path of numpy.
"""

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np

from dashboard.engine.arrays import Array
from dashboard.engine.compiled.library import Function, Layer, Plan, Rows, library
from dashboard.engine.feed import Chunk
from dashboard.engine.network import LayerViews, Network, lay_out
from dashboard.engine.optimizers import RMSPROP_DECAY, Optimizer

ALIGNED = 64
CALL_WORK = 20_000_000
"""Multiplications of a forward pass in one call: a few milliseconds, after which `tick` may stop the training."""

COLUMNS = 198
"""Inputs whose gradients are computed at once, rounded up to whole tiles (steps.inc)."""


class CompiledSteps:
    """Steps of `batch_size` rows by the library; `by_record` is plain SGD on one record at a time.

    `background` is what most inputs are once they are scaled, such as the white of an image; by record, only those
    that differ from it cost anything.
    """

    def __init__(
        self,
        network: Network,
        optimizer: Optimizer,
        class_weights: Array | None,
        capacity: int,
        by_record: bool = False,
        background: float = 0.0,
    ) -> None:
        loaded = library()
        assert loaded is not None  # `paths` has seen to it
        self.library = loaded
        self.train, self.pack, self.unpack = loaded.functions(network.dtype)
        self.dtype, self.optimizer, self.class_weights = network.dtype, optimizer, class_weights
        self.batch = min(network.spec.training.batch_size, capacity)
        batches = max(1, CALL_WORK // (self.batch * network.spec.parameters))
        self.rows_at_once = min(capacity, self.batch * batches)
        self.buffers: list[Array] = []
        self.rng: np.random.Generator | None = None
        self.vectors = [lay_out(network.spec, vector) for vector in (network.vector, *optimizer.slots.values())]
        self.layers = (Layer * len(network.layers))()
        for number, one in enumerate(network.layers):
            self._fill(self.layers[number], one, network, is_last=number == len(network.layers) - 1)
        training = network.spec.training
        decay = RMSPROP_DECAY if "square" in optimizer.slots else training.momentum  # unused by Adam
        self.powers = decay ** np.arange(self.rows_at_once + 1.0)
        self.plan = self._plan(network, by_record, background)

    def _plan(self, network: Network, by_record: bool, background: float) -> Plan:
        training, layers = network.spec.training, network.layers
        trainable = [number for number, layer in enumerate(layers) if not layer.spec.frozen]
        lowest = min(trainable, default=len(layers))
        waits = self.batch == 1 and bool(self.optimizer.slots) and not _is_shaped(network)
        units = [layer.spec.units for layer in layers]
        widest = max(network.spec.inputs, *units) + 1
        whole = np.dtype(np.int64)
        return Plan(
            **{name: getattr(training, name) for name in ("momentum", "weight_decay", "l1", "l2", "clip_norm")},
            layers=len(layers),
            lowest=lowest,
            loss=self.library.losses.index(training.loss),
            optimizer=self.library.optimizers.index(training.optimizer),
            batch=self.batch,
            sparse=by_record,
            lazy=waits and lowest == 0,
            widest=widest,
            background=background,
            layer=self.layers,
            turned=self._buffer(max(units) * (self.batch + ALIGNED)),
            sums=self._buffer(self.layers[0].lead),
            shift=self._buffer(self.layers[0].lead),
            differing=self._buffer(2 * widest),
            places=self._buffer(2 * widest, whole),
            seen=self._buffer(widest, whole),
            factors=self._buffer(self.rows_at_once),
            epsilons=self._buffer(self.rows_at_once),
            powers=self.powers.ctypes.data,
            packed=self._buffer(COLUMNS * self.batch),
        )

    def begin(self, rng: np.random.Generator) -> None:
        """Take the random stream of the epoch and the weights as they are now."""
        self.rng = rng  # the library holds a pointer into it
        self.plan.bits = rng.bit_generator.ctypes.bit_generator.value
        self._copy(self.pack)

    def finish(self) -> None:
        """Put weights and slots back into the flat vectors."""
        self._copy(self.unpack)

    def run(self, chunk: Chunk, rate: float, tick: Callable[[], None]) -> None:
        """Train on the rows once, a step a batch."""
        for start in range(0, len(chunk.inputs), self.rows_at_once):
            part = Chunk(*(array[start : start + self.rows_at_once] for array in chunk))
            self._run(part, rate)
            tick()

    def _run(self, part: Chunk, rate: float) -> None:
        weights = None if self.class_weights is None else self.class_weights[part.codes]
        size = self.dtype.itemsize
        rows = Rows(
            rows=len(part.inputs),
            inputs_lead=part.inputs.strides[0] // size,
            target_row=part.targets.strides[0] // size,
            target_column=part.targets.strides[1] // size,
            record_row=part.record.strides[0] // size,
            record_column=part.record.strides[1] // size,
            steps=self.optimizer.steps,
            rate=rate,
            inputs=part.inputs.ctypes.data,
            targets=part.targets.ctypes.data,
            weights=None if weights is None else weights.ctypes.data,
            record=part.record.ctypes.data,
        )
        self.train(ctypes.byref(self.plan), ctypes.byref(rows))
        self.optimizer.steps += -(-len(part.inputs) // self.batch)

    def _fill(self, layer: Layer, one: LayerViews, network: Network, is_last: bool) -> None:
        columns = ALIGNED // self.dtype.itemsize
        units, rows = one.spec.units, one.block.shape[0]
        panels = -(-units // columns)
        layer.inputs, layer.units, layer.rows, layer.panels = len(one.weight), units, rows, panels
        layer.lead = (panels | 1) * columns  # rows an odd number of cache lines apart do not evict each other
        layer.activation = self.library.activations.index(one.spec.activation)
        layer.has_bias, layer.trains, layer.keep = one.bias is not None, not one.spec.frozen, 1.0 - one.spec.dropout
        cells, values = panels * columns * rows, self.batch * layer.lead
        layer.weights, layer.gradient = self._buffer(cells), self._buffer(cells if _is_shaped(network) else 1)
        for place in range(2):
            is_used = place < len(self.optimizer.slots)
            layer.slots[place] = self._buffer(cells) if is_used else layer.weights  # read there, and never written
        layer.values, layer.sums, layer.delta = (self._buffer(values) for _ in range(3))
        layer.mask = self._buffer(2 * values) if one.spec.dropout > 0.0 and not is_last else None

    def _buffer(self, count: int, dtype: np.dtype[Any] | None = None) -> int:
        """Return the address of zeros that begin at a cache line."""
        dtype = self.dtype if dtype is None else dtype
        buffer = np.zeros(count * dtype.itemsize + ALIGNED, np.uint8)
        self.buffers.append(buffer)
        return int(-(-buffer.ctypes.data // ALIGNED) * ALIGNED)

    def _copy(self, copy: Function) -> None:
        for number, layer in enumerate(self.layers):
            for views, panels in zip(self.vectors, (layer.weights, *layer.slots), strict=False):
                copy(ctypes.byref(layer), views[number].block.ctypes.data, panels)


def _is_shaped(network: Network) -> bool:
    training = network.spec.training
    return bool(training.weight_decay or training.l1 or training.l2 or training.clip_norm)
