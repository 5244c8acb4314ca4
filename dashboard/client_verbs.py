"""The client's verbs on the dashboard's own command line: against the configured home, or against a server's address.

A home is opened within this process, and the verbs send it the requests that they send a server: one form of JSON.
"""

import argparse
import importlib
import os
import sys
from typing import IO, Any

from dashboard.errors import StoreError, WeightbaseError
from dashboard.services.client_wheel import CLIENT
from dashboard.settings import from_environment

MAKING = frozenset({"log"})
"""The verbs that begin a home where there is none."""


def client_module(name: str) -> Any:  # noqa: ANN401 - a module of the client, which is a distribution of its own
    """Return a module of the client that this dashboard was released with, whatever else is installed."""
    if str(CLIENT) not in sys.path:
        sys.path.insert(0, str(CLIENT))
    return importlib.import_module(f"weightbase.{name}")


def add_client_verbs(verbs: Any, leave_out: tuple[str, ...]) -> None:  # noqa: ANN401 - argparse has no public class
    """Add the client's verbs to a command line, but for those that it has already."""
    client_module("command").add_verbs(verbs, connect, leave_out)


def run_at_server(verb: str, given: argparse.Namespace) -> int:
    """Carry out one of the client's verbs at the server that --server names; return the exit code."""
    command = client_module("command")
    function = command.verb_named(verb)
    return int(command.carry_out(lambda: function(connect(given), given), given))


def connect(given: argparse.Namespace) -> Any:  # noqa: ANN401 - the client's Transport
    """Return a connection to the server that is named, or the configured home; raises the client's errors."""
    address = given.server or os.environ.get("WEIGHTBASE_URL", "")
    if address:
        return client_module("connection").Connection(address)
    errors = client_module("errors")
    try:
        return Home(may_make=given.verb_name in MAKING)
    except StoreError as error:
        raise errors.Unreachable(error.message) from error
    except WeightbaseError as error:
        raise errors.Refused(error.status, {"code": error.code, "message": error.message}) from error


class Home:
    """The configured home, opened in this process: takes requests as a server does."""

    def __init__(self, may_make: bool) -> None:
        from dashboard import create_app  # noqa: PLC0415 - only when a home is opened
        from dashboard.services.store.existing import require_existing  # noqa: PLC0415
        from dashboard.services.workspace import open_to_read  # noqa: PLC0415

        settings = from_environment()
        if not may_make:
            require_existing(settings)
        self._app = create_app(workspace=open_to_read(settings, sweeping=False))
        self._client = self._app.test_client()
        self._login = ("local", settings.password) if settings.password else None
        self._answer = client_module("connection").Answer

    def request(self, method: str, path: str, body: bytes | IO[bytes] | None, headers: dict[str, str]) -> Any:  # noqa: ANN401
        """Answer one request to a path under /api/v1."""
        more: dict[str, Any] = {"data": body}
        if body is not None and not isinstance(body, bytes):
            more = {"input_stream": body, "content_length": int(headers["Content-Length"])}
        response = self._client.open(
            f"/api/v1{path}",
            method=method,
            base_url="http://127.0.0.1",
            headers={name: value for name, value in headers.items() if name != "Content-Length"},
            auth=self._login,
            **more,
        )
        sent = {name.lower(): value for name, value in response.headers.items()}
        return self._answer(response.status_code, sent, response.get_data())
