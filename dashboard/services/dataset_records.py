"""The records of a dataset with the part of the split that each is in, so that anyone can measure a version again."""

import math
from typing import Any, NamedTuple

import numpy as np

from dashboard.data.dataset import Arrays, open_arrays, split_of
from dashboard.data.splitting import Split
from dashboard.records.dataset import Dataset
from dashboard.services.datasets import get_dataset, require_records
from dashboard.services.workspace import Workspace

PARTS = Split._fields
MOST_CELLS = 1_000_000
"""At most so many values are read at once."""


class PartRecord(NamedTuple):
    """A record: its number among those that were read from the file, from 0, its part, its values and its target."""

    record: int
    part: str
    inputs: dict[str, Any]
    target: Any


class PartRecords(NamedTuple):
    """Some records in their order; `total` is how many the part has, `next` where others begin, None at the end.

    `targets` names several targets, which each record then has as a dict.
    """

    inputs: list[str]
    records: list[PartRecord]
    total: int
    next: int | None
    targets: tuple[str, ...] = ()

    @property
    def target_names(self) -> list[str]:
        """What the columns of the targets are called in a table: target, or target.name of several."""
        return [f"target.{name}" for name in self.targets] or ["target"]

    def targets_of(self, record: PartRecord) -> list[Any]:
        """Return the targets of a record, in the order of `target_names`."""
        return list(record.target.values()) if self.targets else [record.target]


def part_records(
    workspace: Workspace, dataset_name: str, part: str = "", limit: int = 1000, offset: int = 0
) -> PartRecords:
    """Return records of a part (train, validation, test; by default of all), as they were read, before any scaling.

    Fewer than `limit` where they are very wide. Raises NotFound, or Conflict without the records.
    """
    dataset = get_dataset(workspace, dataset_name)
    require_records(workspace, dataset)
    arrays = open_arrays(workspace.datasets_folder / dataset.folder)
    names = _parts(dataset, arrays)
    rows = np.flatnonzero(names == part) if part else np.arange(len(names))
    width = max(len(arrays.numeric) + len(arrays.categorical), 1)
    chosen = rows[offset : offset + max(min(limit, MOST_CELLS // width), 1)]
    records = [_record(arrays, int(row), str(names[row])) for row in chosen]
    end = offset + len(records)
    targets = arrays.targets if arrays.target.ndim > 1 else ()
    inputs = [*arrays.numeric, *arrays.categorical]
    return PartRecords(inputs, records, len(rows), end if end < len(rows) else None, targets)


def _parts(dataset: Dataset, arrays: Arrays) -> "np.ndarray[Any, np.dtype[np.str_]]":
    """Return the part of each row, split exactly as a training does."""
    parts = split_of(arrays, dataset.spec)
    names = np.empty(len(arrays.target), dtype="U10")
    for name, rows in parts._asdict().items():
        names[rows] = name
    return names


def record_values(arrays: Arrays, row: int) -> dict[str, Any]:
    """Return the inputs of a record as they were read, by column; None where missing."""
    values = zip(arrays.numeric, arrays.inputs[row].tolist(), strict=True)
    numbers = (None if math.isnan(number) else _as_read(arrays, name, number) for name, number in values)
    codes = zip(arrays.levels, arrays.categories[row].tolist(), strict=True)
    levels = (None if code < 0 else known[code] for known, code in codes)
    return dict(zip([*arrays.numeric, *arrays.categorical], [*numbers, *levels], strict=True))


def _as_read(arrays: Arrays, name: str, number: float) -> float | str:
    return arrays.booleans[name][int(number)] if name in arrays.booleans else number


def _record(arrays: Arrays, row: int, part: str) -> PartRecord:
    return PartRecord(row, part, record_values(arrays, row), target_of(arrays, row))


def target_of(arrays: Arrays, row: int) -> Any:  # noqa: ANN401 - a class, a number or several
    """Return the target of a record: the name of its class, a number, or those of several targets by their names."""
    target = arrays.target[row].tolist()
    if arrays.groups:
        target = [own[code] for own, code in zip(arrays.groups, target, strict=True)]
    elif arrays.task == "classification":
        return arrays.classes[target]
    return dict(zip(arrays.targets, target, strict=True)) if arrays.target.ndim > 1 else target
