"""A ZIP: a workbook, one file in it, a pair of IDX files, or pictures in folders that are named after their classes."""

import gzip
import lzma
import zlib
from contextlib import ExitStack
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO, cast
from zipfile import BadZipFile, ZipFile, ZipInfo

from dashboard.data.formats import idx
from dashboard.data.formats.output import Output, refuse
from dashboard.data.formats.workbook_parts import BINARY, WORKBOOK
from dashboard.errors import Invalid

MOST_ENTRIES = 200_000
PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".pgm", ".ppm")
PIECE = 2**20
ENCRYPTED = 1
OFFICE = {
    BINARY: "a binary Excel workbook (.xlsb)",
    "word/document.xml": "a Word document",
    "mimetype": "an office file",
}


def recognises(start: bytes) -> bool:
    """Return whether a file is one, by its first bytes."""
    return start.startswith((b"PK\x03\x04", b"PK\x05\x06"))


def convert(path: Path, output: Output) -> None:
    """Write what is in the ZIP as one file or one CSV; raises Invalid for what is damaged, locked or ambiguous."""
    try:
        with ZipFile(path) as archive:
            names = set(archive.namelist())
            if WORKBOOK in names:
                from dashboard.data.formats.workbooks import convert_workbook  # noqa: PLC0415 - few need openpyxl

                convert_workbook(path, archive, output)
            else:
                _convert(archive, names, output)
    except (BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, gzip.BadGzipFile) as error:
        raise _damaged(error) from error
    except OSError as error:
        if error.errno is not None:  # the system's own; bz2 raises one without a number for damaged data
            raise
        raise _damaged(error) from error


def _damaged(error: Exception) -> Invalid:
    return refuse(f"The ZIP is damaged, or packed in an unusual way ({error}): pack it again.")


def _convert(archive: ZipFile, names: set[str], output: Output) -> None:
    if len(archive.infolist()) > MOST_ENTRIES:
        raise refuse(f"The ZIP holds {len(archive.infolist()):,} files; {MOST_ENTRIES:,} are the most.")
    for name, what in OFFICE.items():
        if name in names:
            raise refuse(
                f"This is not a table as text but {what}. Save the table as .xlsx or CSV (UTF-8), and upload that."
            )
    entries = [entry for entry in archive.infolist() if _counts(entry)]
    if any(entry.flag_bits & ENCRYPTED for entry in entries):
        raise refuse("The ZIP needs a password: pack it without one.")
    if entries and all(entry.filename.lower().endswith(PICTURES) for entry in entries):
        from dashboard.data.formats.pictures import convert_folders  # noqa: PLC0415 - few processes need Pillow

        convert_folders(archive, entries, output)
    elif len(entries) == 1:
        _extract(archive, entries[0], output)
    elif len(entries) == 2 and all(_is_idx(archive, entry) for entry in entries):
        with ExitStack() as stack:
            files = [cast(BinaryIO, stack.enter_context(_unpacked(archive, entry))) for entry in entries]
            idx.convert_pair(files[0], files[1], output)
    else:
        raise refuse(_what_it_holds(entries))


def _counts(entry: ZipInfo) -> bool:
    """Return whether an entry is a file that a person put there, not one of the system's."""
    parts = PurePosixPath(entry.filename).parts
    hidden = any(part == "__MACOSX" or part.startswith(".") for part in parts)
    return not (entry.is_dir() or hidden or parts[-1].lower() in {"thumbs.db", "desktop.ini"})


def _extract(archive: ZipFile, entry: ZipInfo, output: Output) -> None:
    with archive.open(entry) as file:
        while piece := file.read(PIECE):
            output.write(piece)


def _is_idx(archive: ZipFile, entry: ZipInfo) -> bool:
    with _unpacked(archive, entry) as file:
        return idx.recognises(file.read(8))


def _unpacked(archive: ZipFile, entry: ZipInfo) -> IO[bytes]:
    file = archive.open(entry)
    return cast(IO[bytes], gzip.open(file)) if entry.filename.lower().endswith(".gz") else file


def _what_it_holds(entries: list[ZipInfo]) -> str:
    if not entries:
        return "The ZIP holds no file. Put one table into it."
    names = ", ".join(entry.filename for entry in entries[:3]) + (", …" if len(entries) > 3 else "")
    return (
        f"The ZIP holds {len(entries):,} files ({names}). Put one table into it, or pictures in folders named after "
        "their classes, or MNIST's two IDX files."
    )
