"""The address of a database server, read in one place for the tables of weights and for the catalogue.

``mysql://user:password@host:3306/database?option=value&option=value``. A sign that would be taken for a part of the
address is written as ``%`` and two digits, as in every URL (``%2F`` for a slash in a database's name); in a password
that is needed only for ``%`` itself.
"""

import re
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple
from urllib.parse import unquote

from dashboard.errors import StoreUnavailable

EXAMPLE = "mysql://user:password@host:3306/database"
START = "mysql://"
TRUE, FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off"}

SWITCHES = ("ssl_disabled", "ssl_verify_cert", "ssl_verify_identity")
PATHS = ("ssl_ca", "ssl_cert", "ssl_key", "unix_socket")
CELLS = {"double": "DOUBLE", "float": "FLOAT"}
OPTIONS = (*PATHS, *SWITCHES, "cells", "prefix", "password")
WANTED = {"cells": "double or float", "prefix": "up to 7 signs a-z and 0-9 with _ at the end"}
PREFIX = re.compile(r"[a-z][a-z0-9]{0,5}_")
"""What our tables may begin with: a name has 64 characters at most, of which layer_01_weight is to be readable."""

ONE_OPTION = rf"(?:{'|'.join(OPTIONS)})=[^&]*"
FORM = re.compile(
    r"(?P<start>mysql://)(?P<user>[^:@/?#]*)(?::(?P<password>.*?))?@"
    r"(?P<place>(?P<host>\[[0-9A-Fa-f:.%]+\]|[^@/?:\[\]\s]*)(?::(?P<port>\d{1,5}))?/(?P<database>[^@/?]+))"
    rf"(?:\?(?P<options>{ONE_OPTION}(?:&{ONE_OPTION})*)?)?",
    re.DOTALL,
)
"""The shortest password that leaves a whole address: it may hold any sign, also those that divide an address."""


@dataclass(frozen=True)
class MysqlAddress:
    """Where a server is and who we are there; the password is not shown.

    `options` are what the connector takes; `floats` is the column type of the cells of floats, DOUBLE or FLOAT,
    `prefix` what the names of our tables begin with.
    """

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    database: str
    options: tuple[tuple[str, str | bool], ...] = ()
    floats: str = "DOUBLE"
    prefix: str = ""

    def __str__(self) -> str:
        """Return the address without the password and the options."""
        return f"mysql://{self.user}@{self.host}:{self.port}/{self.database}"

    @property
    def server(self) -> str:
        """Where the server is reached: its socket, or host:port."""
        return str(dict(self.options).get("unix_socket") or f"{self.host}:{self.port}")

    @property
    def identity(self) -> str:
        """What is equal for addresses of one database: where its server is reached, and its name."""
        socket = dict(self.options).get("unix_socket")
        host = "localhost" if self.host.lower() in {"127.0.0.1", "::1", "localhost"} else self.host.lower()
        return f"{socket or f'{host}:{self.port}'}/{self.database.lower()}{self.prefix and f' {self.prefix}'}"

    def arguments(self) -> dict[str, Any]:
        """Return the connector's arguments for a connection without a database."""
        options: dict[str, Any] = dict(self.options)
        if "ssl_ca" in options:  # who names an authority wants the server to be held to it
            options = {"ssl_verify_cert": True, "ssl_verify_identity": True} | options
        return {"host": self.host, "port": self.port, "user": self.user, "password": self.password, **options}


class Parts(NamedTuple):
    """An address as it is written: what is before the password, the password, what is behind it, and the options."""

    before: str
    password: str
    place: str
    options: tuple[str, ...]

    @property
    def bare(self) -> str:
        """The address without its password."""
        return self.with_text("")

    def with_text(self, text: str) -> str:
        """Return the address with a text behind the user's name."""
        return f"{self.before}{text}@{self.place}" + (f"?{'&'.join(self.options)}" if self.options else "")


def split_address(url: str) -> Parts | None:
    """Return an address in parts, None if it is no whole address; a password among the options is the password."""
    match = FORM.fullmatch(url.strip())
    if match is None:
        return None
    options = match["options"].split("&") if match["options"] else []
    given = [one.partition("=")[2] for one in options if one.lower().startswith("password=")]
    others = tuple(one for one in options if not one.lower().startswith("password="))
    password = unquote(match["password"] or "") or unquote(given[-1] if given else "")
    return Parts(match["start"] + match["user"], password, match["place"], others)


def parse_address(url: str) -> MysqlAddress:
    """Read an address; raises StoreUnavailable, without repeating a password, if it is not one."""
    parts, match = split_address(url), FORM.fullmatch(url.strip())
    if parts is None or match is None or not match["user"]:
        raise StoreUnavailable(
            f"The address of the store needs a user, a host and a database: {EXAMPLE}. Behind a question mark it may "
            f"have the options {', '.join(OPTIONS)}."
        )
    options = dict(_option(one) for one in parts.options)
    host, port = unquote(match["host"]).strip("[]"), int(match["port"] or 3306)
    if port > 65535 or not (host or "unix_socket" in options):
        raise StoreUnavailable(f"The address of the store needs a host and a port up to 65535: {EXAMPLE}.")
    address = MysqlAddress(
        host or "localhost", port, unquote(match["user"]), parts.password, unquote(match["database"])
    )
    floats = CELLS[str(options.pop("cells", "double"))]
    prefix = str(options.pop("prefix", ""))
    return replace(address, options=tuple(options.items()), floats=floats, prefix=prefix)


def _option(text: str) -> tuple[str, str | bool]:
    """Return (name, value) of an option; raises StoreUnavailable, naming those that there are."""
    name, _, value = text.partition("=")
    value = unquote(value)
    if name in SWITCHES and value.lower() in TRUE | FALSE:
        return name, value.lower() in TRUE
    if name in PATHS and value:
        return name, value
    if (name == "cells" and value in CELLS) or (name == "prefix" and PREFIX.fullmatch(value)):
        return name, value
    wanted = WANTED.get(name, "1 or 0" if name in SWITCHES else "a path")
    raise StoreUnavailable(f"The option {name} in the address of the store must be {wanted}.")
