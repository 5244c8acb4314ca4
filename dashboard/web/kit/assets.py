"""Stylesheet, scripts and the chart library, at addresses that change with their content and may be cached for ever."""

import gzip
import hashlib
from functools import lru_cache
from pathlib import Path

from flask import Flask, Response, abort, current_app, request, url_for
from markupsafe import Markup

from dashboard.charts.bundle import packed_plotly, plotly_digest
from dashboard.web.kit.query import takes_gzip
from dashboard.web.kit.start_script import START_SCRIPT

FOR_EVER = "public, max-age=31536000, immutable"
MIME_TYPES = {"css": "text/css", "js": "text/javascript"}


def serve_assets(app: Flask) -> None:
    """Add the address of the chart library, and the functions by which templates name assets."""
    app.add_url_rule("/static/plotly-<digest>.js", "plotly", plotly)
    app.add_url_rule("/static/joined/<names>.<any(css, js):ending>", "joined", send_joined)
    app.jinja_env.globals |= {"asset": asset, "inlined": inlined, "joined": joined, "plotly_address": plotly_address}
    app.jinja_env.globals["start_script"] = Markup(START_SCRIPT)  # noqa: S704 - our own
    app.after_request(keep_for_ever)


def asset(name: str) -> str:
    """Return the address of a file of static/, with a hash of its content."""
    path = _path(name)
    return url_for("static", filename=name, v=_hash(path, path.stat().st_mtime_ns))


def inlined(name: str) -> Markup:
    """Return the text of a drawing of static/ that stands in every page: a request of its own would take longer."""
    path = _path(name)
    return Markup(_text(path, path.stat().st_mtime_ns))  # noqa: S704 - a file of our own


def joined(names: list[str], ending: str) -> str:
    """Return the address of several files of static/ as one, in this order, with a hash of their content.

    A page waits for one answer so, and not for one after another.
    """
    return url_for("joined", names="-".join(names), ending=ending, v=_joined(_stamped(names, ending))[0])


def send_joined(names: str, ending: str) -> Response:
    """Send several files of static/ as one; 404 if there is none of such a name, or one is named twice."""
    wanted, there = names.split("-"), {path.stem for path in _path("").glob(f"*.{ending}")}
    if not there.issuperset(wanted) or len(set(wanted)) < len(wanted):
        abort(404)
    _, whole, packed = _joined(_stamped(wanted, ending))
    headers = {"Vary": "Accept-Encoding"} | ({"Content-Encoding": "gzip"} if takes_gzip() else {})
    return Response(packed if takes_gzip() else whole, headers=headers, mimetype=MIME_TYPES[ending])


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
    if request.endpoint in {"static", "joined"} and "v" in request.args and response.status_code == 200:
        response.headers["Cache-Control"] = FOR_EVER
    return response


def _path(name: str) -> Path:
    return Path(str(current_app.static_folder)) / name


def _stamped(names: list[str], ending: str) -> tuple[tuple[Path, int], ...]:
    paths = [_path(f"{name}.{ending}") for name in names]
    return tuple((path, path.stat().st_mtime_ns) for path in paths)


@lru_cache(maxsize=64)
def _joined(files: tuple[tuple[Path, int], ...]) -> tuple[str, bytes, bytes]:
    """Return the hash of these files' joined content, the content, and the same packed."""
    whole = b"\n".join(path.read_bytes() for path, _changed in files)
    return hashlib.sha256(whole).hexdigest()[:12], whole, gzip.compress(whole, 9, mtime=0)


@lru_cache(maxsize=16)
def _text(path: Path, _changed: int) -> str:
    return path.read_text().strip()


@lru_cache(maxsize=256)
def _hash(path: Path, _changed: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]
