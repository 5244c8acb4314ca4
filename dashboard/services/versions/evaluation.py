"""Putting a version's weights to work on other data: measuring it on any dataset with the same columns."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from dashboard.data.baseline import baseline_scores
from dashboard.data.columns import NO_INPUT
from dashboard.data.dataset import Array, Arrays, DatasetSpec, ingest, open_arrays
from dashboard.data.date_columns import as_written
from dashboard.data.matching import matches_by_place
from dashboard.data.preprocessing import Encoded, Preprocessing, encode, errors_in_own_unit
from dashboard.engine.groups import group_slices
from dashboard.engine.measuring import blocks, classes
from dashboard.engine.metrics import evaluate
from dashboard.engine.network import Network
from dashboard.engine.samples import Samples
from dashboard.errors import Conflict, Invalid, NotFound
from dashboard.jobs.samples import samples_of
from dashboard.records.dataset import Dataset
from dashboard.records.network import Version
from dashboard.records.stored import numbered
from dashboard.services.datasets import are_records_here, get_dataset, require_records
from dashboard.services.versions.baselines import constant_of
from dashboard.services.versions.measured import Measured, MeasuredCache, WorstRecords
from dashboard.services.versions.reading import get_version
from dashboard.services.versions.tensors import read_tensors
from dashboard.services.workspace import Workspace

MOST_RECORDS, MOST_CELLS = 100_000, 2_000_000
"""Of so many records, with so many values in all, the answers can be looked at, the worst first."""
MEASURED = MeasuredCache()


@dataclass(frozen=True)
class Evaluation:
    """A version measured on all records of a dataset; `baseline` has what always answering `constant` scores.

    Without the records that the version was trained on there is no baseline. `by_place` says that columns were matched
    by their places, since one side has no names. `worst` are records with the worst answers first.
    """

    version: Version
    dataset: Dataset
    task: str
    classes: tuple[str, ...]
    metrics: dict[str, Any]
    baseline: dict[str, float]
    constant: str | float | None
    by_place: bool
    worst: WorstRecords


def evaluate_version(workspace: Workspace, network_name: str, number: int, dataset_name: str) -> dict[str, Any]:
    """Return the metrics of a version on every record of a dataset, with the version's own preprocessing.

    Raises NotFound, Conflict without the dataset's records or the version's preprocessing, or Invalid when its columns
    are not the version's.
    """
    version, dataset = get_version(workspace, network_name, number), get_dataset(workspace, dataset_name)
    return dict(_measured(workspace, version, dataset, _preprocessing(workspace, version, dataset)).metrics)


def evaluate_in_full(workspace: Workspace, network_name: str, number: int, dataset_name: str) -> Evaluation:
    """Measure a version as `evaluate_version` does, with the baseline and the worst records; raises the same.

    What was measured is kept for a while: the page and its files measure once.
    """
    version, dataset = get_version(workspace, network_name, number), get_dataset(workspace, dataset_name)
    preprocessing = _preprocessing(workspace, version, dataset)
    measured = _measured(workspace, version, dataset, preprocessing)
    return Evaluation(
        version=version,
        dataset=dataset,
        task=preprocessing.task,
        classes=preprocessing.classes,
        metrics=measured.metrics,
        baseline=measured.baseline,
        constant=measured.constant,
        by_place=measured.by_place,
        worst=WorstRecords(
            measured,
            preprocessing.classes,
            lambda: _arrays(workspace, dataset, preprocessing),
            preprocessing.several,
            [one.classes for one in preprocessing.groups],
        ),
    )


def why_not_measured(version: Version) -> str:
    """Say in a sentence why a version cannot be measured on any records; empty if it can."""
    if version.preprocessing or version.why_not_run:
        return version.why_not_run
    return f"{version.reference} has no preprocessing: it is not a version that was trained on a dataset."


def require_measurable(version: Version) -> None:
    """Raise Conflict, in words, for a version that cannot be measured on any records."""
    if message := why_not_measured(version):
        raise Conflict(f"{message} Measure a version that was trained here.", "version")


def _preprocessing(workspace: Workspace, version: Version, dataset: Dataset) -> Preprocessing:
    require_records(workspace, dataset)
    require_measurable(version)
    return Preprocessing.from_json(version.preprocessing)


def _measured(workspace: Workspace, version: Version, dataset: Dataset, preprocessing: Preprocessing) -> Measured:
    """Return what was measured of a version on a dataset, which never changes; measured now if it is not known."""
    trained_on = _trained_on(workspace, version)
    key = (
        *(str(workspace.datasets_folder), version.network, version.number, version.sha256),
        *(dataset.id, dataset.folder, trained_on.folder if trained_on else None),
    )
    return MEASURED.get_or_measure(key, lambda: _measure(workspace, version, dataset, preprocessing, trained_on))


def _measure(
    workspace: Workspace, version: Version, dataset: Dataset, preprocessing: Preprocessing, trained_on: Dataset | None
) -> Measured:
    _refuse_other_units(dataset, trained_on)
    arrays = _arrays(workspace, dataset, preprocessing)
    encoded = encode(arrays, preprocessing, np.dtype(version.spec.training.dtype))
    network = Network(version.spec)
    network.load(read_tensors(workspace, version))
    samples = samples_of(encoded, preprocessing)
    baseline, constant = _baseline(workspace, trained_on, encoded, preprocessing)
    numeric, categorical = (
        [column.name for column in part] for part in (preprocessing.numeric, preprocessing.categorical)
    )
    most = min(MOST_RECORDS, max(MOST_CELLS // max(len(arrays.numeric) + len(arrays.categorical), 1), 1))
    rows, targets, predicted, errors = _worst(network, samples, encoded, preprocessing, most)
    return Measured(
        metrics=errors_in_own_unit(evaluate(network, samples, preprocessing.task), preprocessing),
        baseline=baseline,
        constant=constant,
        by_place=matches_by_place(arrays, numeric, categorical),
        rows=rows,
        targets=targets,
        predicted=predicted,
        errors=errors,
    )


def _arrays(workspace: Workspace, dataset: Dataset, preprocessing: Preprocessing) -> Arrays:
    """Return a dataset's records with all columns that the version reads, also those that the dataset ignores.

    In a small file a column is easily constant, and so no input of its own, and dates count their days from another
    first one: the file is read again then.
    """
    folder = workspace.datasets_folder / dataset.folder
    arrays, chosen = open_arrays(folder), dataset.spec["kinds"]
    again = {
        name: kind
        for name, kind in preprocessing.columns.items()
        if chosen.get(name) in NO_INPUT or (kind == "date" and name in chosen and arrays.dates != preprocessing.dates)
    }
    names, own = dataset.description["first_columns"], [one for one in preprocessing.dates if one.name in again]
    targets = _targets(arrays, preprocessing, names)
    if not again and not targets:
        return arrays
    spec = DatasetSpec.from_json(dataset.spec)
    spec = replace(spec, kinds=chosen | again | targets, purpose="evaluation", image_shape=None)
    if targets:
        others = dict.fromkeys(set(arrays.targets) - set(targets), "ignore")
        spec = replace(spec, target=next(iter(targets)), task=preprocessing.task, kinds=spec.kinds | others)
    dates = as_written(folder / "original.csv", spec.format, names, own, [spec.reading(column.name) for column in own])
    dates += [column for column in arrays.dates if column.name not in again]
    with TemporaryDirectory(dir=workspace.uploads_folder) as name:
        about = ingest(folder / "original.csv", spec, Path(name), dates)
        (Path(name) / "description.json").write_text(json.dumps(numbered(about)))
        return open_arrays(Path(name))  # what is mapped stays readable once its file is removed


def _refuse_other_units(dataset: Dataset, trained_on: Dataset | None) -> None:
    """Raise Invalid where a column has another unit than where the version learnt: grams are no kilograms."""
    own = dataset.spec.get("units") or {}
    known = (trained_on.spec.get("units") or {}) if trained_on else {}
    for name in own.keys() & known.keys():
        if own[name].lower() != known[name].lower():
            text = f"The version has learnt {name!r} in {known[name]}, and the dataset has it in {own[name]}"
            raise Invalid({"dataset": f"{text}: convert the column, then add the file again."})


def _targets(arrays: Arrays, preprocessing: Preprocessing, names: list[str]) -> dict[str, str]:
    """Return the kinds of the version's several targets where the dataset has others, but has these columns."""
    wanted = preprocessing.several
    is_other = set(wanted) != set(arrays.targets) and set(wanted) <= set(names)
    return dict.fromkeys(wanted, "target") if is_other else {}


