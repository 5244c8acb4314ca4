"""The records on which the losses of two versions are compared, read and encoded part by part."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from dashboard.data.dataset import Arrays
from dashboard.data.groups import is_of_class
from dashboard.data.preprocessing import Preprocessing, encode
from dashboard.engine.line import Records
from dashboard.engine.samples import Samples
from dashboard.errors import Conflict, Invalid, NotFound
from dashboard.jobs.samples import samples_of
from dashboard.metrics import judging
from dashboard.records.why import WHY_PARTS, WhyRequest
from dashboard.services.versions.measuring import open_parts
from dashboard.services.why.pair import WhyPair
from dashboard.services.workspace import Workspace
from dashboard.weights.dtypes import Array

BLOCK_CELLS = 1 << 20
"""So many numbers does the widest layer have for the records that are in memory at a time."""


class Chosen(NamedTuple):
    """Which records: their part, their rows in the dataset, and how they are read."""

    part: str
    rows: Array
    arrays: Arrays
    preprocessing: Preprocessing
    block: int

    def blocks(self) -> Iterator[Samples]:
        """Yield the records as a network sees them, in float64."""
        for start in range(0, len(self.rows), self.block):
            yield self._encoded(self.rows[start : start + self.block])

    def records(self) -> Records:
        """Return the records for the engine; raises Invalid if they have other columns than the versions read."""
        like = self._encoded(self.rows[:1])
        task = self.preprocessing.task
        return Records(self.blocks, like, task, len(self.rows), judging(task)[0])

    def _encoded(self, rows: Array) -> Samples:
        part = self.arrays._replace(
            inputs=np.asarray(self.arrays.inputs[rows]),
            categories=np.asarray(self.arrays.categories[rows]),
            target=np.asarray(self.arrays.target[rows]),
        )
        return samples_of(encode(part, self.preprocessing, np.dtype(np.float64)), self.preprocessing)


def choose_records(workspace: Workspace, pair: WhyPair, request: WhyRequest) -> Chosen:
    """Return the records of a request; raises NotFound, Invalid or Conflict naming the field without any."""
    arrays, parts = open_parts(workspace, pair.dataset)
    widest = max(pair.other.spec.inputs, *(layer.units for layer in pair.other.spec.layers))
    block = max(BLOCK_CELLS // widest, 1)
    if request.record is not None:
        part = _part_of(request.record, parts, len(arrays.target))
        return Chosen(part, np.array([request.record]), arrays, pair.preprocessing, block)
    part = request.part or next((name for name in WHY_PARTS if len(parts[name])), "training")
    rows = parts[part]
    if not len(rows):
        raise Conflict(f"The dataset {pair.dataset.name} has no {part} part: choose another one.", "part")
    if request.label:
        rows = _of_class(pair, arrays, rows, request.label)
    if not len(rows):
        raise Conflict(f"No record of the {part} part has the class {request.label}: choose another class.", "class")
    return Chosen(part, rows, arrays, pair.preprocessing, block)


def _part_of(record: int, parts: dict[str, Array], count: int) -> str:
    if record >= count:
        raise NotFound(f"There is no record {record:,}: the dataset has records 0 to {count - 1:,}.", "record")
    return next(name for name, rows in parts.items() if np.any(rows == record))


def _of_class(pair: WhyPair, arrays: Arrays, rows: Array, label: str) -> Array:
    if pair.preprocessing.task != "classification":
        raise Invalid({"class": "These versions answer numbers, not classes. Leave the class out."})
    if label not in arrays.classes:
        raise NotFound(f"The dataset has no class {label!r}.", "class", list(arrays.classes))
    sizes = [len(own) for own in arrays.groups]
    chosen: Array = rows[is_of_class(np.asarray(arrays.target)[rows], arrays.classes.index(label), sizes)]
    return chosen
