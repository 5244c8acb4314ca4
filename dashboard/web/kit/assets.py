"""Stylesheet, scripts and the chart library, at addresses that change with their content and may be cached for ever."""

import gzip
import hashlib
from functools import lru_cache
from pathlib import Path

from flask import Flask, Response, abort, current_app, request, url_for

from dashboard.charts.bundle import packed_plotly, plotly_digest
from dashboard.web.kit.query import takes_gzip

FOR_EVER = "public, max-age=31536000, immutable"


def serve_assets(app: Flask) -> None:
    """Add the address of the chart library, and the functions by which templates name assets."""
    app.add_url_rule("/static/plotly-<digest>.js", "plotly", plotly)
    app.jinja_env.globals |= {"asset": asset, "plotly_address": plotly_address}
    app.after_request(keep_for_ever)


def asset(name: str) -> str:
    """Return the address of a file of static/, with a hash of its content."""
    path = Path(str(current_app.static_folder)) / name
    return url_for("static", filename=name, v=_hash(path, path.stat().st_mtime_ns))


def plotly_address() -> str:
    """Return the address of the chart library."""
    return url_for("plotly", digest=plotly_digest())


def plotly(digest: str) -> Response:
    """Send the chart library."""
    if digest != plotly_digest():
        abort(404)
    headers = {"Cache-Control": FOR_EVER, "Vary": "Accept-Encoding"}
    if takes_gzip():
        return Response(packed_plotly(), headers=headers | {"Content-Encoding": "gzip"}, mimetype="text/javascript")
    return Response(gzip.decompress(packed_plotly()), headers=headers, mimetype="text/javascript")


def keep_for_ever(response: Response) -> Response:
    """Let browsers cache a file of static/ whose address has the hash of its content."""
    if request.endpoint == "static" and "v" in request.args and response.status_code == 200:
        response.headers["Cache-Control"] = FOR_EVER
    return response


@lru_cache(maxsize=256)
def _hash(path: Path, _changed: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]
