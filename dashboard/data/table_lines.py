"""The lines of a file that belong to its table, in plain form: cut by one character, without comments.

What is left out here keeps its line number, so that messages name the lines as an editor shows them.
"""

import io
import re
from collections import deque
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

from dashboard.data.cells import BLANKS
from dashboard.data.csv_format import ALIGNED, CTRL_A, FIXED, NONE, SPACES, CsvFormat, places_of
from dashboard.data.whole_rows import whole_rows
from dashboard.errors import Invalid

LINE_END = "\r\n"
BYTE_ORDER_MARK = "\ufeff"
"""Left in a text where a file has two of them, or begins again within."""
PIECE = 1 << 20
GAPS = {SPACES: r"[ \t\xa0]+", ALIGNED: r"[ \xa0]{2,}|[ \xa0]*\t[ \t\xa0]*"}
"""Delimiter of blanks -> the regular expression of what parts two cells."""


def plain_delimiter(csv_format: CsvFormat) -> str:
    """Return the one character that parts cells in `table_lines`."""
    if csv_format.delimiter == CTRL_A:
        return "\x01"
    return "\t" if csv_format.delimiter in {*GAPS, FIXED} else csv_format.delimiter


def plain_line(line: str, csv_format: CsvFormat, is_within: bool = False) -> str:
    """Return a line whose cells are parted by one character; the gaps between quotes are left as they are.

    `is_within` says that it begins within quotes.
    """
    if csv_format.delimiter == FIXED:
        return _cut(line, csv_format)
    if csv_format.delimiter not in GAPS:
        return line if csv_format.quotes_within == "usual" else _usual_quotes(line, csv_format, is_within)
    body = line.strip(BLANKS)
    gap = GAPS[csv_format.delimiter]
    if csv_format.quote == NONE or csv_format.quote not in body:
        return re.sub(gap, "\t", body) + "\n"
    quote = csv_format.quote
    pattern = rf"({quote}(?:[^{quote}]|{quote}{quote})*{quote})|{gap}"
    return re.sub(pattern, lambda match: match[1] or "\t", body) + "\n"


def _usual_quotes(line: str, csv_format: CsvFormat, is_within: bool) -> str:
    """Return a line whose quotes within cells are doubled, and whose quoted cells begin with their quote."""
    quote = csv_format.quote
    if quote == NONE or quote not in line:
        return line
    if csv_format.quotes_within == "escaped":
        usual = {quote: quote * 2, "\\": "\\"}
        return re.sub(r"\\(.)", lambda match: usual.get(match[1], match[0]), line)
    before = quote if is_within else ""
    pattern = rf"({quote}(?:[^{quote}]|{quote}{quote})*{quote}?)|(?<={re.escape(csv_format.delimiter)}) +(?={quote})"
    return re.sub(pattern, lambda match: match[1] or "", before + line)[len(before) :]


def _cut(line: str, csv_format: CsvFormat) -> str:
    """Return a line of fixed columns with tabs between its cells; what stands before the first column is part of it."""
    body = line.rstrip(LINE_END)
    if not body.strip():
        return "\n"
    ends = _ends(csv_format.starts)
    return "\t".join(body[start:end].strip().replace("\t", " ") for start, end in ends) + "\n"


def _refuse_crossing(number: int, line: str, starts: str) -> None:
    """Raise Invalid for a line of which a cell goes on into the next column: it would be cut within a word."""
    for start, _ in _ends(starts)[1:]:
        around = line[start - 1 : start + 1].rstrip(LINE_END)
        if len(around) == 2 and not any(character.isspace() for character in around):
            message = f"In line {number:,} a cell goes on over place {start}, where a column begins"
            raise Invalid({"starts": f"{message}: correct the places, or choose a delimiter."})


@lru_cache(maxsize=32)
def _ends(starts: str) -> list[tuple[int, int | None]]:
    places = [0, *places_of(starts)[1:]]
    return list(zip(places, [*places[1:], None], strict=True))


def table_lines(lines: Iterable[str], csv_format: CsvFormat) -> Iterator[tuple[int, str]]:
    """Yield (number from 1, line in plain form) of the lines of a file from its header on.

    Left out are the first `skip` and the last `skip_last` lines, comments, lines that repeat the header, and a
    delimiter at the end of lines, as the format says; and what `whole_rows` leaves out.
    """
    plain = _plain_lines(lines, csv_format)
    is_whole = csv_format.empty == "keep" and csv_format.ragged == "refuse"
    return plain if is_whole else whole_rows(plain, csv_format, plain_delimiter(csv_format))


def _plain_lines(lines: Iterable[str], csv_format: CsvFormat) -> Iterator[tuple[int, str]]:
    header = ""
    for number, line, is_within in _own_lines(lines, csv_format):
        if csv_format.delimiter == FIXED:
            _refuse_crossing(number, line, csv_format.starts)
        plain = plain_line(line, csv_format, is_within)
        if csv_format.trailing == "drop":
            plain = _without_last(plain, plain_delimiter(csv_format))
        bare = plain.strip(LINE_END)
        if csv_format.repeats == "unquoted":
            bare = bare.replace(csv_format.quote, "").lstrip(BYTE_ORDER_MARK)
        if csv_format.repeats != "keep" and bare:
            if bare == header and not is_within:
                continue
            header = header or bare
        yield number, plain


def _own_lines(lines: Iterable[str], csv_format: CsvFormat) -> Iterator[tuple[int, str, bool]]:
    """Yield (number, line, whether it begins within quotes) without the first `skip` lines and comments.

    Where a comment names the columns, the one directly before the first other line is that header, without its mark.
    """
    mark = None if csv_format.comment == NONE else csv_format.comment
    is_within, names = False, ""
    is_before = csv_format.comment_names == "header"
    for number, line in enumerate(_without_end(lines, csv_format.skip_last), start=1):
        if number <= csv_format.skip:
            continue
        if mark and not is_within and line.lstrip().startswith(mark):
            names = line.lstrip().lstrip(mark).lstrip()
            continue
        if is_before and names.strip():
            yield number - 1, names, False
        is_before = is_before and not line.strip()
        names = ""
        yield number, line, is_within
        if csv_format.quote != NONE and _quotes_in(line, csv_format) % 2:
            is_within = not is_within


def _quotes_in(line: str, csv_format: CsvFormat) -> int:
    """Return how many quotes of a line begin or end a cell, or are doubled."""
    bare = re.sub(r"\\.", "", line) if csv_format.quotes_within == "escaped" else line
    return bare.count(csv_format.quote)


def _without_end(lines: Iterable[str], count: int) -> Iterator[str]:
    """Yield lines without the last ones."""
    waiting: deque[str] = deque()
    for line in lines:
        waiting.append(line)
        if len(waiting) > count:
            yield waiting.popleft()


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
