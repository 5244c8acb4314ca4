"""What weights score on the parts of a dataset that are not trained on, as metrics of a version."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from dashboard.data.dataset import Arrays, open_arrays, split_of
from dashboard.data.preprocessing import Preprocessing, encode, errors_in_own_unit
from dashboard.engine.metrics import evaluate
from dashboard.engine.network import Network
from dashboard.engine.samples import Samples
from dashboard.jobs.samples import samples_of
from dashboard.metrics import METRICS, PARTS
from dashboard.records.dataset import Dataset
from dashboard.records.network import NetworkSpec
from dashboard.services.datasets import require_records
from dashboard.services.workspace import Workspace
from dashboard.weights.dtypes import Array

NEW_PARTS = {words: prefix for prefix, words in PARTS.items() if prefix}
"""The parts on which a version is measured, and how the names of their metrics begin."""


class Records(NamedTuple):
    """The records of a dataset as a network sees them, and the rows of its parts by the parts' names."""

    samples: Samples
    parts: Mapping[str, Array]
    preprocessing: Preprocessing


def open_parts(workspace: Workspace, dataset: Dataset) -> tuple[Arrays, dict[str, Array]]:
    """Return a dataset's arrays, and the rows of its parts; raises Conflict if its records are not here.

    A page that needs them for each step of a network opens them once: describing 784 columns takes milliseconds.
    """
    require_records(workspace, dataset)

    def opened() -> tuple[Arrays, dict[str, Array]]:
        arrays = open_arrays(workspace.datasets_folder / dataset.folder)
        parts = split_of(arrays, dataset.spec)
        return arrays, {"training": parts.train, "validation": parts.validation, "test": parts.test}

    return workspace.catalogue.made_once(("parts", dataset.id, dataset.folder), opened)


def encoded(arrays: Arrays, parts: Mapping[str, Array], preprocessing: Preprocessing, dtype: str) -> Records:
    """Return a dataset's records as a network sees them; raises Invalid if they have other columns."""
    return Records(samples_of(encode(arrays, preprocessing, np.dtype(dtype)), preprocessing), parts, preprocessing)


def measure(
    spec: NetworkSpec, tensors: Mapping[str, Array], records: Records, names: tuple[str, ...] = tuple(NEW_PARTS)
) -> dict[str, dict[str, Any]]:
    """Return part -> what weights score on its records; parts without records are left out."""
    network = Network(spec)
    network.load(tensors)
    task = records.preprocessing.task
    return {
        name: errors_in_own_unit(evaluate(network, records.samples.take(rows), task), records.preprocessing)
        for name, rows in records.parts.items()
        if name in names and len(rows)
    }


def metrics_of(evaluation: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """Return what was measured as metrics of a version: such as val_loss and test_accuracy."""
    return {
        f"{NEW_PARTS[part]}{name}": value
        for part, values in evaluation.items()
        for name, value in values.items()
        if part in NEW_PARTS and isinstance(value, float) and name in METRICS and NEW_PARTS[part] in METRICS[name].parts
    }
