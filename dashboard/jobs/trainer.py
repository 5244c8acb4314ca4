"""A training, wherever it executes: arrays in, reports out, nothing else shared.

A training that resumes from a checkpoint ends with the same bits as an uninterrupted one: the order of the
records and the dropped units of an epoch follow from the seed and the epoch's number; all else is in the
checkpoint.
"""

import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np

from dashboard.data.dataset import split_of
from dashboard.data.preprocessing import Preprocessing, encode, errors_in_own_unit, fit
from dashboard.engine.measuring import nothing
from dashboard.engine.metrics import evaluate
from dashboard.engine.network import Network
from dashboard.engine.samples import Samples
from dashboard.engine.training import Best, Diverged, Training
from dashboard.errors import UserError
from dashboard.jobs.job import Cancelled, TrainingCheckpoint, TrainingJob
from dashboard.jobs.samples import samples_of
from dashboard.metrics import METRICS
from dashboard.records.run import Epoch

CHECKPOINT_SHARE = 20
"""A checkpoint that takes long to hand over is taken less often: at most a twentieth of the time goes into them."""

ENDS_BADLY = (Diverged, UserError, MemoryError)
"""What ends a training as failed, with words for people (see `why`)."""

Send = Callable[[str, Any], None]


def train(job: TrainingJob, send: Send, tick: Callable[[], None]) -> None:
    """Train as the job says, reporting through `send` (kind, payload) until it is done, cancelled or wrong.

    `tick` is called between batches, and between the steps of preparing; it raises Cancelled to stop the training. What
    `send` raises ends it as it is.
    """
    state: str = "finished"
    error: str | None = None
    try:
        Trainer(job, send).train(tick)
    except Cancelled:
        state = "cancelled"
    except ENDS_BADLY as failure:
        state, error = "failed", why(failure)
    send("end", {"state": state, "error": error})


def why(failure: BaseException) -> str:
    """Return in a sentence why a training ended badly."""
    if isinstance(failure, MemoryError):
        return "There is not enough memory: use a smaller network or batch."
    return str(failure)


class Trainer:
    """One training: its samples, its network, and what it has reported."""

    def __init__(self, job: TrainingJob, send: Send) -> None:
        self.job, self.send = job, send
        self.settings = job.spec.training
        self.last: Epoch | None = None
        self.best: Epoch | None = None
        self.leading = Best()  # the training's own, with the best weights so far
        self.reported: set[int] = set()
        self.next_checkpoint = time.monotonic() + job.checkpoint_seconds

    def train(self, tick: Callable[[], None]) -> None:
        """Run all epochs, reporting each, and save the versions that the person chose."""
        # With a checkpoint there is something to save already: a stop takes effect only once it can be saved.
        self.prepare(tick if self.job.checkpoint is None else nothing)
        training = Training(self.network, self.records, self.parts["validation"], self.job.task, self.job.path)
        if self.job.checkpoint is not None:
            training.restore(self.job.checkpoint.state)
            self.last, self.best = Epoch(**self.job.checkpoint.last), Epoch(**self.job.checkpoint.best)
        self.leading = training.best
        whole_epoch = self.network.vector.copy()
        try:
            for result in training.epochs(tick):
                self.note(result)
                whole_epoch[...] = self.network.vector
                self._send_checkpoint_if_due(training)
        except (Diverged, Cancelled):
            # What was learnt up to the last whole epoch is saved, also when only the best or last one was to be saved.
            self.network.vector[...] = whole_epoch
            self.report_last()
            raise
        self.report_last()

    def prepare(self, tick: Callable[[], None]) -> None:
        """Open the records, split and encode them, and make the network; raises UserError if none are to train on."""
        job = self.job
        arrays = job.records()
        parts = split_of(arrays, job.split)
        tick()
        if job.parent_preprocessing is not None:
            self.preprocessing = Preprocessing.from_json(job.parent_preprocessing)
        else:
            self.preprocessing = fit(arrays, parts.train, self.settings.scaling)
        tick()
        encoded = encode(arrays, self.preprocessing, np.dtype(self.settings.dtype))
        tick()
        samples = samples_of(encoded, self.preprocessing)
        self.parts = {
            name: samples.take(rows) if len(rows) else None
            for name, rows in (("train", parts.train), ("validation", parts.validation), ("test", parts.test))
        }
        self._make_network()
        tick()

    def prepare_like(self, other: "Trainer") -> None:
        """Take the records of another, and make the network."""
        self.preprocessing, self.parts = other.preprocessing, other.parts
        self._make_network()

    def _make_network(self) -> None:
        self.network = Network(self.job.spec)
        self.network.initialize(self.settings.seed)
        if self.job.parent_tensors is not None:
            self.network.load(self.job.parent_tensors)

    @property
    def records(self) -> Samples:
        """The records to train on; raises UserError if none are left."""
        train = self.parts["train"]
        if train is None:
            raise UserError("No records are left to train on: make the validation and test parts smaller.")
        return train

    def note(self, result: Epoch) -> None:
        """Report an epoch that has just ended, and a version if it is to be saved."""
        self.last = result
        if self.leading.epoch == result.epoch:
            self.best = result
        self.send("epoch", self._numbers(result))
        if self.settings.saves(result.epoch):
            self._report_version(result)

    def end(self, state: str, error: str | None) -> None:
        """Report the end."""
        self.send("end", {"state": state, "error": error})

    def _send_checkpoint_if_due(self, training: Training) -> None:
        began = time.monotonic()
        if began < self.next_checkpoint:
            return
        assert self.last is not None  # an epoch has just ended
        best = self.best or self.last
        self.send("checkpoint", TrainingCheckpoint(training.state(), asdict(self.last), asdict(best)))
        now = time.monotonic()
        self.next_checkpoint = now + max(self.job.checkpoint_seconds, CHECKPOINT_SHARE * (now - began))

    def report_last(self) -> None:
        """Report the version at the end of the training: the best one if the settings say so, else the last."""
        result = self.last
        if result is None:  # not even one epoch was whole
            return
        if self.settings.ends_with_best and self.best is not None and self.leading.vector is not None:
            result = self.best
            self.network.vector[...] = self.leading.vector
        if result.epoch not in self.reported:
            self._report_version(result)

    def _report_version(self, result: Epoch) -> None:
        evaluation = {
            name: errors_in_own_unit(evaluate(self.network, part, self.job.task), self.preprocessing)
            for name, part in self.parts.items()
            if part is not None and name != "train"
        }
        numbers = self._numbers(result)
        metrics = {name: numbers[name] for name in ("loss", "accuracy", "val_loss", "val_accuracy")}
        metrics |= numbers["metrics"]
        for name, value in evaluation.get("test", {}).items():
            if name in METRICS and "test_" in METRICS[name].parts and isinstance(value, float):
                metrics[f"test_{name}"] = value
        self.reported.add(result.epoch)
        report = {
            "epoch": result.epoch,
            "metrics": {name: value for name, value in metrics.items() if value is not None},
            "evaluation": evaluation,
            "preprocessing": self.preprocessing.to_json(),
            "tensors": {name: np.array(array) for name, array in self.network.tensors().items()},
        }
        self.send("version", report)

    def _numbers(self, result: Epoch) -> dict[str, Any]:
        return asdict(result) | {"metrics": errors_in_own_unit(result.metrics, self.preprocessing)}
