"""Records as a person types them, turned into a network's inputs, and its outputs turned into answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dashboard.data.cells import is_missing, number
from dashboard.data.dataset import Array
from dashboard.data.levels import level_of
from dashboard.data.preprocessing import CategoricalInput, NumericInput, Preprocessing
from dashboard.errors import Invalid
from dashboard.metrics import find_metric

MOST_MESSAGES = 50


@dataclass(frozen=True)
class Answer:
    """The prediction of a network for one record.

    For a classification `label` is the likeliest class and `scores` has a number from 0 to 1 for each class, summing
    to 1; for a regression `value` is the number in the target's own unit.
    """

    label: str | None = None
    scores: dict[str, float] | None = None
    value: float | None = None


def encode_rows(
    rows: Sequence[Mapping[str, str]], preprocessing: Preprocessing, decimal: str = "."
) -> NDArray[np.float64]:
    """Return records of text (column name -> cell) as a network's inputs, float64 of shape (rows, inputs).

    Columns that the network does not read are passed over. Raises Invalid under ``rows.<index>.<column>`` for what is
    no number, no known category, or missing where the dataset had no gaps.
    """
    errors: dict[str, str] = {}
    inputs = np.zeros((len(rows), len(preprocessing.inputs)))
    columns: list[NumericInput | CategoricalInput] = [*preprocessing.numeric, *preprocessing.categorical]
    for index, row in enumerate(rows):
        start = 0
        for column in columns:
            width = len(column.levels) if isinstance(column, CategoricalInput) else 1
            try:
                inputs[index, start : start + width] = _cell(row.get(column.name, ""), column, decimal)
            except ValueError as error:
                errors[f"rows.{index}.{column.name}"] = f"Row {index + 1:,}, '{column.name}': {error}"
            start += width
        if len(errors) >= MOST_MESSAGES:
            break
    if errors:
        raise Invalid(errors)
    return inputs


def _cell(text: str, column: NumericInput | CategoricalInput, decimal: str) -> float | list[float]:
    """Return the inputs that one cell becomes; raises ValueError with what is wrong with it."""
    if is_missing(text) and not column.may_miss:
        raise ValueError("a value is needed.")
    if isinstance(column, NumericInput):
        value = column.fill if is_missing(text) else number(text, decimal)
        if value is None:
            raise ValueError(f"{text[:40]!r} is not a number.")
        return value * column.scale + column.offset
    level = column.fill if is_missing(text) else level_of(text, column.levels, decimal)
    if level is None:
        some = ", ".join(column.levels[:10]) + (", …" if len(column.levels) > 10 else "")
        raise ValueError(f"{text[:40]!r} is not a known category; choose one of: {some}.")
    return [float(level == own) for own in column.levels]


def decode_outputs(outputs: Array, preprocessing: Preprocessing) -> list[Answer]:
    """Return the answer that each record's outputs, of shape (rows, outputs), stand for."""
    if preprocessing.task == "regression":
        return [Answer(value=value) for value in decode_numbers(outputs, preprocessing).tolist()]
    scores = class_scores(outputs, preprocessing)
    best = np.argmax(outputs, axis=1).tolist()
    classes = preprocessing.classes
    return [
        Answer(label=classes[place], scores=dict(zip(classes, row, strict=True)))
        for place, row in zip(best, scores.tolist(), strict=True)
    ]


def decode_numbers(outputs: Array, preprocessing: Preprocessing) -> NDArray[np.float64]:
    """Return a regression's outputs (rows, 1) in the target's own unit, (rows,)."""
    values: NDArray[np.float64] = np.asarray(outputs[:, 0], np.float64)
    return (values - preprocessing.target_offset) / preprocessing.target_scale


def errors_in_own_unit(metrics: Mapping[str, Any], preprocessing: Preprocessing) -> dict[str, Any]:
    """Return metrics with a regression's errors (mae, val_rmse ...) in the target's own unit.

    A network computes its errors in scaled targets; the loss stays what training minimises.
    """
    unit = abs(preprocessing.target_scale)
    return {
        name: value / unit if value is not None and (metric := find_metric(name)) and metric.in_target_unit else value
        for name, value in metrics.items()
    }


def class_scores(outputs: Array, preprocessing: Preprocessing) -> NDArray[np.float64]:
    """Return outputs of shape (rows, classes) as shares of 1 between the classes.

    Each output is placed between the values for "no" and "yes" (0 and 1, in the book's scaling 0.01 and 0.99), then a
    row is divided by its sum; softmax outputs stay what they are. Rows that say "no" to all get equal shares.
    """
    low, high = preprocessing.low, preprocessing.high
    values = np.asarray(outputs, np.float64)
    if not np.allclose(values.sum(axis=1), 1.0, atol=1e-4) or (values < 0).any():
        values = np.clip((values - low) / (high - low), 0.0, 1.0)
    totals = values.sum(axis=1, keepdims=True)
    return np.where(totals > 0, values / np.where(totals > 0, totals, 1.0), 1.0 / values.shape[1])
