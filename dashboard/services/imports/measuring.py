"""What the inputs and outputs of an imported dense network are, and how it scores on a dataset."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from dashboard.data.dataset import Arrays, open_arrays, split_of
from dashboard.data.preprocessing import (
    NumberTarget,
    NumericInput,
    Preprocessing,
    encode,
    errors_in_own_unit,
    fit,
)
from dashboard.engine.metrics import evaluate
from dashboard.engine.network import Network
from dashboard.engine.samples import Samples
from dashboard.jobs.samples import samples_of
from dashboard.metrics import METRICS
from dashboard.records.dataset import Dataset
from dashboard.records.network import NetworkSpec
from dashboard.services.datasets import require_records
from dashboard.services.imports.plan import Plan
from dashboard.services.workspace import Workspace
from dashboard.weights.dtypes import Array

PARTS = {"validation": "val_", "test": "test_"}
"""The parts on which a version is measured, and how the names of their metrics begin."""


class Records(NamedTuple):
    """The records of a dataset as a network sees them, and the rows of its parts that are not trained on."""

    samples: Samples
    parts: Mapping[str, Array]


class Prepared(NamedTuple):
    """What belongs to every version of an import; `records` is None without a dataset."""

    preprocessing: Preprocessing
    records: Records | None


def prepare(workspace: Workspace, plan: Plan) -> Prepared | None:
    """Return what is done to records before and after a dense network, and those of its dataset; None for others.

    Raises Conflict if the records of the dataset are not here.
    """
    if plan.spec is None:
        return None
    if plan.dataset is None:
        return Prepared(raw_preprocessing(plan.spec, plan.settings.task, plan.classes), None)
    arrays, parts = _records(workspace, plan.dataset)
    preprocessing = fit(arrays, parts["train"], plan.settings.scaling)
    encoded = encode(arrays, preprocessing, np.dtype(plan.spec.training.dtype))
    return Prepared(preprocessing, Records(samples_of(encoded, preprocessing), parts))


def raw_preprocessing(spec: NetworkSpec, task: str, classes: tuple[str, ...]) -> Preprocessing:
    """Return the preprocessing that changes nothing: columns are matched by their places."""
    numeric = tuple(NumericInput(f"column_{place}", 1.0, 0.0, 0.0) for place in range(1, spec.inputs + 1))
    outputs = spec.layers[-1].units if task == "regression" else 0
    several = tuple(NumberTarget(f"output_{place}", 1.0, 0.0) for place in range(1, outputs + 1))
    return Preprocessing(
        scaling="none",
        task=task,
        numeric=numeric,
        categorical=(),
        classes=classes,
        low=0.0,
        high=1.0,
        target_scale=1.0,
        target_offset=0.0,
        targets=several if outputs > 1 else (),
    )


def measure(spec: NetworkSpec, tensors: Mapping[str, Array], prepared: Prepared) -> dict[str, dict[str, Any]]:
    """Return part -> what weights score on its records; empty without a dataset."""
    if prepared.records is None:
        return {}
    network = Network(spec)
    network.load(tensors)
    samples, task = prepared.records.samples, prepared.preprocessing.task
    return {
        name: errors_in_own_unit(evaluate(network, samples.take(rows), task), prepared.preprocessing)
        for name, rows in prepared.records.parts.items()
        if name in PARTS and len(rows)
    }


def metrics_of(evaluation: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """Return what was measured as metrics of a version: such as val_loss and test_accuracy."""
    return {
        f"{PARTS[part]}{name}": value
        for part, values in evaluation.items()
        for name, value in values.items()
        if isinstance(value, float) and name in METRICS and PARTS[part] in METRICS[name].parts
    }


def _records(workspace: Workspace, dataset: Dataset) -> tuple[Arrays, dict[str, Array]]:
    require_records(workspace, dataset)
    arrays = open_arrays(workspace.datasets_folder / dataset.folder)
    parts = split_of(arrays, dataset.spec)
    return arrays, {"train": parts.train, "validation": parts.validation, "test": parts.test}
