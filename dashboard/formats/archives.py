"""ZIP archives as untrusted data: checked before a member is read, and never unpacked to disk."""

import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from dashboard.errors import TooLarge, UnreadableFile
from dashboard.files import open_regular
from dashboard.formats.limits import MB, Limits
from dashboard.formats.sink import shown
from dashboard.formats.types import PIECE

STARTS = (b"PK\x03\x04", b"PK\x05\x06")
ENCRYPTED = 1
LISTED = struct.Struct("<28xHHH12x")
"""A member in the list of a ZIP, without what follows: the lengths of its name, of further fields and of its note."""
HEADER_BYTES = 30
DAMAGED = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, NotImplementedError, ValueError)
"""What zipfile raises for bytes that are no sound archive."""


class Archive:
    """An archive of a file; `names` are its members' in order, folders left out. Raises UnreadableFile, TooLarge."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self.limits = limits
        try:
            _refuse_too_many(path, limits.members)
            self.zip = zipfile.ZipFile(path)
        except DAMAGED as error:
            raise _damaged("The ZIP", error) from error
        infos = self.zip.infolist()
        for info in infos:
            _check_member(info)
        _check_all(infos)
        self.members = {info.filename: info for info in infos if not info.is_dir()}
        total, most = sum(info.file_size for info in infos), limits.unfolded(path.stat().st_size)
        if total > most:
            raise TooLarge(
                f"The ZIP unfolds to {total // MB:,} MB; {most // MB:,} MB is the limit for a ZIP of its size. "
                "Send its files in several parts, or raise WEIGHTBASE_MAX_UPLOAD_MB.",
                "file",
            )

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the members, without folders."""
        return tuple(self.members)

    def size(self, name: str) -> int:
        """Return the bytes of a member, unpacked, by what the archive claims."""
        return self.members[name].file_size

    def pieces(self, name: str) -> Iterator[bytes]:
        """Yield a member's bytes; raises UnreadableFile if they are not as many as claimed, or their CRC differs."""
        info, left = self.members[name], self.members[name].file_size
        try:
            with self.zip.open(info) as file:
                while piece := file.read(PIECE):
                    left -= len(piece)
                    yield piece
        except DAMAGED as error:
            raise _damaged(f"The member {shown(name)} of the ZIP", error) from error
        if left:
            raise UnreadableFile(f"The member {shown(name)} of the ZIP does not have the size that the ZIP claims.")

    def read(self, name: str, most: int | None = None) -> bytes:
        """Return a member whole; raises TooLarge above `most` bytes, UnreadableFile if it is damaged."""
        if most is not None and self.size(name) > most:
            raise TooLarge(f"The member {shown(name)} of the ZIP is larger than {most // MB:,} MB.", "file")
        return b"".join(self.pieces(name))

    def text(self, name: str) -> bytes:
        """Return a member that is a text, such as settings, within the limit for texts."""
        return self.read(name, self.limits.text_bytes)


def _refuse_too_many(path: Path, most: int) -> None:
    """Raise TooLarge for a ZIP that lists more members, before zipfile makes an object of each.

    What the ZIP says of their number may be untrue: the entries of its list are counted, as zipfile goes through them.
    """
    with open_regular(path) as file:
        end = zipfile._EndRecData(file)  # type: ignore[attr-defined]  # the very list that ZipFile reads then
        if not end:
            return  # no ZIP at all, as ZipFile says in its own words
        size = end[zipfile._ECD_SIZE]  # type: ignore[attr-defined]
        start = end[zipfile._ECD_LOCATION] - size  # type: ignore[attr-defined]
        if end[zipfile._ECD_SIGNATURE] == zipfile.stringEndArchive64:  # type: ignore[attr-defined]
            start -= zipfile.sizeEndCentDir64 + zipfile.sizeEndCentDir64Locator  # type: ignore[attr-defined]
        place, count = start, 0
        while start <= place < start + size:
            count += 1
            if count > most:
                raise TooLarge(f"The ZIP has more than {most:,} members, which are the most.", "file")
            file.seek(place)
            entry = file.read(LISTED.size)
            if len(entry) < LISTED.size:
                return
            place += LISTED.size + sum(LISTED.unpack(entry))


def refuse_paths(names: Sequence[str]) -> None:
    """Raise UnreadableFile for a member whose name points outside of where the archive would be unpacked."""
    for name in names:
        is_outside = name.startswith("/") or ".." in name.split("/") or re.match("[A-Za-z]:", name)
        if is_outside or "\\" in name or "\0" in name:
            raise UnreadableFile(f"The member {shown(name)} of the ZIP points outside of it: pack the files again.")


def is_left_by_a_system(name: str) -> bool:
    """Return whether macOS or Windows put a member there, and not a person."""
    parts = PurePosixPath(name).parts
    hidden = any(part == "__MACOSX" or part.startswith("._") for part in parts)
    return hidden or (bool(parts) and parts[-1].lower() in {".ds_store", "thumbs.db", "desktop.ini"})


def _check_member(info: zipfile.ZipInfo) -> None:
    name = shown(info.filename)
    if info.flag_bits & ENCRYPTED:
        raise UnreadableFile("The ZIP needs a password: pack it without one.")
    if stat.S_ISLNK(info.external_attr >> 16):
        raise UnreadableFile(f"The member {name} of the ZIP is a link: pack the file itself.")
    if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise UnreadableFile(f"The member {name} of the ZIP is not packed by deflate: pack it again as a plain ZIP.")
    if info.compress_type == zipfile.ZIP_STORED and info.compress_size != info.file_size:
        raise UnreadableFile(f"The member {name} of the ZIP claims a size that it does not have.")


def _check_all(infos: list[zipfile.ZipInfo]) -> None:
    """Refuse two members of one name, and members that share bytes, which is how small archives unfold far."""
    seen: set[str] = set()
    for info in infos:
        if info.filename in seen:
            raise UnreadableFile(f"The ZIP has two members of the name {shown(info.filename)}.")
        seen.add(info.filename)
    end = 0
    for info in sorted(infos, key=lambda one: one.header_offset):
        if info.header_offset < end:
            raise UnreadableFile(f"The member {shown(info.filename)} of the ZIP overlaps with another one.")
        end = info.header_offset + HEADER_BYTES + info.compress_size


def _damaged(what: str, error: Exception) -> UnreadableFile:
    return UnreadableFile(f"{what} is damaged or cut ({str(error)[:100]}): save or download it again.")
