"""The address of a MySQL store: mysql://user:password@host:3306/database, options for TLS behind a question mark."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from dashboard.errors import StoreUnavailable

EXAMPLE = "mysql://user:password@host:3306/database"
OPTIONS = ("ssl_ca", "ssl_cert", "ssl_key", "ssl_disabled", "unix_socket")


@dataclass(frozen=True)
class MysqlAddress:
    """Where a server is and who we are there; the password is not shown."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    database: str
    options: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        """Return the address without the password."""
        return f"mysql://{self.user}@{self.host}:{self.port}/{self.database}"

    def arguments(self) -> dict[str, Any]:
        """Return the connector's arguments for a connection without a database."""
        options: dict[str, Any] = dict(self.options)
        if "ssl_disabled" in options:
            options["ssl_disabled"] = options["ssl_disabled"] not in {"0", "false", "no"}
        if "ssl_ca" in options:  # who names an authority wants the server to be held to it
            options |= {"ssl_verify_cert": True, "ssl_verify_identity": True}
        return {"host": self.host, "port": self.port, "user": self.user, "password": self.password, **options}


def parse_address(url: str) -> MysqlAddress:
    """Read an address; raises StoreUnavailable, without repeating a password, if it is not one."""
    try:
        parts = urlsplit(url)
        port = parts.port or 3306
        options = tuple(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
    except ValueError as error:
        raise StoreUnavailable(f"The address of the store cannot be read; write it as {EXAMPLE}.") from error
    database = unquote(parts.path.lstrip("/"))
    if parts.scheme != "mysql" or not parts.hostname or not parts.username or not database or "/" in database:
        raise StoreUnavailable(f"The address of the store needs a user, a host and a database: {EXAMPLE}.")
    unknown = [name for name, _ in options if name not in OPTIONS]
    if unknown:
        raise StoreUnavailable(f"Unknown option {unknown[0]!r} in the address; known: {', '.join(OPTIONS)}.")
    return MysqlAddress(parts.hostname, port, unquote(parts.username), unquote(parts.password or ""), database, options)
