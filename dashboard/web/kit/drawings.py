"""Charts within pages: a chart is the address of its figure, and stands in its page as this figure drawn as SVG.

The view of the figure is asked within the request for the page, in the same state of the catalogue: pages name no
numbers of charts, and what is drawn is what Plotly will be given. Each figure is at a second address, too, where it is
drawn (`.drawing` in place of `.figure`): a chart that changes while it is watched is fetched from there.
"""

import hashlib
import threading
from collections.abc import Callable
from io import BytesIO
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from cachetools import LRUCache
from flask import Flask, Response, current_app, request
from markupsafe import Markup

from dashboard.charts.drawn import Drawing, draw
from dashboard.charts.svg import element
from dashboard.errors import UserError, WeightbaseError
from dashboard.http import log_fault

FIGURE, DRAWING = ".figure", ".drawing"
MOST_CACHED = 256
LOADED = ("werkzeug.request", "HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE")
"""What belongs to the request for the page only."""


def serve_drawings(app: Flask) -> None:
    """Add the address of each figure's drawing, once all views are added."""
    for rule in list(app.url_map.iter_rules()):
        if rule.rule.endswith(FIGURE):
            path = rule.rule.removesuffix(FIGURE) + DRAWING
            app.add_url_rule(path, f"{rule.endpoint}_drawn", _drawing_view(app.view_functions[rule.endpoint]))
    app.extensions["drawings"] = _Drawings()


def drawn(address: str) -> Drawing:
    """Return the figure at an address of this dashboard as a drawing; why it cannot be drawn is said in its place."""
    drawings = _drawings()
    drawing = drawings.get(address)
    if drawing is None:
        drawing = _requested(address)
        if drawing.panels and "v=" in urlsplit(address).query:  # this names the content, as for a browser's cache
            drawings.put(address, drawing)
    return drawing


class _Drawings:
    """The last drawings, by addresses that name the content of a figure, and by that content; for several threads."""

    def __init__(self) -> None:
        self._known, self._lock = LRUCache[str | bytes, Drawing](MOST_CACHED), threading.Lock()

    def get(self, key: str | bytes) -> Drawing | None:
        with self._lock:
            return self._known.get(key)

    def put(self, key: str | bytes, drawing: Drawing) -> Drawing:
        with self._lock:
            self._known[key] = drawing
        return drawing


def _drawings() -> _Drawings:
    drawings = current_app.extensions["drawings"]
    assert isinstance(drawings, _Drawings)
    return drawings


def _requested(address: str) -> Drawing:
    environ = {name: value for name, value in request.environ.items() if name not in LOADED}
    parts = urlsplit(address)
    path = unquote_to_bytes(parts.path.removeprefix(request.script_root)).decode("latin1")  # as WSGI has it
    environ |= {"PATH_INFO": path, "QUERY_STRING": parts.query, "REQUEST_METHOD": "GET"}
    environ |= {"CONTENT_LENGTH": "0", "wsgi.input": BytesIO()}
    with current_app.request_context(environ):
        if request.routing_exception is not None:
            raise request.routing_exception
        view: Callable[..., Any] = current_app.view_functions[request.endpoint or ""]
        try:
            return _drawing_of(view(**(request.view_args or {})))
        except WeightbaseError as error:
            if not isinstance(error, UserError):
                log_fault(error)
            return Drawing(Markup(), 0, f"This chart cannot be drawn: {error.message}")


def _drawing_of(answer: Response) -> Drawing:
    """Return the figure that a view has answered as a drawing, the last one of the same figure if there is one."""
    content, drawings = hashlib.sha256(answer.get_data()).digest(), _drawings()
    drawing = drawings.get(content)
    if drawing is None:
        figure = answer.get_json()
        assert isinstance(figure, dict)
        drawing = drawings.put(content, draw(figure))
    return drawing


def _drawing_view(view: Callable[..., Any]) -> Callable[..., Response]:
    def send(**values: Any) -> Response:  # noqa: ANN401 - of the address
        answer: Response = view(**values)
        if answer.status_code == 200:
            answer.set_data(_markup(_drawing_of(answer)))
            answer.mimetype = "text/html"
        return answer

    return send


def _markup(drawing: Drawing) -> Markup:
    return drawing.markup or element("p", drawing.sentence, class_="chart-note")
