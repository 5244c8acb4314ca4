"""Sending what waits in a spool: exactly once, thanks to the keys, however often it is repeated."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from weightbase.connection import Connection, Transport
from weightbase.errors import Refused, Unreachable, WeightbaseError
from weightbase.pushing import Pusher, is_there_already
from weightbase.spool import FOLDER, MANIFEST, REFUSED, Entry, entries, read_entry, remove


class Synced(NamedTuple):
    """How many entries were sent, and why which ones were refused or could not be read."""

    sent: int
    refused: tuple[str, ...]


def sync(folder: str | Path = FOLDER, url: str = "", token: str = "") -> Synced:
    """Send what waits in a spool, to where it was to be sent or to `url`; raises Unreachable, after which all is kept.

    What the server has refused before is tried again; what it still refuses stays, with the reason.
    """
    return send_all(Path(folder), lambda entry: Connection(url or entry.url, token))


def send_all(folder: Path, connect: Callable[[Entry], Transport]) -> Synced:
    """Send every entry of a spool in order; entries of one address share a connection."""
    pushers: dict[str, Pusher] = {}
    sent, refused = 0, []
    for path in [*entries(folder), *entries(folder / REFUSED)]:
        try:
            entry = read_entry(path)
            if entry.url not in pushers:
                pushers[entry.url] = Pusher(connect(entry))
            _send(pushers[entry.url], entry)
            sent += 1
        except Unreachable:
            raise
        except FileNotFoundError:
            if (path / MANIFEST).exists():  # else another process has sent it meanwhile
                raise
        except (WeightbaseError, ValueError, KeyError, TypeError) as error:
            refused.append(f"{path}: {error}")
    with contextlib.suppress(OSError):  # an empty folder is none
        (folder / REFUSED).rmdir()
    return Synced(sent, tuple(refused))


def _send(pusher: Pusher, entry: Entry) -> None:
    """Send and remove an entry, also one that the server has already."""
    try:
        pusher.send(entry)
    except Refused as refused:
        if not is_there_already(entry, refused):
            raise
    remove(entry)