def _trained_on(workspace: Workspace, version: Version) -> Dataset | None:
    """Return the dataset that a version was trained on if its records are here."""
    try:
        trained_on = get_dataset(workspace, version.dataset)
    except NotFound:  # deleted at this moment
        return None
    return trained_on if are_records_here(workspace, trained_on) else None


def _baseline(
    workspace: Workspace, trained_on: Dataset | None, encoded: Encoded, preprocessing: Preprocessing
) -> tuple[dict[str, float], str | float | None]:
    """Return what the constant answer of the version's own training records scores on these records."""
    if trained_on is None:
        return {}, None
    constant, answer = constant_of(workspace, trained_on)
    if preprocessing.task == "classification":
        return baseline_scores(encoded.targets, constant), answer
    targets = preprocessing.in_own_unit(encoded.targets)
    return baseline_scores(targets if preprocessing.targets else targets[:, 0], constant), answer


def _worst(
    network: Network, samples: Samples, encoded: Encoded, preprocessing: Preprocessing, most: int
) -> tuple[Array, Array, Array, Array]:
    """Return (rows, targets, answers, errors) of the `most` records with the worst answers, the worst first."""
    outputs = np.concatenate([outputs for _, _, outputs in blocks(network, samples)]).astype(np.float64)
    targets: Array
    if preprocessing.task == "classification":
        targets = encoded.targets
        predicted, errors = _classes(outputs, samples, targets)
    else:
        targets, predicted, errors = _numbers(outputs, encoded.targets, preprocessing)
    rows = np.argsort(-errors, kind="stable")[:most]  # of equals the first record comes first
    return rows, targets[rows], predicted[rows], errors[rows]


