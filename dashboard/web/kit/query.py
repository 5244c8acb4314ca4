"""The query of an address, read once a request; the workspace; who sends the request."""

from collections.abc import Collection
from typing import Any, TypeVar

from flask import current_app, g, request, url_for
from werkzeug.datastructures import MultiDict

from dashboard.parsing import Fields
from dashboard.services.workspace import Workspace

BINS = 60
FARTHEST = 2**62
MOST_NAME = 100
LONGEST_TEXT = 2000

T = TypeVar("T")


class Query:
    """The values in the query of an address; each method raises Invalid, naming the field, for a wrong value."""

    def __init__(self, args: MultiDict[str, str]) -> None:
        self.args = args
        self._fields = Fields(args.to_dict())

    def number(self, name: str, default: int = 0, low: int = 0, high: int = FARTHEST) -> int:
        """Return a whole number within its bounds."""
        return self._checked(self._fields.integer(name, default, low, high))

    def word(self, name: str, choices: Collection[str], default: str = "") -> str:
        """Return one of the known words."""
        return self._checked(self._fields.choice(name, default, choices))

    def text(self, name: str, longest: int = LONGEST_TEXT) -> str:
        """Return a text, trimmed; empty if it is not there."""
        return self._checked(self._fields.text(name, "", longest))

    def flag(self, name: str) -> bool:
        """Return whether a switch is on."""
        return self._checked(self._fields.boolean(name, False))

    @property
    def offset(self) -> int:
        """The first row of a list's page."""
        return self.number("offset")

    @property
    def draws_all(self) -> bool:
        """Whether what takes long is drawn and counted all the same (`draw`)."""
        return self.flag("draw")

    @property
    def bins(self) -> tuple[int, str, bool]:
        """(bins, limits, log) as the controls above a distribution set them."""
        limits = "full" if self.flag("full") else "robust"
        return self.number("bins", BINS, 2, 1000), limits, self.flag("log")

    def address(self, endpoint: str = "", **changed: Any) -> str:  # noqa: ANN401 - values of an address
        """Return the address of this page (or another view) with this query, some values changed; empty ones go."""
        values: dict[str, Any] = self.args.to_dict(flat=False) | (request.view_args or {}) | changed
        kept = {name: value for name, value in values.items() if value not in (None, "", [], [""])}
        return url_for(endpoint or request.endpoint or "", **kept)

    def _checked(self, value: T) -> T:
        self._fields.done()
        return value


def query() -> Query:
    """Return the query of this request, which is read once."""
    if "query" not in g:
        g.query = Query(request.args)
    assert isinstance(g.query, Query)
    return g.query


def workspace() -> Workspace:
    """Return what the services work on."""
    opened = current_app.extensions["workspace"]
    assert isinstance(opened, Workspace)
    return opened


def asked_by() -> str:
    """Return who sends the request through a page, as far as that is known: `ada (page)`, or `page`."""
    name = request.authorization.username if request.authorization is not None else None
    return f"{name[:MOST_NAME]} (page)" if name else "page"


def query_number(name: str, default: int, low: int = 0, high: int = FARTHEST) -> int:
    """Return a whole number of the query; raises Invalid if it is none or beyond its bounds."""
    return query().number(name, default, low, high)


def query_word(name: str, choices: Collection[str]) -> str:
    """Return one of the known words of the query, empty if it is not there; raises Invalid for another."""
    return query().word(name, choices)


def asked_bins() -> tuple[int, str, bool]:
    """Return (bins, limits, log) as the controls above a distribution set them; raises Invalid."""
    return query().bins


def wants_all() -> bool:
    """Return whether what takes long is drawn and counted all the same (`draw`)."""
    return query().draws_all


def takes_gzip() -> bool:
    """Return whether the browser takes compressed answers."""
    return bool(request.accept_encodings["gzip"])
