"""What a training does, wherever it executes: arrays in, reports out, nothing else shared.

A training that goes on from a checkpoint ends in the same bits as one that was never disturbed: the order of the
records and the dropped units of an epoch follow from the seed and the epoch's number; all else stands in the
checkpoint.
"""

import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np

from dashboard.data.answering import errors_in_own_unit
from dashboard.data.preprocessing import Preprocessing, encode, fit
from dashboard.data.splitting import split
from dashboard.engine.measuring import nothing
from dashboard.engine.metrics import evaluate
from dashboard.engine.network import Network
from dashboard.engine.samples import Samples
from dashboard.engine.training import Diverged, EpochResult, Training
from dashboard.errors import UserError
from dashboard.jobs.job import Cancelled, TrainingCheckpoint, TrainingJob

CHECKPOINT_SHARE = 20
"""A checkpoint that takes long to hand over is taken more seldom: at most a twentieth of the time goes into them."""

Send = Callable[[str, Any], None]


def train(job: TrainingJob, send: Send, tick: Callable[[], None]) -> None:
    """Train as the job says, reporting through `send` (kind, payload) until it is done, cancelled or wrong.

    `tick` is called between batches, and between the steps of preparing; it raises Cancelled to stop the training. What
    `send` raises ends it as it is.
    """
    state: str = "finished"
    error: str | None = None
    try:
        _Trainer(job, send, tick).train()
    except Cancelled:
        state = "cancelled"
    except (Diverged, UserError) as failure:
        state, error = "failed", str(failure)
    except MemoryError:
        state, error = "failed", "There is not enough memory: use a smaller network or batch."
    send("end", {"state": state, "error": error})


class _Trainer:
    """One training: its samples, its network, and what it has reported."""

    def __init__(self, job: TrainingJob, send: Send, tick: Callable[[], None]) -> None:
        self.job, self.send, self.tick = job, send, tick
        self.settings = job.spec.training
        self.last: EpochResult | None = None
        self.best: EpochResult | None = None
        self.reported: set[int] = set()
        self.next_checkpoint = time.monotonic() + job.checkpoint_seconds

    def train(self) -> None:
        """Run all epochs, reporting each, and keep the versions that the person chose."""
        self._prepare()
        whole_epoch = self.network.vector.copy()
        try:
            for result in self.training.epochs(self.tick):
                self._note(result)
                self.send("epoch", self._numbers(result))
                if self.settings.saves(result.epoch):
                    self._report_version(result)
                whole_epoch[...] = self.network.vector
                self._send_checkpoint_if_due()
        except (Diverged, Cancelled):
            # What was learnt up to the last whole epoch is kept, also when only the best or last was asked for.
            self.network.vector[...] = whole_epoch
            self._report_last()
            raise
        self._report_last()

    def _note(self, result: EpochResult) -> None:
        self.last = result
        if self.training.best_epoch == result.epoch:
            self.best = result

    def _send_checkpoint_if_due(self) -> None:
        began = time.monotonic()
        if began < self.next_checkpoint:
            return
        assert self.last is not None  # an epoch has just ended
        best = self.best or self.last
        self.send("checkpoint", TrainingCheckpoint(self.training.state(), asdict(self.last), asdict(best)))
        now = time.monotonic()
        self.next_checkpoint = now + max(self.job.checkpoint_seconds, CHECKPOINT_SHARE * (now - began))

    def _prepare(self) -> None:
        job = self.job
        # With a checkpoint there is something to keep already: a stop is seen only once it can be kept.
        tick = self.tick if job.checkpoint is None else nothing
        arrays = job.records()
        parts = split(arrays.target, job.split["validation"], job.split["test"], job.split["seed"], job.task)
        tick()
        if job.parent_preprocessing is not None:
            self.preprocessing = Preprocessing.from_json(job.parent_preprocessing)
        else:
            self.preprocessing = fit(arrays, parts.train, self.settings.scaling)
        tick()
        encoded = encode(arrays, self.preprocessing, np.dtype(self.settings.dtype))
        tick()
        samples = Samples(
            encoded.inputs,
            encoded.targets,
            encoded.scale,
            encoded.offset,
            self.preprocessing.low,
            self.preprocessing.high,
        )
        self.parts = {
            name: samples.take(rows) if len(rows) else None
            for name, rows in (("train", parts.train), ("validation", parts.validation), ("test", parts.test))
        }
        self.network = Network(job.spec)
        self.network.initialize(self.settings.seed)
        if job.parent_tensors is not None:
            self.network.load(job.parent_tensors)
        tick()
        train = self.parts["train"]
        if train is None:
            raise UserError("No records are left to train on: make the validation and test parts smaller.")
        self.training = Training(self.network, train, self.parts["validation"], job.task)
        if job.checkpoint is not None:
            self.training.restore(job.checkpoint.state)
            self.last, self.best = EpochResult(**job.checkpoint.last), EpochResult(**job.checkpoint.best)

    def _report_last(self) -> None:
        """Keep the version that stands at the end: the best one where it was asked for, else the last."""
        result, settings = self.last, self.settings
        if result is None:  # not even one epoch was whole
            return
        wants_best = settings.save == "best" or (settings.patience > 0 and settings.restore_best)
        if wants_best and self.best is not None:
            result = self.best
            self.network.load(self.training.best_tensors())
        if result.epoch not in self.reported:
            self._report_version(result)

    def _report_version(self, result: EpochResult) -> None:
        evaluation = {
            name: errors_in_own_unit(evaluate(self.network, part, self.job.task), self.preprocessing)
            for name, part in self.parts.items()
            if part is not None and name != "train"
        }
        numbers = self._numbers(result)
        metrics = {name: numbers[name] for name in ("loss", "accuracy", "val_loss", "val_accuracy")}
        metrics |= numbers["metrics"]
        for name, value in evaluation.get("test", {}).items():
            if isinstance(value, float) and name in {"accuracy", "loss", "mae", "rmse", "r2"}:
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

    def _numbers(self, result: EpochResult) -> dict[str, Any]:
        return asdict(result) | {"metrics": errors_in_own_unit(result.metrics, self.preprocessing)}
