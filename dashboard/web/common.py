"""What every view needs: the workspace, the page of a list that was asked for, and answers that are not pages."""

from collections.abc import Collection, Sequence
from typing import Any
from urllib.parse import quote

from flask import current_app, request, url_for

from dashboard.parsing import Fields
from dashboard.services.workspace import Workspace

LIST_LENGTH = 50
BINS = 60
FARTHEST = 2**62
MOST_NAME = 100


def workspace() -> Workspace:
    """Return what the services work on."""
    found = current_app.extensions["workspace"]
    assert isinstance(found, Workspace)
    return found


def asked_by() -> str:
    """Return who asks through a page, as far as that is known: `ada (page)`, or `page`."""
    name = request.authorization.username if request.authorization is not None else None
    return f"{name[:MOST_NAME]} (page)" if name else "page"


def query_number(name: str, default: int, low: int = 0, high: int = FARTHEST) -> int:
    """Return a whole number of the query; raises Invalid if it is none or beyond its bounds."""
    fields = Fields(request.args.to_dict())
    number = fields.integer(name, default, low, high)
    fields.done()
    return number


def query_word(name: str, choices: Collection[str]) -> str:
    """Return one of the known words of the query, empty if it is not there; raises Invalid for another."""
    fields = Fields(request.args.to_dict())
    word = fields.choice(name, "", choices)
    fields.done()
    return word


def asked_bins() -> tuple[int, str, bool]:
    """Return (bins, limits, log) as the controls above a distribution ask for; raises Invalid."""
    fields = Fields(request.args.to_dict())
    bins = fields.integer("bins", BINS, 2, 1000)
    limits = "full" if fields.boolean("full", False) else "robust"
    log = fields.boolean("log", False)
    fields.done()
    return bins, limits, log


def wants_all() -> bool:
    """Tell whether what takes long is to be drawn and counted all the same (`draw`)."""
    fields = Fields(request.args.to_dict())
    wanted = fields.boolean("draw", False)
    fields.done()
    return wanted


def neighbour_pages(following: int | None) -> dict[str, str]:
    """Return the addresses of the previous and next page of this list, empty where there is none."""
    offset = query_number("offset", 0)
    before = _with_offset(max(offset - LIST_LENGTH, 0)) if offset else ""
    return {"previous": before, "next": _with_offset(following) if following else ""}


def address(endpoint: str, **values: Any) -> str:  # noqa: ANN401 - values of an address
    """Return the address of a view; `url_for` with types that mappings of values fit."""
    return url_for(endpoint, **values)


def is_beyond(rows: Sequence[object]) -> bool:
    """Tell whether a page of a list beyond its last one was asked for."""
    return not rows and "offset" in request.args and query_number("offset", 0) > 0


def last_page(total: int) -> str:
    """Return the address of the last page of this list of so many."""
    return _with_offset(max(total - 1, 0) // LIST_LENGTH * LIST_LENGTH)


def takes_gzip() -> bool:
    """Tell whether the browser takes compressed answers."""
    return bool(request.accept_encodings["gzip"])


def api_address(*parts: object, **query: object) -> str:
    """Return an address of the JSON API; each of `parts` is quoted."""
    path = "/api/v1/" + "/".join(quote(str(part), safe="") for part in parts)
    words = "&".join(f"{name}={quote(str(value), safe='')}" for name, value in query.items())
    return f"{path}?{words}" if words else path


def _with_offset(offset: int) -> str:
    args = request.args.to_dict() | {"offset": str(offset)}
    if not offset:
        del args["offset"]
    assert request.endpoint is not None
    return address(request.endpoint, **(request.view_args or {}), **args)
