"""Requests that come through a proxy: who sent them, under which name and path; only a trusted proxy is believed.

Without a password only this machine is answered. The peer of a connection cannot be made up, unlike Host; where the
peer is a trusted proxy, the address that it forwards counts.
"""

from collections.abc import Callable, Iterable
from ipaddress import ip_address
from typing import Any

from flask import Flask, Request
from werkzeug.middleware.proxy_fix import ProxyFix

from dashboard.settings import PATH_PREFIX, UNIX, Settings, environment_name

Environment = dict[str, Any]
Application = Callable[[Environment, Any], Iterable[bytes]]

FORWARDED = "werkzeug.proxy_fix.orig"
"""Where ProxyFix leaves what it has replaced: set if a trusted proxy was believed."""


def install_proxies(app: Flask, settings: Settings) -> None:
    """Let `app` believe the trusted proxies, and stand under the path that is set; without settings nothing changes."""
    if settings.prefix:
        app.wsgi_app = UnderPrefix(app.wsgi_app, settings.prefix)  # type: ignore[method-assign]
    if settings.proxies:
        app.wsgi_app = BehindProxies(app.wsgi_app, settings)  # type: ignore[method-assign]


class BehindProxies:
    """Takes client, scheme, host and prefix from the X-Forwarded headers of trusted proxies, and of nobody else."""

    def __init__(self, app: Application, settings: Settings) -> None:
        self.app, self.settings = app, settings

    def __call__(self, environ: Environment, start_response: Any) -> Iterable[bytes]:  # noqa: ANN401 - WSGI's
        """Answer a request."""
        if not self.settings.trusts(environ.get("REMOTE_ADDR") or UNIX):
            return self.app(environ, start_response)
        hops = self._hops(environ.get("HTTP_X_FORWARDED_FOR", ""))
        prefix = environ.get("HTTP_X_FORWARDED_PREFIX", "").rpartition(",")[2].strip().rstrip("/")
        # A prefix that is no plain path could lead every link to another host.
        app = UnderPrefix(self.app, prefix) if PATH_PREFIX.fullmatch(prefix) else self.app
        return ProxyFix(app, x_for=hops, x_proto=1, x_host=1)(environ, start_response)

    def _hops(self, forwarded: str) -> int:
        """Return at which place from the end the client is: before the trusted proxies that forwarded to each other."""
        addresses = [address.strip() for address in forwarded.split(",")]
        trusted = 0
        while trusted < len(addresses) - 1 and self.settings.trusts(addresses[-1 - trusted]):
            trusted += 1
        return trusted + 1


class UnderPrefix:
    """Lets the app stand under a path, whether the proxy passes the path on or cuts it off."""

    def __init__(self, app: Application, prefix: str) -> None:
        self.app, self.prefix = app, prefix

    def __call__(self, environ: Environment, start_response: Any) -> Iterable[bytes]:  # noqa: ANN401 - WSGI's
        """Answer a request; where a server or a trusted proxy has set a prefix already, that one stays."""
        path = environ.get("PATH_INFO", "")
        if self.prefix and not environ.get("SCRIPT_NAME"):
            environ["SCRIPT_NAME"] = self.prefix
            if f"{path}/".startswith(f"{self.prefix}/"):
                environ["PATH_INFO"] = path[len(self.prefix) :] or "/"
        return self.app(environ, start_response)


def peer_problem(request: Request) -> str:
    """Return why a request is refused as long as no password is set; empty if it comes from this machine."""
    named = [request.remote_addr or UNIX, *_claimed(request)]
    stranger = next((address for address in named if not is_loopback(address)), None)
    if stranger is None:
        return ""
    return (
        f"Without a password this dashboard only answers the machine on which it runs, and this request comes from "
        f"{stranger}. Set {environment_name('password')}, or open it on that machine, for example through "
        "ssh -L 8000:127.0.0.1:8000. If a proxy on that machine is in front of it, see docs/proxy.md."
    )


def _claimed(request: Request) -> list[str]:
    """Return for whom a proxy that is not set as trusted says to ask: such a proxy may stand on this machine."""
    if FORWARDED in request.environ:
        return []
    return [address.strip() for address in request.headers.get("X-Forwarded-For", "").split(",") if address.strip()]


def is_loopback(address: str) -> bool:
    """Return whether an address is of this machine itself; what is no address is not."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None)
    return bool((mapped or parsed).is_loopback)
