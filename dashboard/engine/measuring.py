"""How good a network is on samples, summed up block by block: loss and accuracy, or the errors of a regression."""

from collections.abc import Callable, Iterator

import numpy as np

from dashboard.engine.arrays import Array
from dashboard.engine.feed import Chunk, Feed, target_table
from dashboard.engine.network import Network
from dashboard.engine.samples import Samples

BLOCK_ROWS = 512


def nothing() -> None:
    """Do nothing: the tick of those who need none."""


class Tally:
    """Sums loss and hits over blocks of records.

    The loss is the plain one, against the plain targets: class weights, label smoothing and penalties shape what is
    made small, not what is shown, so that training and validation compare.
    """

    def __init__(self, network: Network, samples: Samples, task: str) -> None:
        self.loss_of = network.loss.value
        self.classifies = task == "classification"
        self.table = target_table(network, samples) if self.classifies else None
        fused = network.loss.fused_with is not None
        self.threshold = 0.0 if fused else (samples.low + samples.high) / 2.0
        self.rows = 0
        self.total = 0.0
        self.hits = 0

    def add(self, record: Array, targets: Array, codes: Array) -> None:
        """Count a block: what `Pass.forward` records (rows, outputs), the targets, and the codes of classes (rows,)."""
        if self.table is not None:
            self.hits += int(np.count_nonzero(classes(record, self.threshold) == codes))
        self.total += float(np.add.reduce(self.loss_of(record, targets), dtype=np.float64))
        self.rows += len(record)

    @property
    def loss(self) -> float:
        """The mean loss of the records so far."""
        return self.total / self.rows

    @property
    def accuracy(self) -> float | None:
        """The share of records whose class was right; None for a regression."""
        return self.hits / self.rows if self.classifies else None


class Errors:
    """Sums a regression's errors over blocks, without keeping them: for MAE, RMSE and R² of each output.

    The targets' spread is merged block by block (Chan, Golub & LeVeque 1979), which stays exact for a large mean.
    """

    def __init__(self, outputs: int) -> None:
        self.rows = 0
        self.absolute, self.squared, self.mean, self.spread = np.zeros((4, outputs))

    def add(self, outputs: Array, targets: Array) -> None:
        """Count a block of outputs and targets (rows, outputs)."""
        wanted = targets.astype(np.float64)
        errors = outputs - wanted
        self.absolute += np.abs(errors).sum(axis=0)
        self.squared += (errors * errors).sum(axis=0)
        shift = wanted.mean(axis=0) - self.mean
        rows = self.rows + len(wanted)
        self.spread += ((wanted - wanted.mean(axis=0)) ** 2).sum(axis=0) + shift**2 * self.rows * len(wanted) / rows
        self.mean += shift * len(wanted) / rows
        self.rows = rows

    def metrics(self) -> dict[str, float | None]:
        """Return mae, rmse and r2: means over the outputs; r2 is None where an output's targets are all equal."""
        explained = None
        if np.all(self.spread > 0.0):
            explained = float(np.mean(1.0 - self.squared / self.spread))
        mae, mse = float(np.mean(self.absolute)) / self.rows, float(np.mean(self.squared)) / self.rows
        return {"mae": mae, "rmse": mse**0.5, "r2": explained}


def classes(scores: Array, threshold: float) -> Array:
    """Return the code of each record's class (rows,): the largest output, or whether a single one passes."""
    if scores.shape[1] == 1:
        return np.asarray(scores[:, 0] > threshold, np.intp)
    return np.asarray(np.argmax(scores, axis=1))


def blocks(network: Network, samples: Samples, tick: Callable[[], None] = nothing) -> Iterator[tuple[Chunk, Array]]:
    """Yield the samples in order, block by block, each with the network's outputs (rows, outputs).

    The blocks' `record` holds what the loss is measured on; `tick` is called after each.
    """
    feed = Feed(network, samples, min(BLOCK_ROWS, len(samples)))
    for start in range(0, len(samples), feed.block):
        for chunk in feed.chunks(np.arange(start, min(start + feed.block, len(samples)))):
            outputs = network.sums(chunk.inputs[:, : feed.width])
            if network.loss.fused_with is not None:
                np.copyto(chunk.record, outputs)
            network.activate(outputs)
            if network.loss.fused_with is None:
                np.copyto(chunk.record, outputs)
            yield chunk, outputs
            tick()


def measure(
    network: Network, samples: Samples, task: str, tick: Callable[[], None] = nothing
) -> tuple[float, float | None, dict[str, float | None]]:
    """Return the loss, the accuracy (None for a regression) and a regression's mae, rmse and r2."""
    tally = Tally(network, samples, task)
    errors = Errors(network.outputs) if task == "regression" else None
    for chunk, outputs in blocks(network, samples, tick):
        tally.add(chunk.record, chunk.targets, chunk.codes)
        if errors is not None:
            errors.add(outputs, chunk.targets)
    return tally.loss, tally.accuracy, errors.metrics() if errors is not None else {}
