"""Files for training, validation and test become one: the rows of the first, then those of the others.

Columns are matched by their names. Cells stay as they are written; what differs between the files (encoding, delimiter,
quotes, lines before the header) becomes one plain format.
"""

import csv
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from dashboard.data.csv_format import CsvFormat
from dashboard.data.lines import file_records, head, ragged_refusal, rows_before
from dashboard.data.matching import difference
from dashboard.data.splitting import TEST, TRAINING, VALIDATION
from dashboard.errors import Invalid

Write = Callable[[list[str]], object]


@dataclass(frozen=True)
class Source:
    """A file and how it is written."""

    path: Path
    format: CsvFormat


def plain_format(main: CsvFormat) -> CsvFormat:
    """Return how a joined file is written, its numbers as in the first of the files."""
    delimiter = ";" if "," in main.marks else ","
    return CsvFormat(delimiter=delimiter, decimal=main.decimal, thousands=main.thousands)


def join(main: Source, others: Mapping[str, Source], path: Path) -> dict[str, int]:
    """Write the rows of all files to a path, in `plain_format`; return how many are from each.

    `others` are those for validation and test. Raises Invalid naming the file and the columns that differ.
    """
    names, _ = head(main.path, main.format)
    rows = {}
    with path.open("w", encoding="utf-8", newline="") as file:
        write = csv.writer(file, delimiter=plain_format(main.format).delimiter, quoting=csv.QUOTE_ALL).writerow
        write(names)
        rows[TRAINING] = _copy(write, main, list(range(len(names))))
        for part in (VALIDATION, TEST):
            rows[part] = _copy_other(write, part, others[part], names) if part in others else 0
    return rows


def _copy_other(write: Write, part: str, source: Source, names: list[str]) -> int:
    try:
        own, _ = head(source.path, source.format)
        return _copy(write, source, _places(part, own, names))
    except Invalid as error:
        raise of_file(part, error) from error


def of_file(part: str, error: Invalid) -> Invalid:
    """Return what is wrong with the file of a part as a message at its field."""
    return Invalid({f"{part}_file": f"The {part} file: {' '.join(error.errors.values())}"})


def _places(part: str, own: list[str], names: list[str]) -> list[int]:
    """Return where each column of the first file is in another; raises Invalid naming those that differ."""
    places = {name: place for place, name in enumerate(own)}
    missing = [name for name in names if name not in places]
    others = [name for name in own if name not in set(names)]
    if missing or others:
        text = f"its columns are not those of the training file: {difference(missing, others)}."
        raise Invalid({f"{part}_file": f"{text} They are matched by their names, in any order."})
    return [places[name] for name in names]


def _copy(write: Write, source: Source, places: list[int]) -> int:
    count = 0
    for fields in _rows(source, len(places)):
        write([fields[place] for place in places])
        count += 1
    return count


def _rows(source: Source, width: int) -> Iterator[list[str]]:
    with closing(file_records(source.path, source.format)) as records:
        for line, fields in islice(records, rows_before(source.format), None):
            if len(fields) != width:
                raise ragged_refusal(source.path, source.format, line, len(fields), width)
            yield fields
