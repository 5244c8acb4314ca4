"""Why the loss changed between two versions: shares of the change, and what putting weights back restores."""

import csv
import io
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import numpy as np
from flask import Blueprint, Response, request

from dashboard.api.answers import json_answer
from dashboard.api.changes import preview_json
from dashboard.api.descriptions import WHY
from dashboard.api.query import json_object, read_query
from dashboard.errors import Conflict
from dashboard.http import sender, workspace
from dashboard.parsing import Fields
from dashboard.records.change import LONGEST_REFERENCE, parse_change
from dashboard.records.why import Scored, WhyRequest, WhyResult, parse_why
from dashboard.services.changes.children import preview_child
from dashboard.services.compare.versions import parse_reference
from dashboard.services.why.largest import largest
from dashboard.services.why.results import cell_shares, known_why, why_or_run

blueprint = Blueprint("why", __name__)

ROWS_A_PIECE = 100
UNIT_COLUMNS = ("layer", "unit", "share", "changed", "loss_put_back", "metric_put_back")


@blueprint.get("/compare/why")
def get_why() -> Response:
    """Answer why the loss changed between two versions, if that is known or takes less than a second."""
    return json_answer(why_json(_known(_question()[0])))


@blueprint.post("/compare/why")
def start_why() -> Response:
    """Count why the loss changed between two versions: the answer, or the run that counts it."""
    answer = why_or_run(workspace(), parse_why(json_object()), sender("API"))
    if answer.result is not None:
        return json_answer(why_json(answer.result))
    address = f"{request.script_root}/api/v1/runs/{answer.run_id}"
    return json_answer({"run": answer.run_id}, 202, {"Location": address})


@blueprint.get("/compare/why.csv")
def get_why_csv() -> Response:
    """Answer the units that have changed as CSV, the most important first: shares, and scores with each put back."""
    units = _known(_question()[0]).units
    rows = [(one.layer, one.unit, one.share, one.changed, *_scores(one.put_back)) for one in units]
    return _csv(UNIT_COLUMNS, rows, "why.csv")


@blueprint.get("/compare/why/cells")
def list_cell_shares() -> Response:
    """Answer the cells of a tensor with the largest shares of the change, the largest first."""
    question, (tensor, limit, offset) = _question("tensor", "limit", "offset")
    shares = cell_shares(workspace(), question, tensor)
    table = shares.reshape(len(shares), -1)
    order = largest(table.reshape(-1), offset + limit + 1)[offset:]
    places = zip(*np.unravel_index(order[:limit], table.shape), strict=True)
    items = [{"row": int(row), "column": int(column), "share": float(table[row, column])} for row, column in places]
    return json_answer({"items": items, "next": offset + limit if len(order) > limit else None})


@blueprint.get("/compare/why/cells.csv")
def get_cell_shares_csv() -> Response:
    """Answer the share of every cell of a tensor as CSV, in rows and columns as its own table."""
    question, (tensor,) = _question("tensor")
    shares = cell_shares(workspace(), question, tensor)
    table = shares.reshape(len(shares), -1)
    rows = ([number, *row.tolist()] for number, row in enumerate(table))
    return _csv(["row", *(f"c{column}" for column in range(table.shape[1]))], rows, "shares.csv")


@blueprint.post("/compare/put-back")
def preview_put_back() -> Response:
    """Answer what `other` scores with units or tensors of `base` put back, on every part; nothing is saved."""
    data = json_object()
    fields = Fields(data)
    other = fields.text("other", longest=LONGEST_REFERENCE)
    fields.done()
    network, number = parse_reference(other, "other")
    given = {name: value for name, value in data.items() if name != "other"}
    change = parse_change(given | {"change": "put_back"}, other)
    return json_answer(preview_json(preview_child(workspace(), network, number, change)))


def _question(*more: str) -> tuple[WhyRequest, list[Any]]:
    """Return the request in the query, and the values of further parameters."""
    base, other, part, label, record, *rest = read_query(*WHY, *more)
    return WhyRequest(base, other, part or "", label or "", record), rest


def _known(question: WhyRequest) -> WhyResult:
    result = known_why(workspace(), question)
    if result is None:
        raise Conflict("This takes more than a second: POST /api/v1/compare/why starts the run that counts it.", "base")
    return result


def why_json(result: WhyResult) -> dict[str, Any]:
    """Return why a loss changed; `restored` is which share of the change of loss and metric putting back undoes."""
    body = result.to_json()
    scores = [*(one.put_back for one in result.tensors), *(one.put_back for one in result.units)]
    for one, scored in zip(body["tensors"] + body["units"], scores, strict=True):
        one["restored"] = _restored(result, scored)
    for one, point in zip(body["curve"], result.curve, strict=True):
        one["restored"] = _restored(result, point.back)
    own = {"class": body.pop("label") or None, "relative_error": result.relative_error}
    return body | own


def _restored(result: WhyResult, scored: Scored | None) -> dict[str, float | None] | None:
    if scored is None:
        return None
    return {"loss": result.loss_restored(scored), "metric": result.metric_restored(scored)}


def _scores(scored: Scored | None) -> tuple[float | str, float | str]:
    return ("", "") if scored is None else (scored.loss, scored.metric)


def _csv(columns: Iterable[str], rows: Iterable[Iterable[Any]], name: str) -> Response:
    answer = Response(_pieces(columns, iter(rows)), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _pieces(columns: Iterable[str], rows: Iterator[Iterable[Any]]) -> Iterator[str]:
    """Yield the lines of a CSV, some rows at a time: a table may have millions of cells."""
    some: Iterable[Iterable[Any]] = [columns]
    while lines := list(some):
        file = io.StringIO()
        csv.writer(file, lineterminator="\n").writerows(lines)
        yield file.getvalue()
        some = islice(rows, ROWS_A_PIECE)
