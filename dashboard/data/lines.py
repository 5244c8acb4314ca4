"""A CSV file record by record in plain Python: for its beginning, and to say on which line something is wrong.

Whole files are read by `blocks`, many times quicker; this module is used only when a line number is needed.
"""

import csv
import itertools
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from dashboard.data.cells import MOST_COLUMNS
from dashboard.data.csv_format import NONE, CsvFormat
from dashboard.data.table_lines import BYTE_ORDER_MARK, plain_delimiter, table_lines
from dashboard.data.whole_rows import Counted, quoting, records_in
from dashboard.errors import Invalid

LONGEST_NAME = 200
FIRST_ROWS = 20
LONGEST_FIELD = 1 << 24
MOST_COUNTED = 300_000
"""So many rows at most are looked at to say how many have another length."""
csv.field_size_limit(LONGEST_FIELD)  # with a wrong delimiter a whole line is one field


def numbered_records(lines: Iterable[str], csv_format: CsvFormat) -> Iterator[tuple[int, list[str]]]:
    """Yield (line number from 1 where the record begins, fields) for each record that is not an empty line."""
    return records_in(table_lines(lines, csv_format), csv_format, plain_delimiter(csv_format))


def file_records(path: Path, csv_format: CsvFormat) -> Generator[tuple[int, list[str]]]:
    """Yield the records of a file, the header included, as `numbered_records` does; raises Invalid if it cannot."""
    try:
        with path.open(encoding=csv_format.encoding, newline="") as lines:
            yield from numbered_records(lines, csv_format)
    except UnicodeError as error:
        message = f"The file cannot be read as {csv_format.encoding}: choose another encoding."
        raise Invalid({"encoding": message}) from error


def rows_before(csv_format: CsvFormat) -> int:
    """Return how many records stand before the first row of data."""
    return csv_format.header + csv_format.skip_after


def head(path: Path, csv_format: CsvFormat) -> tuple[list[str], list[list[str]]]:
    """Return the column names and the first 20 rows as text; raises Invalid for a header that cannot serve."""
    before = rows_before(csv_format)
    with closing(file_records(path, csv_format)) as records:
        first = list(itertools.islice(records, FIRST_ROWS + before))
    if not first:
        raise Invalid({"file" if not csv_format.skip else "skip": "No line is left: choose a file with rows."})
    rows = [fields for _, fields in first]
    names = column_names(_named(rows, csv_format), csv_format.header)
    if len(names) < 2:
        if rows and max(map(len, rows)) > 1:
            message = f"Line {first[0][0]:,} has one cell, lines below it have more"
            raise Invalid({"skip": f"{message}: skip the lines before the header, or choose another delimiter."})
        message = "With this delimiter there is only one column, but a dataset needs a target and at least one other."
        raise Invalid({"delimiter": f"{message} Choose another delimiter."})
    if len(rows) <= before:
        raise Invalid({"file": "The file has a header but no rows: add rows, or say that it has no header."})
    return names, rows[before:]


def _named(rows: list[list[str]], csv_format: CsvFormat) -> list[str]:
    """Return the names in the header; where there is one less than cells in a row, the first column has none."""
    before = rows_before(csv_format)
    if csv_format.header and len(rows) > before and len(rows[before]) == len(rows[0]) + 1 > 2:
        return ["", *rows[0]]
    return rows[0]


def column_names(first: list[str], header: bool) -> list[str]:
    """Return the names of the columns: from the header, or column_1, column_2, ... where there is none.

    Equal names get a number: a, a.1, a.2.
    """
    if len(first) > MOST_COLUMNS:
        raise Invalid({"file": f"The file has {len(first):,} columns; at most {MOST_COLUMNS:,} are possible."})
    texts = [" ".join(text.replace(BYTE_ORDER_MARK, "").split()) if header else "" for text in first]
    for place, text in enumerate(texts, start=1):
        if len(text) > LONGEST_NAME:
            message = f"The name of column {place:,} has {len(text):,} characters; at most {LONGEST_NAME} are possible."
            raise Invalid({"header": message + " Shorten it, or say that the file has no header."})
    return _distinct([text or f"column_{place}" for place, text in enumerate(texts, start=1)])


