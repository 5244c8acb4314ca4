"""Answers to records that are sent as values, or as what the network is given."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dashboard.data.dataset import Array
from dashboard.errors import Invalid
from dashboard.records.network import Version
from dashboard.services.use.answers import Answer, answers
from dashboard.services.use.loaded import Loaded, load_version
from dashboard.services.workspace import Workspace

__all__ = ["Array"]  # for those who may not import data
MOST_ROWS = 10_000
LONGEST_VALUE = 10_000
ROWS = 'Send {"rows": [{"age": "31"}]}, a record each, or {"inputs": [[0.1, 0.2]]}.'


@dataclass(frozen=True)
class Prediction:
    """What a version answers: an answer for each record (none without preprocessing), and the network's outputs.

    `inputs` is what it was given, (records, inputs).

    `passed_over` are columns that were sent and that the version does not read.
    """

    version: Version
    answers: list[Answer]
    outputs: Array
    inputs: Array
    passed_over: tuple[str, ...] = ()


def predict(workspace: Workspace, network_name: str, number: int, body: Mapping[str, Any]) -> Prediction:
    """Answer `rows` of values by column, or `inputs` as the network is given them; raises Invalid naming what is wrong.

    Raises NotFound, Conflict for a version that cannot be used, NotAsSaved.
    """
    unknown = [name for name in body if name not in {"rows", "inputs"}]
    if unknown or len(body) != 1:
        field = unknown[0] if unknown else "rows"
        raise Invalid({str(field)[:64]: ROWS})
    loaded = load_version(workspace, network_name, number)
    if "rows" in body:
        return predict_rows(loaded, _listed(body["rows"], "rows"))
    return predict_inputs(loaded, _listed(body["inputs"], "inputs"))


def predict_rows(loaded: Loaded, rows: Sequence[Any]) -> Prediction:
    """Answer records of values by column; raises Invalid naming the record and the column that cannot be read."""
    wrong = {f"rows.{place}": f"A record is an object: {ROWS}" for place, row in enumerate(rows) if not _is_record(row)}
    if wrong:
        raise Invalid(dict(list(wrong.items())[:20]))
    records = [texts_of(row, loaded.reader.columns, loaded.marks[0], f"rows.{place}") for place, row in enumerate(rows)]
    encoded = loaded.reader.from_texts(records, loaded.marks)
    if encoded.problems:
        raise Invalid(
            {f"rows.{row}.{name}": text for row, own in encoded.problems.items() for name, text in own.items()}
        )
    outputs = loaded.network.predict(encoded.inputs)
    passed_over = passed_over_of(loaded, {name for row in rows for name in row})
    return Prediction(
        loaded.version, list(answers(outputs, loaded.preprocessing)), outputs, encoded.inputs, passed_over
    )


def predict_inputs(loaded: Loaded, rows: Sequence[Any]) -> Prediction:
    """Answer what the network is given, numbers that are scaled already; raises Invalid for another width."""
    wanted = loaded.version.spec.inputs
    wrong = {f"inputs.{place}": _input_problem(row, wanted) for place, row in enumerate(rows)}
    wrong = {field: problem for field, problem in wrong.items() if problem}
    if wrong:
        raise Invalid(dict(list(wrong.items())[:20]))
    inputs = np.array(rows, np.float64)
    outputs, known = loaded.network.predict(inputs), loaded.known
    return Prediction(loaded.version, list(answers(outputs, known)) if known else [], outputs, inputs)


def texts_of(row: Mapping[str, Any], columns: Collection[str], decimal: str, field: str) -> dict[str, str]:
    """Return the values of a record as the texts of a file: numbers with its decimal mark, null as an empty cell.

    Raises Invalid, naming the column, for a value of another kind.
    """
    texts = {}
    for name in columns:
        text = _text(row.get(name), decimal)
        if text is None:
            raise Invalid({f"{field}.{name}": f"{name} must be a text, a number, true, false or null."})
        texts[name] = text
    return texts


def passed_over_of(loaded: Loaded, names: Collection[str]) -> tuple[str, ...]:
    """Return the columns that the version does not read, but for its target, in the order of their names."""
    known = {*loaded.reader.columns, *loaded.targets}
    return tuple(sorted(name for name in names if name not in known))


def _listed(value: Any, name: str) -> list[Any]:  # noqa: ANN401 - from outside
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_ROWS:
        raise Invalid({name: f"{name} must be a list of 1 to {MOST_ROWS:,} records; send more as a CSV."})
    return value


def _is_record(row: object) -> bool:
    return isinstance(row, Mapping) and all(isinstance(name, str) for name in row)


def _text(value: object, decimal: str) -> str | None:
    """Return a value as a cell's text; None for one that no cell can be."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value if len(value) <= LONGEST_VALUE and "\0" not in value else None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value).replace(".", decimal)
    return None


def _input_problem(row: object, wanted: int) -> str:
    if not isinstance(row, list) or len(row) != wanted:
        return f"The network takes {wanted:,} numbers a record."
    are_numbers = all(isinstance(v, int | float) and not isinstance(v, bool) and abs(v) <= 1e38 for v in row)
    return "" if are_numbers and all(map(math.isfinite, row)) else "Give finite numbers only, from -1e38 to 1e38."
