"""The file or folder that is to be read, as readers see it: its first bytes, its members, its size and its name."""

import os
import stat
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from dashboard.errors import TooLarge, UnreadableFile
from dashboard.files import open_regular
from dashboard.formats.archives import STARTS, Archive
from dashboard.formats.limits import MB, Limits
from dashboard.formats.sink import shown
from dashboard.formats.types import PIECE

START_BYTES = 8192


class Source:
    """A file, or a folder of files; `name` is what the person calls it, and is only data.

    Raises TooLarge beyond WEIGHTBASE_MAX_UPLOAD_MB, UnreadableFile for an empty file.
    """

    def __init__(self, path: Path, limits: Limits, name: str = "") -> None:
        self.path, self.limits, self.name = path, limits, name or path.name
        self.is_folder = path.is_dir()
        self.files = _files_of(path, limits) if self.is_folder else {}
        self.size = sum(self.files.values()) if self.is_folder else path.stat().st_size
        if self.size > limits.file_bytes:
            raise TooLarge(
                f"The file has {self.size // MB:,} MB; {limits.file_bytes // MB:,} MB are the most. "
                "Raise WEIGHTBASE_MAX_UPLOAD_MB to import larger ones.",
                "file",
            )
        if not self.size:
            raise UnreadableFile(f"The {'folder' if self.is_folder else 'file'} is empty: save or upload it again.")

    @cached_property
    def start(self) -> bytes:
        """The first bytes, at most 8,192; none for a folder."""
        return b"" if self.is_folder else self.bytes_at(0, START_BYTES)

    @cached_property
    def archive(self) -> Archive | None:
        """The file as a ZIP, checked; None if it is none. Raises UnreadableFile, TooLarge."""
        return Archive(self.path, self.limits) if self.start.startswith(STARTS) else None

    @cached_property
    def members(self) -> tuple[str, ...]:
        """The names within a ZIP or folder, separated by slashes; none for another file."""
        return tuple(self.files) if self.is_folder else self.archive.names if self.archive else ()

    @property
    def stem(self) -> str:
        """The person's name of the file without its folder and its ending: the name of a tensor that has none."""
        return Path(self.name.replace("\\", "/")).stem or "tensor"

    def bytes_at(self, start: int, size: int) -> bytes:
        """Return bytes of the file, fewer at its end."""
        with open_regular(self.path) as file:
            file.seek(start)
            return file.read(size)

    def pieces_at(self, start: int, size: int) -> Iterator[bytes]:
        """Yield `size` bytes of the file from `start` on, in pieces; fewer at its end."""
        with open_regular(self.path) as file:
            file.seek(start)
            while size and (piece := file.read(min(PIECE, size))):
                size -= len(piece)
                yield piece

    def member_size(self, name: str) -> int:
        """Return the bytes of a member of the ZIP or folder, unpacked."""
        return self.files[name] if self.archive is None else self.archive.size(name)

    def member_pieces(self, name: str) -> Iterator[bytes]:
        """Yield the bytes of a member of the ZIP or folder; raises UnreadableFile if they are damaged."""
        if self.archive is not None:
            yield from self.archive.pieces(name)
            return
        with open_regular(self.path / name) as file:
            while piece := file.read(PIECE):
                yield piece

    def member_start(self, name: str) -> bytes:
        """Return the first bytes of a member, at least so many as the largest header has, fewer of a short one."""
        return next(self.member_pieces(name), b"")

    def member(self, name: str, most: int | None = None) -> bytes:
        """Return a member of the ZIP or folder whole; raises TooLarge above `most` bytes, UnreadableFile."""
        if most is not None and self.member_size(name) > most:
            raise TooLarge(f"{shown(name)} is larger than {most // MB:,} MB, which is the most for it.", "file")
        return b"".join(self.member_pieces(name))


def _files_of(folder: Path, limits: Limits) -> dict[str, int]:
    """Return the files of a folder and its folders -> size; raises for links and for too many of them."""
    sizes: dict[str, int] = {}
    for base, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted([*folders, *files]):
            path = Path(base) / name
            status = path.lstat()
            inner = path.relative_to(folder).as_posix()
            if stat.S_ISREG(status.st_mode):
                sizes[inner] = status.st_size
            elif not stat.S_ISDIR(status.st_mode):
                raise UnreadableFile(f"{shown(inner)} in the folder is no file but a link or a device: leave it out.")
        if len(sizes) > limits.members:
            raise TooLarge(f"The folder has more than {limits.members:,} files, which are the most.", "file")
    return sizes
