"""The parts of an .xlsx workbook, looked through before any is read: how large they are, and how much they would hold.

A part is XML, of which a reader makes objects many times its size. So the parts are counted as bytes first: their
sizes unpacked, and their tags between the ends of two rows, which bounds what is in memory at once.
"""

import re
from collections.abc import Iterator
from zipfile import ZipFile, ZipInfo

from dashboard.data.formats.output import refuse
from dashboard.errors import TooLarge

WORKBOOK, BINARY = "xl/workbook.xml", "xl/workbook.bin"
SHEETS, STRINGS = "xl/worksheets/", "xl/sharedStrings.xml"
MOST_TAGS = {STRINGS: 4_000_000}
MOST_OTHER_TAGS = 200_000
ROW_END = re.compile(rb"</(?:\w+:)?row\s*>")
PIECE = 2**20
REMEDY = "Open it, save the table as CSV (UTF-8), and upload that."


def check_parts(archive: ZipFile, most: int) -> None:
    """Raise TooLarge if its parts unpack to more than `most` bytes, Invalid for what no workbook has."""
    parts = [entry for entry in archive.infolist() if entry.filename.endswith((".xml", ".rels"))]
    if sum(entry.file_size for entry in parts) > most:
        raise TooLarge(
            f"Unpacked, the workbook is larger than {most // 2**20:,} MB. Send less, or raise the limit.", "file"
        )
    for entry in parts:
        _check_part(archive, entry)


def _check_part(archive: ZipFile, entry: ZipInfo) -> None:
    most = MOST_TAGS.get(entry.filename, MOST_OTHER_TAGS)
    is_sheet = entry.filename.startswith(SHEETS)
    tags = 0
    for piece in _pieces(archive, entry):
        if b"<!" in piece or b"\0" in piece:
            raise refuse(f"The part {entry.filename} of the workbook is written in an unusual way. {REMEDY}")
        rows = ROW_END.split(piece) if is_sheet else [piece]
        counts = [row.count(b"<") for row in rows]
        if max(tags + counts[0], *counts) > most:
            raise refuse(f"The part {entry.filename} of the workbook holds more than can be read. {REMEDY}")
        tags = counts[-1] + (tags if len(counts) == 1 else 0)


def _pieces(archive: ZipFile, entry: ZipInfo) -> Iterator[bytes]:
    """Yield a part's bytes so that no piece ends within a tag's first characters."""
    with archive.open(entry) as file:
        rest = b""
        while piece := file.read(PIECE):
            whole = rest + piece
            cut = whole.rfind(b"<", -16)
            cut = len(whole) if cut < 0 else cut
            yield whole[:cut]
            rest = whole[cut:]
        yield rest
