"""The query of an address, read once a request."""

from collections.abc import Collection
from typing import Any, NamedTuple, TypeVar

from flask import request, url_for
from flask.globals import request_ctx
from werkzeug.datastructures import MultiDict

from dashboard.http import workspace
from dashboard.parsing import LONGEST_TEXT, Fields
from dashboard.records.tensor import BINS, FEWEST_BINS, MOST_BINS

FARTHEST = 2**62

T = TypeVar("T")


class Bins(NamedTuple):
    """How many bins a distribution has, its limits (robust or full), and whether its counts are on a log axis."""

    number: int
    limits: str
    log: bool


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
    def most_cells(self) -> int | None:
        """Of how many cells everything is drawn and counted; None: of any number, as the address wants it."""
        return None if self.draws_all else workspace().settings.draw_cells

    def draws(self, cells: int) -> bool:
        """Return whether what so many cells make expensive is drawn."""
        return self.most_cells is None or cells <= self.most_cells

    @property
    def bins(self) -> Bins:
        """The bins of a distribution as the controls above it set them."""
        limits = "full" if self.flag("full") else "robust"
        return Bins(self.number("bins", BINS, FEWEST_BINS, MOST_BINS), limits, self.flag("log"))

    def address(self, endpoint: str = "", **changed: Any) -> str:  # noqa: ANN401 - values of an address
        """Return the address of this page (or another view) with this query, some values changed; empty ones go."""
        args = self.args.to_dict(flat=False)
        sent = {name: value for name, value in args.items() if name != "endpoint" and not name.startswith("_")}
        values: dict[str, Any] = sent | (request.view_args or {}) | changed
        given = {name: value for name, value in values.items() if value not in (None, "", [], [""])}
        return url_for(endpoint or request.endpoint or "", **given)

    def hidden_fields(self, *without: str) -> list[tuple[str, str]]:
        """Return the query but for some names, as the hidden fields of a form that sets these."""
        items = self.args.items(multi=True)
        return [(name, value) for name, value in items if name not in without and value]

    def _checked(self, value: T) -> T:
        self._fields.done()
        return value


def query() -> Query:
    """Return the query of this request, which is read once; a chart of a page is asked for with one of its own."""
    of_request = vars(request_ctx.request)
    if "query" not in of_request:
        of_request["query"] = Query(request.args)
    known = of_request["query"]
    assert isinstance(known, Query)
    return known


def takes_gzip() -> bool:
    """Return whether the browser takes compressed answers."""
    return bool(request.accept_encodings["gzip"])
