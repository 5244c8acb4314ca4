"""A CSV file in blocks of rows, parsed by pyarrow on all cores; a few blocks are in memory at a time.

The file is cut where lines end, every four megabytes, and the pieces are parsed in parallel. Where the end of a line
may be within quotes, and for what has to be decoded first, pyarrow reads one block after the other: `_in_order`. The
blocks are the same either way.
"""

import io
import itertools
import os
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from dashboard.data import file_pieces, lines
from dashboard.data.blocks import AS_USUAL, ColumnBlock, Reading, TextBlock, Texts, meanings
from dashboard.data.cells import number
from dashboard.data.csv_format import NONE, CsvFormat
from dashboard.data.file_pieces import Piece
from dashboard.data.number_blocks import number_block
from dashboard.data.table_lines import PlainFile, plain_delimiter
from dashboard.errors import Invalid

MOST_WORKERS = 4
MOST_PARALLEL_COLUMNS = 2_000
"""With more columns it costs more to begin with a block than to parse it."""
ARROW_ENCODINGS = {"utf-8": "utf8", "utf-8-sig": "utf8"}  # pyarrow skips the mark by itself
ROWS_JUDGED, CELLS_JUDGED, FEWEST_JUDGED = 200, 40_000, 32
NUMBERS_JUDGED = 20

Blocks = Iterator[list[ColumnBlock]]


class _Reading(NamedTuple):
    """What is needed to parse a block: the places of its columns, how each is read, and which are plain numbers."""

    csv_format: CsvFormat
    width: int
    chosen: Sequence[int]
    readings: Sequence[Reading]
    plain: frozenset[int]

    def read_options(self, skip_rows: int, encoding: str = "utf8", block_size: int = 0) -> Any:  # noqa: ANN401 - untyped pyarrow
        from dashboard.arrow import csv  # noqa: PLC0415 - see `blocks`

        return csv.ReadOptions(
            use_threads=False,
            block_size=block_size or file_pieces.BLOCK_BYTES,
            column_names=[str(place) for place in range(self.width)],
            skip_rows=skip_rows,
            encoding=encoding,
        )

    def other_options(self, has_quotes: bool = True) -> dict[str, Any]:
        from dashboard.arrow import csv, pa  # noqa: PLC0415

        distinct, cells = pa.dictionary(pa.int32(), pa.string()), pa.string()
        quote = self.csv_format.quote if has_quotes else NONE
        return {
            "parse_options": csv.ParseOptions(
                delimiter=plain_delimiter(self.csv_format),
                quote_char=False if quote == NONE else quote,
                newlines_in_values=quote != NONE,
            ),
            "convert_options": csv.ConvertOptions(
                column_types={str(place): cells if place in self.plain else distinct for place in self.chosen},
                include_columns=[str(place) for place in self.chosen],
            ),
        }


class RowParser:
    """Parses rows in memory, UTF-8 and without quotes, as the chosen columns of a file of `width` columns."""

    def __init__(self, csv_format: CsvFormat, width: int, columns: Sequence[int], readings: Sequence[Reading]) -> None:
        self.reading = _Reading(csv_format, width, columns, readings, frozenset())
        self.options = self.reading.other_options(has_quotes=False)

    def parse(self, content: bytes) -> list[ColumnBlock]:
        """Return the columns of rows that all have as many cells."""
        from dashboard.arrow import csv, pa  # noqa: PLC0415 - see `blocks`

        options = self.reading.read_options(0, block_size=len(content) + 1)
        table = csv.read_csv(pa.BufferReader(content), options, **self.options)
        return _parsed([column.chunk(0) for column in table.columns], self.reading)


