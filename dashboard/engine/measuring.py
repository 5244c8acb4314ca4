"""The metrics of a network on samples, accumulated block by block: loss, scores of classes, errors of a regression."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from dashboard.engine.arrays import Array
from dashboard.engine.feed import Chunk, Feed, target_table
from dashboard.engine.groups import group_answers, group_slices
from dashboard.engine.network import Parameters
from dashboard.engine.samples import Samples

BLOCK_ROWS = 512
SMALLEST_SHARE = 1e-15
"""A probability counts at least as this in the log loss, which is infinite otherwise."""
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
        self.groups = samples.groups
        self.rows = 0
        self.total, self.hits = np.zeros((2, *network.vector.shape[:-1]))

    def add(self, record: Array, targets: Array, codes: Array) -> None:
        """Count a block: what `Pass.forward` records and the targets, (..., rows, outputs), and codes (..., rows).

        Of several targets codes are (..., rows, groups).
        """
        if self.classifies:
            right = np.equal(classes(record, self.threshold, self.groups), codes)
            self.hits = self.hits + np.add.reduce(right, axis=(-2, -1) if self.groups else -1, dtype=np.int64)
        self.total = self.total + np.add.reduce(self.loss_of(record, targets), axis=-1, dtype=np.float64)
        self.rows += record.shape[-2]

    @property
    def loss(self) -> Array:
        """The mean loss of the records so far, (...)."""
        return np.asarray(self.total / self.rows)

    @property
    def accuracy(self) -> Array | None:
        """The share of records whose class was right, (...), the mean over several targets; None for a regression."""
        return np.asarray(self.hits / (self.rows * max(1, len(self.groups)))) if self.classifies else None


class Errors:
    """Sums a regression's errors over blocks, without keeping them: for MAE, RMSE and R² of each output.

    The targets' spread is merged block by block (Chan, Golub & LeVeque 1979), which stays exact for a large mean.
    `units`, (outputs,) or a scalar, is what an error of 1 is in the unit of the errors.
    """

    def __init__(self, shape: tuple[int, ...], units: Array | float = 1.0) -> None:
        self.rows, self.units = 0, units
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

    def by_output(self) -> dict[str, Array]:
        """Return mae, rmse and r2 (..., outputs); r2 is NaN where an output's targets are all equal."""
        nothing = np.full(self.squared.shape, np.nan)
        return {
            "mae": self.absolute / self.rows * self.units,
            "rmse": np.sqrt(self.squared / self.rows) * self.units,
            "r2": 1.0 - np.divide(self.squared, self.spread, out=nothing, where=self.spread > 0.0),
        }

    def metrics(self) -> dict[str, Array]:
        """Return mae, rmse and r2 (...): means over the outputs; no r2 where an output's targets are all equal."""
        metrics = {name: values.mean(axis=-1) for name, values in self.by_output().items()}
        if not np.all(self.spread > 0.0):
            del metrics["r2"]
        return metrics


