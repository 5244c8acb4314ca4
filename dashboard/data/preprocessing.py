"""From a dataset's columns to a network's inputs, and from its outputs to a prediction; it belongs to a version.

Everything is fitted on the training rows only. Scaled inputs are never stored: a scale and an offset travel with
the raw numbers, x * scale + offset being what the network sees.
"""

import dataclasses
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from dashboard.data.dataset import Array, Arrays, input_names
from dashboard.data.date_columns import DateColumn
from dashboard.data.matching import matched, named, with_targets, with_task
from dashboard.data.moments import Moments
from dashboard.data.scaling import column_scales, target_scale
from dashboard.errors import Invalid
from dashboard.metrics import find_metric

BLOCK_CELLS = 1 << 20


@dataclass(frozen=True)
class NumericInput:
    """A numeric column: x * scale + offset goes in.

    `fill`, the training rows' median or mean in the column's own unit, replaces a missing x; `may_miss` says that the
    dataset had gaps here, so that a record for use may have one too. `words` are those for 0 and 1 of a column of yes
    and no, whose scale is 1 and whose fill is the more frequent of both.
    """

    name: str
    scale: float
    offset: float
    fill: float
    may_miss: bool = False
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class CategoricalInput:
    """A categorical column: one input of 0 or 1 a level; `fill`, the commonest level, replaces a missing one."""

    name: str
    levels: tuple[str, ...]
    fill: str
    may_miss: bool = False


@dataclass(frozen=True)
class NumberTarget:
    """One of several targets: y * scale + offset is what its output has to say."""

    name: str
    scale: float
    offset: float


@dataclass(frozen=True)
class ClassGroup:
    """One of several targets of classes: each class has an output, and the largest one is the answer."""

    name: str
    classes: tuple[str, ...]


@dataclass(frozen=True)
class Preprocessing:
    """All that turns a record into inputs and outputs into an answer.

    A class is the target `high` among `low`; a regression's y is y * target_scale + target_offset to the network.
    `indicators` are columns that have one more input, at the end: 1 where the value is missing, else 0. `dates` are the
    columns of dates whose parts are among the numeric ones. `targets` are the targets of a regression with several, in
    the order of the outputs; with one it is empty. `groups` are those of a classification with several, whose outputs
    stand group after group; `classes` has all of them then, as target=class.
    """

    scaling: str
    task: str
    numeric: tuple[NumericInput, ...]
    categorical: tuple[CategoricalInput, ...]
    classes: tuple[str, ...]
    low: float
    high: float
    target_scale: float
    target_offset: float
    indicators: tuple[str, ...] = ()
    dates: tuple[DateColumn, ...] = ()
    targets: tuple[NumberTarget, ...] = ()
    groups: tuple[ClassGroup, ...] = ()

    @property
    def several(self) -> list[str]:
        """The names of several targets, numbers or classes; empty with a single one."""
        return [one.name for one in self.targets] or [one.name for one in self.groups]

    @property
    def group_sizes(self) -> tuple[int, ...]:
        """How many outputs each of several targets of classes has."""
        return tuple(len(one.classes) for one in self.groups)

    @property
    def target_scales(self) -> tuple[Array, Array]:
        """The scale and the offset of each target of a regression, (targets,) each."""
        scales = [(one.scale, one.offset) for one in self.targets] or [(self.target_scale, self.target_offset)]
        scale, offset = np.array(scales, np.float64).T
        return scale, offset

    @property
    def units(self) -> Array | float:
        """What an error of 1 of each of several outputs is in its target's own unit; 1 for a single one."""
        return np.asarray(1.0 / np.abs(self.target_scales[0])) if self.targets else 1.0

    def in_own_unit(self, outputs: Array) -> Array:
        """Return what outputs of a regression, (rows, targets), are in the targets' own units."""
        scale, offset = self.target_scales
        return np.asarray((outputs - offset) / scale)

    @property
    def columns(self) -> dict[str, str]:
        """The columns of a file that are read, column -> kind: a date is one, whatever its parts."""
        parts = {name: column.name for column in self.dates for name in column.inputs}
        kinds = {parts.get(one.name, one.name): "boolean" if one.words else "numeric" for one in self.numeric}
        kinds |= {column.name: "date" for column in self.dates}
        return kinds | {column.name: "categorical" for column in self.categorical}

    @property
    def inputs(self) -> list[str]:
        """The names of the network's inputs, in order."""
        return input_names(
            [column.name for column in self.numeric],
            [column.name for column in self.categorical],
            [column.levels for column in self.categorical],
            self.indicators,
        )

    def to_json(self) -> dict[str, Any]:
        """Return plain values; `from_json` reads them back."""
        data = dataclasses.asdict(dataclasses.replace(self, numeric=()))
        # Hundreds of pixels have no words, and asdict takes six times as long for them.
        data["numeric"] = [{name: value for name, value in vars(one).items() if value != ()} for one in self.numeric]
        if not self.groups:
            del data["groups"]  # as versions of before have it
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Preprocessing":
        """Return the preprocessing that `to_json` wrote; the same object for the same values."""
        return _unpickled(pickle.dumps(dict(data)))


