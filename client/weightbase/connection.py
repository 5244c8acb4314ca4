"""One connection to a server by the standard library's HTTP: JSON in and out, files streamed, proxies respected."""

from __future__ import annotations

import base64
import http.client
import json
import os
import ssl
import urllib.request
from typing import IO, Any, NamedTuple, Protocol, Union
from urllib.parse import SplitResult, unquote, urlsplit

from weightbase.errors import Refused, Unreachable, WeightbaseError

DEFAULT_URL = "http://127.0.0.1:8000"
TIMEOUT_SECONDS = 60.0
BUSY = frozenset({408, 429, 500, 502, 503, 504, 507})
"""What a server answers that may answer better later: a restart, an outage, a full disk, a proxy without a server."""
Body = Union[bytes, IO[bytes], None]


class Answer(NamedTuple):
    """What a server has answered; the names of `headers` are in lower case."""

    status: int
    headers: dict[str, str]
    content: bytes

    def json(self) -> Any:  # noqa: ANN401 - whatever the server sends
        """Return the decoded body, None if it is empty; raises WeightbaseError for what is not JSON."""
        if not self.content:
            return None
        try:
            return json.loads(self.content)
        except ValueError as error:
            raise WeightbaseError("What answers at this address is not a Weightbase server.") from error


class Transport(Protocol):
    """What carries requests to a server: a connection, or the dashboard within this process."""

    def request(self, method: str, path: str, body: Body, headers: dict[str, str]) -> Answer:
        """Send one request to a path under /api/v1; raises Unreachable."""


class Connection:
    """A connection to the server at an address, kept open between requests; for one thread."""

    def __init__(self, url: str = "", token: str = "", timeout: float = TIMEOUT_SECONDS) -> None:
        self.parts = _checked(url or os.environ.get("WEIGHTBASE_URL", "") or DEFAULT_URL)
        typed = unquote(self.parts.password or self.parts.username or "")
        token = token or typed or os.environ.get("WEIGHTBASE_TOKEN", "")
        self.url = f"{self.parts.scheme}://{self.parts.netloc.rpartition('@')[2]}{self.parts.path.rstrip('/')}"
        self._headers = {"Accept": "application/json", "User-Agent": "weightbase-client"}
        if token:
            login = f"{os.environ.get('WEIGHTBASE_USER') or 'client'}:{token}"
            self._headers["Authorization"] = "Basic " + base64.b64encode(login.encode()).decode()
        self._timeout = timeout
        self._proxy = _proxy_of(self.parts)
        is_forwarded = self._proxy is not None and self.parts.scheme == "http"  # https goes through a tunnel
        self._start = (self.url if is_forwarded else self.parts.path.rstrip("/")) + "/api/v1"
        self._line: http.client.HTTPConnection | None = None

    def request(self, method: str, path: str, body: Body, headers: dict[str, str]) -> Answer:
        """Send one request to a path under /api/v1 and return the answer; raises Unreachable."""
        was_open = self._line is not None
        try:
            return self._once(method, path, body, headers)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            # The server may have closed a line that was kept open; a file that was half sent is sent by the next try.
            if not was_open or not (body is None or isinstance(body, bytes)):
                raise self._unreachable(error) from error
        return self.request(method, path, body, headers)

    def close(self) -> None:
        """Close the line; the next request opens another one."""
        if self._line is not None:
            self._line.close()
            self._line = None

    def __del__(self) -> None:
        """Close the line of a connection that nobody uses any more."""
        if getattr(self, "_line", None) is not None:
            self.close()

    def _once(self, method: str, path: str, body: Body, headers: dict[str, str]) -> Answer:
        if self._line is None:
            self._line = self._opened()
        self._line.request(method, self._start + path, body, {**self._headers, **headers})
        answer = self._line.getresponse()
        content = answer.read()
        if answer.will_close:
            self.close()
        return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, content)

    def _opened(self) -> http.client.HTTPConnection:
        """Return a new line to the server, or to the proxy that the environment names for it."""
        place = self._proxy or self.parts
        host = place.hostname or ""
        if self.parts.scheme == "http":
            return http.client.HTTPConnection(host, place.port, timeout=self._timeout)
        line = http.client.HTTPSConnection(
            host, place.port, timeout=self._timeout, context=ssl.create_default_context()
        )
        if self._proxy:
            line.set_tunnel(self.parts.hostname or "", self.parts.port or 443)
        return line

    def _unreachable(self, error: Exception) -> Unreachable:
        why = str(error) or type(error).__name__
        return Unreachable(f"There is no answer from {self.url} ({why}).")


def call(transport: Transport, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - the API's JSON
    """Send one request with a JSON body and return the decoded answer; raises Refused, Unreachable."""
    data = None if body is None else json.dumps(body, allow_nan=False).encode()
    headers = {} if body is None else {"Content-Type": "application/json"}
    return checked(transport.request(method, path, data, headers)).json()


def checked(answer: Answer) -> Answer:
    """Return an answer that is none of an error; raises Refused, Unreachable."""
    if answer.status < 300:
        return answer
    if answer.status < 400:
        where = answer.headers.get("location", "")
        raise Refused(answer.status, {"message": f"The server sends its visitors to {where}: use that address."})
    error = _error_of(answer)
    if answer.status in BUSY:
        raise Unreachable(str(error.get("message") or f"The server has answered {answer.status}."))
    raise Refused(answer.status, error)


def _error_of(answer: Answer) -> dict[str, Any]:
    try:
        error = json.loads(answer.content)["error"]
    except (ValueError, KeyError, TypeError):
        if answer.status == 401:
            return {"code": "unauthorized", "message": "This dashboard needs a password: set WEIGHTBASE_TOKEN to it."}
        return {}
    return error if isinstance(error, dict) else {}


def _checked(url: str) -> SplitResult:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise WeightbaseError(f"{url!r} is no address of a server: give one such as {DEFAULT_URL}.")
    return parts


def _proxy_of(parts: SplitResult) -> SplitResult | None:
    """Return the proxy that the environment names for a server; none for this machine itself."""
    host = parts.hostname or ""
    if host in {"127.0.0.1", "localhost", "::1"} or urllib.request.proxy_bypass(host):
        return None
    address = urllib.request.getproxies().get(parts.scheme, "")
    return urlsplit(address if "://" in address else f"http://{address}") if address else None
