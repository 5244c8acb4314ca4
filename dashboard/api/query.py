"""What was asked: the body, the query and the page of a request, read with a message for whatever is wrong."""

import json
from collections.abc import Collection
from typing import Any

import orjson
from flask import request
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from dashboard.errors import UserError
from dashboard.parsing import Fields

MOST_JSON_BYTES = 4 * 2**20
MOST_ITEMS = 500
JSON_WANTED = "Send a JSON object, with the header Content-Type: application/json."


def json_object(optional: bool = False) -> dict[str, Any]:
    """Return the body, a JSON object; with `optional` no body is an empty one.

    Raises UnsupportedMediaType for another content type, RequestEntityTooLarge beyond 4 MB, UserError for what is not
    valid JSON, no object, or gives a field twice.
    """
    request.max_content_length = MOST_JSON_BYTES
    if not request.is_json and not optional:
        raise UnsupportedMediaType(JSON_WANTED)
    body = request.get_data()
    if len(body) >= MOST_JSON_BYTES:  # Werkzeug ends a body of unknown length there without a word
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
    if not isinstance(value, dict):
        raise UserError('The body must be a JSON object, such as {"name": "mnist"}.')
    return value


def query(*names: str) -> Fields:
    """Return the query's fields, refusing others than these."""
    fields = Fields(request.args.to_dict())
    fields.known(names)
    return fields


def page() -> tuple[int, int]:
    """Return (limit, offset) as requested; raises Invalid."""
    fields = query("limit", "offset")
    limit, offset = page_of(fields)
    fields.done()
    return limit, offset


def page_of(fields: Fields) -> tuple[int, int]:
    """Return (limit, offset) from a query that has other fields, too."""
    return fields.integer("limit", 50, 1, MOST_ITEMS), fields.integer("offset", 0, 0, 10**9)


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
