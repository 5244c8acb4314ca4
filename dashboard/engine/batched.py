"""Many small networks at once: one shape, different seeds and learning rates, trained as one stack of products.

Their parameters are one array (networks, parameters), and each product, activation and step is one call for all
of them: what costs a small network its time is the price of a call, not the arithmetic. Each network sees the rows in
its own order, drops its own units and keeps its own best epoch, as if it were trained alone; the sums are added up in
another order, so the weights agree within rounding (tests: 1e-9 in float64, 1e-4 in float32 after several epochs), not
to the bit.
"""

import dataclasses
import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from dashboard.engine.arrays import Array
from dashboard.engine.backpropagation import LayerPass, Pass, Randoms
from dashboard.engine.feed import CHUNK_BYTES, Chunk, Feed, check
from dashboard.engine.measuring import Measured, Tally, measure, nothing
from dashboard.engine.network import Network, Parameters
from dashboard.engine.optimizers import Optimizer
from dashboard.engine.penalties import Penalties
from dashboard.engine.samples import Samples
from dashboard.engine.schedules import learning_rate
from dashboard.engine.training import (
    DROPOUT_STREAM,
    SHUFFLE_STREAM,
    Beat,
    Best,
    class_weights,
    epoch_result,
    is_finite,
    random_stream,
)
from dashboard.errors import Invalid
from dashboard.records.network import NetworkSpec
from dashboard.records.run import Epoch


class StackLayerPass(LayerPass):
    """One layer's buffers (networks, batch, units) for every network of a stack."""

    def sum_up(self, inputs: Array) -> None:
        """Compute the sums z into `values`."""
        np.matmul(inputs, self.weight, out=self.values)
        if self.bias is not None:
            np.add(self.values, self.bias[:, None, :], out=self.values)

    def differentiate(self, inputs: Array) -> None:
        """Write dL/dW and dL/db into their places in the flat gradients."""
        np.matmul(inputs.swapaxes(1, 2), self.delta, out=self.weight_gradient)
        if self.bias_gradient is not None:
            np.add.reduce(self.delta, axis=1, out=self.bias_gradient)

    def pass_back(self, below: LayerPass) -> None:
        """Write dL/da of the layer below into its delta."""
        product = np.multiply if self.delta.shape[-1] == 1 else np.matmul  # with one unit it is the quicker of the two
        product(self.delta, self.weight_across, out=below.delta)


class StackPass(Pass):
    """Forward and backward for a batch of each network."""

    layer_pass = StackLayerPass


class StackRandoms:
    """A random stream for each network of a stack, which fills that network's part of a mask."""

    def __init__(self, streams: Sequence[np.random.Generator]) -> None:
        self.streams = streams

    def random(self, *, out: Array, dtype: type) -> None:
        """Fill `out` (networks, batch, units)."""
        for stream, part in zip(self.streams, out, strict=True):
            stream.random(out=part, dtype=dtype)


