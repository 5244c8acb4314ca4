"""Errors as pages: what is wrong, how to fix it, the nearest names; a fault of ours gets an id, the log the rest."""

import difflib
from collections.abc import Sequence
from typing import Any

from flask import Flask, Response, render_template, request, url_for
from flask.globals import request_ctx
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.routing import BuildError

from dashboard.errors import Damage, Invalid, NotAsSaved, NotFound, Outage, UserError, WeightbaseError
from dashboard.http import drain, limit_reached, log_fault, too_large_words, workspace
from dashboard.services.runs.queue import waiting_runs

MOST_NEAREST = 5
VIEW_ARGUMENTS = {"network": "name", "dataset": "name", "version": "number", "tensor": "tensor"}
TITLES = {
    400: "This request was not understood",
    401: "A password is needed",
    403: "Refused",
    404: "Not found",
    405: "This method is not allowed",
    409: "This cannot be done right now",
    413: "Too large",
    422: "This value is not valid",
    429: "Too many attempts",
    503: "The store cannot do this right now",
}
NOT_AS_SAVED = "This table is not what was saved"
OLD_FORM = (
    "This form is too old: the dashboard was set up again since, or cookies were cleared. Go back, reload the page and "
    "send the form again."
)


def show_errors(app: Flask) -> None:
    """Let every failure, foreseen or not, be answered with a page."""
    app.register_error_handler(WeightbaseError, foreseen)
    app.register_error_handler(RequestEntityTooLarge, too_large)
    app.register_error_handler(HTTPException, refused)
    app.register_error_handler(OSError, of_the_system)
    app.register_error_handler(MemoryError, of_the_system)
    app.register_error_handler(Exception, unforeseen)
    app.after_request(drain)


def foreseen(error: WeightbaseError) -> Response | tuple[str, int]:
    """Show one of our own errors."""
    error_id = "" if isinstance(error, UserError) else log_fault(error)
    waiting = _waiting() if isinstance(error, Outage) else ()
    damage = error.place if isinstance(error, NotAsSaved) else None
    message = error.message
    if isinstance(error, Invalid) and request.method == "GET":  # a form shows an error at its field, an address cannot
        message = f"{error.field} in this address: {message}"
    return error_page(error.status, message, nearest_links(error), error_id, waiting, damage)


def _waiting() -> Sequence[int]:
    try:
        return sorted(waiting_runs(workspace()))
    except OSError:  # the outage is one of files: which runs wait for its end is not known now
        return ()


def refused(error: HTTPException) -> Response | tuple[str, int]:
    """Show what Flask or our own rules refuse."""
    status = error.code or 500
    if isinstance(error, CSRFError):
        return error_page(status, OLD_FORM)
    if status == 404:
        return error_page(404, f"There is no page at {request.path}.")
    return error_page(status, error.description or "This request cannot be answered.")


def too_large(_: RequestEntityTooLarge) -> Response | tuple[str, int]:
    """Show the limit of an upload."""
    return error_page(413, too_large_words())


def of_the_system(error: OSError | MemoryError) -> Response | tuple[str, int]:
    """Show that a limit of the system is reached, with the remedy; any other of its errors is a fault of ours."""
    outage = limit_reached(error)
    return unforeseen(error) if outage is None else foreseen(outage)


def unforeseen(error: Exception) -> Response | tuple[str, int]:
    """Show that something of ours failed; what it was goes to the log only."""
    return error_page(500, "Something failed in the dashboard, not in your request.", (), log_fault(error))


def error_page(
    status: int,
    message: str,
    nearest: Sequence[tuple[str, str]] = (),
    error_id: str = "",
    waiting: Sequence[int] = (),
    damage: Damage | None = None,
) -> Response | tuple[str, int]:
    """Return the page of an error and its status; `waiting` are the runs that wait for the end of the same outage.

    `damage` says where a table is not what was saved.

    A request whose host name is none gets the bare sentence: no address of ours can be built for it.
    """
    if request_ctx.url_adapter is None:
        return Response(f"{message}\n", status, mimetype="text/plain")
    title = TITLES.get(status, "Something went wrong" if status >= 500 else "This cannot be done")
    shown = {"title": NOT_AS_SAVED if damage else title, "message": message, "nearest": nearest, "status": status}
    try:
        text = render_template("errors/error.html", **shown, error_id=error_id, waiting=waiting, damage=damage)
    except (OSError, MemoryError):  # what the error is about: a page opens files, too, and its sentence must be seen
        return Response(f"{message}\n", status, mimetype="text/plain")
    return text, status


def nearest_links(error: WeightbaseError) -> list[tuple[str, str]]:
    """Return (name, address) of what was perhaps meant, for a name in the address that is not known."""
    argument = VIEW_ARGUMENTS.get(error.field or "") if isinstance(error, NotFound) else None
    wanted = (request.view_args or {}).get(argument or "")
    if not isinstance(error, NotFound) or argument is None or wanted is None or request.method != "GET":
        return []
    if error.field == "version":
        return [_link(name, argument, int(name.rpartition(":")[2])) for name in error.nearest[:MOST_NEAREST]]
    names = difflib.get_close_matches(str(wanted), error.nearest, MOST_NEAREST, 0.4) or error.nearest[:MOST_NEAREST]
    return [_link(name, argument, name) for name in names]


def _link(words: str, argument: str, value: Any) -> tuple[str, str]:  # noqa: ANN401 - a name or a number
    assert request.endpoint is not None
    try:
        return words, url_for(request.endpoint, **{**(request.view_args or {}), argument: value})
    except BuildError:
        return words, url_for("networks.index")
