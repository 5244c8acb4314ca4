"""What the fork server has in memory, imported by it alone: the engine, and what a training of a moment leaves behind.

Each run is a process forked from it. What numpy imports once it is asked for, and code that Python has to see a few
times before it is quick, took each of them about 50 ms of a processor.
"""

import gc
from dataclasses import replace
from pathlib import Path

import numpy as np

from dashboard.data.dataset import Arrays
from dashboard.engine.paths import NUMPY, path_of
from dashboard.jobs.job import TrainingJob
from dashboard.jobs.trainer import train
from dashboard.jobs.training_process import together  # noqa: F401 - what runs ask for
from dashboard.records.network import LayerSpec, NetworkSpec
from dashboard.records.training import TrainingSpec

RECORDS, INPUTS, CLASSES = 60, 4, ["a", "b", "c"]


def warm_up() -> None:
    """Train a small network on each path of a run, and put what is in memory out of the garbage collector's sight."""
    job = _job()
    for path in dict.fromkeys((NUMPY, path_of(job.spec))):
        train(replace(job, path=path), lambda kind, payload: None, lambda: None)
    gc.collect()
    gc.freeze()


def _job() -> TrainingJob:
    layers = (LayerSpec(units=3, activation="tanh"), LayerSpec(units=len(CLASSES), activation="softmax"))
    training = TrainingSpec(epochs=3, batch_size=4, loss="cross_entropy", optimizer="adam")
    spec = NetworkSpec(INPUTS, layers, training)
    split = {"validation": 0.2, "test": 0.2, "seed": 0}
    return TrainingJob(0, 0, spec, "classification", Path(), split, checkpoint_seconds=60.0, arrays=_records())


def _records() -> Arrays:
    inputs = np.arange(RECORDS * INPUTS, dtype=np.float64).reshape(RECORDS, INPUTS) % 7
    return Arrays(
        inputs=inputs,
        categories=np.empty((RECORDS, 0), np.int32),
        target=np.arange(RECORDS, dtype=np.int32) % len(CLASSES),
        numeric=[f"x{column}" for column in range(INPUTS)],
        categorical=[],
        levels=[],
        classes=CLASSES,
        task="classification",
        image_shape=None,
        gaps=frozenset(),
    )


warm_up()
