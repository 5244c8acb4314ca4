"""Bringing a dataset's columns into the order and the kinds of a version's, by their names.

A file to measure on has its columns in any order, and one that is small may look like categories where the version
reads numbers, or the other way round. Names decide; places only where one side has no names of its own.
"""

import re
from collections.abc import Collection, Mapping, Sequence

import numpy as np

from dashboard.data.cells import number, shown_number
from dashboard.data.dataset import Array, Arrays
from dashboard.data.groups import output_labels
from dashboard.data.truths import truth_value
from dashboard.errors import Invalid

GENERATED = re.compile(r"column_[0-9]+")
"""The names of columns of a file without a header."""
NAMES_SHOWN = 8


def matched(arrays: Arrays, numeric: Mapping[str, Sequence[str]], categorical: Mapping[str, Sequence[str]]) -> Arrays:
    """Return arrays whose columns are these, in this order and of these kinds; the same arrays if they are so already.

    `numeric` has the words for 0 and 1 of columns of yes and no (none: of numbers), `categorical` the levels. Raises
    Invalid naming the columns that are missing, those that are not known, and a word where a number should be.
    """
    _refuse_other_numbers(arrays, [name for name, words in numeric.items() if words])
    if list(arrays.numeric) == list(numeric) and list(arrays.categorical) == list(categorical):
        return arrays
    if matches_by_place(arrays, numeric, categorical):
        return arrays._replace(numeric=list(numeric), categorical=list(categorical))
    _refuse_others(arrays, [*numeric, *categorical])
    columns = [_levels(arrays, name, own) for name, own in categorical.items()]
    return arrays._replace(
        inputs=_numbers(arrays, numeric),
        categories=_stacked([codes for _, codes in columns], len(arrays.target), np.int32),
        numeric=list(numeric),
        categorical=list(categorical),
        levels=[levels for levels, _ in columns],
    )


def with_task(arrays: Arrays, task: str) -> Arrays:
    """Return arrays whose target is for a task: numbers become classes by their names, and classes numbers.

    Raises Invalid where a class is no number.
    """
    if arrays.task == task:
        return arrays
    target = np.asarray(arrays.target)
    if target.ndim > 1:
        return _several_with_task(arrays, task)
    if task == "classification":
        classes, codes = _as_classes(target)
        return arrays._replace(target=codes, classes=classes, task=task)
    return arrays._replace(target=_as_values(target, arrays.classes), classes=[], task=task)


def _several_with_task(arrays: Arrays, task: str) -> Arrays:
    """Do what `with_task` does for each of several targets (rows, targets)."""
    columns = np.asarray(arrays.target).T
    if task == "regression":
        values = [_as_values(codes, own) for codes, own in zip(columns, arrays.groups, strict=True)]
        return arrays._replace(target=np.stack(values, axis=1), classes=[], groups=(), task=task)
    read = [_as_classes(column) for column in columns]
    groups = tuple(tuple(classes) for classes, _ in read)
    target = np.stack([codes for _, codes in read], axis=1)
    return arrays._replace(target=target, classes=output_labels(arrays.targets, groups), groups=groups, task=task)


def _as_classes(numbers: Array) -> tuple[list[str], Array]:
    distinct, codes = np.unique(np.asarray(numbers, np.float64), return_inverse=True)
    return [shown_number(float(value)) for value in distinct], codes.astype(np.int32)


def _as_values(codes: Array, classes: Sequence[str]) -> Array:
    values = [number(name) for name in classes]
    if None in values:
        word = classes[values.index(None)][:40]
        raise Invalid({"dataset": f"The version predicts numbers, and the target of the dataset holds {word!r}."})
    return np.asarray(np.array(values, np.float64)[codes])


def with_targets(arrays: Arrays, names: Sequence[str]) -> Arrays:
    """Return arrays with these targets in this order; without names arrays that have one. Raises Invalid for others."""
    own = list(arrays.targets)
    if np.ndim(arrays.target) == 1 and not names:
        return arrays
    if not names:
        text = f"The dataset has {len(own)} targets, {named(own)}, and the version predicts one"
        raise Invalid({"dataset": f"{text}: choose a dataset with one target."})
    missing = [name for name in names if name not in own]
    if missing or np.ndim(arrays.target) == 1:
        text = f"The version predicts {named(names)}, and the targets of the dataset are {named(own)}"
        raise Invalid({"dataset": f"{text}: choose a dataset with the same targets."})
    if own == list(names):
        return arrays
    places = [own.index(name) for name in names]
    groups = tuple(arrays.groups[place] for place in places) if arrays.groups else ()
    classes = output_labels(names, groups) if groups else arrays.classes
    target = np.asarray(arrays.target)[:, places]
    return arrays._replace(target=target, targets=tuple(names), groups=groups, classes=classes)


