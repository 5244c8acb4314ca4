"""A CSV of records for use, in blocks: each with its lines as they stand in the file, and its columns.

What cannot be a record (another number of cells) is named and does not end the reading. Without quotes a line is a
record, and pyarrow parses a block; with quotes the records are found one by one.
"""

import csv
import io
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from dashboard.data.block_reader import RowParser
from dashboard.data.blocks import ColumnBlock, Reading
from dashboard.data.csv_format import NONE, CsvFormat
from dashboard.data.lines import column_names, rows_before
from dashboard.data.pixel_rows import PixelParser, Pixels
from dashboard.data.record_inputs import text_block
from dashboard.data.table_lines import plain_delimiter, table_lines
from dashboard.data.whole_rows import quoting
from dashboard.errors import Invalid

BLOCK_BYTES = 2**21
BLOCK_RECORDS = 1_000
ENDS = "\r\n"
MARK = b"\xef\xbb\xbf"


class RecordBlock(NamedTuple):
    """Some records: the `lines` of all, those that are `whole` by their places, and the columns of these.

    Where the columns of numbers could be read as `pixels`, they are not in `columns`.
    """

    lines: list[str]
    whole: list[int]
    wrong: dict[int, str]
    columns: dict[str, ColumnBlock]
    pixels: Pixels | None = None


class _Record(NamedTuple):
    text: str
    cells: list[str]


@dataclass(frozen=True)
class RecordFile:
    """A file, how it is written, and its columns; `header` is its text down to the first record."""

    path: Path
    format: CsvFormat
    names: list[str]
    header: str

    @property
    def delimiter(self) -> str:
        """The character that parts the cells of `lines`."""
        return plain_delimiter(self.format)

    def blocks(self, chosen: Mapping[str, Reading], numbers: Sequence[str] = ()) -> Iterator[RecordBlock]:
        """Yield the records with the chosen columns, read so, in order; empty lines are left out.

        Of the columns of `numbers` only these are asked for, not the texts.
        """
        if self.format.is_plain and not self._has_quotes():
            parsers = _Parsers(self, chosen, numbers)
            for lines in self._pieces():
                yield self._parsed(lines, parsers)
            return
        places, readings = self.places(chosen), list(chosen.values())
        records = itertools.islice(self._records(), rows_before(self.format), None)
        while some := list(itertools.islice(records, BLOCK_RECORDS)):
            yield self._read(some, places, chosen, readings)

    def places(self, names: Iterable[str]) -> list[int]:
        """Return where in a record some columns stand."""
        places = {name: place for place, name in enumerate(self.names)}
        return [places[name] for name in names]

    def _has_quotes(self) -> bool:
        if self.format.quote == NONE:
            return False
        with _opened(self.path, self.format) as file:
            return any(self.format.quote in piece for piece in iter(lambda: file.read(BLOCK_BYTES), ""))

    def _pieces(self) -> Iterator[list[str]]:
        """Yield the lines of the records, some megabytes at a time, without empty ones."""
        with _opened(self.path, self.format) as file:
            left = rows_before(self.format)
            for _ in range(self.format.skip):
                file.readline()
            while lines := file.readlines(BLOCK_BYTES):
                lines = [line for line in lines if line.strip(ENDS)]
                yield lines[left:]
                left = max(left - len(lines), 0)

    def _parsed(self, lines: list[str], parsers: "_Parsers") -> RecordBlock:
        delimiter, width = self.delimiter, len(self.names)
        cells = [line.count(delimiter) + 1 for line in lines]
        whole = [place for place, count in enumerate(cells) if count == width]
        wrong = {place: self._ragged(count) for place, count in enumerate(cells) if count != width}
        content = "".join(lines if not wrong else [lines[place] for place in whole])
        columns, pixels = parsers.parse(content.encode()) if whole else ({}, None)
        return RecordBlock(lines, whole, wrong, columns, pixels)

    def _read(
        self, records: list[_Record], places: Sequence[int], chosen: Iterable[str], readings: Sequence[Reading]
    ) -> RecordBlock:
        width = len(self.names)
        whole = [place for place, record in enumerate(records) if len(record.cells) == width]
        wrong = {
            place: self._ragged(len(record.cells)) for place, record in enumerate(records) if len(record.cells) != width
        }
        columns = {
            name: text_block([records[row].cells[place] for row in whole], self.format.marks, reading)
            for name, place, reading in zip(chosen, places, readings, strict=True)
        }
        return RecordBlock([record.text for record in records], whole, wrong, columns if whole else {})

    def _ragged(self, cells: int) -> str:
        return f"The record has {cells:,} cells, and there are {len(self.names):,} columns."

    def _records(self) -> Iterator[_Record]:
        return read_records(self.path, self.format)


