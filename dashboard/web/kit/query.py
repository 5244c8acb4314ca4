"""The query of an address: the workspace, numbers, words and switches."""

from collections.abc import Collection

from flask import current_app, request

from dashboard.parsing import Fields
from dashboard.services.workspace import Workspace

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


def takes_gzip() -> bool:
    """Tell whether the browser takes compressed answers."""
    return bool(request.accept_encodings["gzip"])
