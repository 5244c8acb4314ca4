"""The body and the query of a request, read with a message for whatever is wrong; what a query may hold."""

import json
from collections.abc import Collection
from dataclasses import MISSING, replace
from typing import Any

import orjson
from flask import request
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from dashboard.api.schemas import REFERENCE
from dashboard.declarations import Kind, Setting, read
from dashboard.errors import UserError
from dashboard.kinds import Choice, Schema, Text, Whole
from dashboard.parsing import LONGEST_SEARCH, LONGEST_TEXT, Fields
from dashboard.records.network import NETWORK_KINDS
from dashboard.records.tensor import BINS, FEWEST_BINS, MOST_BINS
from dashboard.records.why import WHY_SETTINGS
from dashboard.services.compare.detail import AXES
from dashboard.services.dataset_records import PARTS
from dashboard.services.history.tensor import SINCE
from dashboard.services.runs.queue import STATE_FILTERS
from dashboard.services.versions.tensors import MOST_CELLS, WINDOW_COLUMNS, WINDOW_ROWS

MOST_JSON_BYTES = 4 * 2**20
MOST_ITEMS = 500
FARTHEST = 10**18 - 1
JSON_WANTED = "Send a JSON object, with the header Content-Type: application/json."


def json_object(optional: bool = False, most: int = MOST_JSON_BYTES) -> dict[str, Any]:
    """Return the body, a JSON object of at most `most` bytes; with `optional` no body is an empty one.

    Raises UnsupportedMediaType for another content type, RequestEntityTooLarge beyond `most`, UserError for what is not
    valid JSON, no object, or gives a field twice.
    """
    value = _json(optional, most)
    if not isinstance(value, dict):
        raise UserError('The body must be a JSON object, such as {"name": "mnist"}.')
    return value


def json_list() -> list[Any]:
    """Return the body, a JSON list; raises as `json_object` does."""
    value = _json(optional=False, most=MOST_JSON_BYTES)
    if not isinstance(value, list):
        raise UserError('The body must be a JSON list, such as [{"epoch": 1, "loss": 0.5}].')
    return value


def _json(optional: bool, most: int) -> Any:  # noqa: ANN401 - whatever JSON holds
    request.max_content_length = most
    if not request.is_json and not optional:
        raise UnsupportedMediaType(JSON_WANTED)
    body = request.get_data()
    if len(body) >= most:  # Werkzeug ends a body of unknown length there without a word
        raise RequestEntityTooLarge
    if optional and not body:
        return {}
    if not request.is_json:
        raise UnsupportedMediaType(JSON_WANTED)
    try:
        value = orjson.loads(body)
        json.loads(body, object_pairs_hook=_no_field_twice)
    except RecursionError as error:
        raise UserError("The body is nested too deeply.") from error
    except ValueError as error:
        raise UserError(f"The body is not valid JSON: {error}.") from error
    return value


class Repeated:
    """A parameter that may be given several times."""

    def __init__(self, items: Schema) -> None:
        self.schema: Schema = {"type": "array", "items": items}

    def read(self, _: Fields, name: str, __: object) -> list[str]:
        """Return all that is given under a name."""
        return request.args.getlist(name)


def parameter(kind: Kind, default: Any = MISSING, about: str = "") -> Setting:  # noqa: ANN401 - as the kind reads
    """Declare a parameter of the query; without a default it is required."""
    return Setting(kind, default, "", about, "")


