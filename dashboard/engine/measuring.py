"""The metrics of a network on samples, accumulated block by block: loss and accuracy, or the errors of a regression."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from dashboard.engine.arrays import Array
from dashboard.engine.feed import Chunk, Feed, target_table
from dashboard.engine.network import Parameters
from dashboard.engine.samples import Samples

BLOCK_ROWS = 512
ERRORS = ("mae", "rmse", "r2")
"""What `Errors` measures of a regression."""


def nothing() -> None:
    """Do nothing: the tick of those who need none."""


class Tally:
    """Sums loss and hits over blocks of records; of a stack, for each network.

    The loss is the plain one, against the plain targets: class weights, label smoothing and penalties shape what is
    minimised, not what is shown, so that training and validation compare.
    """

    def __init__(self, network: Parameters, samples: Samples, task: str) -> None:
        self.loss_of = network.loss.value
        self.classifies = task == "classification"
        self.table = target_table(network, samples) if self.classifies else None
        fused = network.loss.fused_with is not None
        self.threshold = 0.0 if fused else (samples.low + samples.high) / 2.0
        self.rows = 0
        self.total, self.hits = np.zeros((2, *network.vector.shape[:-1]))

    def add(self, record: Array, targets: Array, codes: Array) -> None:
        """Count a block: what `Pass.forward` records and the targets, (..., rows, outputs), and codes (..., rows)."""
        if self.classifies:
            right = np.equal(classes(record, self.threshold), codes)
            self.hits = self.hits + np.add.reduce(right, axis=-1, dtype=np.int64)
        self.total = self.total + np.add.reduce(self.loss_of(record, targets), axis=-1, dtype=np.float64)
        self.rows += record.shape[-2]

    @property
    def loss(self) -> Array:
        """The mean loss of the records so far, (...)."""
        return np.asarray(self.total / self.rows)

    @property
    def accuracy(self) -> Array | None:
        """The share of records whose class was right, (...); None for a regression."""
        return np.asarray(self.hits / self.rows) if self.classifies else None


class Errors:
    """Sums a regression's errors over blocks, without keeping them: for MAE, RMSE and R² of each output.

    The targets' spread is merged block by block (Chan, Golub & LeVeque 1979), which stays exact for a large mean.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.rows = 0
        self.absolute, self.squared = np.zeros((2, *shape))
        self.mean, self.spread = np.zeros((2, shape[-1]))

    def add(self, outputs: Array, targets: Array) -> None:
        """Count a block of outputs (..., rows, outputs) against targets (rows, outputs)."""
        wanted = targets.astype(np.float64)
        errors = outputs - wanted
        self.absolute += np.abs(errors).sum(axis=-2)
        self.squared += (errors * errors).sum(axis=-2)
        shift = wanted.mean(axis=0) - self.mean
        rows = self.rows + len(wanted)
        self.spread += ((wanted - wanted.mean(axis=0)) ** 2).sum(axis=0) + shift**2 * self.rows * len(wanted) / rows
        self.mean += shift * len(wanted) / rows
        self.rows = rows

    def metrics(self) -> dict[str, Array]:
        """Return mae, rmse and r2 (...): means over the outputs; no r2 where an output's targets are all equal."""
        metrics = {
            "mae": self.absolute.mean(axis=-1) / self.rows,
            "rmse": np.sqrt(self.squared.mean(axis=-1) / self.rows),
        }
        if np.all(self.spread > 0.0):
            metrics["r2"] = np.mean(1.0 - self.squared / self.spread, axis=-1)
        return metrics


class Measured(NamedTuple):
    """The mean loss, the accuracy (None for a regression), and a regression's errors; of a stack, (networks,) each."""

    loss: Array
    accuracy: Array | None
    errors: dict[str, Array]


def classes(scores: Array, threshold: float) -> Array:
    """Return the code of each record's class (..., rows): the largest output, or whether a single one passes."""
    if scores.shape[-1] == 1:
        return np.asarray(scores[..., 0] > threshold, np.intp)
    return np.asarray(np.argmax(scores, axis=-1))


def blocks(
    network: Parameters, samples: Samples, tick: Callable[[], None] = nothing
) -> Iterator[tuple[Chunk, Array, Array]]:
    """Yield the samples in order, block by block, each with what the loss is measured on, and the outputs.

    Both are (..., rows, outputs); `tick` is called after each block.
    """
    feed = Feed(network, samples, min(BLOCK_ROWS, len(samples)))
    for start in range(0, len(samples), feed.block):
        for chunk in feed.chunks(np.arange(start, min(start + feed.block, len(samples)))):
            sums = network.sums(chunk.inputs[:, : feed.width])
            outputs = network.activate(sums.copy())
            yield chunk, outputs if network.loss.fused_with is None else sums, outputs
            tick()


def measure(network: Parameters, samples: Samples, task: str, tick: Callable[[], None] = nothing) -> Measured:
    """Measure a network, or each of a stack, on samples."""
    tally = Tally(network, samples, task)
    errors = Errors((*network.vector.shape[:-1], network.outputs)) if task == "regression" else None
    for chunk, record, outputs in blocks(network, samples, tick):
        tally.add(record, chunk.targets, chunk.codes)
        if errors is not None:
            errors.add(outputs, chunk.targets)
    return Measured(tally.loss, tally.accuracy, errors.metrics() if errors is not None else {})
