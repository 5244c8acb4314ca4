"""The process in which one run trains: arrays in, reports out through a pipe, nothing else shared.

The pipe is also the lifeline: when its other end is gone, so is the coordinator, and the process ends.
"""

from dataclasses import asdict
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from dashboard.data.answering import errors_in_own_unit
from dashboard.data.dataset import open_arrays
from dashboard.data.preprocessing import Preprocessing, encode, fit
from dashboard.data.splitting import split
from dashboard.engine.metrics import evaluate
from dashboard.engine.network import Network
from dashboard.engine.samples import Samples
from dashboard.engine.training import Diverged, EpochResult, Training
from dashboard.errors import UserError
from dashboard.jobs.job import Cancelled, TrainingJob, stop_if_asked


def main(job: TrainingJob, pipe: Connection) -> None:
    """Train as the job says and report through the pipe until it is done, cancelled or wrong."""
    try:
        _Trainer(job, pipe).train()
    except Cancelled:
        pipe.send(("end", {"state": "cancelled", "error": None}))
    except (Diverged, UserError) as error:
        pipe.send(("end", {"state": "failed", "error": str(error)}))
    except MemoryError:
        pipe.send(("end", {"state": "failed", "error": "There is not enough memory: use a smaller network or batch."}))


class _Trainer:
    """One training: its samples, its network, and what it has reported."""

    def __init__(self, job: TrainingJob, pipe: Connection) -> None:
        self.job, self.pipe = job, pipe
        self.settings = job.spec.training
        self.results: dict[int, EpochResult] = {}
        self.reported: set[int] = set()

    def train(self) -> None:
        """Run all epochs, reporting each, and keep the versions that the person chose."""
        self._prepare()
        result: EpochResult | None = None
        try:
            for result in self.training.epochs(self._tick):
                self.results[result.epoch] = result
                self.pipe.send(("epoch", self._numbers(result)))
                if self.settings.saves(result.epoch):
                    self._report_version(result)
                whole_epoch = self.network.vector.copy()
        except (Diverged, Cancelled):
            # What was learnt up to the last whole epoch is kept, also when only the best or last was asked for.
            if result is not None:
                self.network.vector[...] = whole_epoch
                self._report_last(result)
            raise
        if result is not None:
            self._report_last(result)
        self.pipe.send(("end", {"state": "finished", "error": None}))

    def _prepare(self) -> None:
        job = self.job
        arrays = open_arrays(job.folder)
        parts = split(arrays.target, job.split["validation"], job.split["test"], job.split["seed"], job.task)
        self._tick()
        if job.parent_preprocessing is not None:
            self.preprocessing = Preprocessing.from_json(job.parent_preprocessing)
        else:
            self.preprocessing = fit(arrays, parts.train, self.settings.scaling)
        self._tick()
        encoded = encode(arrays, self.preprocessing, np.dtype(self.settings.dtype))
        self._tick()
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
        self._tick()
        train = self.parts["train"]
        if train is None:
            raise UserError("No records are left to train on: make the validation and test parts smaller.")
        self.training = Training(self.network, train, self.parts["validation"], job.task)

    def _tick(self) -> None:
        """See whether to stop: between batches, and between the steps of preparing."""
        stop_if_asked(self.pipe)

    def _report_last(self, result: EpochResult) -> None:
        """Keep the version that stands at the end: the best one where it was asked for, else the last."""
        training, settings = self.training, self.settings
        wants_best = settings.save == "best" or (settings.patience > 0 and settings.restore_best)
        if wants_best and training.best_epoch:
            result = self.results[training.best_epoch]
            self.network.load(training.best_tensors())
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
        self.pipe.send(("version", report))

    def _numbers(self, result: EpochResult) -> dict[str, Any]:
        return asdict(result) | {"metrics": errors_in_own_unit(result.metrics, self.preprocessing)}
