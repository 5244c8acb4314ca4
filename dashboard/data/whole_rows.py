"""Records that are no rows of a table, or have another length than its first: left out, or filled with empty cells."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from dashboard.data.csv_format import NONE, CsvFormat
from dashboard.errors import Invalid

RULER = re.compile(r"(?=.*(?:---|===))[\s|+:=\-]+")
"""A line that is drawn between a header and its rows: ----+----."""


class Counted:
    """Lines for a csv reader, which remembers the number of the first one since it was last looked at."""

    def __init__(self, lines: Iterator[tuple[int, str]]) -> None:
        self.lines = lines
        self.first = self.last = 0

    def __iter__(self) -> "Counted":
        """Return itself."""
        return self

    def __next__(self) -> str:
        """Return the next line."""
        self.last, line = next(self.lines)
        self.first = self.first or self.last
        return line


def quoting(csv_format: CsvFormat) -> dict[str, Any]:
    """Return what a reader of the csv module has to know of the quotes."""
    if csv_format.quote == NONE:
        return {"quoting": csv.QUOTE_NONE}
    return {"quotechar": csv_format.quote}


def has_no_value(fields: Sequence[str]) -> bool:
    """Return whether a record has nothing but empty cells, or is a line that is drawn."""
    return not any(text.strip() for text in fields) or RULER.fullmatch("|".join(fields)) is not None


def records_in(
    lines: Iterator[tuple[int, str]], csv_format: CsvFormat, delimiter: str
) -> Iterator[tuple[int, list[str]]]:
    """Yield (line number from 1 where the record begins, fields) for each record that is not an empty line.

    `lines` are those that `table_lines` yields. Raises Invalid for what the csv module cannot read.
    """
    counted = Counted(lines)
    reader = csv.reader(counted, delimiter=delimiter, **quoting(csv_format))
    while True:
        counted.first = 0
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            line = counted.first or counted.last
            message = f"Line {line:,} cannot be read as CSV ({error}): look at its quotes."
            raise Invalid({"quote": message}) from error
        if fields:
            yield counted.first, fields


def whole_rows(lines: Iterator[tuple[int, str]], csv_format: CsvFormat, delimiter: str) -> Iterator[tuple[int, str]]:
    """Yield the lines of a table without records that have no value, and with the cells that rows lack.

    What is done is what the format says (`empty` and `ragged`). All rows are measured by the first record.
    """
    width = 0
    for number, fields in records_in(lines, csv_format, delimiter):
        if csv_format.empty == "drop" and has_no_value(fields):
            continue
        width = width or len(fields)
        if len(fields) != width and csv_format.ragged == "drop":
            continue
        own = filled(fields, width) if csv_format.ragged == "fill" else fields
        for line in _written(own, csv_format, delimiter):
            yield number, line


def filled(fields: list[str], width: int) -> list[str]:
    """Return a record with empty cells at its end, or without those that it has too many; others stay too long."""
    if any(text.strip() for text in fields[width:]):
        return fields
    return [*fields[:width], *[""] * (width - len(fields))]


def _written(fields: Iterable[str], csv_format: CsvFormat, delimiter: str) -> list[str]:
    """Return the lines of a record; there are several where a quoted cell has ends of lines in it."""
    if csv_format.quote == NONE:
        return [delimiter.join(fields) + "\n"]
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, quotechar=csv_format.quote, lineterminator="\n").writerow(fields)
    return io.StringIO(text.getvalue(), newline="").readlines()
