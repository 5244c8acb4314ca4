"""All that a person can set, each with its default, its environment name and a sentence of help.

`docs/settings.md` and `weightbase settings` are written from these fields; a test holds them together.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Any

from dashboard.declarations import declared, setting
from dashboard.errors import Invalid
from dashboard.kinds import Secret, Switch, Text, Whole
from dashboard.records.store import (
    EXAMPLES_WITH_PASSWORD,
    StoreKind,
    find_kind,
    hide_password,
    starts,
)

PREFIX = "WEIGHTBASE_"
UNIX = "unix"
"""What a peer at a unix socket is called, as it has no address."""
PATH_PREFIX = re.compile(r"(/[A-Za-z0-9_.~-]+)*")
"""The paths under which a proxy may show the dashboard."""


@dataclass(frozen=True)
class Settings:
    """The settings of one dashboard; read from the environment by `from_environment`."""

    home: str = setting(Text(), "data", help="The folder for the catalogue, datasets and CSV weights.")
    store: str = setting(
        Text(),
        "csv:",
        help=f"The store of tables: csv: (a folder weights/ in the home), {EXAMPLES_WITH_PASSWORD}.",
    )
    host: str = setting(
        Text(), "127.0.0.1", help="The address to listen on. Any other than loopback requires a password."
    )
    port: int = setting(Whole(1, 65535), 8000, help="The port to listen on.")
    threads: int = setting(Whole(1, 256), 8, help="The number of requests that are served at once.")
    secret_key: str = setting(
        Secret(), "", help="Signs the form tokens. If empty, one is made at the first start and stored in the home."
    )
    password: str = setting(Secret(), "", help="If set, every visitor needs it. Required to listen beyond loopback.")
    hosts: str = setting(
        Text(),
        "",
        help="Additional host names of the dashboard, comma-separated; with a port where it is not 80 or 443.",
    )
    proxies: str = setting(
        Text(),
        "",
        help="Trusted proxies (addresses, networks, unix), comma-separated: X-Forwarded headers of theirs count.",
    )
    prefix: str = setting(Text(), "", help="The path under which a proxy shows the dashboard, such as /weights.")
    copy_to: str = setting(
        Text(),
        "",
        help="Where pages and API may copy or back up to beyond the home: folders and addresses, comma-separated.",
    )
    slots: int = setting(Whole(1, 64), 2, help="The number of runs that train at once on this machine.")
    checkpoint_seconds: int = setting(
        Whole(0, 3600), 5, help="The longest part of a training, in seconds, that is lost if it is killed."
    )
    compiled: int = setting(
        Switch(), 1, help="0: new trainings are computed by numpy alone, even where the compiled library is there."
    )
    dask: str = setting(Text(), "", help="A Dask cluster for training, such as tls://scheduler:8786 (docs/dask.md).")
    dask_ca: str = setting(
        Text(), "", help="For tls://: the file of the authority that signed the cluster's certificates."
    )
    dask_cert: str = setting(Text(), "", help="For tls://: the certificate file of the dashboard.")
    dask_key: str = setting(Text(), "", help="For tls://: its key file, unless the certificate file contains the key.")
    read_only: int = setting(
        Switch(),
        0,
        help="1: nothing can be changed; all else works, such as browsing, verifying and exporting.",
    )
    max_upload_mb: int = setting(Whole(1, 100_000), 256, help="The largest upload in megabytes.")
    max_parameters: int = setting(Whole(1, 10**9), 50_000_000, help="The largest network, in weights and biases.")
    draw_cells: int = setting(
        Whole(1, 10**11), 5_000_000, help="Larger tensors are drawn, and compared cell by cell, only on demand."
    )
    cache_mb: int = setting(Whole(1, 10**6), 1024, help="The size limit of the cache of decoded weights, in megabytes.")

    def __post_init__(self) -> None:
        """Refuse values that cannot work, naming the environment variable."""
        for name, one in declared(Settings).items():
            kind = one.kind
            if isinstance(kind, Whole) and not kind.low <= getattr(self, name) <= kind.high:
                raise _refusal(name, f"must be from {kind.low} to {kind.high}.")
        if find_kind(self.store) is None:
            raise _refusal("store", f"must begin with {starts()}.")
        if not PATH_PREFIX.fullmatch(self.prefix) or {".", ".."} & set(self.prefix.split("/")):
            raise _refusal("prefix", "must be a path such as /weights, without a slash at its end, . and ..")
        if not all(word == UNIX or _is_network(word) for word in _words(self.proxies)):
            raise _refusal("proxies", f"must list addresses, networks such as 10.0.0.0/8, or {UNIX}.")
        self._check_copy_places()
        if self.dask and not re.match(r"tls://.|tcp://(127\.0\.0\.1|localhost|\[::1\]):", self.dask):
            raise _refusal("dask", "must begin with tls:// (or tcp:// on this machine): a Dask cluster executes code.")
        if self.dask.startswith("tls:") and not (self.dask_ca and self.dask_cert):
            raise _refusal("dask_ca", f"and {environment_name('dask_cert')} are required for tls://.")
        if not self.is_loopback and not self.password:
            raise _refusal("password", f"is required to listen on {self.host}, where others can reach the dashboard.")

    def _check_copy_places(self) -> None:
        if any("://" in place and find_kind(place) is None for place in self.copy_places):
            raise _refusal("copy_to", f"must list folders, or addresses that begin with {starts()}.")
        if not all(map(_is_absolute, self.copy_places)):
            raise _refusal("copy_to", "must list folders by absolute paths, such as /mnt/backup.")

    def with_absolute_paths(self) -> "Settings":
        """Return the same settings with folders that mean the same to a process that works in another folder."""
        folder, start = self.store_folder, self.store_kind.start
        store = f"{start}{folder}" if folder and self.store != start else self.store
        places = (f"csv:{folder}" if (folder := _folder(place)) else place for place in self.copy_places)
        ca, cert, key = (path and str(Path(path).absolute()) for path in (self.dask_ca, self.dask_cert, self.dask_key))
        absolute = replace(self, home=str(self.home_folder), store=store, copy_to=",".join(places))
        return replace(absolute, dask_ca=ca, dask_cert=cert, dask_key=key)

    @property
    def store_kind(self) -> StoreKind:
        """The kind of store that holds the weights."""
        kind = find_kind(self.store)
        assert kind is not None  # others were refused
        return kind

    @property
    def store_folder(self) -> Path | None:
        """The folder of the store; None if it is on a server."""
        return self.store_kind.folder(self.store, self.home_folder)

    @property
    def store_identity(self) -> tuple[str, str]:
        """What is equal for two addresses of one store."""
        return self.store_kind.scheme, self.store_kind.identity(self.store, self.home_folder)

    @property
    def copy_places(self) -> tuple[str, ...]:
        """The folders and addresses to which pages and API may copy, as they were set."""
        return _words(self.copy_to)

    @property
    def copy_folders(self) -> tuple[Path, ...]:
        """The folders within which pages and API may write; the home is not among them."""
        return tuple(folder for place in self.copy_places if (folder := _folder(place)))

    @property
    def copy_servers(self) -> tuple[str, ...]:
        """The addresses of servers to which pages and API may copy, with their passwords."""
        return tuple(place for place in self.copy_places if _folder(place) is None)

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the dashboard."""
        return self.host in {"127.0.0.1", "localhost", "::1"}

    @property
    def home_folder(self) -> Path:
        """The data folder as an absolute path."""
        return Path(self.home).expanduser().absolute()

    @property
    def named_hosts(self) -> frozenset[str]:
        """The additional host names as they were set, in lower case, perhaps with a port."""
        return frozenset(_words(self.hosts.lower()))

    @property
    def allowed_hosts(self) -> frozenset[str]:
        """The host names that a request may carry, in lower case, without port."""
        named = {re.sub(r":\d+$", "", name) for name in self.named_hosts}
        return frozenset({"127.0.0.1", "localhost", "[::1]", self.host.lower()} | named)

    @property
    def trusted_networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The networks of the trusted proxies."""
        return tuple(ip_network(word, strict=False) for word in _words(self.proxies) if word != UNIX)

    def trusts(self, peer: str) -> bool:
        """Return whether a peer is a trusted proxy; it is named by its address, and UNIX at a unix socket."""
        if not _is_network(peer):
            return peer == UNIX and UNIX in _words(self.proxies)
        return any(ip_address(peer) in network for network in self.trusted_networks)

    def shown(self) -> list[tuple[str, str, str]]:
        """Return (environment name, value, help) of each setting, with passwords hidden."""
        return [
            (environment_name(name), _hidden(name, getattr(self, name), isinstance(one.kind, Secret)), one.help)
            for name, one in declared(Settings).items()
        ]


def _words(text: str) -> tuple[str, ...]:
    """Return what a text separates by commas."""
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _is_network(word: str) -> bool:
    try:
        ip_network(word, strict=False)
    except ValueError:
        return False
    return True


def _is_absolute(place: str) -> bool:
    """Return whether a place is a server, or a folder that means the same wherever a program was started."""
    kind = find_kind(place)
    return _folder(place) is None or Path(place if kind is None else place.removeprefix(kind.start)).is_absolute()


def _folder(place: str) -> Path | None:
    """Return the absolute folder that a place to copy to means; None for a server's address."""
    kind = find_kind(place)
    return Path(place).absolute() if kind is None else kind.folder(place, Path.cwd())