def _distinct(names: list[str]) -> list[str]:
    """Return the names, the second of equal ones with .1 appended, the third with .2, unless that is taken too."""
    taken, used = set(names), set[str]()
    counts: dict[str, int] = {}
    distinct = []
    for name in names:
        own = name
        while own in used or (own != name and own in taken):
            counts[name] = counts.get(name, 0) + 1
            own = f"{name}.{counts[name]}"
        used.add(own)
        distinct.append(own)
    return distinct


def lines_before_rows(path: Path, csv_format: CsvFormat) -> int:
    """Return how many lines, of those that `table_lines` yields or of the file if it is plain, precede the data."""
    first = line_of(path, csv_format, 0)
    if csv_format.is_plain:
        return first - 1
    with path.open(encoding=csv_format.encoding, newline="") as file:
        return sum(1 for _ in itertools.takewhile(lambda one: one[0] < first, table_lines(file, csv_format)))


def ragged_line(path: Path, csv_format: CsvFormat) -> tuple[int, int, int] | None:
    """Return (line, its fields, fields of the first record) of the first record of another length, or None."""
    with closing(file_records(path, csv_format)) as records:
        first = list(itertools.islice(records, rows_before(csv_format) + 1))
        expected = len(_named([fields for _, fields in first], csv_format)) if first else 0
        for line, fields in itertools.chain(first[rows_before(csv_format) :], records):
            if len(fields) != expected:
                return line, len(fields), expected
    return None


def line_of(path: Path, csv_format: CsvFormat, row: int) -> int:
    """Return the line number, from 1, on which a row of data (counted from 0, without the header) begins."""
    with closing(file_records(path, csv_format)) as records:
        line, _ = next(itertools.islice(records, row + rows_before(csv_format), None))
    return line


def unclosed_quote(path: Path, csv_format: CsvFormat) -> int | None:
    """Return the line of the record whose quote is never closed, or None.

    The slow search is spared for files with an even number of quotes, as nearly all have.
    """
    if csv_format.quote == NONE or not _has_odd_quotes(path, csv_format.quote.encode()):
        return None
    with path.open(encoding=csv_format.encoding, newline="") as lines:
        own = replace(csv_format, empty="keep", ragged="refuse")  # what these do closes quotes
        counted = Counted(table_lines(lines, own))
        reader = csv.reader(counted, delimiter=plain_delimiter(csv_format), strict=True, **quoting(csv_format))
        while True:
            counted.first = 0
            try:
                next(reader)
            except StopIteration:
                return None
            except csv.Error as error:
                if "end of data" in str(error):
                    return counted.first


def _has_odd_quotes(path: Path, quote: bytes) -> bool:
    with path.open("rb") as file:
        return sum(chunk.count(quote) for chunk in iter(lambda: file.read(1 << 20), b"")) % 2 == 1


def ragged_refusal(path: Path, csv_format: CsvFormat, line: int, fields: int, expected: int) -> Invalid:
    """Return the refusal of a row that has more or fewer fields than the first, at what is likely to correct it."""
    message = f"Line {line:,} has {fields:,} fields where the first line has {expected:,}: "
    if csv_format.header and fields > expected and line == line_of(path, csv_format, 0):
        return Invalid({"skip": message + "skip the lines before the header, or choose another delimiter."})
    if csv_format.ragged == "fill":
        return Invalid({"ragged": message + "its last cells are not empty. Correct it, or leave such rows out (drop)."})
    remedy = "Fill in empty cells (fill), leave such rows out (drop), or choose another delimiter than"
    return Invalid(
        {"ragged": f"{message}{_other_lengths(path, csv_format, expected)}. {remedy} {csv_format.delimiter!r}."}
    )


def _other_lengths(path: Path, csv_format: CsvFormat, width: int) -> str:
    """Say how many rows have another length than `width`; of a long file among the first ones."""
    before = rows_before(csv_format)
    with closing(file_records(path, csv_format)) as records:
        lengths = [len(fields) for _, fields in itertools.islice(records, before, before + MOST_COUNTED)]
    count = sum(length != width for length in lengths)
    rows = "there is one such row" if count == 1 else f"there are {count:,} such rows"
    return f"{rows} among the first {MOST_COUNTED:,}" if len(lengths) == MOST_COUNTED else rows
