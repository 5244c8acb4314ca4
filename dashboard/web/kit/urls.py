"""Addresses of views and of the JSON API."""

from typing import Any
from urllib.parse import quote

from flask import request, url_for


def address(endpoint: str, **values: Any) -> str:  # noqa: ANN401 - values of an address
    """Return the address of a view; `url_for` with types that mappings of values fit."""
    return url_for(endpoint, **values)


def run_address(row: Any) -> str:  # noqa: ANN401 - any row about a version
    """Return the address of the run that saved a row's version; empty if none did."""
    return url_for("runs.show", run_id=row.version.run_id) if row.version.run_id else ""


def api_address(*parts: object, **query: object) -> str:
    """Return an address of the JSON API; each of `parts` is quoted."""
    path = f"{request.script_root}/api/v1/" + "/".join(quote(str(part), safe="") for part in parts)
    words = "&".join(f"{name}={quote(str(value), safe='')}" for name, value in query.items())
    return f"{path}?{words}" if words else path
