"""The baseline next to a score: what always giving one answer scores on the very same records."""

from dataclasses import dataclass

import numpy as np

from dashboard.data.baseline import Constant, baseline_scores, constant_answer
from dashboard.data.dataset import Arrays, open_arrays, split_of
from dashboard.data.groups import output_labels
from dashboard.data.splitting import Split
from dashboard.errors import NotFound
from dashboard.metrics import PARTS
from dashboard.records.dataset import Dataset
from dashboard.services.datasets import are_records_here, get_dataset
from dashboard.services.workspace import Workspace


@dataclass(frozen=True)
class Baseline:
    """What one constant answer scores: `metrics` by the names that versions have (accuracy, val_accuracy ...).

    `answer` is the most frequent class of the records to train on (of several targets target=class of each), or their
    mean (empty for several targets, each of which has its own); `targets` is how many there are, and `records` counts
    those of each part.
    """

    task: str
    answer: str | float
    metrics: dict[str, float]
    records: dict[str, int]
    targets: int = 1


def baseline_of(workspace: Workspace, dataset_name: str) -> Baseline | None:
    """Return the baseline of a dataset with its own split; None where its records are not here."""
    try:
        dataset = get_dataset(workspace, dataset_name)
    except NotFound:  # deleted at this moment
        return None
    key = ("baseline", dataset.id, dataset.folder)
    known: Baseline | None = workspace.results.get(key)
    if known is None and dataset.is_for_training and are_records_here(workspace, dataset):
        known = _baseline(workspace, dataset)
        workspace.results.put(key, known)
    return known


def constant_of(workspace: Workspace, dataset: Dataset) -> tuple[Constant, str | float]:
    """Return what is always answered by the baseline of a dataset, as a code or number and as people read it."""
    arrays = open_arrays(workspace.datasets_folder / dataset.folder)
    return _constant(arrays, split_of(arrays, dataset.spec))


def constant_of_arrays(arrays: Arrays, parts: Split) -> Constant:
    """Return what is always answered by the baseline of the records to train on."""
    sizes = [len(own) for own in arrays.groups]
    return constant_answer(np.asarray(arrays.target)[parts.train], len(arrays.classes), sizes)


def _constant(arrays: Arrays, parts: Split) -> tuple[Constant, str | float]:
    constant = constant_of_arrays(arrays, parts)
    if arrays.groups:
        chosen = [own[code] for own, code in zip(arrays.groups, np.atleast_1d(constant.answer).tolist(), strict=True)]
        return constant, ", ".join(output_labels(arrays.targets, [[name] for name in chosen]))
    if arrays.classes:
        return constant, arrays.classes[int(constant.answer)]
    return constant, constant.answer if isinstance(constant.answer, float) else ""


def _baseline(workspace: Workspace, dataset: Dataset) -> Baseline:
    arrays = open_arrays(workspace.datasets_folder / dataset.folder)
    target, parts = np.asarray(arrays.target), split_of(arrays, dataset.spec)
    constant, answer = _constant(arrays, parts)
    metrics: dict[str, float] = {}
    for prefix, rows in zip(PARTS, parts, strict=True):
        scores = baseline_scores(target[rows], constant) if len(rows) else {}
        metrics |= {f"{prefix}{name}": value for name, value in scores.items()}
    records = {prefix: len(rows) for prefix, rows in zip(PARTS, parts, strict=True)}
    return Baseline(dataset.task, answer, metrics, records, len(dataset.targets))
