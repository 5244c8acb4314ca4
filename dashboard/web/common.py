"""What every view needs: the workspace, the page of a list that was asked for, and answers that are not pages."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from flask import Response, current_app, request, url_for

from dashboard.parsing import Fields
from dashboard.services.workspace import Workspace

LIST_LENGTH = 50
BINS = 60
FARTHEST = 2**62


def workspace() -> Workspace:
    """Return what the services work on."""
    found = current_app.extensions["workspace"]
    assert isinstance(found, Workspace)
    return found


def query_number(name: str, default: int, low: int = 0, high: int = FARTHEST) -> int:
    """Return a whole number of the query; raises Invalid if it is none or beyond its bounds."""
    fields = Fields(request.args.to_dict())
    number = fields.integer(name, default, low, high)
    fields.done()
    return number


def asked_bins() -> tuple[int, str, bool]:
    """Return (bins, limits, log) as the controls above a distribution ask for; raises Invalid."""
    fields = Fields(request.args.to_dict())
    bins = fields.integer("bins", BINS, 2, 1000)
    limits = "full" if fields.boolean("full", False) else "robust"
    log = fields.boolean("log", False)
    fields.done()
    return bins, limits, log


def neighbour_pages(following: int | None) -> dict[str, str]:
    """Return the addresses of the previous and next page of this list, empty where there is none."""
    offset = query_number("offset", 0)
    before = _with_offset(max(offset - LIST_LENGTH, 0)) if offset else ""
    return {"previous": before, "next": _with_offset(following) if following else ""}


def address(endpoint: str, **values: Any) -> str:  # noqa: ANN401 - values of an address
    """Return the address of a view; `url_for` with types that mappings of values fit."""
    return url_for(endpoint, **values)


def takes_gzip() -> bool:
    """Tell whether the browser takes compressed answers."""
    return bool(request.accept_encodings["gzip"])


def api_address(*parts: object, **query: object) -> str:
    """Return an address of the JSON API; each of `parts` is quoted."""
    path = "/api/v1/" + "/".join(quote(str(part), safe="") for part in parts)
    words = "&".join(f"{name}={quote(str(value), safe='')}" for name, value in query.items())
    return f"{path}?{words}" if words else path


def csv_answer(heads: Iterable[str], rows: Iterable[Iterable[Any]], name: str) -> Response:
    """Return a small table as a CSV file; texts that a spreadsheet would take for a formula are defused."""
    lines = [",".join(csv_cell(value) for value in row) for row in [list(heads), *rows]]
    answer = Response("\r\n".join(lines) + "\r\n", mimetype="text/csv")
    safe = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in name)
    answer.headers["Content-Disposition"] = f'attachment; filename="{safe}.csv"'
    return answer


def csv_cell(value: Any) -> str:  # noqa: ANN401 - any value of a table
    """Return one cell of a CSV: numbers in full, None empty, a text quoted if it must be."""
    if value is None:
        return ""
    if isinstance(value, bool | int):
        return str(value).lower() if isinstance(value, bool) else str(value)
    if isinstance(value, float):
        return repr(value)
    text = str(value)
    if text[:1] in {"=", "+", "-", "@", "\t", "\r"}:
        text = "'" + text
    return '"' + text.replace('"', '""') + '"' if any(c in text for c in ',"\r\n') else text


def _with_offset(offset: int) -> str:
    args = request.args.to_dict() | {"offset": str(offset)}
    if not offset:
        del args["offset"]
    assert request.endpoint is not None
    return address(request.endpoint, **(request.view_args or {}), **args)
