"""Pages of a list: offsets and the addresses of the neighbours."""

from collections.abc import Sequence

from flask import request

from dashboard.web.kit.query import query_number
from dashboard.web.kit.urls import address

LIST_LENGTH = 50


def neighbour_pages(following: int | None) -> dict[str, str]:
    """Return the addresses of the previous and next page of this list, empty where there is none."""
    offset = query_number("offset", 0)
    before = _with_offset(max(offset - LIST_LENGTH, 0)) if offset else ""
    return {"previous": before, "next": _with_offset(following) if following else ""}


def is_beyond(rows: Sequence[object]) -> bool:
    """Tell whether a page of a list beyond its last one was asked for."""
    return not rows and "offset" in request.args and query_number("offset", 0) > 0


def last_page(total: int) -> str:
    """Return the address of the last page of this list of so many."""
    return _with_offset(max(total - 1, 0) // LIST_LENGTH * LIST_LENGTH)


def _with_offset(offset: int) -> str:
    args = request.args.to_dict() | {"offset": str(offset)}
    if not offset:
        del args["offset"]
    assert request.endpoint is not None
    return address(request.endpoint, **(request.view_args or {}), **args)