def _numbers(outputs: Array, targets: Array, preprocessing: Preprocessing) -> tuple[Array, Array, Array]:
    """Return the true and the predicted numbers in their own units, and how far off the latter are.

    Of several targets they are (rows, targets), and a record's error is the mean of their errors as they are scaled.
    """
    true, predicted = preprocessing.in_own_unit(targets), preprocessing.in_own_unit(outputs)
    if preprocessing.targets:
        return true, predicted, np.abs(outputs - targets).mean(axis=1)
    return true[:, 0], predicted[:, 0], np.abs(predicted - true)[:, 0]


def _classes(outputs: Array, samples: Samples, targets: Array) -> tuple[Array, Array]:
    """Return the answers, and how far the best other class is above the true one: of several targets the most."""
    threshold = (samples.low + samples.high) / 2.0
    answers = classes(outputs, threshold, samples.groups)
    if samples.groups:
        slices = enumerate(group_slices(samples.groups))
        gaps = [_gaps(outputs[:, own], targets[:, place]) for place, own in slices]
        return answers, np.max(gaps, axis=0)
    if outputs.shape[1] == 1:
        outputs = np.hstack([2.0 * threshold - outputs, outputs])
    return answers, _gaps(outputs, targets)


def _gaps(outputs: Array, targets: Array) -> Array:
    """Return how far the best other class is above the true one, (rows,)."""
    rows = np.arange(len(targets))
    own = outputs[rows, targets]
    others = outputs.copy()
    others[rows, targets] = -np.inf
    return np.asarray(others.max(axis=1) - own)
