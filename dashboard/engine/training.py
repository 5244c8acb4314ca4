"""Training: epochs of shuffled batches over one flat vector, the same bits every time.

Nothing random is carried from epoch to epoch: the order of the rows and the dropped units follow from the seed and the
epoch's number alone, so a training that is resumed at an epoch continues with the same bits.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from dashboard.engine.arrays import Array
from dashboard.engine.compiled.steps import CompiledSteps
from dashboard.engine.feed import Feed, check, chunk_rows
from dashboard.engine.measuring import Measured, Tally, measure, nothing
from dashboard.engine.network import Network, Parameters
from dashboard.engine.optimizers import Optimizer
from dashboard.engine.paths import NUMPY, require_path
from dashboard.engine.samples import Samples
from dashboard.engine.schedules import learning_rate
from dashboard.engine.single_records import RecordSteps
from dashboard.engine.steps import BatchSteps, Steps
from dashboard.engine.zero_inputs import Reduced, without_zero_inputs
from dashboard.errors import Invalid, WeightbaseError
from dashboard.records.run import Epoch, epoch_cost
from dashboard.records.training import TrainingSpec

SHUFFLE_STREAM = 1
DROPOUT_STREAM = 2
TICK_SECONDS = 0.02


class Diverged(WeightbaseError):
    """The loss or the weights are no longer finite; the network holds the weights of the last good epoch again."""

    code = "diverged"

    def __init__(self, epoch: int) -> None:
        super().__init__(
            f"Training diverged in epoch {epoch}: the loss or the weights are no longer finite numbers. "
            "Try a smaller learning rate, clip_norm, or another scaling of the inputs."
        )
        self.epoch = epoch


class Training:
    """One training of a network on samples; `epochs` does the work and yields after each epoch.

    The best epoch is the one that is best by the metric `best_by`, on validation if there is such a part; its weights
    are kept if `patience` > 0 or `save` is best. With `patience` and `restore_best`, the network holds them at the
    end. `path` is the one by which steps are computed (see `paths`). Raises Invalid unless network, samples and task
    fit together, UserError if the path is not available.
    """

    def __init__(
        self, network: Network, train: Samples, validation: Samples | None, task: str, path: str = NUMPY
    ) -> None:
        require_path(path)
        for samples in (train, validation):
            if samples is not None:
                check(network, samples, task)
        self.network, self.train, self.validation, self.task = network, train, validation, task
        self.spec = network.spec.training
        by_record = RecordSteps.serves(network)
        reduced = Reduced(network, train, slice(None)) if by_record else without_zero_inputs(network, train)
        # `core` is what is trained within an epoch; between epochs the network itself holds all weights.
        self.core, self.samples, self.places = reduced
        self.optimizer = Optimizer(self.core)
        self.epoch = 0
        self.best = Best()
        chunk = min(chunk_rows(self.core, self.spec.batch_size), len(train))
        self.feed = Feed(self.core, self.samples, chunk, self.spec.label_smoothing)
        self.feed.make_ready()
        self.steps = self._steps(class_weights(network, train, task), by_record, path)

    def _steps(self, weights: Array | None, by_record: bool, path: str) -> Steps:
        if path != NUMPY:
            return CompiledSteps(self.core, self.optimizer, weights, self.feed.chunk, by_record, self.feed.background)
        return RecordSteps(self.core, weights) if by_record else BatchSteps(self.core, self.optimizer, weights)

    def epochs(self, tick: Callable[[], None] = nothing) -> Iterator[Epoch]:
        """Train to the last epoch, or until `patience` epochs brought nothing better, yielding after each.

        `tick` is called between batches, about every 20 ms (or after each batch that takes longer); it may raise, and
        then the network is left in the middle of an epoch. Raises Diverged.
        """
        beat = Beat(tick)
        while self.epoch < self.spec.epochs and not self._patience_is_over():
            result = self._train_epoch(beat)
            yield result
        if self.spec.patience and self.spec.restore_best and self.best.vector is not None:
            self.network.vector[...] = self.best.vector

    def state(self) -> dict[str, Any]:
        """Return all that is needed to continue after this epoch, as copies: arrays and numbers."""
        state = {
            "epoch": self.epoch,
            "steps": self.optimizer.steps,
            "vector": self.network.vector.copy(),
            "best_epoch": self.best.epoch,
            "best_loss": self.best.cost,  # the name that checkpoints have had from the first
        }
        for name, slot in self.optimizer.slots.items():
            whole = np.zeros_like(self.network.vector)
            whole[self.places] = slot
            state[f"slot_{name}"] = whole
        if self.best.vector is not None:
            state["best_vector"] = self.best.vector.copy()
        return state

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` returned, with the same spec and samples; raises Invalid if it does not fit."""
        slots = {f"slot_{name}": slot for name, slot in self.optimizer.slots.items()}
        if any(np.shape(state.get(name, 0)) != self.network.vector.shape for name in ("vector", *slots)):
            raise Invalid({"checkpoint": "The checkpoint belongs to another network or optimizer."})
        self.network.vector[...] = state["vector"]
        for name, slot in slots.items():
            slot[...] = state[name][self.places]
        self.epoch, self.optimizer.steps = int(state["epoch"]), int(state["steps"])
        best = state.get("best_vector")
        vector = None if best is None else np.array(best, self.network.dtype)
        self.best = Best(int(state["best_epoch"]), float(state["best_loss"]), vector)

    def _patience_is_over(self) -> bool:
        return 0 < self.spec.patience <= self.epoch - self.best.epoch

    def _train_epoch(self, beat: "Beat") -> Epoch:
        began = time.perf_counter()
        epoch = self.epoch + 1
        rate = learning_rate(self.spec, epoch)
        before = self.network.vector.copy()
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # what runs away is found by is_finite
            if self.core is not self.network:
                self.core.vector[...] = self.network.vector[self.places]
            tally = self._pass_over(epoch, rate, beat)
            if self.core is not self.network:
                self.network.vector[self.places] = self.core.vector
            validation = None if self.validation is None else measure(self.network, self.validation, self.task, beat)
        result = epoch_result(epoch, tally, validation, time.perf_counter() - began, rate)
        if not is_finite(result, self.network.vector):
            self.network.vector[...] = before
            raise Diverged(epoch)
        self.epoch = epoch
        self.best.note(result, self.network.vector, self.spec)
        return result

    def _pass_over(self, epoch: int, rate: float, beat: "Beat") -> Tally:
        """Train on every row once, in the epoch's order; stops early once the loss is not finite."""
        self.steps.begin(random_stream(self.spec.seed, DROPOUT_STREAM, epoch))
        order = random_stream(self.spec.seed, SHUFFLE_STREAM, epoch).permutation(len(self.train))
        tally = Tally(self.core, self.samples, self.task)
        for start in range(0, len(order), self.feed.block):
            rows = order[start : start + self.feed.block]
            for chunk in self.feed.chunks(rows):
                self.steps.run(chunk, rate, beat)
            self._count(tally, len(rows))
            if not np.all(np.isfinite(tally.total)):
                break
        self.steps.finish()
        return tally

    def _count(self, tally: Tally, rows: int) -> None:
        """Add a block that was trained on, against the targets as they are without label smoothing."""
        codes, targets = self.feed.codes[:rows], self.feed.targets[:rows]
        if tally.table is not None and self.spec.label_smoothing:
            targets = tally.table[codes]
        tally.add(self.feed.record[:rows], targets, codes)