class Encoded(NamedTuple):
    """What a network is trained on: inputs * scale + offset, (rows, inputs).

    `targets` is (rows,) integer codes of classes, (rows, targets) of several, or (rows, targets) scaled numbers.
    """

    inputs: Array
    targets: Array
    scale: Array | float
    offset: Array | float


class EncodedInputs(NamedTuple):
    """What a network is given: inputs * scale + offset, (rows, inputs)."""

    inputs: Array
    scale: Array | float
    offset: Array | float


def fit(arrays: Arrays, rows: Array, scaling: str) -> Preprocessing:
    """Return the preprocessing of a scaling (none, book, minmax, standard), fitted on these rows only.

    The pixels of a picture share one scale; other columns have their own.
    """
    moments = _moments(arrays.inputs, rows)
    scale, offset = column_scales(scaling, moments.pooled() if arrays.image_shape else moments)
    numbers = np.broadcast_to(np.stack([scale, offset]), (2, len(arrays.numeric))).T.tolist()
    numeric = (
        _boolean(arrays, name, fill)
        if name in arrays.booleans
        else NumericInput(name, own[0], own[1], fill, name in arrays.gaps)
        for name, own, fill in zip(arrays.numeric, numbers, _fills(arrays, rows, moments), strict=True)
    )
    target = np.asarray(arrays.target[rows])
    has_one = arrays.task == "regression" and target.ndim == 1
    own_scale, own_offset = target_scale(scaling, target) if has_one else (1.0, 0.0)
    several = zip(arrays.targets, target.T, strict=True) if target.ndim > 1 and not arrays.groups else ()
    groups = zip(arrays.targets, arrays.groups, strict=True) if arrays.groups else ()
    return Preprocessing(
        scaling=scaling,
        task=arrays.task,
        numeric=tuple(numeric),
        categorical=tuple(_categorical(arrays, place, rows) for place in range(len(arrays.categorical))),
        classes=tuple(arrays.classes),
        low=0.01 if scaling == "book" else 0.0,
        high=0.99 if scaling == "book" else 1.0,
        target_scale=own_scale,
        target_offset=own_offset,
        indicators=arrays.indicators,
        dates=arrays.dates,
        targets=tuple(NumberTarget(name, *target_scale(scaling, own)) for name, own in several),
        groups=tuple(ClassGroup(name, own) for name, own in groups),
    )