def _refusal(name: str, reason: str) -> Invalid:
    """Return the error for one setting; the reason follows the name of its environment variable."""
    return Invalid({environment_name(name): f"{environment_name(name)} {reason}"})


def environment_name(field_name: str) -> str:
    """Return the environment variable of a setting, such as WEIGHTBASE_PORT."""
    return PREFIX + field_name.upper()


def from_environment(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from environment variables; raises Invalid naming the variable that is wrong."""
    environment = os.environ if environment is None else environment
    values: dict[str, Any] = {}
    for name, one in declared(Settings).items():
        variable = environment_name(name)
        text = environment.get(variable)
        if text is None:
            continue
        if isinstance(one.kind, Switch):
            values[name] = _switched(variable, text, one.kind)
            continue
        if isinstance(one.kind, Whole) and not re.fullmatch(r"\d{1,12}", text.strip()):
            raise Invalid({variable: f"{variable} must be a whole number, not {text!r}."})
        values[name] = int(text) if isinstance(one.kind, Whole) else text.strip()
    return Settings(**values)


def _switched(variable: str, text: str, kind: Switch) -> int:
    if text.strip().lower() not in kind.words:
        raise Invalid({variable: f"{variable} must be one of {', '.join(kind.words)}, not {text!r}."})
    return kind.words[text.strip().lower()]


def _hidden(name: str, value: Any, secret: bool) -> str:  # noqa: ANN401 - any setting's value
    if name == "store":
        return hide_password(str(value))
    if name == "copy_to":
        return ",".join(hide_password(place) for place in str(value).split(","))
    return "***" if secret and value else str(value)


def to_environment(settings: Settings) -> dict[str, str]:
    """Return the environment variables from which `from_environment` reads these very settings."""
    return {environment_name(name): str(getattr(settings, name)) for name in declared(Settings)}
