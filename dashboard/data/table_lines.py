"""The lines of a file that belong to its table, in plain form: cut by one character, without comments.

What is left out here keeps its line number, so that messages name the lines as an editor shows them.
"""

import io
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from dashboard.data.cells import BLANKS
from dashboard.data.csv_format import ALIGNED, NONE, SPACES, CsvFormat

LINE_END = "\r\n"
PIECE = 1 << 20
GAPS = {SPACES: r"[ \t\xa0]+", ALIGNED: r"[ \xa0]{2,}|[ \xa0]*\t[ \t\xa0]*"}
"""Delimiter of blanks -> the regular expression of what parts two cells."""


def plain_delimiter(csv_format: CsvFormat) -> str:
    """Return the one character that parts cells in `table_lines`."""
    return "\t" if csv_format.delimiter in GAPS else csv_format.delimiter


def plain_line(line: str, csv_format: CsvFormat) -> str:
    """Return a line whose cells are parted by one character; the gaps between quotes are left as they are."""
    if csv_format.delimiter not in GAPS:
        return line
    body = line.strip(BLANKS)
    gap = GAPS[csv_format.delimiter]
    if csv_format.quote == NONE or csv_format.quote not in body:
        return re.sub(gap, "\t", body) + "\n"
    quote = csv_format.quote
    pattern = rf"({quote}(?:[^{quote}]|{quote}{quote})*{quote})|{gap}"
    return re.sub(pattern, lambda match: match[1] or "\t", body) + "\n"


def table_lines(lines: Iterable[str], csv_format: CsvFormat) -> Iterator[tuple[int, str]]:
    """Yield (number from 1, line in plain form) of the lines of a file from its header on.

    Left out are the first `skip` lines, comments, lines that repeat the header, and a delimiter at the end of lines,
    as the format says.
    """
    header, is_within = "", False
    mark = None if csv_format.comment == NONE else csv_format.comment
    for number, line in enumerate(lines, start=1):
        if number <= csv_format.skip or (mark and not is_within and line.lstrip().startswith(mark)):
            continue
        plain = plain_line(line, csv_format)
        if csv_format.trailing == "drop":
            plain = _without_last(plain, plain_delimiter(csv_format))
        bare = plain.strip(LINE_END)
        if csv_format.repeats == "drop" and bare:
            if bare == header and not is_within:
                continue
            header = header or bare
        if csv_format.quote != NONE and line.count(csv_format.quote) % 2:
            is_within = not is_within
        yield number, plain


def _without_last(line: str, delimiter: str) -> str:
    bare = line.rstrip(LINE_END)
    return line if not bare.endswith(delimiter) else bare[: -len(delimiter)] + line[len(bare) :]


class PlainFile(io.RawIOBase):
    """The bytes, in UTF-8, of a file's `table_lines`: what a reader of plain CSV files can read."""

    def __init__(self, path: Path, csv_format: CsvFormat) -> None:
        self.source = path.open(encoding=csv_format.encoding, newline="")
        self.lines = table_lines(self.source, csv_format)
        self.rest = b""

    def readable(self) -> bool:
        """Say that it is read."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Return about `size` bytes, at most; no bytes at the end of the file. Raises UnicodeError."""
        pieces, length = [self.rest], len(self.rest)
        for _, line in self.lines:
            pieces.append(line.encode("utf-8", "surrogatepass"))
            length += len(pieces[-1])
            if 0 <= size <= length:
                break
        whole = b"".join(pieces)
        end = len(whole) if size < 0 else size
        self.rest = whole[end:]
        return whole[:end]

    def close(self) -> None:
        """Close the file that is read."""
        self.source.close()
        super().close()