def encode(arrays: Arrays, preprocessing: Preprocessing, dtype: "np.dtype[Any]") -> Encoded:
    """Return a dataset's rows as a version's network sees them; columns, levels and classes are matched by name.

    Whole numbers of at most 16 bits stay the mapped array itself; for anything else a matrix of `dtype` is made, with
    missing values filled in. Levels that the version does not know give 0 everywhere. Raises Invalid when the columns
    or classes are not those of the preprocessing.
    """
    inputs = encode_inputs(arrays, preprocessing, dtype)
    return Encoded(inputs.inputs, _targets(arrays, preprocessing), inputs.scale, inputs.offset)


def encode_inputs(arrays: Arrays, preprocessing: Preprocessing, dtype: "np.dtype[Any]") -> EncodedInputs:
    """Return what `encode` does without the targets, so that the classes may be others; raises Invalid for columns."""
    arrays = _own_columns(arrays, preprocessing)
    scale = np.array([column.scale for column in preprocessing.numeric])
    offset = np.array([column.offset for column in preprocessing.numeric])
    if not preprocessing.categorical and not preprocessing.indicators and arrays.inputs.dtype.kind in "iu":
        if len(set(scale)) == len(set(offset)) == 1:
            return EncodedInputs(arrays.inputs, float(scale[0]), float(offset[0]))
        return EncodedInputs(arrays.inputs, scale, offset)
    fills = np.array([column.fill for column in preprocessing.numeric])
    inputs = np.empty((len(arrays.inputs), len(preprocessing.inputs)), dtype)
    for rows in _blocks(len(inputs), inputs.shape[1]):
        numbers = np.asarray(arrays.inputs[rows], np.float64)
        inputs[rows, : len(scale)] = np.where(np.isnan(numbers), fills, numbers) * scale + offset
    start = len(scale)
    for place, column in enumerate(preprocessing.categorical):
        inputs[:, start : start + len(column.levels)] = _one_hot(arrays, place, column)
        start += len(column.levels)
    for place, name in enumerate(preprocessing.indicators, start=start):
        inputs[:, place] = _gaps(arrays, name)
    return EncodedInputs(inputs, 1.0, 0.0)


def errors_in_own_unit(metrics: Mapping[str, Any], preprocessing: Preprocessing) -> dict[str, Any]:
    """Return metrics with a regression's errors (mae, val_rmse ...) in the target's own unit.

    A network computes the errors of a single target as it is scaled, those of several in their own units (`units`),
    and their means; here they get their names. The loss stays what training minimises.
    """
    if preprocessing.several:
        each = metrics.get("per_target", ())
        own = [{"target": name} | measured for name, measured in zip(preprocessing.several, each, strict=False)]
        return dict(metrics) | ({"per_target": own} if own else {})
    unit = abs(preprocessing.target_scale)
    return {
        name: value / unit if value is not None and (metric := find_metric(name)) and metric.in_target_unit else value
        for name, value in metrics.items()
    }


