"""What a version wants to know of a record: its columns with their ranges, levels and an example; records as texts."""

import random
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np

from dashboard.data.cells import shown_number
from dashboard.data.dataset import Arrays, open_arrays, split_of
from dashboard.data.date_columns import DateColumn
from dashboard.errors import NotFound
from dashboard.services.dataset_records import record_values, target_of
from dashboard.services.datasets import are_records_here, require_records
from dashboard.services.use.loaded import Loaded
from dashboard.services.workspace import Workspace

FORMS = {"year": "%Y-%m-%d", "day": "%d.%m.%Y", "month": "%m/%d/%Y"}
"""How a date is written in each order."""


class InputColumn(NamedTuple):
    """A column that a version reads: `kind` numeric, boolean, categorical or date; `low` and `high` of the dataset.

    `levels` are the words of a boolean, those for 0 and 1, or the categories. What the dataset does not say is None.
    """

    name: str
    kind: str
    levels: tuple[str, ...]
    may_miss: bool
    low: float | None
    high: float | None
    example: str | None


class Inputs(NamedTuple):
    """All that a version reads, and what it predicts: `classes` of a classification, the `targets` by name.

    `groups` has the classes of each of several targets; `classes` are those of all then, as target=class.
    """

    columns: list[InputColumn]
    image_shape: tuple[int, ...]
    classes: tuple[str, ...]
    targets: tuple[str, ...]
    task: str
    network_inputs: int
    groups: dict[str, tuple[str, ...]]


class KnownRecord(NamedTuple):
    """A record of the dataset as texts by column, and its target as text; `part` is that of the split."""

    number: int
    texts: dict[str, str]
    target: str
    part: str


def inputs_of(workspace: Workspace, loaded: Loaded) -> Inputs:
    """Return what a version reads of a record; raises Conflict for one that reads no columns."""
    known, description = loaded.preprocessing, loaded.dataset.description if loaded.dataset else {}
    facts = {column["name"]: column for column in description.get("columns", ())}
    example = known_record(workspace, loaded, 0).texts if has_records(workspace, loaded) else {}
    gaps = {one.name for one in known.numeric if one.may_miss} | {one.name for one in known.categorical if one.may_miss}
    dates = {one.name: one.inputs for one in known.dates}
    levels = {one.name: one.levels for one in known.categorical} | {one.name: one.words for one in known.numeric}
    columns = [
        InputColumn(
            name,
            kind,
            levels.get(name, ()),
            bool(gaps & {name, *dates.get(name, ())}),
            facts.get(name, {}).get("low") if kind == "numeric" else None,
            facts.get(name, {}).get("high") if kind == "numeric" else None,
            example.get(name),
        )
        for name, kind in loaded.reader.kinds.items()
    ]
    shape = tuple(description.get("image_shape") or ())
    targets = loaded.targets or tuple(known.several)
    groups = {one.name: one.classes for one in known.groups}
    return Inputs(columns, shape, known.classes, targets, known.task, loaded.version.spec.inputs, groups)


def has_records(workspace: Workspace, loaded: Loaded) -> bool:
    """Return whether the records that a version was trained on are here."""
    return loaded.dataset is not None and are_records_here(workspace, loaded.dataset)


def known_record(workspace: Workspace, loaded: Loaded, number: int) -> KnownRecord:
    """Return a record of the dataset, counted from 0; raises NotFound for one that does not exist."""
    arrays = _arrays(workspace, loaded)
    if not 0 <= number < len(arrays.target):
        raise NotFound(
            f"The dataset has the records 0 to {len(arrays.target) - 1:,}; there is no {number:,}.", "record"
        )
    assert loaded.dataset is not None
    parts = split_of(arrays, loaded.dataset.spec)._asdict()
    part = next((name for name, rows in parts.items() if np.any(rows == number)), "")
    return KnownRecord(number, _texts(loaded, arrays, number), _target(arrays, number), part)


def random_record(workspace: Workspace, loaded: Loaded) -> int:
    """Return the number of a record of the dataset, of its test part if it has one: the network never saw that."""
    arrays = _arrays(workspace, loaded)
    assert loaded.dataset is not None
    test = split_of(arrays, loaded.dataset.spec).test
    return int(random.choice(test)) if len(test) else random.randrange(len(arrays.target))  # noqa: S311 - no secret


def _arrays(workspace: Workspace, loaded: Loaded) -> Arrays:
    if loaded.dataset is None:
        raise NotFound(f"Nothing is known of the records that {loaded.version.reference} was trained on.", "record")
    require_records(workspace, loaded.dataset)
    return open_arrays(workspace.datasets_folder / loaded.dataset.folder)


def _texts(loaded: Loaded, arrays: Arrays, row: int) -> dict[str, str]:
    """Return the cells of a record as a file of the dataset's format has them."""
    decimal = loaded.marks[0]
    values = record_values(arrays, row)
    texts = {name: _text(value, decimal) for name, value in values.items()}
    for column in arrays.dates:
        days = values.get(f"{column.name}.days")
        texts[column.name] = "" if days is None else _date_text(column, float(days))
    return {name: texts[name] for name in loaded.reader.columns if name in texts}


def _text(value: object, decimal: str) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return shown_number(float(value)).replace(".", decimal)  # type: ignore[arg-type]  # numbers are left


def _date_text(column: DateColumn, days: float) -> str:
    whole = column.first + days
    moment = datetime.fromordinal(int(whole)) + timedelta(seconds=round((whole - int(whole)) * 86_400))
    has_time = moment.hour or moment.minute or moment.second
    return moment.strftime(FORMS[column.order] + (" %H:%M:%S" if has_time else ""))


def _target(arrays: Arrays, row: int) -> str:
    value = target_of(arrays, row)
    if arrays.groups:
        return ", ".join(f"{name}={own}" for name, own in value.items())
    if arrays.task == "classification":
        return str(value)
    numbers: Iterable[float] = value.values() if isinstance(value, dict) else [value]
    return ", ".join(shown_number(float(number)) for number in numbers)
