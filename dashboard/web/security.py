"""Who may send requests, and what a page may do: checked before every view, sent to the browser in every answer.

In this order: without a password, the peer is this machine; the host is allowed (so that another site's name cannot be
pointed at us); the password is right if one is set; an unsafe request comes from the dashboard's own pages (Origin,
Sec-Fetch-Site), and a form carries its token.
The JSON API needs no token, as programs have no session; browsers are held off it by the origin check.
"""

import hashlib
import hmac
import math
import re
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, request
from flask_wtf.csrf import CSRFProtect
from werkzeug.exceptions import TooManyRequests, Unauthorized

from dashboard.errors import Forbidden, UserError
from dashboard.settings import UNIX, Settings, environment_name
from dashboard.web.kit.start_script import START_SCRIPT_HASH
from dashboard.web.logins import Logins
from dashboard.web.proxies import install_proxies, peer_problem

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
API_PREFIX = "/api/"
DEFAULT_PORTS = {"http": 80, "https": 443}

TYPE_IT = "Type the password of this dashboard; any user name will do."

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        f"script-src 'self' '{START_SCRIPT_HASH}'",
        "style-src 'self'",
        "img-src 'self' data:",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "object-src 'none'",
    )
)

# same-origin and not no-referrer: with the latter, browsers send `Origin: null` with our own forms.
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def secure(app: Flask, settings: Settings) -> None:
    """Put the checks before, and the headers behind, every view of `app`; raises through the app's error pages."""
    app.config.update(
        SESSION_COOKIE_NAME=cookie_name(settings.port, str(app.secret_key)),
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_SSL_STRICT=False,  # the origin is checked below, also behind a proxy that does TLS
        WTF_CSRF_TIME_LIMIT=None,  # a form may stay open overnight; the token still belongs to one session
    )
    csrf = CSRFProtect(app)
    install_proxies(app, settings)
    logins = Logins()

    @app.before_request
    def check() -> Response | None:
        problem = "" if settings.password else peer_problem(request)
        if problem:
            return refuse_peer(problem)
        check_host(request.host, settings)
        if settings.password:
            check_password(settings.password, logins)
        if request.method not in SAFE_METHODS:
            check_origin(settings)
            if not request.path.startswith(API_PREFIX):
                csrf.protect()
        return None

    app.after_request(add_headers)


def cookie_name(port: int, secret_key: str) -> str:
    """Return the cookie's name: browsers send one host's cookies to all its ports, so that each instance needs its own.

    The key is part of it, as another server than ours may listen on any port.
    """
    return f"weightbase-{port}-{hashlib.sha256(f'cookie {secret_key}'.encode()).hexdigest()[:8]}"


def check_host(host: str, settings: Settings) -> None:
    """Refuse a request that names an unknown host; raises UserError (400) with the setting to change."""
    match = re.fullmatch(r"(\[[0-9a-f:.]+\]|[^:\s]+)(?::\d{1,5})?", host.lower())
    if match is None or match[1] not in settings.allowed_hosts:
        raise UserError(
            f"This dashboard does not answer to the host name of this address. Add it to {environment_name('hosts')}."
        )


def check_password(password: str, logins: Logins) -> None:
    """Refuse a request without the password (HTTP Basic, any user name).

    Raises Unauthorized (401), or TooManyRequests (429) for a peer that has typed it wrong too often just now.
    """
    given = request.authorization
    typed = given.password if given is not None and given.type == "basic" else None
    peer = request.remote_addr or UNIX
    if typed is None:  # a browser begins so: nobody has guessed
        raise Unauthorized(TYPE_IT)
    seconds = logins.seconds_to_wait(peer)
    if seconds:
        wait = f"The password was wrong too often. Try again in {seconds:.0f} s."
        raise TooManyRequests(wait, retry_after=math.ceil(seconds))
    if not hmac.compare_digest(typed.encode(), password.encode()):
        logins.failed(peer)
        raise Unauthorized(TYPE_IT)
    logins.succeeded(peer)


def refuse_peer(problem: str) -> Response:
    """Return the answer to somebody who may see nothing: a page of its own, without what the frame of pages shows.

    Raises Forbidden where a program asks.
    """
    if request.path.startswith(API_PREFIX):
        raise Forbidden(problem)
    page = current_app.jinja_env.get_template("errors/refused.html")
    return Response(page.render(message=problem), 403)


def check_origin(settings: Settings) -> None:
    """Refuse an unsafe request that a browser sent from another site; programs send neither header.

    Raises Forbidden, which names what to set where a proxy hides the name that the browser has used.
    """
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    from_elsewhere = site is not None and site not in {"same-origin", "none"}
    if from_elsewhere or (origin is not None and not is_own_origin(origin.lower(), request.host.lower(), settings)):
        name = urlsplit(origin or "").netloc or "that site"
        raise Forbidden(
            f"This request came from another site ({origin or site}) than this dashboard ({request.host}). Use the "
            f"dashboard's own pages. If this is the dashboard behind a proxy: let the proxy pass the Host header, or "
            f"add {name} to {environment_name('hosts')}; see docs/proxy.md."
        )


def is_own_origin(origin: str, host: str, settings: Settings) -> bool:
    """Return whether an origin is that of our own pages: the host of the request, or a name that was set.

    A proxy may send a Host of its own; the names that were set are this dashboard's all the same.
    """
    scheme, _, place = origin.partition("://")
    default = DEFAULT_PORTS.get(scheme)
    if default is None or not place:
        return False
    plain = place.removesuffix(f":{default}")
    return plain in {host, host.removesuffix(f":{default}")} | settings.named_hosts


def add_headers(response: Response) -> Response:
    """Send the headers that restrict pages; a page is revalidated each time unless its view says otherwise."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "no-cache")
    if response.status_code == 401:
        response.headers["WWW-Authenticate"] = 'Basic realm="Weightbase", charset="UTF-8"'
    return response