def _blocks(rows: int, columns: int) -> list[slice]:
    """Cut rows into blocks of about a million cells."""
    step = max(1, BLOCK_CELLS // max(columns, 1))
    return [slice(start, start + step) for start in range(0, rows, step)]


def _moments(inputs: Array, rows: Array) -> Moments:
    moments = Moments(inputs.shape[1])
    for part in _blocks(len(rows), inputs.shape[1]):
        moments.add(np.asarray(inputs[rows[part]], np.float64).T)
    return moments


def _fills(arrays: Arrays, rows: Array, moments: Moments) -> list[float]:
    """Return what replaces a missing number of each column: its mean, or its median where the dataset says so."""
    fills: list[float] = moments.mean.tolist()
    if arrays.missing == "median":
        for place, name in enumerate(arrays.numeric):
            if name in arrays.gaps and moments.count[place]:
                fills[place] = float(np.nanmedian(np.asarray(arrays.inputs[rows, place], np.float64)))
    return fills


def _boolean(arrays: Arrays, name: str, fill: float) -> NumericInput:
    """Return a column of yes and no, which goes in as 0 or 1 whatever the scaling, as the categories do."""
    return NumericInput(name, 1.0, 0.0, float(fill >= 0.5), name in arrays.gaps, tuple(arrays.booleans[name]))


def _gaps(arrays: Arrays, name: str) -> Array:
    """Return whether each row's value of a column is missing."""
    name = next((column.inputs[0] for column in arrays.dates if column.name == name), name)
    if name in arrays.numeric:
        return np.isnan(np.asarray(arrays.inputs[:, arrays.numeric.index(name)], np.float64))
    missing: Array = np.asarray(arrays.categories[:, arrays.categorical.index(name)]) < 0
    return missing


def _categorical(arrays: Arrays, place: int, rows: Array) -> CategoricalInput:
    codes = np.asarray(arrays.categories[rows, place])
    name, levels = arrays.categorical[place], arrays.levels[place]
    counts = np.bincount(codes[codes >= 0], minlength=len(levels))
    return CategoricalInput(name, tuple(levels), levels[int(np.argmax(counts))], name in arrays.gaps)


def _one_hot(arrays: Arrays, place: int, column: CategoricalInput) -> Array:
    known = {level: index for index, level in enumerate(column.levels)}
    nowhere = len(known)
    places = [*(known.get(level, nowhere) for level in arrays.levels[place]), known[column.fill]]
    table = np.eye(nowhere + 1, nowhere, dtype=np.float32)
    # A missing value's code is −1, the last entry: that of the fill.
    hot: Array = np.take(table, np.array(places)[np.asarray(arrays.categories[:, place])], axis=0)
    return hot


def _targets(arrays: Arrays, preprocessing: Preprocessing) -> Array:
    arrays = with_task(with_targets(arrays, preprocessing.several), preprocessing.task)
    target = np.asarray(arrays.target)
    if preprocessing.task == "regression":
        scale, offset = preprocessing.target_scales
        scaled: Array = target.reshape(-1, len(scale)) * scale + offset
        return scaled
    if not preprocessing.groups:
        return _codes(target, arrays.classes, preprocessing.classes)
    own = zip(target.T, arrays.groups, preprocessing.groups, strict=True)
    return np.stack([_codes(codes, classes, group.classes, group.name) for codes, classes, group in own], axis=1)


def _codes(target: Array, own: Sequence[str], known: Sequence[str], name: str = "") -> Array:
    """Return codes (rows,) into a dataset's own classes as those of the version; raises Invalid for other classes."""
    if list(own) == list(known):
        return target
    places = {one: place for place, one in enumerate(known)}
    if unknown := [one for one in own if one not in places]:
        of = f" of {name!r}" if name else " of the dataset"
        raise Invalid({"dataset": f"The version does not know these classes{of}: {named(unknown)}."})
    translated: Array = np.array([places[one] for one in own])[target]
    return translated


def _own_columns(arrays: Arrays, preprocessing: Preprocessing) -> Arrays:
    numeric = {column.name: column.words for column in preprocessing.numeric}
    return matched(arrays, numeric, {column.name: column.levels for column in preprocessing.categorical})


@lru_cache(maxsize=16)
def _unpickled(values: bytes) -> Preprocessing:
    """Return the preprocessing with these values, read once for all versions that have it."""
    data = pickle.loads(values)  # noqa: S301 - of the line that asks for it
    categorical = (CategoricalInput(**{**c, "levels": tuple(c["levels"])}) for c in data["categorical"])
    parts = {
        "numeric": tuple(NumericInput(**{**c, "words": tuple(c.get("words", ()))}) for c in data["numeric"]),
        "categorical": tuple(categorical),
        "classes": tuple(data["classes"]),
        "indicators": tuple(data.get("indicators", ())),
        "dates": tuple(map(DateColumn.from_json, data.get("dates", ()))),
        "targets": tuple(NumberTarget(**one) for one in data.get("targets", ())),
        "groups": tuple(ClassGroup(one["name"], tuple(one["classes"])) for one in data.get("groups", ())),
    }
    return Preprocessing(**{**data, **parts})
