"""How a chunk of rows becomes steps: batch by batch, each a gradient, its penalties, and a move of the weights."""

from collections.abc import Callable
from typing import Protocol

import numpy as np

from dashboard.engine.arrays import Array
from dashboard.engine.backpropagation import Pass
from dashboard.engine.feed import Feed
from dashboard.engine.network import Network
from dashboard.engine.optimizers import Optimizer
from dashboard.engine.penalties import Penalties


class Steps(Protocol):
    """What an epoch needs: train on the first `count` rows of a feed, writing down what the loss is measured on."""

    def run(self, feed: Feed, count: int, record: Array, rate: float, tick: Callable[[], None]) -> None:
        """Train on the rows once, in order; `record` (count, outputs) gets sums if the loss is fused, else outputs."""

    def begin(self, rng: np.random.Generator) -> None:
        """Take the random stream of the epoch (for dropout)."""


class BatchSteps:
    """Steps of `batch_size` rows; the last batch of a chunk may be smaller."""

    def __init__(self, network: Network, optimizer: Optimizer, class_weights: Array | None) -> None:
        self.network = network
        self.optimizer = optimizer
        self.class_weights = class_weights
        self.batch = network.spec.training.batch_size
        self.gradient = np.zeros_like(network.vector)
        self.penalties = Penalties(network, self.gradient)
        self.passes: dict[int, Pass] = {}
        self.rng: np.random.Generator | None = None

    def begin(self, rng: np.random.Generator) -> None:
        """Take the random stream of the epoch."""
        self.rng = rng

    def run(self, feed: Feed, count: int, record: Array, rate: float, tick: Callable[[], None]) -> None:
        """Train on the rows once, a step a batch."""
        for start in range(0, count, self.batch):
            self.differentiate(feed, slice(start, min(start + self.batch, count)), record)
            self.optimizer.step(self.gradient, rate)
            tick()

    def differentiate(self, feed: Feed, rows: slice, record: Array) -> None:
        """Fill `gradient` with the slope of the rows' mean loss and penalties, clipped."""
        inputs = feed.inputs[rows]
        work = self._pass(len(inputs))
        work.forward(inputs, record[rows], self.rng)
        work.backward(inputs, feed.targets[rows], self._share(feed, rows))
        self.penalties.apply()

    def _pass(self, batch: int) -> Pass:
        if batch not in self.passes:
            self.passes[batch] = Pass(self.network, self.gradient, batch)
        return self.passes[batch]

    def _share(self, feed: Feed, rows: slice) -> Array | float:
        batch: int = rows.stop - rows.start
        if self.class_weights is None:
            return 1.0 / batch
        return np.asarray(self.class_weights[feed.codes[rows], None] / batch)
