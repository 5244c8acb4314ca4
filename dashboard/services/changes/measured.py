"""What a change does to a version's scores, before anything is saved: on its dataset's parts, before and after."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from dashboard.data.preprocessing import Preprocessing
from dashboard.engine.mixing import interpolate
from dashboard.errors import Invalid, NotFound
from dashboard.metrics import METRICS, judging
from dashboard.records.dataset import Dataset
from dashboard.records.network import Version
from dashboard.services.changes.made import Made
from dashboard.services.changes.sources import Sources
from dashboard.services.datasets import are_records_here, get_dataset
from dashboard.services.versions.evaluation import why_not_measured
from dashboard.services.versions.measuring import Records, encoded, measure, open_parts
from dashboard.services.workspace import Workspace
from dashboard.weights.dtypes import Array

EVERY_PART = ("validation", "test", "training")
POINTS = 21
MOST_RECORDS = 2_000
MOST_CELLS = 5_000_000
"""Of larger networks nothing is drawn between two versions: each point would take seconds."""


class Score(NamedTuple):
    """A metric on a part of the dataset, of the parent and of the child."""

    part: str
    metric: str
    before: float
    after: float


@dataclass(frozen=True)
class Scores:
    """What a change does to the scores; where they are not known, `why_not` says why, in a sentence."""

    rows: tuple[Score, ...] = ()
    why_not: str = ""


class Between(NamedTuple):
    """Scores of the mixes of two versions: `values` at each of the shares `t`, on `records` of `total` of a part."""

    metric: str
    part: str
    records: int
    total: int
    t: tuple[float, ...]
    values: tuple[float | None, ...]


def evaluate_child(workspace: Workspace, made: Made) -> dict[str, dict[str, Any]]:
    """Return what is saved with a child: its scores on the parts that are not trained on; empty if not known."""
    version = made.sources.base.version
    records = _records(workspace, version)
    return {} if isinstance(records, str) else measure(version.spec, made.all_tensors(), records)


def score(workspace: Workspace, made: Made) -> Scores:
    """Measure parent and child in the same way on every part of the parent's dataset."""
    version = made.sources.base.version
    records = _records(workspace, version)
    if isinstance(records, str):
        return Scores(why_not=records)
    before = {name: made.sources.read(0, name) for name in made.sources.base.tensors}
    parts = [measure(version.spec, tensors, records, EVERY_PART) for tensors in (before, made.all_tensors())]
    rows = [
        Score(part, name, float(old), float(new))
        for part, values in parts[1].items()
        for name, new in values.items()
        if name in METRICS and (old := parts[0][part].get(name)) is not None and new is not None
    ]
    rows.sort(key=lambda row: EVERY_PART.index(row.part))
    return Scores(tuple(rows))


def score_between(workspace: Workspace, sources: Sources) -> Between | None:
    """Return the judging metric at 21 mixes of two versions, on up to 2,000 records; None where it cannot be measured.

    The records are of the validation part or, without one, of the test part or of the training part, evenly taken.
    """
    version = sources.base.version
    infos = sources.base.tensors.values()
    if sum(info.cells for info in infos) > MOST_CELLS:
        return None
    records = _records(workspace, version)
    if isinstance(records, str):
        return None
    part, rows = next((name, records.parts[name]) for name in EVERY_PART if len(records.parts[name]))
    chosen = rows[np.unique(np.linspace(0, len(rows) - 1, min(len(rows), MOST_RECORDS)).round().astype(np.intp))]
    few = records._replace(parts={part: chosen})
    metric = judging(records.preprocessing.task)[0]
    pairs = {name: sources.each(name) for name in sources.base.tensors}
    shares = tuple(round(point / (POINTS - 1), 2) for point in range(POINTS))
    values = tuple(measure(version.spec, _mix(pairs, t), few, (part,))[part].get(metric) for t in shares)
    return Between(metric, part, len(chosen), len(rows), shares, values)


def _mix(pairs: Mapping[str, list[Array]], t: float) -> dict[str, Array]:
    return {name: interpolate(first, second, t) for name, (first, second) in pairs.items()}


def _records(workspace: Workspace, version: Version) -> Records | str:
    """Return the records that a version is measured on, or why it cannot be measured, in a sentence."""
    if why := why_not_measured(version) or why_no_records(workspace, version):
        return why
    preprocessing = Preprocessing.from_json(version.preprocessing)
    arrays, parts = open_parts(workspace, dataset_of(workspace, version))
    try:
        return encoded(arrays, parts, preprocessing, version.spec.training.dtype)
    except Invalid as error:
        return error.message


def dataset_of(workspace: Workspace, version: Version) -> Dataset:
    """Return the dataset that a version belongs to; raises NotFound if there is none."""
    return get_dataset(workspace, version.dataset)


def why_no_records(workspace: Workspace, version: Version) -> str:
    """Say in a sentence why there are no records to measure a version on; empty if there are."""
    if not version.dataset:
        return f"{version.reference} belongs to no dataset: how good it is cannot be measured here."
    try:
        dataset = dataset_of(workspace, version)
    except NotFound:
        return f"The dataset {version.dataset} is not here any more: how good the version is cannot be measured."
    if are_records_here(workspace, dataset):
        return ""
    return f"The records of {dataset.name} are not here: how good the version is cannot be measured."