class _Parsers:
    """Parses blocks of a file: columns of numbers as pixels where they are, all others by their distinct texts."""

    def __init__(self, file: RecordFile, chosen: Mapping[str, Reading], numbers: Sequence[str]) -> None:
        self.file, self.chosen = file, chosen
        self.others = {name: reading for name, reading in chosen.items() if name not in set(numbers)}
        readings, others = [chosen[name] for name in numbers], file.places(self.others)
        self.pixels = PixelParser(file.format, len(file.names), file.places(numbers), readings, others)

    @cached_property
    def rows(self) -> RowParser:
        """What parses the columns of other files."""
        places = self.file.places(self.chosen)
        return RowParser(self.file.format, len(self.file.names), places, list(self.chosen.values()))

    def parse(self, content: bytes) -> tuple[dict[str, ColumnBlock], Pixels | None]:
        """Return the columns, and the numbers apart if they are pixels."""
        pixels = self.pixels.parse(content)
        if pixels is not None:
            cells = zip(self.others.items(), pixels.texts, strict=True)
            marks = self.file.format.marks
            return {name: text_block(texts, marks, reading) for (name, reading), texts in cells}, pixels
        return dict(zip(self.chosen, self.rows.parse(content), strict=True)), None


def open_records(path: Path, csv_format: CsvFormat) -> RecordFile:
    """Return a file of records with the names of its header, if the format has one; raises Invalid if it is empty."""
    before = rows_before(csv_format)
    try:
        first = list(itertools.islice(read_records(path, csv_format), max(before, 1)))
    except UnicodeError as error:
        raise Invalid({"encoding": f"The file cannot be read as {csv_format.encoding}: choose another one."}) from error
    if not first or len(first) < before:
        raise Invalid({"file": "The file has no records. Send a header, and a line per record."})
    names = column_names(first[0].cells, csv_format.header)
    return RecordFile(path, csv_format, names, "".join(record.text for record in first[:before]))


def has_byte_order_mark(path: Path) -> bool:
    """Return whether a file begins with the mark of UTF-8."""
    with path.open("rb") as file:
        return file.read(len(MARK)) == MARK


def is_encoded(path: Path, encoding: str) -> bool:
    """Return whether a file can be decoded from its first byte to its last."""
    with suppress(UnicodeError), path.open(encoding=encoding, newline="") as file:
        while file.read(BLOCK_BYTES):
            pass
        return True
    return False


def read_records(path: Path, csv_format: CsvFormat) -> Iterator[_Record]:
    """Yield the records of a file, header included, each with its lines; raises UnicodeError.

    The lines are those of the file, or in plain form (`table_lines`) where it has comments or is not cut by one sign.
    """
    with _opened(path, csv_format) as file:
        lines = _Lines(_plain_lines(file, csv_format))
        reader = csv.reader(lines, delimiter=plain_delimiter(csv_format), **quoting(csv_format))
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error:  # a cell of more than 16 MB, as behind a quote that is never closed
                cells = []
            text = lines.take()
            if text.strip(ENDS):
                yield _Record(text, cells)


class _Lines:
    """Lines for a csv reader, which keeps those since it was last looked at."""

    def __init__(self, lines: Iterator[str]) -> None:
        self.lines, self.since = lines, io.StringIO()

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = next(self.lines)
        self.since.write(line)
        return line

    def take(self) -> str:
        text, self.since = self.since.getvalue(), io.StringIO()
        return text


def _plain_lines(file: io.TextIOWrapper, csv_format: CsvFormat) -> Iterator[str]:
    if not csv_format.is_plain:
        return (line for _, line in table_lines(file, csv_format))
    return itertools.islice(file, csv_format.skip, None)


def _opened(path: Path, csv_format: CsvFormat) -> io.TextIOWrapper:
    return path.open(encoding=csv_format.encoding, newline="")
