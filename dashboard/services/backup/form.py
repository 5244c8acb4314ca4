"""What a backup consists of: members named by their SHA-256, a list of all of them, and a head that says which list.

A head is a small JSON file that carries its own SHA-256; it names the list, a member itself. The list names every other
member: the catalogue as one SQLite file, files of the home, and the bytes of each tensor, which several versions may
share. Nothing in them is believed when they are read: a backup may come from anywhere.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from dashboard import __version__
from dashboard.catalogue.set_up import HEAD_REVISION
from dashboard.errors import NewerForm, StoreUnavailable
from dashboard.records.tensor import TensorKey
from dashboard.weights.manifests import SHA256, keys_in

FORM = 1
"""The form of heads and lists; whoever changes what they mean raises it."""
HOME_FILE = re.compile(r"(datasets|checkpoints)(/[A-Za-z0-9_-][A-Za-z0-9._-]{0,200}){1,3}")


class Member(NamedTuple):
    """A part of a backup: what is named by its SHA-256, and how many bytes it has."""

    sha256: str
    bytes: int


class HomeFile(NamedTuple):
    """A file of the home: its path there, and its content."""

    path: str
    member: Member


class Entry(NamedTuple):
    """A version: its network's slug and name, its number, its tensors, and what is stored next to its tables."""

    slug: str
    network: str
    number: int
    keys: tuple[TensorKey, ...]
    members: tuple[Member, ...]
    about: Mapping[str, Any]

    @property
    def reference(self) -> str:
        """The version as people write it."""
        return f"{self.network}:{self.number}"


@dataclass
class Contents:
    """The list of a backup; `marks` are what no other catalogue has."""

    catalogue: Member = field(default_factory=lambda: Member("", 0))
    files: list[HomeFile] = field(default_factory=list)
    versions: list[Entry] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)

    def members(self) -> list[Member]:
        """Return every member once."""
        return list(dict.fromkeys(self._each()))

    def _each(self) -> Iterator[Member]:
        yield self.catalogue
        yield from (file.member for file in self.files)
        for version in self.versions:
            yield from version.members

    def to_bytes(self) -> bytes:
        """Return the list as JSON."""
        data = {
            "catalogue": self.catalogue._asdict(),
            "files": [{"path": file.path} | file.member._asdict() for file in self.files],
            "versions": [_entry_json(version) for version in self.versions],
            "marks": self.marks,
        }
        return json.dumps(data).encode()


@dataclass(frozen=True)
class Head:
    """What a backup says of itself. `left_out` and `damaged` name what is not in it, each with the reason.

    `home` is the id of the home, empty where that had none, or an earlier release made the backup.
    """

    made: str
    list: Member
    versions: int
    tensors: int
    datasets: int
    checkpoints: int
    size: int
    left_out: tuple[tuple[str, str], ...] = ()
    damaged: tuple[tuple[str, str], ...] = ()
    form: int = FORM
    release: str = __version__
    revision: str = HEAD_REVISION
    home: str = ""

    def to_bytes(self) -> bytes:
        """Return the head as JSON, with its SHA-256."""
        body = asdict(self) | {"list": self.list._asdict()}
        return json.dumps({"weightbase_backup": body, "sha256": _digest(body)}, indent=1).encode()


def _digest(body: Any) -> str:  # noqa: ANN401 - any JSON
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def _entry_json(version: Entry) -> dict[str, Any]:
    tensors = [
        {"name": key.tensor, "dtype": key.dtype, "shape": key.shape, "sha256": key.sha256, "bytes": member.bytes}
        for key, member in zip(version.keys, version.members, strict=True)
    ]
    names = {"slug": version.slug, "network": version.network, "number": version.number}
    return names | {"tensors": tensors, "about": dict(version.about)}


def parse_head(content: bytes, name: str) -> Head:
    """Return a head; raises NewerForm for a later release's, StoreUnavailable for what is not whole."""
    try:
        data = json.loads(content)
        body, sha256 = data["weightbase_backup"], data["sha256"]
        if type(body["form"]) is int and body["form"] > FORM:
            raise NewerForm("backup", body["form"], FORM)
        if _digest(body) != sha256:
            raise ValueError("its SHA-256 is another")
        if str(body["revision"]) > HEAD_REVISION:
            raise NewerForm("catalogue", int(body["revision"]), int(HEAD_REVISION))
        pairs = {part: tuple((str(one), str(why)) for one, why in body[part]) for part in ("left_out", "damaged")}
        known = {name: body[name] for name in Head.__dataclass_fields__ if name != "home"} | pairs
        return Head(**known | {"list": _member(body["list"]), "home": str(body.get("home", ""))})
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise StoreUnavailable(f"{name} is not the head of a whole backup: {_words(error)}.") from error


def parse_contents(content: bytes | bytearray, name: str) -> Contents:
    """Return a list; raises StoreUnavailable for one that is not ours."""
    try:
        data = json.loads(content)
        files = [HomeFile(_path(one["path"]), _member(one)) for one in data["files"]]
        versions = [_entry(one) for one in data["versions"]]
        return Contents(_member(data["catalogue"]), files, versions, [str(mark) for mark in data["marks"]])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise StoreUnavailable(f"The list of {name} is not what Weightbase writes: {_words(error)}.") from error


def _words(error: Exception) -> str:
    return f"it has no {error}" if isinstance(error, KeyError) else str(error)


def _member(data: Mapping[str, Any]) -> Member:
    sha256, size = data["sha256"], data["bytes"]
    if not isinstance(sha256, str) or not SHA256.fullmatch(sha256) or type(size) is not int or size < 0:
        raise ValueError(f"{str(sha256)[:70]!r} names no member")
    return Member(sha256, size)


def _path(path: Any) -> str:  # noqa: ANN401 - anything may be there
    if not isinstance(path, str) or not HOME_FILE.fullmatch(path):
        raise ValueError(f"{str(path)[:100]!r} is no file of a home")
    return path


def _entry(data: Mapping[str, Any]) -> Entry:
    slug, network, number, about = (data[name] for name in ("slug", "network", "number", "about"))
    if not (isinstance(slug, str) and isinstance(network, str) and type(number) is int and isinstance(about, dict)):
        raise ValueError("a version is not described as one")
    members = tuple(_member(tensor) for tensor in data["tensors"])
    return Entry(slug, network, number, tuple(keys_in((slug, number), data)), members, about)
