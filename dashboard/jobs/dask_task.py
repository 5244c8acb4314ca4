"""The task of a worker of a Dask cluster: it trains for a few seconds and returns its reports.

A stretch is a pure function of the job and its checkpoint. So it does not matter who runs it, or whether it runs twice,
and versions and checkpoints come back as a task's result, which no scheduler has to hold in its memory. Only the
numbers of each epoch also go ahead as events, for those who watch.
"""

import contextlib
import pickle
import time
from dataclasses import dataclass, replace
from typing import Any

from distributed import Event, get_client, get_worker
from distributed.worker import Worker

from dashboard.data.dataset import Arrays
from dashboard.jobs.job import Cancelled, TrainingJob
from dashboard.jobs.place import Report
from dashboard.jobs.trainer import train

ASK_SECONDS = 0.2


class _Enough(Exception):
    """This stretch ends at its checkpoint."""


@dataclass(frozen=True)
class Words:
    """The names under which an attempt talks with the cluster: the event that stops it, and its topic."""

    stop: str
    topic: str


def train_a_stretch(sent: bytes, arrays: Arrays, words: Words) -> list[Report]:
    """Train up to the next checkpoint, or to the end; return the reports in order.

    `sent` is the pickled TrainingJob. A checkpoint is the last report of a stretch that another has to follow.
    """
    job: TrainingJob = pickle.loads(sent)  # noqa: S301 - the cluster is trusted with our code, too
    reports: list[Report] = []
    worker = get_worker()

    def send(kind: str, payload: Any) -> None:  # noqa: ANN401 - what each kind of report holds
        reports.append((kind, payload))
        if kind == "epoch":
            worker.log_event(words.topic, {"numbers": payload})  # Dask adds names of its own
        if kind == "checkpoint":
            raise _Enough

    with contextlib.suppress(_Enough):
        train(replace(job, arrays=arrays), send, _Listener(worker, words.stop))
    return reports


class _Listener:
    """Listens, between batches, whether the training is to stop, or is no longer wanted."""

    def __init__(self, worker: Worker, stop: str) -> None:
        self.worker, self.key = worker, worker.get_current_task()
        self.stop = Event(stop, client=get_client())
        self.due = 0.0

    def __call__(self) -> None:
        if time.monotonic() < self.due:
            return
        self.due = time.monotonic() + ASK_SECONDS
        task = self.worker.state.tasks.get(self.key)
        if task is None or task.state == "cancelled" or self.stop.is_set():
            raise Cancelled
