"""Files that are written whole or not at all, whoever reads at the same moment and wherever the process dies."""

import contextlib
import errno
import os
import shutil
import stat
import threading
import uuid
from collections.abc import Callable, Iterable
from io import BufferedReader
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, BinaryIO

IN_MEMORY = 8 * 2**20
"""Up to this size a spooled file is in memory."""

ONE_HEADER = threading.Lock()
"""Held around each call of NumPy that loads: it parses a header as Python, which fails now and then in several threads
at once on Python 3.11 (SystemError: AST constructor recursion depth mismatch)."""

UNFINISHED = "tmp-"
"""How the names of files begin that are still being written, or that a killed process left behind."""
RESERVE = "reserve"
RESERVE_BYTES = 4 * 2**20
SHARE_OF_FREE = 4
"""The reserve is made where the free space is so many times larger."""


def atomic_write(path: Path, content: bytes | Callable[[BinaryIO], object], durable: bool = False) -> None:
    """Write `content`, or what it writes to the file it is called with, to `path` under a name of its own, then rename.

    Makes the folder if it is missing. With `durable` the content is safe from a power cut once this returns. When it
    raises (OSError, or what `content` raises), whatever was at `path` before is still there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{UNFINISHED}{uuid.uuid4().hex}")
    try:
        with unfinished.open("xb") as file:
            if callable(content):
                content(file)
            else:
                file.write(content)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def open_regular(path: Path) -> BufferedReader:
    """Open a file to read its bytes; FileNotFoundError if something else is there, as a pipe that nobody writes to."""
    return open(path, "rb", opener=_regular)


def _regular(name: str, flags: int) -> int:
    descriptor = os.open(name, flags | os.O_NONBLOCK)  # else a pipe lets us wait for who writes to it
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileNotFoundError(errno.ENOENT, "There is something else than a file", name)
    return descriptor


def overwrite(path: Path, content: bytes, size: int) -> None:
    """Write `content`, filled up with spaces to `size` bytes, over what is at `path`: this works on a full disk, too.

    The file is made, with all its space, if it is missing. Readers may see a mixture for a moment. Raises OSError.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o666)
    try:
        if os.fstat(descriptor).st_size != size:
            os.truncate(descriptor, 0)
            os.posix_fallocate(descriptor, 0, size)
        os.pwrite(descriptor, content[:size].ljust(size), 0)
    finally:
        os.close(descriptor)


def spooled(pieces: Iterable[bytes]) -> IO[bytes]:
    """Return all pieces as one file at its beginning: in memory, or a temporary one without a name if it is large.

    The caller closes it, which also removes it. Raises OSError, or what `pieces` raises; nothing is left then.
    """
    file = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - the caller closes it
    try:
        for piece in pieces:
            file.write(piece)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file


def is_frozen(folder: Path, files: Iterable[str] = ()) -> bool:
    """Return whether a folder is there, but this process may not write in it, or to one of the files."""
    if not folder.is_dir():
        return False
    there = [folder / name for name in files if (folder / name).exists()]
    return not (os.access(folder, os.W_OK | os.X_OK) and all(os.access(path, os.W_OK) for path in there))


def keep_reserve(folder: Path) -> None:
    """Keep a file that only takes up space, for the day on which the disk is full; not where space is short already."""
    path = folder / RESERVE
    if path.exists() and path.stat().st_size == RESERVE_BYTES:
        return
    if shutil.disk_usage(folder).free > SHARE_OF_FREE * RESERVE_BYTES:
        with contextlib.suppress(OSError):  # a disk that cannot promise space has no reserve, and works without one
            overwrite(path, b"", RESERVE_BYTES)


def make_space(folder: Path) -> None:
    """Give up the reserve if the disk is full, for what has to be written in order to delete, or to start."""
    if folder.is_dir() and shutil.disk_usage(folder).free < RESERVE_BYTES // 2:
        with contextlib.suppress(OSError):  # there is none, or the disk can only be read
            (folder / RESERVE).unlink()
