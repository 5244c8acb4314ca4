"""How a chunk of rows becomes steps: batch by batch, each a gradient, its penalties, and a move of the weights."""

from collections.abc import Callable
from typing import Protocol

import numpy as np

from dashboard.engine.arrays import Array
from dashboard.engine.backpropagation import Pass, Tick
from dashboard.engine.feed import Chunk
from dashboard.engine.network import Network
from dashboard.engine.optimizers import Optimizer, Rate
from dashboard.engine.penalties import Penalties

LONG_BATCH = 10**9
"""Multiplications of a forward pass from which on a batch takes a noticeable part of a second."""


class Steps(Protocol):
    """What an epoch needs: something that trains on chunks, batch by batch."""

    def begin(self, rng: np.random.Generator) -> None:
        """Take the random stream of the epoch (for dropout)."""

    def run(self, chunk: Chunk, rate: float, tick: Callable[[], None]) -> None:
        """Train on the rows once, in order, writing the chunk's `record`; `tick` comes between batches."""

    def finish(self) -> None:
        """Have all weights and slots in the network's and the optimizer's vectors: the epoch has ended."""


class BatchSteps:
    """Steps of `batch_size` rows; the last batch of an epoch may be smaller.

    `class_weights` is (classes,), or None where all records count alike.
    """

    def __init__(self, network: Network, optimizer: Optimizer, class_weights: Array | None) -> None:
        self.network = network
        self.optimizer = optimizer
        self.class_weights = class_weights
        self.batch = network.spec.training.batch_size
        self.penalties = Penalties(network, optimizer.gradient)
        self.passes: dict[int, Pass] = {}
        self.rng: np.random.Generator | None = None
        self.even: tuple[int, Rate, Array] = (0, 0.0, np.zeros(()))

    def begin(self, rng: np.random.Generator) -> None:
        """Take the random stream of the epoch."""
        self.rng = rng

    def run(self, chunk: Chunk, rate: float, tick: Callable[[], None]) -> None:
        """Train on the rows once, a step a batch."""
        factor = self.optimizer.factor(rate)
        within = tick if self.batch * self.network.spec.parameters > LONG_BATCH else None
        for start in range(0, len(chunk.inputs), self.batch):
            self.differentiate(chunk, slice(start, min(start + self.batch, len(chunk.inputs))), factor, within)
            self.optimizer.step(rate)
            tick()

    def finish(self) -> None:
        """Do nothing: the vectors are worked on in place."""

    def differentiate(self, chunk: Chunk, rows: slice, factor: Rate = 1.0, tick: Tick = None) -> None:
        """Fill the optimizer's gradient with `factor` times the slope of the rows' mean loss and penalties, clipped."""
        inputs = chunk.inputs[rows]
        work = self._pass(len(inputs))
        work.forward(inputs, chunk.record[rows], self.rng, tick)
        share = self._even_share(len(inputs), factor)
        if self.class_weights is not None:
            share = self.class_weights[chunk.codes[rows], None] * share
        work.backward(inputs, chunk.targets[rows], share, tick)
        self.penalties.apply(factor)

    def _pass(self, batch: int) -> Pass:
        if batch not in self.passes:
            self.passes[batch] = Pass(self.network, self.optimizer.gradient, (batch,))
        return self.passes[batch]

    def _even_share(self, batch: int, factor: Rate) -> Array:
        """Return factor/batch as a 0-d array, made when one of them changes: numpy converts a number at every call."""
        if self.even[:2] != (batch, factor):
            self.even = (batch, factor, np.asarray(factor / batch, self.network.dtype))
        return self.even[2]