def read_blocks(
    path: Path,
    csv_format: CsvFormat,
    width: int,
    columns: Sequence[int] | None = None,
    readings: Sequence[Reading] | None = None,
) -> Blocks:
    """Yield the data rows of a file of `width` columns in blocks, as the chosen columns (all, in order, by default).

    `readings` has one entry for each chosen column; without it all are read as usual. Raises Invalid naming the line
    for ragged rows, quotes that are never closed and rows longer than a block.
    """
    from dashboard.arrow import pa  # noqa: PLC0415

    chosen = range(width) if columns is None else columns
    own = readings or [AS_USUAL] * len(chosen)
    reading = _Reading(csv_format, width, chosen, own, _plain_columns(path, csv_format, width, chosen))
    is_parallel = csv_format.is_plain and csv_format.encoding in ARROW_ENCODINGS and width <= MOST_PARALLEL_COLUMNS
    try:
        is_without_quotes = yield from (_at_once if is_parallel else _in_order)(path, reading)
    except (pa.ArrowInvalid, UnicodeError) as error:
        raise _explained(path, csv_format, error) from error
    finally:
        pa.default_memory_pool().release_unused()  # it would keep its blocks for a next file
    if not is_without_quotes and (line := lines.unclosed_quote(path, csv_format)) is not None:
        raise _unclosed(line)


