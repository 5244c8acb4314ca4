"""All that a person can set, each with its default, its environment name and a sentence of help.

`docs/settings.md` and `weightbase settings` are written from these fields; a test holds them together.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from dashboard.errors import Invalid
from dashboard.records.store import (
    EXAMPLES_WITH_PASSWORD,
    StoreKind,
    find_kind,
    hide_password,
    starts,
)

PREFIX = "WEIGHTBASE_"


def _setting(default: Any, help_text: str, secret: bool = False) -> Any:  # noqa: ANN401 - dataclasses.field is so typed
    return field(default=default, metadata={"help": help_text, "secret": secret})


@dataclass(frozen=True)
class Settings:
    """The settings of one dashboard; read from the environment by `from_environment`."""

    home: str = _setting("data", "The folder for the catalogue, datasets and CSV weights.")
    store: str = _setting(
        "csv:",
        f"The store of tables: csv: (a folder weights/ in the home), {EXAMPLES_WITH_PASSWORD}.",
        True,
    )
    host: str = _setting("127.0.0.1", "The address to listen on. Any other than loopback requires a password.")
    port: int = _setting(8000, "The port to listen on.")
    threads: int = _setting(8, "The number of requests that are served at once.")
    secret_key: str = _setting(
        "", "Signs the form tokens. If empty, one is made at the first start and stored in the home.", True
    )
    password: str = _setting("", "If set, every visitor needs it. Required to listen beyond loopback.", True)
    hosts: str = _setting("", "Additional host names of the dashboard, comma-separated.")
    slots: int = _setting(2, "The number of runs that train at once on this machine.")
    checkpoint_seconds: int = _setting(5, "The longest part of a training, in seconds, that is lost if it is killed.")
    dask: str = _setting("", "A Dask cluster for training, such as tls://scheduler:8786 (docs/dask.md).")
    dask_ca: str = _setting("", "For tls://: the file of the authority that signed the cluster's certificates.")
    dask_cert: str = _setting("", "For tls://: the certificate file of the dashboard.")
    dask_key: str = _setting("", "For tls://: its key file, unless the certificate file contains the key.")
    max_upload_mb: int = _setting(256, "The largest upload in megabytes.")
    max_parameters: int = _setting(50_000_000, "The largest network, in weights and biases.")
    cache_mb: int = _setting(1024, "The size limit of the cache of decoded weights, in megabytes.")

    def __post_init__(self) -> None:
        """Refuse values that cannot work, naming the environment variable."""
        for name, low, high in (
            ("port", 1, 65535),
            ("threads", 1, 256),
            ("slots", 1, 64),
            ("checkpoint_seconds", 0, 3600),
            ("max_upload_mb", 1, 100_000),
            ("max_parameters", 1, 10**9),
            ("cache_mb", 1, 10**6),
        ):
            if not low <= getattr(self, name) <= high:
                raise Invalid({environment_name(name): f"{environment_name(name)} must be from {low} to {high}."})
        if find_kind(self.store) is None:
            raise Invalid({environment_name("store"): f"{environment_name('store')} must begin with {starts()}."})
        if self.dask and not re.match(r"tls://.|tcp://(127\.0\.0\.1|localhost|\[::1\]):", self.dask):
            name = environment_name("dask")
            raise Invalid({name: f"{name} must begin with tls:// (or tcp:// on this machine): Dask carries out code."})
        if self.dask.startswith("tls:") and not (self.dask_ca and self.dask_cert):
            name = environment_name("dask_ca")
            raise Invalid(
                {name: f"Set {name} and {environment_name('dask_cert')}: files that identify cluster and us."}
            )
        if not self.is_loopback and not self.password:
            raise Invalid(
                {
                    environment_name(
                        "password"
                    ): f"Listening on {self.host} lets others in: set {environment_name('password')} first."
                }
            )

    def with_absolute_paths(self) -> "Settings":
        """Return the same settings with folders that mean the same to a process that works in another folder."""
        folder, start = self.store_folder, self.store_kind.start
        store = f"{start}{folder}" if folder and self.store != start else self.store
        ca, cert, key = (path and str(Path(path).absolute()) for path in (self.dask_ca, self.dask_cert, self.dask_key))
        return replace(self, home=str(self.home_folder), store=store, dask_ca=ca, dask_cert=cert, dask_key=key)

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
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the dashboard."""
        return self.host in {"127.0.0.1", "localhost", "::1"}

    @property
    def home_folder(self) -> Path:
        """The data folder as an absolute path."""
        return Path(self.home).absolute()

    @property
    def allowed_hosts(self) -> frozenset[str]:
        """The host names that a request may carry, in lower case, without port."""
        named = {name.strip().lower() for name in self.hosts.split(",") if name.strip()}
        return frozenset({"127.0.0.1", "localhost", "[::1]", self.host.lower()} | named)

    def shown(self) -> list[tuple[str, str, str]]:
        """Return (environment name, value, help) of each setting, with passwords hidden."""
        return [
            (
                environment_name(f.name),
                _hidden(f.name, getattr(self, f.name), f.metadata["secret"]),
                f.metadata["help"],
            )
            for f in fields(self)
        ]


def environment_name(field_name: str) -> str:
    """Return the environment variable of a setting, such as WEIGHTBASE_PORT."""
    return PREFIX + field_name.upper()


def from_environment(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from environment variables; raises Invalid naming the variable that is wrong."""
    environment = os.environ if environment is None else environment
    values: dict[str, Any] = {}
    for setting in fields(Settings):
        name = environment_name(setting.name)
        text = environment.get(name)
        if text is None:
            continue
        if setting.type is int or setting.type == "int":
            if not re.fullmatch(r"\d{1,12}", text.strip()):
                raise Invalid({name: f"{name} must be a whole number, not {text!r}."})
            values[setting.name] = int(text)
        else:
            values[setting.name] = text.strip()
    return Settings(**values)


def _hidden(name: str, value: Any, secret: bool) -> str:  # noqa: ANN401 - any setting's value
    if name == "store":
        return hide_password(str(value))
    return "***" if secret and value else str(value)


def to_environment(settings: Settings) -> dict[str, str]:
    """Return the environment variables from which `from_environment` reads these very settings."""
    return {environment_name(f.name): str(getattr(settings, f.name)) for f in fields(settings)}
