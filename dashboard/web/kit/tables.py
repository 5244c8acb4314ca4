"""The numbers of every table and chart, as CSV and as JSON, at the address where a page shows them.

A view says once what the numbers are; `numbers_at` makes both answers of it, at the same address with .csv and .json.
"""

import math
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from flask import Blueprint, Response, url_for

JSON_OPTIONS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z
FORMULA_SIGNS = frozenset("=+-@\t\r")


class Numbers(NamedTuple):
    """A table of numbers: the names of its columns, its rows, and the name of the file that it is sent as."""

    heads: Iterable[str]
    rows: Iterable[Iterable[Any]]
    name: str


class Exports(NamedTuple):
    """Where the numbers of a table or chart are."""

    csv: str
    json: str


def numbers_at(blueprint: Blueprint, path: str) -> Callable[[Callable[..., Numbers]], Callable[..., Numbers]]:
    """Let a view's numbers be answered at `path` with .csv and with .json."""

    def register(view: Callable[..., Numbers]) -> Callable[..., Numbers]:
        def answer(suffix: str, **place: Any) -> Response:  # noqa: ANN401 - what stands in an address
            return (csv_answer if suffix == "csv" else json_answer)(view(**place))

        blueprint.add_url_rule(f"{path}.<any(csv, json):suffix>", view.__name__, answer)
        return view

    return register


def exports(endpoint: str, **place: Any) -> Exports:  # noqa: ANN401 - what stands in an address
    """Return the addresses of the numbers of a view."""
    return Exports(*(url_for(endpoint, suffix=suffix, **place) for suffix in Exports._fields))


def csv_answer(numbers: Numbers) -> Response:
    """Return numbers as a CSV file; texts that a spreadsheet would take for a formula are defused."""
    lines = [",".join(csv_cell(value) for value in row) for row in [list(numbers.heads), *numbers.rows]]
    answer = Response("\r\n".join(lines) + "\r\n", mimetype="text/csv")
    safe = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in numbers.name)
    answer.headers["Content-Disposition"] = f'attachment; filename="{safe}.csv"'
    return answer


def json_answer(numbers: Numbers) -> Response:
    """Return numbers as {"items": [an object a row]}; NaN and infinities, which JSON lacks, as the texts of the CSV."""
    heads = list(numbers.heads)
    items = [dict(zip(heads, map(_json_value, row), strict=True)) for row in numbers.rows]
    return Response(orjson.dumps({"items": items}, option=JSON_OPTIONS), mimetype="application/json")


def csv_cell(value: Any) -> str:  # noqa: ANN401 - any value of a table
    """Return one cell of a CSV: numbers in full, None empty, a text quoted if it must be."""
    if value is None:
        return ""
    if isinstance(value, bool | int):
        return str(value).lower() if isinstance(value, bool) else str(value)
    if isinstance(value, float):
        return repr(value)
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    if text[:1] in FORMULA_SIGNS:
        text = "'" + text
    return '"' + text.replace('"', '""') + '"' if any(c in text for c in ',"\r\n') else text


def _json_value(value: Any) -> Any:  # noqa: ANN401 - any value of a table
    return repr(value) if isinstance(value, float) and not math.isfinite(value) else value
