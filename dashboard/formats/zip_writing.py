"""ZIP files that are the same to the byte each time: members in a given order, not packed, without dates."""

import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO

EARLIEST = (1980, 1, 1, 0, 0, 0)
LARGE = 2**31
"""From here on a member's sizes are written in 64 bits."""
UNIX, READABLE = 3, 0o100644 << 16


def new_zip(path: Path) -> zipfile.ZipFile:
    """Return a ZIP file to be written; raises FileExistsError."""
    return zipfile.ZipFile(path, "x", zipfile.ZIP_STORED, allowZip64=True)


def member(archive: zipfile.ZipFile, name: str, size: int, extra: bytes = b"") -> IO[bytes]:
    """Return a member of `size` bytes, to be written and closed before the next one."""
    info = zipfile.ZipInfo(name, EARLIEST)
    info.create_system, info.external_attr, info.extra, info.file_size = UNIX, READABLE, extra, size
    return archive.open(info, "w", force_zip64=size >= LARGE)


def add_member(archive: zipfile.ZipFile, name: str, size: int, pieces: Iterable[bytes | memoryview]) -> None:
    """Write a member of `size` bytes."""
    with member(archive, name, size) as file:
        for piece in pieces:
            file.write(piece)


def add_text(archive: zipfile.ZipFile, name: str, text: str) -> None:
    """Write a text as a member."""
    content = text.encode()
    add_member(archive, name, len(content), (content,))
