"""The one shape of every failure: {"error": {"code", "message", "field"}}.

In addition: `errors` (field path -> message) when several fields may be wrong, `nearest` when a name is unknown,
`id` when the fault is ours: the log holds the traceback under it.
"""

from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Any

from flask import Blueprint, Response, current_app, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from dashboard.api.answers import json_answer
from dashboard.errors import Invalid, NotFound, UserError, WeightbaseError
from dashboard.http import drain, limit_reached, log_fault, too_large_words

MOST_NEAREST = 5

CODES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
    429: "too_many_requests",
}


def answer_errors(blueprint: Blueprint) -> None:
    """Let every failure in the blueprint's views, foreseen or not, be answered in the one shape."""
    blueprint.register_error_handler(WeightbaseError, foreseen)
    blueprint.register_error_handler(RequestEntityTooLarge, too_large)
    blueprint.register_error_handler(HTTPException, refused)
    blueprint.register_error_handler(OSError, of_the_system)
    blueprint.register_error_handler(MemoryError, of_the_system)
    blueprint.register_error_handler(Exception, unforeseen)
    blueprint.after_request(drain)


def foreseen(error: WeightbaseError) -> Response:
    """Answer one of our own errors with its status, code and message."""
    shape = error_shape(error.code, error.message, error.field if isinstance(error, UserError) else None)
    if isinstance(error, Invalid):
        shape["error"]["errors"] = error.errors
    if isinstance(error, NotFound):
        shape["error"]["nearest"] = _nearest(error.nearest)
    if not isinstance(error, UserError):
        shape["error"]["id"] = log_fault(error)
    return json_answer(shape, error.status)


def too_large(_: RequestEntityTooLarge) -> Response:
    """Answer a body beyond a limit, naming it."""
    limit = request.max_content_length
    if request.is_json and limit != current_app.config["MAX_CONTENT_LENGTH"]:
        shape = error_shape(CODES[413], f"A JSON body has at most {(limit or 0) // 2**20} MB. Send less at once.", None)
    else:
        shape = error_shape(CODES[413], too_large_words(), "file")
    return json_answer(shape, 413)


def refused(error: HTTPException) -> Response:
    """Answer what Flask or the security rules refuse, keeping the headers (such as Allow) that belong to it."""
    given = error.get_response()
    code = CODES.get(given.status_code, "bad_request" if given.status_code < 500 else "internal_error")
    message = error.description or "This request cannot be answered."
    own = {name: value for name, value in given.headers.items() if not name.startswith("Content-")}
    return json_answer(error_shape(code, message, None), given.status_code, own)


def of_the_system(error: OSError | MemoryError) -> Response:
    """Answer that a limit of the system is reached, with the remedy; any other of its errors is a fault of ours."""
    outage = limit_reached(error)
    return unforeseen(error) if outage is None else foreseen(outage)


def unforeseen(error: Exception) -> Response:
    """Answer a fault of ours with an id; what it was goes to the log only."""
    number = log_fault(error)
    shape = error_shape(
        "internal_error", f"Something failed here, not in your request. The log says more: {number}.", None
    )
    shape["error"]["id"] = number
    return json_answer(shape, 500)


def error_shape(code: str, message: str, field: str | None) -> dict[str, dict[str, Any]]:
    """Return the shape that every failure has."""
    return {"error": {"code": code, "message": message, "field": field}}


def _nearest(names: Sequence[str]) -> list[str]:
    """Return the few names that are most similar to a part of the requested address."""
    parts = [str(part) for part in (request.view_args or {}).values()] + list(request.args.values())
    if len(names) <= MOST_NEAREST or not parts:
        return list(names[:MOST_NEAREST])
    likeness = {name: max(SequenceMatcher(None, name, part).ratio() for part in parts) for name in names}
    return sorted(names, key=lambda name: -likeness[name])[:MOST_NEAREST]
