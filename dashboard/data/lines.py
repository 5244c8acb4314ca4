"""A CSV file record by record in plain Python: for its beginning, and to say on which line something is wrong.

Whole files are read by `blocks`, many times quicker; this module is used only when a line number is needed.
"""

import csv
import itertools
from collections.abc import Generator, Iterable
from contextlib import closing
from pathlib import Path

from dashboard.data.cells import MOST_COLUMNS
from dashboard.data.detection import CsvFormat
from dashboard.errors import Invalid

LONGEST_NAME = 200
FIRST_ROWS = 20


def numbered_records(lines: Iterable[str], delimiter: str) -> Generator[tuple[int, list[str]]]:
    """Yield (line number from 1 where the record begins, fields) for each record that is not an empty line."""
    reader = csv.reader(lines, delimiter=delimiter)
    while True:
        line = reader.line_num + 1
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise Invalid({"file": f"Line {line:,} cannot be read as CSV ({error}): look at its quotes."}) from error
        if fields:
            yield line, fields


def file_records(path: Path, csv_format: CsvFormat) -> Generator[tuple[int, list[str]]]:
    """Yield the records of a file, the header included, as `numbered_records` does; raises Invalid if it cannot."""
    try:
        with path.open(encoding=csv_format.encoding, newline="") as lines:
            yield from numbered_records(lines, csv_format.delimiter)
    except UnicodeError as error:
        message = f"The file cannot be read as {csv_format.encoding}: choose another encoding."
        raise Invalid({"encoding": message}) from error


def head(path: Path, csv_format: CsvFormat) -> tuple[list[str], list[list[str]]]:
    """Return the column names and the first 20 rows as text; raises Invalid for a header that cannot serve."""
    with closing(file_records(path, csv_format)) as records:
        first = list(itertools.islice(records, FIRST_ROWS + 1))
    if not first:
        raise Invalid({"file": "The file is empty: choose a CSV file with a header and rows."})
    rows = [fields for _, fields in first]
    names = column_names(rows[0], csv_format.header)
    rows = rows[1:] if csv_format.header else rows[:FIRST_ROWS]
    if len(names) < 2:
        message = "With this delimiter there is only one column, but a dataset needs a target and at least one other."
        raise Invalid({"delimiter": f"{message} Choose another delimiter."})
    if not rows:
        raise Invalid({"file": "The file has a header but no rows: add rows, or say that it has no header."})
    return names, rows


def column_names(first: list[str], header: bool) -> list[str]:
    """Return the names of the columns: from the header, or column_1, column_2, ... where there is none."""
    if len(first) > MOST_COLUMNS:
        raise Invalid({"file": f"The file has {len(first):,} columns; at most {MOST_COLUMNS:,} are possible."})
    texts = [" ".join(text.split()) if header else "" for text in first]
    for place, text in enumerate(texts, start=1):
        if len(text) > LONGEST_NAME:
            message = f"The name of column {place:,} has {len(text):,} characters; at most {LONGEST_NAME} are possible."
            raise Invalid({"file": message + " Shorten it, or say that the file has no header."})
    names = [text or f"column_{place}" for place, text in enumerate(texts, start=1)]
    _refuse_duplicates(names)
    return names


def _refuse_duplicates(names: list[str]) -> None:
    places: dict[str, int] = {}
    for place, name in enumerate(names, start=1):
        if name in places:
            message = f"Columns {places[name]:,} and {place:,} are both called '{name}': rename one of them in the file"
            raise Invalid({"file": message + ", or say that it has no header."})
        places[name] = place


def blank_lines_before(path: Path, csv_format: CsvFormat) -> int:
    """Return how many empty lines stand before the first record."""
    with closing(file_records(path, csv_format)) as records:
        return next(records)[0] - 1


def ragged_line(path: Path, csv_format: CsvFormat) -> tuple[int, int, int] | None:
    """Return (line, its fields, fields of the first record) of the first record of another length, or None."""
    with closing(file_records(path, csv_format)) as records:
        expected = 0
        for line, fields in records:
            expected = expected or len(fields)
            if len(fields) != expected:
                return line, len(fields), expected
    return None


def line_of(path: Path, csv_format: CsvFormat, row: int) -> int:
    """Return the line number, from 1, on which a row of data (counted from 0, without the header) begins."""
    with closing(file_records(path, csv_format)) as records:
        line, _ = next(itertools.islice(records, row + csv_format.header, None))
    return line


def unclosed_quote(path: Path, csv_format: CsvFormat) -> int | None:
    """Return the line of the record whose quote is never closed, or None.

    The slow search is spared for files with an even number of quotes, as nearly all have.
    """
    if not _has_odd_quotes(path):
        return None
    with path.open(encoding=csv_format.encoding, newline="") as lines:
        reader = csv.reader(lines, delimiter=csv_format.delimiter, strict=True)
        while True:
            line = reader.line_num + 1
            try:
                next(reader)
            except StopIteration:
                return None
            except csv.Error as error:
                if "end of data" in str(error):
                    return line


def _has_odd_quotes(path: Path) -> bool:
    with path.open("rb") as file:
        return sum(chunk.count(b'"') for chunk in iter(lambda: file.read(1 << 20), b"")) % 2 == 1


def ragged_message(line: int, fields: int, expected: int, csv_format: CsvFormat) -> str:
    """Return the message about a row that has more or fewer fields than the first."""
    message = f"Line {line:,} has {fields:,} fields where the first line has {expected:,}"
    return f"{message}: correct that line, or choose another delimiter than {csv_format.delimiter!r}."