@dataclass
class Best:
    """The best epoch so far: its number, its cost (see `epoch_cost`) and, where they are wanted, its weights."""

    epoch: int = 0
    cost: float = float("inf")
    vector: Array | None = None

    def note(self, result: Epoch, vector: Array, spec: TrainingSpec) -> None:
        """Take an epoch for the best if no earlier one is as good by the metric that the settings name."""
        cost = epoch_cost(spec.best_by, result)
        if cost < self.cost:
            self.epoch, self.cost = result.epoch, cost
            self.vector = vector.copy() if spec.patience or spec.save == "best" else None


class Beat:
    """Calls `tick` when TICK_SECONDS have passed since the last time."""

    def __init__(self, tick: Callable[[], None]) -> None:
        self.tick = tick
        self.due = 0.0

    def __call__(self) -> None:
        """Call `tick` if it is due."""
        now = time.perf_counter()
        if now >= self.due:
            self.tick()
            self.due = time.perf_counter() + TICK_SECONDS


def class_weights(network: Parameters, train: Samples, task: str) -> Array | None:
    """Return n/(classes · count) of each class (King & Zeng 2001), or None where all count alike."""
    if network.spec.training.class_weights != "balanced" or task != "classification":
        return None
    if train.groups:
        message = "Balanced class weights are for one target: a record has a class of each of several."
        raise Invalid({"training.class_weights": message})
    classes = max(2, network.outputs)
    counts = np.bincount(train.selected_targets(), minlength=classes)
    return np.asarray(len(train) / (classes * np.maximum(counts, 1)), network.dtype)


def epoch_result(
    epoch: int, tally: Tally, validation: Measured | None, seconds: float, rate: float, place: tuple[int, ...] = ()
) -> Epoch:
    """Return one network's numbers, picked at its place in a stack, as plain floats."""

    def number(values: Array | None) -> float | None:
        return None if values is None else float(values[place])

    val_loss = None if validation is None else float(validation.loss[place])
    further = {} if validation is None else validation.further
    return Epoch(
        epoch=epoch,
        loss=float(tally.loss[place]),
        accuracy=number(tally.accuracy),
        val_loss=val_loss,
        val_accuracy=None if validation is None else number(validation.accuracy),
        seconds=seconds,
        learning_rate=rate,
        metrics={f"val_{name}": float(values[place]) for name, values in further.items()},
    )


def is_finite(result: Epoch, vector: Array) -> bool:
    """Return whether losses and weights are still numbers; min and max pass NaN on, and need no array of their own."""
    return bool(np.all(np.isfinite([result.loss, result.val_loss or 0.0, vector.min(), vector.max()])))


def random_stream(seed: int, purpose: int, epoch: int) -> np.random.Generator:
    """Return the random stream of an epoch for a purpose; it depends on nothing that went before."""
    return np.random.Generator(np.random.PCG64([seed, purpose, epoch]))
