"""What somebody else states of columns and classes: read as untrusted, whole and sound, or refused."""

import dataclasses
from collections.abc import Sequence
from datetime import date
from typing import NoReturn

from dashboard.data.cells import MOST_CATEGORIES, MOST_COLUMNS
from dashboard.data.date_columns import DateColumn
from dashboard.data.dates import ORDERS, PARTS
from dashboard.data.groups import output_labels
from dashboard.data.preprocessing import CategoricalInput, ClassGroup, NumberTarget, NumericInput, Preprocessing
from dashboard.errors import Invalid
from dashboard.parsing import Fields
from dashboard.records.dataset import TASKS
from dashboard.records.training import SCALINGS

LARGEST = 1e300


def stated_preprocessing(value: object) -> Preprocessing:
    """Return the preprocessing that a file states; raises Invalid with what is wrong with it."""
    fields = _whole(Fields(value, "preprocessing"), Preprocessing)
    stated = Preprocessing(
        scaling=fields.choice("scaling", "", tuple(SCALINGS)),
        task=fields.choice("task", "", tuple(TASKS)),
        numeric=tuple(map(_numeric, fields.items("numeric", 0, MOST_COLUMNS))),
        categorical=tuple(map(_categorical, fields.items("categorical", 0, MOST_COLUMNS))),
        classes=_texts(fields, "classes", MOST_CATEGORIES),
        low=_number(fields, "low"),
        high=_number(fields, "high"),
        target_scale=_number(fields, "target_scale"),
        target_offset=_number(fields, "target_offset"),
        indicators=_texts(fields, "indicators", MOST_COLUMNS),
        dates=tuple(map(_date, fields.items("dates", 0, MOST_COLUMNS))),
        targets=tuple(map(_target, fields.items("targets", 0, MOST_COLUMNS))),
        groups=tuple(map(_group, fields.items("groups", 0, MOST_COLUMNS))),
    )
    fields.done()
    _require_sound(stated)
    return stated


def _whole(fields: Fields, kind: type) -> Fields:
    """Return the fields, refused where one of a record's is missing or another is there."""
    names = {one.name: one for one in dataclasses.fields(kind)}
    fields.known(names)
    for name, one in names.items():
        is_needed = one.default is dataclasses.MISSING
        if is_needed and fields.data.get(name) in (None, ""):
            fields.refuse(name, f"{name} is missing.")
    return fields


def _numeric(fields: Fields) -> NumericInput:
    _whole(fields, NumericInput)
    scale, offset, fill = (_number(fields, name) for name in ("scale", "offset", "fill"))
    words = _texts(fields, "words", 2)
    return NumericInput(fields.text("name"), scale, offset, fill, fields.boolean("may_miss", False), words)


def _categorical(fields: Fields) -> CategoricalInput:
    _whole(fields, CategoricalInput)
    levels = _texts(fields, "levels", MOST_CATEGORIES)
    return CategoricalInput(fields.text("name"), levels, fields.text("fill"), fields.boolean("may_miss", False))


def _date(fields: Fields) -> DateColumn:
    _whole(fields, DateColumn)
    first = fields.number("first", 1.0, 1.0, float(date.max.toordinal()))
    return DateColumn(fields.text("name"), fields.choice("order", "", ORDERS), first, _texts(fields, "parts", 6))


def _target(fields: Fields) -> NumberTarget:
    _whole(fields, NumberTarget)
    return NumberTarget(fields.text("name"), _number(fields, "scale"), _number(fields, "offset"))


def _group(fields: Fields) -> ClassGroup:
    _whole(fields, ClassGroup)
    return ClassGroup(fields.text("name"), _texts(fields, "classes", MOST_CATEGORIES))


def _number(fields: Fields, name: str) -> float:
    return fields.number(name, 0.0, -LARGEST, LARGEST)


def _texts(fields: Fields, name: str, most: int) -> tuple[str, ...]:
    value = fields.data.get(name) or ()
    is_sound = isinstance(value, list | tuple) and len(value) <= most and all(isinstance(one, str) for one in value)
    if not is_sound or len(set(value)) < len(value):
        fields.refuse(name, f"{name} must be a list of at most {most:,} different texts.")
        return ()
    return tuple(Fields({"text": one}, f"preprocessing.{name}", fields.errors).text("text") for one in value)


def _require_sound(stated: Preprocessing) -> None:
    """Raise Invalid where fields that are right by themselves contradict one another."""
    numbers = [one.name for one in stated.numeric]
    columns = [*numbers, *(one.name for one in stated.categorical)]
    if len(set(columns)) < len(columns) or "" in columns or not columns:
        _refuse("The columns need names, each another one.")
    if any(one.fill not in one.levels for one in stated.categorical):
        _refuse("A column is filled with a category that it does not have.")
    if not set(stated.indicators) <= set(columns):
        _refuse("A mark for gaps is of a column that is not there.")
    if any(len(one.words) == 1 for one in stated.numeric):
        _refuse("A column of yes and no needs two words.")
    if any(set(one.parts) - set(PARTS) or not set(one.inputs) <= set(numbers) for one in stated.dates):
        _refuse("A date has parts that are no columns.")
    _require_sound_targets(stated.task, stated.classes, stated)


def _require_sound_targets(task: str, classes: Sequence[str], stated: Preprocessing) -> None:
    if stated.low >= stated.high:
        _refuse("low is not below high.")
    if task == "classification" and (len(classes) < 2 or stated.targets):
        _refuse("A classification needs two classes or more.")
    if task == "regression" and classes:
        _refuse("A regression has no classes.")
    labels = output_labels(stated.several, [one.classes for one in stated.groups]) if stated.groups else []
    if stated.groups and (task != "classification" or labels != list(classes) or min(stated.group_sizes) < 2):
        _refuse("The classes of several targets are not those of the outputs.")
    if 0.0 in (stated.target_scale, *(one.scale for one in stated.targets)):
        _refuse("A target has the scale 0.")


def _refuse(words: str) -> NoReturn:
    raise Invalid({"preprocessing": words})