def _plain_columns(path: Path, csv_format: CsvFormat, width: int, chosen: Sequence[int]) -> frozenset[int]:
    """Return the columns which are better parsed cell by cell, to judge by the first rows: different numbers."""
    most = min(ROWS_JUDGED, CELLS_JUDGED // width)
    if most < FEWEST_JUDGED:
        return frozenset()
    before = lines.rows_before(csv_format)
    try:
        with path.open(encoding=csv_format.encoding, newline="") as file:
            first = itertools.islice(file, csv_format.skip + before + 2 * ROWS_JUDGED)  # there may be empty lines
            records = itertools.islice(lines.numbered_records(first, csv_format), before, before + most)
            rows = [fields for _, fields in records if len(fields) == width]
    except (UnicodeError, Invalid):  # the reading of the whole file will say what is wrong
        return frozenset()
    return frozenset(place for place in chosen if _are_different_numbers([row[place] for row in rows], csv_format))


def _are_different_numbers(texts: list[str], csv_format: CsvFormat) -> bool:
    known = [text for text in texts if text]
    different = list(dict.fromkeys(known))
    if len(known) < FEWEST_JUDGED or len(different) * 2 <= len(known):
        return False
    some = different[:NUMBERS_JUDGED]
    return sum(number(text, *csv_format.marks) is not None for text in some) * 2 > len(some)


def _in_order(path: Path, reading: _Reading) -> Generator[list[ColumnBlock], None, bool]:
    """Yield the blocks of a file as pyarrow cuts it; return that there may be quotes."""
    csv_format = reading.csv_format
    is_plain = csv_format.is_plain
    encoding = ARROW_ENCODINGS.get(csv_format.encoding, csv_format.encoding) if is_plain else "utf8"
    options = reading.read_options(lines.lines_before_rows(path, csv_format), encoding)
    yield from _streamed(path if is_plain else PlainFile(path, csv_format), options, reading)
    return False


def _streamed(source: Path | io.RawIOBase, options: Any, reading: _Reading) -> Blocks:  # noqa: ANN401 - untyped pyarrow
    from dashboard.arrow import csv, pa  # noqa: PLC0415

    opened = source if isinstance(source, Path) else pa.PythonFile(source, "r")
    with csv.open_csv(opened, options, **reading.other_options()) as batches:
        for batch in batches:
            if batch.num_rows:
                yield _parsed(batch.columns, reading)


def _at_once(path: Path, reading: _Reading) -> Generator[list[ColumnBlock], None, bool]:
    """Yield the blocks of a file, parsed in parallel up to the first quote; return whether there was none."""
    workers = min(MOST_WORKERS, os.cpu_count() or 1)
    with path.open("rb", buffering=0) as file, ThreadPoolExecutor(workers) as pool:
        parser = _Parser(file, reading, lines.lines_before_rows(path, reading.csv_format))
        for start, blocks in _ahead(pool, parser, file_pieces.pieces(file.fileno()), workers):
            if blocks is None:
                rest = file_pieces.Rest(file, start)
                yield from _streamed(rest, reading.read_options(parser.skipped(start)), reading)
                return False
            if blocks:
                yield blocks
    return True


def _ahead(
    pool: ThreadPoolExecutor, parser: "_Parser", pieces: Iterator[Piece], count: int
) -> Iterator[tuple[int, list[ColumnBlock] | None]]:
    """Yield (start, blocks) of the pieces in their order while the next ones, `count` of them, are being parsed."""
    waiting: deque[tuple[int, Future[list[ColumnBlock] | None]]] = deque()
    try:
        for piece in itertools.chain(pieces, [None] * count):
            if piece is not None:
                waiting.append((piece[0], pool.submit(parser.parse, piece)))
            if waiting and (piece is None or len(waiting) > count):
                start, future = waiting.popleft()
                yield start, future.result()
    finally:
        for _, future in waiting:
            future.cancel()


class _Parser:
    """Parses pieces of a file, in any thread."""

    def __init__(self, file: io.FileIO, reading: _Reading, skip_rows: int) -> None:
        self.file, self.reading, self.skip_rows = file.fileno(), reading, skip_rows
        quote = reading.csv_format.quote
        self.quote = b"" if quote == NONE else quote.encode()
        self.options = reading.other_options(has_quotes=False)

    def skipped(self, start: int) -> int:
        """Return how many lines stand before the first row of what begins at a place of the file."""
        return 0 if start else self.skip_rows

    def parse(self, piece: Piece) -> list[ColumnBlock] | None:
        """Return the columns of a piece, none if it has no rows; None if it cannot be parsed without what precedes."""
        from dashboard.arrow import csv, pa  # noqa: PLC0415

        start, end = piece
        if end is None:
            return None
        content = os.pread(self.file, end - start, start)
        if self.quote and self.quote in content:
            return None
        options = self.reading.read_options(self.skipped(start), block_size=file_pieces.LONGEST_PIECE)
        table = csv.read_csv(pa.BufferReader(file_pieces.within_file(content, start)), options, **self.options)
        return _parsed([column.chunk(0) for column in table.columns], self.reading) if table.num_rows else []


def _parsed(columns: list[Any], reading: _Reading) -> list[ColumnBlock]:
    """Return columns that pyarrow has read as cells, or as distinct texts and codes."""
    marks = reading.csv_format.marks
    blocks: dict[int, ColumnBlock] = {}
    distinct: dict[int, Any] = {}
    for place, column in enumerate(columns[: len(reading.chosen)]):  # pyarrow reads all where none are chosen
        is_plain = reading.chosen[place] in reading.plain
        block = number_block(column, marks, reading.readings[place]) if is_plain else None
        if block is None:
            distinct[place] = column.dictionary_encode() if is_plain else column
        else:
            blocks[place] = block
    own = [reading.readings[place] for place in distinct]
    parts = meanings([column.dictionary for column in distinct.values()], marks, own) if distinct else []
    for (place, column), part in zip(distinct.items(), parts, strict=True):
        blocks[place] = TextBlock(Texts(column.indices.to_numpy(zero_copy_only=False), *part))
    return [blocks[place] for place in sorted(blocks)]


def _unclosed(line: int) -> Invalid:
    message = f"The quote that is opened in line {line:,} is never closed: close or remove it, or choose another quote."
    return Invalid({"quote": message})


def _explained(path: Path, csv_format: CsvFormat, error: Exception) -> Invalid:
    """Return the refusal of a file that pyarrow cannot read, with the line on which it is wrong."""
    if (line := lines.unclosed_quote(path, csv_format)) is not None:
        return _unclosed(line)
    if (ragged := lines.ragged_line(path, csv_format)) is not None:
        return lines.ragged_refusal(path, csv_format, *ragged)
    if "straddl" in str(error):
        return Invalid(
            {"file": f"A row is longer than {file_pieces.BLOCK_BYTES >> 20} MB: this is not a CSV file of rows."}
        )
    return Invalid({"file": f"The file cannot be read as CSV: {error}"})
