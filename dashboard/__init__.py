"""Weightbase: every version of a neural network kept as ordinary tables. This module only wires the parts together."""

import contextlib
import fcntl
import logging
import os
import secrets
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dashboard.errors import OtherDashboard, WeightbaseError
from dashboard.files import is_frozen
from dashboard.settings import Settings, from_environment

if TYPE_CHECKING:
    from flask import Flask

    from dashboard.services.workspace import Workspace

__version__ = "0.1.0"
RETRY_SECONDS = 2.0
KEY_OF_THE_SERVER = secrets.token_hex(32)
"""Signs forms where no key can be stored; made before gunicorn forks: pages of a replaced web server still work."""
PACKAGE = Path(__file__).parent
ASSETS = PACKAGE if (PACKAGE / "templates").is_dir() else PACKAGE.parent
"""Where templates/ and static/ are: inside an installed package, next to it in a checkout."""


def create_app(settings: Settings | None = None, workspace: "Workspace | None" = None) -> "Flask":
    """Return the dashboard as a WSGI application; a test hands in settings or a workspace of its own.

    Raises Invalid for settings that cannot work, StoreUnavailable when the store or catalogue cannot be opened.
    """
    # Imported here so that commands that serve no pages do not load Flask.
    from flask import Flask  # noqa: PLC0415

    from dashboard.api import register_api  # noqa: PLC0415
    from dashboard.jobs.wake_pipe import wake_supervisor  # noqa: PLC0415
    from dashboard.services.store.reindexing import log_drift  # noqa: PLC0415
    from dashboard.services.workspace import open_workspace  # noqa: PLC0415
    from dashboard.web import register_pages  # noqa: PLC0415
    from dashboard.web.kit.parts import PartsRequest  # noqa: PLC0415

    if workspace is None:
        workspace = open_workspace(settings or from_environment())
        workspace.catalogue.answer_pages()
        workspace.store.answer_pages()
    workspace.catalogue.when_lost(wake_supervisor)  # the worker that it starts finds the other home, and all of it ends
    log_drift(workspace)
    settings = workspace.settings
    app = Flask("dashboard", template_folder=str(ASSETS / "templates"), static_folder=str(ASSETS / "static"))
    app.request_class = PartsRequest
    app.config.update(
        SECRET_KEY=_secret_key(settings),
        MAX_CONTENT_LENGTH=settings.max_upload_mb * 2**20 + 2**20,  # the form's other fields come on top
        MAX_FORM_PARTS=50_000,
        MAX_FORM_MEMORY_SIZE=16 * 2**20,
    )
    app.extensions["workspace"] = workspace
    _read_one_state(app)
    register_api(app)
    register_pages(app)
    return app


class StartPage:
    """The dashboard for a server; while it cannot be opened, one page that says what is wrong, until it is repaired."""

    def __init__(self) -> None:
        self._app: Flask | None = None
        self._lock = threading.Lock()
        self._problem, self._tried = "", 0.0

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:  # noqa: ANN401 - WSGI's
        """Answer a request, by the dashboard as soon as it can be opened."""
        from dashboard.web.proxies import is_loopback  # noqa: PLC0415 - as below

        with self._lock:
            app = self._app or self._opened()
        if app is not None:
            return app(environ, start_response)
        headers = [("Content-Type", "text/plain; charset=utf-8"), ("Retry-After", "5"), ("Cache-Control", "no-store")]
        start_response("503 Service Unavailable", headers)
        # Only the log says more to those who would see nothing: nobody has given a password yet.
        is_private = from_environment().password or not is_loopback(environ.get("REMOTE_ADDR", ""))
        why = "Its log says why." if is_private else self._problem
        return [f"Weightbase cannot start yet.\n\n{why}\n\nReload this page once it is repaired.\n".encode()]

    def is_open(self) -> bool:
        """Return whether the dashboard is open; it is tried again if it was not a moment ago."""
        with self._lock:
            return (self._app or self._opened()) is not None

    def _opened(self) -> "Flask | None":
        """Open the dashboard, unless that was tried a moment ago; None if it cannot be opened."""
        if not self._problem or time.monotonic() - self._tried > RETRY_SECONDS:
            try:
                self._app = create_app()
            except WeightbaseError as error:
                if error.message != self._problem:
                    _report(error)
                self._problem = error.message
            self._tried = time.monotonic()
        return self._app


def _report(error: WeightbaseError) -> None:
    """Log why the dashboard cannot be opened.

    Of another home in the way the worker speaks, since it ends all of it; a resting one is woken for that.
    """
    from dashboard.jobs.wake_pipe import has_supervisor, wake_supervisor  # noqa: PLC0415 - as above

    if isinstance(error, OtherDashboard) and has_supervisor():
        wake_supervisor()
    else:
        logging.getLogger(__name__).error("The dashboard cannot start yet: %s", error.message)


def serve_app() -> StartPage:
    """Return what gunicorn serves: the dashboard, opened at once if it can be."""
    page = StartPage()
    page._opened()
    return page


def _read_one_state(app: "Flask") -> None:
    """Let each request that only reads see one state of the catalogue, in one transaction."""
    from flask import g, request  # noqa: PLC0415 - as above
    from flask.globals import request_ctx  # noqa: PLC0415 - as above

    @app.before_request
    def begin() -> None:
        if request.method in {"GET", "HEAD"}:
            g.one_state, g.request_of_state = contextlib.ExitStack(), request_ctx.request
            g.one_state.enter_context(app.extensions["workspace"].catalogue.one_state())

    @app.teardown_request
    def end(_: BaseException | None) -> None:
        # A chart of a page is asked for within the request for the page, and reads the same state.
        if "one_state" in g and g.request_of_state is request_ctx.request:
            g.pop("one_state").close()


def _secret_key(settings: Settings) -> str:
    """Return the set key, or one made at the first start and kept readable by its owner only."""
    if settings.secret_key:
        return settings.secret_key
    path = settings.home_folder / "secret_key"
    if settings.read_only and is_frozen(settings.home_folder, (path.name,)):
        return KEY_OF_THE_SERVER
    with open(path, "a+", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # several workers may start at once: all must sign with one key
        file.seek(0)
        key = file.read()
        if not key:
            key = secrets.token_hex(32)
            file.write(key)
        return key
