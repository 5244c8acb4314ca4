"""Lines from the whole of a file: all of its beginning, and some from places spread over the rest."""

import codecs
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from dashboard.errors import Invalid

HEAD_CHARACTERS = 1_000_000
HEAD_LINES = 1_000
LONGEST_LINE = 4 << 20
"""In characters; a row has to fit into a block of `blocks`, too."""
PLACES = 16
PLACE_BYTES = 1 << 16
PLACE_LINES = 40
MOST_WITHIN = 50
"""Longer texts in quotes are rare: there rather one quote is lost."""
LINE_ENDS = re.compile("\r\n|\n|\r")
PIECE = 1 << 20
BYTE_ORDER_MARKS = (
    *(codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF8),
    *(codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE),
)
"""Those of UTF-32 first, as they begin with one of UTF-16."""


class Sample(NamedTuple):
    """Lines of a file without their ends: `head` are the first ones, `body` come from behind them."""

    head: list[str]
    body: list[str]

    @property
    def lines(self) -> list[str]:
        """All lines of the sample."""
        return self.head + self.body


def pieces(path: Path) -> Iterator[bytes]:
    """Yield a file's bytes, a megabyte at a time."""
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            yield piece


def first_lines(path: Path, encoding: str, count: int = 20, longest: int = 200) -> list[str]:
    """Return the beginnings of a file's first lines as they are."""
    with path.open(encoding=encoding, newline="", errors="replace") as file:
        lines = [file.readline(LONGEST_LINE) for _ in range(count)]
    return [line.rstrip("\r\n")[:longest] for line in lines if line]


def last_lines(path: Path, encoding: str) -> list[str]:
    """Return a file's last lines, with blank ones among them, without their ends."""
    codec, size = codec_within(path, encoding), path.stat().st_size
    start = max(size - PLACE_BYTES, 0) // 4 * 4
    with path.open("rb") as file:
        file.seek(start)
        lines = LINE_ENDS.split(file.read().decode(codec, "replace"))
    return lines[1 if start else 0 : None if lines[-1] else -1]


def whole_lines(path: Path, end: bytes) -> Iterator[bytes]:
    """Yield a file's bytes in blocks that end where lines end; a longer line than LONGEST_LINE may be cut."""
    rest = b""
    for piece in pieces(path):
        block = rest + piece
        cut = block.rfind(end) + len(end)
        if cut < len(end) and len(block) < LONGEST_LINE:
            rest = block
            continue
        cut = max(cut, 0) if cut >= len(end) else len(block)
        yield block[:cut]
        rest = block[cut:]
    if rest:
        yield rest


def sample(path: Path, encoding: str) -> Sample:
    """Return lines from the whole of a file; raises Invalid if there is nothing but blanks, or no end of a line."""
    head, is_all = _head(path, encoding)
    if not any(line.strip() for line in head):
        raise Invalid({"file": "The file is empty: choose a CSV file with a header and rows."})
    return Sample(head, []) if is_all else Sample(_whole(head), _body(path, encoding))


def _whole(lines: list[str]) -> list[str]:
    """Return lines without the last ones that begin within a quoted cell which was cut, if there are few of these."""
    start, is_within = 0, False
    for place, line in enumerate(lines):
        if line.count('"') % 2:
            start, is_within = place, not is_within
    return lines[:start] if is_within and 0 < len(lines) - start <= MOST_WITHIN else lines


def _head(path: Path, encoding: str) -> tuple[list[str], bool]:
    """Return the first lines, at least three if there are, and whether these are all."""
    head: list[str] = []
    length = blank = 0
    with path.open(encoding=encoding, newline="", errors="replace") as file:
        while line := file.readline(LONGEST_LINE):
            if len(line) >= LONGEST_LINE:
                message = f"Line {len(head) + 1:,} is longer than {LONGEST_LINE:,} characters"
                raise Invalid({"file": f"{message}: this is not a CSV file of rows."})
            head.append(line.rstrip("\r\n"))
            length += len(line)
            blank += not line.strip()
            if len(head) - blank >= 3 and (len(head) >= HEAD_LINES or length >= HEAD_CHARACTERS):
                return head, not file.read(1)
    return head, True


def _body(path: Path, encoding: str) -> list[str]:
    """Return whole lines from places spread evenly over a file."""
    size = path.stat().st_size
    codec = codec_within(path, encoding)
    lines = []
    with path.open("rb") as file:
        for place in range(1, PLACES + 1):
            file.seek(size * place // (PLACES + 1) // 4 * 4)
            text = file.read(PLACE_BYTES).decode(codec, "replace")
            lines += LINE_ENDS.split(text)[1:-1][:PLACE_LINES]
    return lines


def codec_within(path: Path, encoding: str) -> str:
    """Return the codec of bytes from the middle of a file, where no byte-order mark says how it goes."""
    if encoding not in {"utf-16", "utf-32"}:
        return "utf-8" if encoding == "utf-8-sig" else encoding
    with path.open("rb") as file:
        start = file.read(4)
    big = (codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)
    return f"{encoding}-{'be' if start.startswith(big) else 'le'}"


def places_of_line(path: Path, line: str, encoding: str) -> list[int]:
    """Return the places, in bytes, at which a line begins in a file."""
    codec = codec_within(path, encoding)
    end, mark = "\n".encode(codec), "\r".encode(codec)
    wanted = line.encode(codec, "replace")
    starts: list[int] = []
    before = 0
    for block in whole_lines(path, end):
        start = 0 if before else next((len(bom) for bom in BYTE_ORDER_MARKS if block.startswith(bom)), 0)
        place = start if block.startswith(wanted, start) else _next_line(block, end, wanted, start)
        while place >= 0:
            behind = place + len(wanted)
            if behind == len(block) or block.startswith((end, mark), behind):
                starts.append(before + place)
            place = _next_line(block, end, wanted, place)
        before += len(block)
    return starts


def _next_line(block: bytes, end: bytes, wanted: bytes, place: int) -> int:
    """Return where the next line that begins so is, -1 if there is none: within lines ",," may stand in every one."""
    before = block.find(end + wanted, place)
    return before + len(end) if before >= 0 else -1


def line_at(path: Path, place: int, encoding: str) -> int:
    """Return the number of the line that begins at a place of a file."""
    end = "\n".encode(codec_within(path, encoding))
    line, before = 1, 0
    for block in whole_lines(path, end):
        line += block.count(end, 0, max(place - before, 0))
        before += len(block)
    return line
