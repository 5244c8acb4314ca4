"""The kinds of stores, each declared once: how its addresses begin, where its catalogue is, which folder it fills.

A further kind needs an entry in STORE_KINDS, and what opens it in `weights.opening` (in `catalogue.engines`, too, if it
holds the catalogue).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

from dashboard.records.mysql_address import START, parse_address, split_address

LONGEST_ADDRESS = 1000
WITH_PASSWORD = re.compile(r"(.*?://[^:@/]*):(.*)@([^@]*)", re.DOTALL)
"""An address with a password, as most kinds write it."""


def _split_any(address: str) -> tuple[str, str]:
    """Split an address that hides its password as most do, or that of a kind that is not known."""
    match = WITH_PASSWORD.fullmatch(address)
    return (f"{match[1]}@{match[3]}", unquote(match[2])) if match else (address, "")


@dataclass(frozen=True)
class StoreKind:
    """One kind of store.

    Its addresses begin with `start` and look like `example`. `holds_catalogue` says that the catalogue is in the
    store's own database; else it is in the home. `folder` returns the folder that an address means, given the home;
    None for a server's. `identity` returns what is equal for addresses of one store. `split` returns an address without
    its password, and the password.
    """

    scheme: str
    start: str
    example: str
    holds_catalogue: bool
    folder: Callable[[str, Path], Path | None]
    identity: Callable[[str, Path], str]
    split: Callable[[str], tuple[str, str]] = _split_any


def _csv_folder(address: str, home: Path) -> Path:
    folder = address.removeprefix("csv:")
    return Path(folder).expanduser().absolute() if folder else home / "weights"


def _csv_identity(address: str, home: Path) -> str:
    return str(_csv_folder(address, home).resolve())


def _no_folder(_: str, __: Path) -> None:
    return None


def _mysql_identity(address: str, _: Path) -> str:
    """Return where the server is reached, and the database; raises StoreUnavailable if it is no address."""
    return parse_address(address).identity


def _no_password(address: str) -> tuple[str, str]:
    return address, ""


def _mysql_split(address: str) -> tuple[str, str]:
    parts = split_address(address)
    if parts is None:
        return (START if _may_hide_one(address) else address), ""
    return parts.bare, parts.password


def _may_hide_one(address: str) -> bool:
    return ":" in address.removeprefix(START) or "pass" in address.lower()


STORE_KINDS = (
    StoreKind("csv", "csv:", "csv:FOLDER", False, _csv_folder, _csv_identity, _no_password),
    StoreKind("mysql", START, "mysql://user@host:3306/database", True, _no_folder, _mysql_identity, _mysql_split),
)
EXAMPLES = " or ".join(kind.example for kind in STORE_KINDS)
EXAMPLES_WITH_PASSWORD = EXAMPLES.replace("//user@", "//user:password@")


def find_kind(address: str) -> StoreKind | None:
    """Return the kind of store that an address means, None if there is none such."""
    return next((kind for kind in STORE_KINDS if address.startswith(kind.start)), None)


def starts() -> str:
    """Say how the address of a store can begin."""
    return " or ".join(kind.start for kind in STORE_KINDS)


def split_password(address: str) -> tuple[str, str]:
    """Return a store's address without its password, and the password (empty if there is none).

    Of an address that cannot be read nothing is left that may be a password.
    """
    address = address.strip()
    kind = find_kind(address)
    return (kind.split if kind else _split_any)(address)


def hide_password(address: str) -> str:
    """Return an address with stars for its password."""
    bare, password = split_password(address)
    if bare == START != address.strip():
        return f"{START}***"
    return _put_in(bare, "***") if password else bare


def with_password(address: str, password: str) -> str:
    """Return the address with a password put in; `address` has none."""
    return _put_in(address, quote(password, safe="")) if password else address


def _put_in(bare: str, text: str) -> str:
    parts = split_address(bare)
    if parts is not None:
        return parts.with_text(f":{text}")
    user, at, rest = bare.rpartition("@")
    return f"{user}:{text}@{rest}" if at else bare


def public_address(address: str) -> str:
    """Return an address as it may be shown: without a password, and without options if its kind is not known."""
    bare = split_password(address)[0]
    return bare if find_kind(bare) else bare.partition("?")[0]
