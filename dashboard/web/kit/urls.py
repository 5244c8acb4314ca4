"""Addresses of views and of the JSON API."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from flask import request, url_for
from werkzeug.routing import PathConverter

POINTS = re.compile(r"\.\.?/*")

PLACE = 2_147_483_629
"""Stands in an address where a number will."""


def address(endpoint: str, **values: Any) -> str:  # noqa: ANN401 - values of an address
    """Return the address of a view; `url_for` with types that mappings of values fit."""
    return url_for(endpoint, **values)


def run_address(row: Any) -> str:  # noqa: ANN401 - any row about a version
    """Return the address of the run that saved a row's version; empty if none did."""
    return url_for("runs.show", run_id=row.version.run_id) if row.version.run_id else ""


def version_addresses(name: str) -> str:
    """Return the address of each version of a network, {} in place of its number."""
    return url_for("versions.show", name=name, number=0).removesuffix("0") + "{}"


def api_address(*parts: object, **query: object) -> str:
    """Return an address of the JSON API; each of `parts` is quoted."""
    path = f"{request.script_root}/api/v1/" + "/".join(quote(str(part), safe="") for part in parts)
    words = "&".join(f"{name}={quote(str(value), safe='')}" for name, value in query.items())
    return f"{path}?{words}" if words else path


def numbered(endpoint: str, field: str, /, **values: Any) -> Callable[[int], str]:  # noqa: ANN401 - values of an address
    """Return what makes the addresses of a view for one number after another: `url_for` for each row takes long."""
    begin, _, end = address(endpoint, **{field: PLACE}, **values).rpartition(str(PLACE))
    return lambda number: f"{begin}{number}{end}"


def compared(network: str, tensor: str = "") -> Callable[[int, int], str]:
    """Return what makes the addresses of comparisons of a network's versions, by their numbers."""
    begin, middle = f"{url_for('compare.show')}?base={quote(network)}:", f"&other={quote(network)}:"
    end = f"&tensor={quote(tensor, safe='')}" if tensor else ""
    return lambda base, other: f"{begin}{base}{middle}{other}{end}"


class NameConverter(PathConverter):
    """A tensor's name in an address, in which slashes and points may stand.

    Browsers shorten an address at each part `.` or `..`. The slashes of a name with such a part are quoted, and a name
    that is one has a slash behind it.
    """

    def to_url(self, value: str) -> str:
        """Return the name quoted."""
        if not {".", ".."} & set(value.split("/")):
            return super().to_url(value)
        return quote(value + "/" if POINTS.fullmatch(value) else value, safe="")

    def to_python(self, value: str) -> str:
        """Return the name."""
        return value.removesuffix("/") if POINTS.fullmatch(value) else value