PARAMETERS: dict[str, Setting] = {
    "limit": parameter(Whole(1, MOST_ITEMS), 50),
    "part": parameter(Choice(dict.fromkeys(PARTS, "")), None, "Only records of this part of the split."),
    **{name: WHY_SETTINGS[name] for name in ("class", "record")},
    "offset": parameter(Whole(0, 10**9), 0, "Where the page begins: what `next` said."),
    "search": parameter(Text(LONGEST_SEARCH), "", "Only networks with this in their name or purpose."),
    "kind": parameter(Choice(dict.fromkeys(NETWORK_KINDS, "")), None, "Only networks of this kind."),
    "network": parameter(Text(LONGEST_TEXT), "", "Only runs of this network."),
    "state": parameter(
        Choice(dict.fromkeys(STATE_FILTERS, "")), None, "Only runs in this state; ended: in any of the last four."
    ),
    "prefix": parameter(Text(LONGEST_SEARCH), "", "Only tables with names that begin so."),
    "version": parameter(Repeated(REFERENCE), None, "Two to eight of them: version= several times."),
    "since": parameter(Whole(0, 2**31 - 1), 0, "Only epochs after this one."),
    "unit": parameter(
        Whole(0, FARTHEST),
        None,
        "A unit: a column of the table, or a row, by the tensor's units_axis; of a vector one cell.",
    ),
    "row": parameter(Whole(0, FARTHEST), 0, "The window's first row, from 0."),
    "column": parameter(Whole(0, FARTHEST), 0, "The window's first column, from 0."),
    "rows": parameter(
        Whole(1, MOST_CELLS), WINDOW_ROWS, f"At most so many rows; a window has at most {MOST_CELLS:,} cells."
    ),
    "columns": parameter(Whole(1, MOST_CELLS), WINDOW_COLUMNS, "At most so many columns."),
    "header": parameter(Choice({"yes": "", "no": ""}), "yes", "no: the bare numbers."),
    "bins": parameter(Whole(FEWEST_BINS, MOST_BINS), BINS),
    "limits": parameter(
        Choice({"robust": "", "full": ""}),
        "robust",
        "The bins' range: 0.5th to 99.5th percentile, or smallest to largest.",
    ),
    "base": parameter(Text(LONGEST_TEXT, REFERENCE["description"])),
    "other": parameter(Text(LONGEST_TEXT, REFERENCE["description"])),
    "checkpoint": parameter(Whole(0, 10**6), 0, "Whose tensors: its place in `checkpoints`."),
    "tensor": parameter(Text(LONGEST_TEXT), about="A tensor's name, as in `base`."),
    "axis": parameter(
        Choice(dict.fromkeys(AXES, "")),
        AXES[0],
        "unit: by the tensor's `units_axis`, columns where that is null; input: the other axis.",
    ),
    "pair": parameter(
        Repeated({"type": "string"}),
        None,
        "A tensor of the base and one of the other that belong together, as base..other; repeatable.",
    ),
}
VIEWS_OF_WHY = ("why.get_why", "why.get_why_csv", "why.list_cell_shares", "why.get_cell_shares_csv")
ANY_TENSOR = {"tensor": parameter(Text(LONGEST_TEXT), "", "A tensor's name; by default the first one.")}
OWN_PARAMETERS: dict[str, dict[str, Setting]] = {
    "history.get_part": ANY_TENSOR | {name: replace(PARAMETERS[name], default=None) for name in ("row", "column")},
    "history.get_network_health": ANY_TENSOR,
    "history.several": ANY_TENSOR,
    "history.get_history": ANY_TENSOR
    | {"since": parameter(Choice(dict.fromkeys(SINCE, "")), SINCE[0], "Against which version.")},
    **dict.fromkeys(VIEWS_OF_WHY, WHY_SETTINGS),
    "history.all_versions": {"network": parameter(Text(LONGEST_TEXT), "", "Only versions of this network.")},
}
"""Parameters that mean something else to one view, or may be left out there."""


def read_query(*names: str) -> tuple[Any, ...]:
    """Return the values of these parameters, or their defaults; raises Invalid for wrong and for other ones."""
    fields = Fields(request.args.to_dict())
    fields.known(names)
    settings = PARAMETERS | OWN_PARAMETERS.get((request.endpoint or "").removeprefix("api."), {})
    required = {name: "" for name in names if settings[name].default is MISSING}
    values = read(fields, {name: settings[name] for name in names}, required)
    fields.done()
    return tuple(values.values())


def given(names: Collection[str]) -> bool:
    """Return whether the query gives any of these fields."""
    return any(name in request.args for name in names)


def _no_field_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise UserError(f"The field {twice!r} is given twice.", twice)
    return fields