class ClassScores:
    """Sums, over blocks, what each class was answered: for F1 and balanced accuracy; of a stack, for each network.

    Where the outputs are probabilities (softmax or sigmoid) the log loss is summed, too. `outputs` is how many of them
    a target has: all of the network's, unless there are several targets.
    """

    def __init__(self, network: Parameters, samples: Samples, outputs: int = 0) -> None:
        self.stack, self.classes = network.vector.shape[:-1], max(2, outputs or network.outputs)
        self.low, self.high = samples.low, samples.high
        self.hits, self.answered = np.zeros((2, *self.stack, self.classes))
        self.support = np.zeros(self.classes)
        self.logs = np.zeros(self.stack) if has_probabilities(network) else None

    def add(self, answers: Array, outputs: Array, codes: Array) -> None:
        """Count a block: the answers (..., rows), the outputs (..., rows, outputs) and the true codes (rows,)."""
        self.support = self.support + np.bincount(codes, minlength=self.classes)
        self.answered = self.answered + self._counts(answers, np.ones_like(answers, bool))
        self.hits = self.hits + self._counts(answers, answers == codes)
        if self.logs is not None:
            self.logs = self.logs + self._log_sums(outputs, codes)

    def metrics(self) -> dict[str, Array]:
        """Return balanced_accuracy, f1 and, of probabilities, log_loss (...): means over classes that have records."""
        known = self.support > 0
        recall = self.hits[..., known] / self.support[known]
        f1 = 2.0 * self.hits[..., known] / (self.answered + self.support)[..., known]
        scores = {"balanced_accuracy": recall.mean(axis=-1), "f1": f1.mean(axis=-1)}
        return scores if self.logs is None else scores | {"log_loss": self.logs / self.support.sum()}

    def _counts(self, answers: Array, chosen: Array) -> Array:
        rows = answers.reshape(-1, answers.shape[-1])
        numbers = rows + self.classes * np.arange(len(rows))[:, np.newaxis]
        counts = np.bincount(numbers[chosen.reshape(rows.shape)], minlength=len(rows) * self.classes)
        return counts.reshape(*self.stack, self.classes)

    def _log_sums(self, outputs: Array, codes: Array) -> Array:
        if outputs.shape[-1] == 1:
            own = np.where(codes == 1, outputs[..., 0], self.low + self.high - outputs[..., 0]).astype(np.float64)
            share = own / (self.low + self.high)
        else:
            own = outputs[..., np.arange(len(codes)), codes].astype(np.float64)
            total = outputs.sum(axis=-1, dtype=np.float64)
            share = np.divide(own, total, out=np.zeros_like(own), where=total > 0)
        return np.asarray(-np.log(np.clip(share, SMALLEST_SHARE, 1.0)).sum(axis=-1))


class GroupScores:
    """What `ClassScores` sums, for each of several targets; its metrics are the means over the targets."""

    def __init__(self, network: Parameters, samples: Samples) -> None:
        self.slices = group_slices(samples.groups)
        self.parts = [ClassScores(network, samples, size) for size in samples.groups]

    def add(self, answers: Array, outputs: Array, codes: Array) -> None:
        """Count a block: answers (..., rows, groups), outputs (..., rows, outputs) and true codes (rows, groups)."""
        for place, (part, own) in enumerate(zip(self.parts, self.slices, strict=True)):
            part.add(answers[..., place], outputs[..., own], codes[:, place])

    def metrics(self) -> dict[str, Array]:
        """Return the means over the targets of what `ClassScores.metrics` returns."""
        each = [part.metrics() for part in self.parts]
        return {name: np.mean([one[name] for one in each], axis=0) for name in each[0]}


class Measured(NamedTuple):
    """The mean loss, the accuracy (None for a regression), and further metrics by name; of a stack, (networks,) each.

    A classification has balanced_accuracy, f1 and, of probabilities, log_loss; a regression its errors, and those of
    each output (networks, outputs).
    """

    loss: Array
    accuracy: Array | None
    further: dict[str, Array]
    by_output: dict[str, Array]


def has_probabilities(network: Parameters) -> bool:
    """Return whether a network's outputs are probabilities of classes."""
    return network.spec.layers[-1].activation in {"softmax", "sigmoid"}


def classes(scores: Array, threshold: float, groups: Sequence[int] = ()) -> Array:
    """Return the code of each record's class (..., rows): the largest output, or whether a single one passes.

    Of several targets (`groups`) that of each, (..., rows, groups).
    """
    if groups:
        return group_answers(scores, groups)
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
    shape = (*network.vector.shape[:-1], network.outputs)
    errors = Errors(shape, samples.units) if task == "regression" else None
    of_classes = GroupScores if samples.groups else ClassScores
    scores = of_classes(network, samples) if task == "classification" else None
    for chunk, record, outputs in blocks(network, samples, tick):
        tally.add(record, chunk.targets, chunk.codes)
        if errors is not None:
            errors.add(outputs, chunk.targets)
        if scores is not None:
            scores.add(classes(record, tally.threshold, samples.groups), outputs, chunk.codes)
    further = errors or scores
    each = errors.by_output() if errors is not None else {}
    return Measured(tally.loss, tally.accuracy, further.metrics() if further is not None else {}, each)
