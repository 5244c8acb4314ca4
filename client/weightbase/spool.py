"""What is to be sent waits in a folder: entries that are written under another name, so that none is half there."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import os
import shutil
import time
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from weightbase.tensors import Tensor, raw, sha256

FORM = 1
FOLDER = ".weightbase"
MANIFEST = "manifest.json"
REFUSED = "refused"
PART = ".part"


class Message(NamedTuple):
    """What a server is to be sent: a version, or the start, epochs or end of a run that is known by its key."""

    what: str
    network: str
    body: dict[str, Any]
    run: dict[str, Any] | None = None
    has_own_key: bool = True
    """Whether the key of a version is ours, made from what it is, and not one that a person gave."""


class Entry(NamedTuple):
    """A message in the spool, with the folder of the contents that belong to it, each named by its SHA-256."""

    folder: Path
    message: Message
    url: str


class Spool:
    """The folder in which what one process logs waits; entries are in the order of their names."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url = folder, url
        self._session = uuid.uuid4().hex[:8]
        self._counter = itertools.count(1)
        self._before: dict[str, Path] = {}

    def put(self, message: Message, tensors: Iterable[Tensor] = ()) -> Entry:
        """Keep a message with its contents and return its entry; a version without a key gets one. Raises OSError."""
        _make(self.folder)
        name = f"{time.time_ns():020d}-{self._session}-{next(self._counter):06d}"
        part = self.folder / f"{name}{PART}"
        part.mkdir()
        if message.what == "version":
            listed = self._write_contents(part, self.folder / name, tensors)
            message = message._replace(body=with_tensors(message, listed))
        _write(part / MANIFEST, {"form": FORM, "url": self.url, **message._asdict()})
        part.rename(self.folder / name)
        return Entry(self.folder / name, message, self.url)

    def _write_contents(self, part: Path, folder: Path, tensors: Iterable[Tensor]) -> list[dict[str, Any]]:
        """Write the bytes of each tensor once and return the list for the manifest."""
        written: dict[str, Path] = {}
        listed = []
        for one in tensors:
            digest = sha256(one.bits)
            if digest not in written:
                _write_content(part / digest, one, self._before.get(digest))
                written[digest] = folder / digest
            axis = {} if one.units_axis is None else {"units_axis": one.units_axis}
            listed.append({"name": one.name, "dtype": one.dtype, "shape": list(one.shape), "sha256": digest, **axis})
        self._before = written
        return listed


def with_tensors(message: Message, listed: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the body of a version with its tensors, and with a key that follows from run, epoch and contents."""
    body = {**message.body, "tensors": listed}
    if not body.get("key"):
        what = [(message.run or {}).get("key"), body.get("epoch"), listed]
        body["key"] = sha256_of(json.dumps(what, sort_keys=True))
    return body


def sha256_of(text: str) -> str:
    """Return the SHA-256 of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def entries(folder: Path) -> list[Path]:
    """Return the folders of the entries of a spool, the oldest first."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if (path / MANIFEST).is_file() and path.suffix != PART)


def read_entry(folder: Path) -> Entry:
    """Return an entry; raises OSError if it was removed meanwhile, ValueError for what is none."""
    stored = json.loads((folder / MANIFEST).read_text())
    if not isinstance(stored, dict) or stored.get("form") != FORM:
        raise ValueError(f"{folder} was written by another release of weightbase-client.")
    message = Message(stored["what"], stored["network"], stored["body"], stored["run"], stored["has_own_key"])
    return Entry(folder, message, stored["url"])


def remove(entry: Entry) -> None:
    """Remove an entry that was sent; another process may have done so."""
    shutil.rmtree(entry.folder, ignore_errors=True)


def set_aside(entry: Entry, reason: str) -> Path:
    """Move an entry that the server refuses out of the way, with the reason, and return where it is. Raises OSError."""
    folder = entry.folder.parent / REFUSED
    folder.mkdir(exist_ok=True)
    (entry.folder / "reason.txt").write_text(reason + "\n")
    target = folder / entry.folder.name
    entry.folder.rename(target)
    return target


def _make(folder: Path) -> None:
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".gitignore").write_text("*\n")  # weights are not for the repository of the script


def _write_content(path: Path, tensor: Tensor, same: Path | None) -> None:
    """Write the bytes of a tensor, or link those of the entry before if they are still there and the disk can."""
    if same is not None:
        with contextlib.suppress(OSError):
            os.link(same, path)
            return
    with path.open("wb") as file:
        file.write(raw(tensor.bits))


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, allow_nan=False))