class StackTraining:
    """One training of a stack of networks, equal but for seeds and learning rates, on the same samples.

    `epochs` yields, after each epoch, a result for each network, or None for one that has stopped: because it diverged
    (its number is then in `diverged`, and it holds the weights of its last good epoch) or for lack of patience.
    """

    def __init__(
        self,
        spec: NetworkSpec,
        seeds: Sequence[int],
        learning_rates: Sequence[float],
        train: Samples,
        validation: Samples | None,
        task: str,
    ) -> None:
        if len(seeds) != len(learning_rates) or not seeds:
            raise Invalid({"seeds": "Give as many seeds as learning rates, at least one."})
        self.specs = [_spec_of(spec, seed, rate) for seed, rate in zip(seeds, learning_rates, strict=True)]
        self.spec, self.count = spec.training, len(seeds)
        self.stack = Parameters(spec, (self.count,))
        for samples in (train, validation):
            if samples is not None:
                check(self.stack, samples, task)
        self.train, self.validation, self.task = train, validation, task
        for vector, one in zip(self.stack.vector, self.specs, strict=True):
            network = Network(one)
            network.initialize(one.training.seed)
            vector[...] = network.vector
        self.optimizer = Optimizer(self.stack)
        self.penalties = Penalties(self.stack, self.optimizer.gradient)
        self.class_weights = class_weights(self.stack, train, task)
        self.passes: dict[int, StackPass] = {}
        self.feed = Feed(self.stack, train, self._chunk_rows(), self.spec.label_smoothing)
        self.feed.make_ready()
        self.epoch = 0
        self.bests = [Best() for _ in seeds]
        self.running = [True for _ in seeds]
        self.diverged: set[int] = set()

    def network(self, number: int) -> Network:
        """Return a copy of one network in its current state."""
        network = Network(self.specs[number])
        network.vector[...] = self.stack.vector[number]
        return network

    def epochs(self, tick: Callable[[], None] = nothing) -> Iterator[list[Epoch | None]]:
        """Train until the last epoch, or until every network has stopped; see `Training.epochs`."""
        beat = Beat(tick)
        while self.epoch < self.spec.epochs and any(self.running):
            yield self._train_epoch(beat)
        for vector, best in zip(self.stack.vector, self.bests, strict=True):
            if self.spec.patience and self.spec.restore_best and best.vector is not None:
                vector[...] = best.vector

    def _chunk_rows(self) -> int:
        """Return how many rows a chunk holds: whole steps, of a batch for each network."""
        step = self.count * min(self.spec.batch_size, len(self.train))
        return step * max(1, CHUNK_BYTES // (self.stack.spec.inputs * self.stack.dtype.itemsize * step))

    def _train_epoch(self, beat: Beat) -> list[Epoch | None]:
        began = time.perf_counter()
        self.epoch += 1
        rates = [learning_rate(one.training, self.epoch) for one in self.specs]
        before = self.stack.vector.copy()
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # what runs away is found by is_finite
            tally = self._pass_over(np.array(rates, self.stack.dtype)[:, None], beat)
            validation = None if self.validation is None else measure(self.stack, self.validation, self.task, beat)
        seconds = time.perf_counter() - began
        return [
            self._close(number, tally, validation, seconds, rate, before[number]) for number, rate in enumerate(rates)
        ]

    def _close(
        self, number: int, tally: Tally, validation: Measured | None, seconds: float, rate: float, before: Array
    ) -> Epoch | None:
        """Finish an epoch for one network; a stopped one is put back to where it stopped."""
        vector, best = self.stack.vector[number], self.bests[number]
        result = epoch_result(self.epoch, tally, validation, seconds, rate, (number,))
        if self.running[number] and not is_finite(result, vector):
            self.diverged.add(number)
            self.running[number] = False
        if not self.running[number]:
            vector[...] = before
            return None
        best.note(result, vector, self.spec)
        self.running[number] = not 0 < self.spec.patience <= self.epoch - best.epoch
        return result

    def _pass_over(self, rate: Array, beat: Beat) -> Tally:
        """Train every network on every row once, each in its own order: full batches, then what is left."""
        seeds = [one.training.seed for one in self.specs]
        drops = any(layer.dropout > 0.0 for layer in self.stack.spec.layers)
        streams = [random_stream(seed, DROPOUT_STREAM, self.epoch) for seed in seeds] if drops else []
        randoms = StackRandoms(streams)
        rows = len(self.train)
        orders = np.array([random_stream(seed, SHUFFLE_STREAM, self.epoch).permutation(rows) for seed in seeds])
        batch = min(self.spec.batch_size, rows)
        full = rows - rows % batch
        tally = Tally(self.stack, self.train, self.task)
        steps = orders[:, :full].reshape(self.count, -1, batch).swapaxes(0, 1)
        self._train_rows(steps.ravel(), batch, rate, randoms, tally, beat)
        self._train_rows(orders[:, full:].ravel(), rows - full, rate, randoms, tally, beat)
        return tally

    def _train_rows(
        self, rows: Array, batch: int, rate: Array, randoms: StackRandoms, tally: Tally, beat: Beat
    ) -> None:
        """Train on rows that are ordered by step and, within a step, by network."""
        for start in range(0, len(rows), self.feed.block):
            block = rows[start : start + self.feed.block]
            share = np.reshape(np.asarray(self.optimizer.factor(rate), self.stack.dtype) / batch, (-1, 1, 1))
            for chunk in self.feed.chunks(block):
                for step in zip(*self._fold(chunk, batch), strict=True):
                    self._step(Chunk(*step), share, rate, randoms)
                    beat()
            self._count(tally, len(block), batch)

    def _fold(self, chunk: Chunk, batch: int) -> Chunk:
        """Return a chunk's rows as views (steps, networks, batch, ...), targets and record column by column."""
        shape = (-1, self.count, batch)
        targets, record = (
            array.T.reshape(-1, len(array) // (self.count * batch), self.count, batch).transpose(1, 2, 3, 0)
            for array in (chunk.targets, chunk.record)
        )
        codes = chunk.codes.reshape(*shape, *chunk.codes.shape[1:])
        return Chunk(chunk.inputs.reshape(*shape, chunk.inputs.shape[1]), targets, codes, record)

    def _step(self, part: Chunk, share: Array, rate: Array, randoms: Randoms) -> None:
        batch = part.inputs.shape[1]
        if batch not in self.passes:
            self.passes[batch] = StackPass(self.stack, self.optimizer.gradient, (self.count, batch))
        work = self.passes[batch]
        if self.class_weights is not None:
            share = self.class_weights[part.codes][:, :, None] * share
        work.forward(part.inputs, part.record, randoms)
        work.backward(part.inputs, part.targets, share)
        self.penalties.apply(self.optimizer.factor(rate))
        self.optimizer.step(rate)

    def _count(self, tally: Tally, rows: int, batch: int) -> None:
        """Add a block that was trained on, network by network, against the targets without label smoothing."""
        codes, targets, record = (array[:rows] for array in (self.feed.codes, self.feed.targets, self.feed.record))
        if tally.table is not None and self.spec.label_smoothing:
            targets = tally.table[codes]
        record, targets = (self._by_network(array.T, batch).transpose(1, 2, 0) for array in (record, targets))
        by_network = self._by_network(codes.T if codes.ndim > 1 else codes[None], batch)
        tally.add(record, targets, by_network.transpose(1, 2, 0) if codes.ndim > 1 else by_network[0])

    def _by_network(self, values: Array, batch: int) -> Array:
        """Return columns (..., rows) in the order of the steps as (..., networks, rows of each)."""
        steps = values.reshape(len(values), -1, self.count, batch).swapaxes(1, 2)
        return steps.reshape(len(values), self.count, -1)


def _spec_of(spec: NetworkSpec, seed: int, rate: float) -> NetworkSpec:
    training = dataclasses.replace(spec.training, seed=seed, learning_rate=rate)
    return dataclasses.replace(spec, training=training)
