"""Contents: bytes of tensors that were sent and are in no version yet, each in a file named by its SHA-256.

They are in ``<home>/contents/<sender>/``: ``<sha256>`` has arrived whole and is what its name says, ``<sha256>.part``
has begun. Only their sender can use them. They are removed once a version has them, or after a day.
"""

import errno
import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

from dashboard.errors import Conflict, Invalid, OutOfSpace, StoreUnavailable, TooLarge
from dashboard.outages import FULL, system_words
from dashboard.services.workspace import UPLOAD_SECONDS, Workspace
from dashboard.weights import save_lock
from dashboard.weights.files import sync
from dashboard.weights.manifests import SHA256

PIECE = 2**20
MOST_UPLOADS = 4
"""What one sender has sent and not saved yet is at most so many times the largest upload."""
RESERVE_BYTES = 16 * 2**20
"""So much stays free on the disk, for what has to be written in order to save."""
PART, LOCK, MANIFEST = ".part", ".lock", ".manifest"
CONTENTS = "contents"


class Arrived(NamedTuple):
    """How many bytes of a content are here, and whether they are all of it."""

    bytes: int
    is_whole: bool


class Body(NamedTuple):
    """What a request brings of a content: its bytes from `offset` on, and whether it brings all that is left.

    `length` is how many bytes it says that it has; None if it does not say.
    """

    stream: BinaryIO
    offset: int = 0
    length: int | None = None
    is_last: bool = True


def sender_folder(workspace: Workspace, sender: str) -> Path:
    """Return the folder of what a sender has sent; `sender` is the user name of the request, or empty."""
    return workspace.settings.home_folder / CONTENTS / hashlib.sha256(sender.encode()).hexdigest()[:16]


def arrived(workspace: Workspace, sender: str, sha256: str) -> Arrived:
    """Return how much of a content has arrived from this sender; raises Invalid for what is no SHA-256."""
    path = content_path(workspace, sender, sha256)
    whole = _size(path)
    return Arrived(_size(path.with_suffix(PART)) or 0, False) if whole is None else Arrived(whole, True)


def content_path(workspace: Workspace, sender: str, sha256: str) -> Path:
    """Return where a content is once it has arrived; raises Invalid for what is no SHA-256."""
    if not SHA256.fullmatch(sha256):
        raise Invalid({"sha256": "Give the SHA-256 of the bytes: 64 hexadecimal digits, lower case."})
    return sender_folder(workspace, sender) / sha256


def most_bytes(workspace: Workspace) -> int:
    """Return how many bytes a sender may have sent that are in no version yet."""
    return MOST_UPLOADS * workspace.settings.max_upload_mb * 2**20


def receive_content(workspace: Workspace, sender: str, sha256: str, body: Body) -> Arrived:
    """Store what a request brings of a content; whole and safe from a power cut once `is_whole` is returned.

    A body that ends early is stored as far as it came. Raises Conflict if it does not go on from what is here, Invalid
    if the whole is not what its SHA-256 says (nothing of it stays then), TooLarge, OutOfSpace with the remedy, or
    Forbidden where nothing can be written.
    """
    workspace.catalogue.require_writable()
    path = content_path(workspace, sender, sha256)
    drop_old(path.parent, time.time() - UPLOAD_SECONDS)
    with _stored(), _alone(path):
        if (whole := _size(path)) is not None:
            return Arrived(whole, True)
        part = path.with_suffix(PART)
        _require_next(part, body.offset)
        limit = _limit(workspace, path, body.length)
        try:
            digest, size, is_cut = _append(part, body, limit)
        except (OSError, TooLarge):
            part.unlink(missing_ok=True)  # it takes the space that somebody else needs
            raise
        if is_cut or not body.is_last:
            return Arrived(size, False)
        if digest != sha256:
            part.unlink()
            message = (
                f"The {size:,} bytes that came have the SHA-256 {digest}. Nothing of them was stored: send it again."
            )
            raise Invalid({"sha256": message})
        sync(part)
        part.replace(path)
        sync(path.parent)
        return Arrived(size, True)


def _append(part: Path, body: Body, limit: int) -> tuple[str, int, bool]:
    """Write a body behind what is there; return the SHA-256 of all, its size, and whether the body ended early."""
    hashed = hashlib.sha256()
    with open(part, "a+b" if body.offset else "w+b") as file:
        file.seek(0)
        while piece := file.read(PIECE):
            hashed.update(piece)
        size = body.offset
        while piece := body.stream.read(PIECE):
            size += len(piece)
            if size - body.offset > limit:
                raise TooLarge(_quota_words(limit))
            file.write(piece)
            hashed.update(piece)
    return hashed.hexdigest(), size, body.length is not None and size - body.offset < body.length


def _require_next(part: Path, offset: int) -> None:
    """Raise Conflict unless a body that begins at `offset` goes on from what is here; 0 begins again."""
    size = _size(part) or 0
    if offset not in {0, size}:
        message = f"{size:,} bytes of this content are here. Go on with Upload-Offset: {size}, or begin again with 0."
        raise Conflict(message, "Upload-Offset")


def _limit(workspace: Workspace, path: Path, length: int | None) -> int:
    """Return how many bytes more may come; raises TooLarge or OutOfSpace for what is known to be too much."""
    most = most_bytes(workspace)
    left = max(most - sum(file.stat().st_size for file in path.parent.iterdir()), 0)
    if length is not None and length > left:
        raise TooLarge(_quota_words(most))
    free = shutil.disk_usage(path.parent).free - RESERVE_BYTES
    if (length or 0) > free:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    return left


def _quota_words(most: int) -> str:
    return (
        f"What was sent and is in no version yet would take more than {most / 2**20:,.0f} MB. Post the manifest of "
        "what is here, wait until it is removed after a day, or set WEIGHTBASE_MAX_UPLOAD_MB higher."
    )


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold the lock of a content; raises Conflict if another request is storing it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = save_lock.take_soon(path.with_suffix(LOCK))
    if lock is None:
        raise Conflict("Another request is sending this content. Look how far it is (HEAD), and go on from there.")
    try:
        yield
    finally:
        lock.release(settled=True)


@contextmanager
def _stored() -> Iterator[None]:
    """Turn what the system refuses into OutOfSpace or StoreUnavailable, with the remedy."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise OutOfSpace(f"The content cannot be stored. {system_words(error)}") from error
        raise StoreUnavailable(f"The content cannot be stored. {system_words(error)}") from error


def drop_old(folder: Path, before: float) -> None:
    """Remove what has not been changed since `before` from a sender's folder, but for what a push waits for."""
    if not folder.is_dir():
        return
    old = [path for path in folder.iterdir() if path.suffix != MANIFEST and _changed(path) < before]
    needed = _needed(folder) if old else ""
    for path in old:
        if path.name not in needed:
            path.unlink(missing_ok=True)


def _needed(folder: Path) -> str:
    """Return the text of all manifests of a folder: they name the contents that a push waits for."""
    return "".join(path.read_text() for path in folder.glob(f"*{MANIFEST}"))


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None