def matches_by_place(arrays: Arrays, numeric: Collection[str], categorical: Collection[str]) -> bool:
    """Return whether columns are taken by their places: names differ, and one side has none but column_1, column_2."""
    own, wanted = [*arrays.numeric, *arrays.categorical], [*numeric, *categorical]
    if set(own) == set(wanted) or len(arrays.numeric) != len(numeric) or len(own) != len(wanted):
        return False
    return any(all(GENERATED.fullmatch(name) for name in names) for names in (own, wanted))


def named(names: Sequence[str]) -> str:
    """Return the first names of some columns, quoted, and how many more there are."""
    some = ", ".join(repr(name) for name in names[:NAMES_SHOWN])
    more = len(names) - NAMES_SHOWN
    return f"{some} and {more:,} more" if more > 0 else some


def difference(missing: Sequence[str], others: Sequence[str]) -> str:
    """Say which columns are missing, and which are not known, of which there is one at least."""
    parts = [f"it lacks {named(missing)}" if missing else "", f"it has {named(others)} besides" if others else ""]
    return ", and ".join(part for part in parts if part)


def _refuse_others(arrays: Arrays, wanted: Sequence[str]) -> None:
    own = [*arrays.numeric, *arrays.categorical]
    known, given = set(wanted), set(own)
    missing = [name for name in wanted if name not in given]
    others = [name for name in own if name not in known]
    if missing or others:
        text = f"The dataset has other columns than the version reads: {difference(missing, others)}."
        remedy = "Choose a dataset with the same names" + (", or ignore the others in it." if not missing else ".")
        raise Invalid({"dataset": f"{text} {remedy}"})


def _refuse_other_numbers(arrays: Arrays, booleans: Sequence[str]) -> None:
    """Raise Invalid where a column that is read as yes or no has other numbers than 0 and 1."""
    for name in booleans:
        if name in arrays.numeric and name not in arrays.booleans:
            values = np.asarray(arrays.inputs[:, arrays.numeric.index(name)], np.float64)
            others = values[~np.isnan(values) & (values != 0.0) & (values != 1.0)]
            if others.size:
                has = f"the dataset has {shown_number(float(others[0]))} in it"
                raise Invalid({"dataset": f"The version reads {name!r} as yes or no, and {has}."})


def _numbers(arrays: Arrays, names: Mapping[str, Sequence[str]]) -> Array:
    places = {name: place for place, name in enumerate(arrays.numeric)}
    if all(name in places for name in names):
        chosen = [places[name] for name in names]
        return arrays.inputs if chosen == list(range(len(arrays.numeric))) else np.asarray(arrays.inputs)[:, chosen]
    columns = [
        arrays.inputs[:, places[name]] if name in places else _as_numbers(arrays, name, bool(words))
        for name, words in names.items()
    ]
    return _stacked(columns, len(arrays.target), np.float64)


def _as_numbers(arrays: Arrays, name: str, is_boolean: bool) -> Array:
    """Return the numbers of a column that was read as categories; raises Invalid, naming the word, if one is none."""
    place = arrays.categorical.index(name)
    values = [(truth_value if is_boolean else number)(level) for level in arrays.levels[place]]
    if None in values:
        word, what = arrays.levels[place][values.index(None)], "yes or no" if is_boolean else "numbers"
        raise Invalid({"dataset": f"The version reads {name!r} as {what}, and the dataset has {word[:40]!r} in it."})
    column: Array = np.array([*values, np.nan], np.float64)[np.asarray(arrays.categories[:, place])]
    return column


def _levels(arrays: Arrays, name: str, wanted: Sequence[str]) -> tuple[list[str], Array]:
    """Return the levels of a column and each row's code, -1 where missing; numbers are named as levels are.

    The words of a column of yes and no are spelled as the levels that are `wanted`.
    """
    if name in arrays.categorical:
        place = arrays.categorical.index(name)
        return arrays.levels[place], np.asarray(arrays.categories[:, place])
    values = np.asarray(arrays.inputs[:, arrays.numeric.index(name)], np.float64)
    known = ~np.isnan(values)
    distinct, codes = np.unique(values[known], return_inverse=True)
    places = np.full(len(values), -1, np.int32)
    places[known] = codes
    if name in arrays.booleans:
        spelled = {level.lower(): level for level in wanted}
        words = [arrays.booleans[name][int(value)] for value in distinct]
        return [spelled.get(word.lower(), word) for word in words], places
    return [shown_number(float(value)) for value in distinct], places


def _stacked(columns: Sequence[Array], rows: int, dtype: type[np.float64] | type[np.int32]) -> Array:
    return np.stack(columns, axis=1).astype(dtype) if columns else np.empty((rows, 0), dtype)
