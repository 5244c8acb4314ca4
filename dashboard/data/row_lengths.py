"""Lines without a value, and rows that are shorter or longer than others: guessed from the whole file."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from dashboard.data.cells import is_missing, number
from dashboard.data.csv_format import CsvFormat
from dashboard.data.delimiters import records_of, usual_width
from dashboard.data.guesses import Guess
from dashboard.data.sampling import Sample, line_at, places_of_line
from dashboard.data.table_lines import plain_delimiter
from dashboard.data.whole_rows import has_no_value

FEWEST_NAMES = 3


def guess_empty(path: Path, sample: Sample, last: Sequence[str], csv_format: CsvFormat) -> Guess:
    """Return whether lines without a value are left out: drop or keep.

    Those of nothing but delimiters are searched for in the whole file, others in the sample and in its `last` lines.
    """
    records = records_of(sample.head, csv_format)
    for number_of_line, fields in records:
        if has_no_value(fields):
            return Guess("drop", f"Line {number_of_line:,} has no value.")
    if any(has_no_value(fields) for _, fields in records_of([*sample.body, *last], csv_format)):
        return Guess("drop", "Some lines have no value.")
    width, delimiter = usual_width(records), plain_delimiter(csv_format)
    if width > 1 and len(csv_format.delimiter) == 1:
        starts = places_of_line(path, delimiter * (width - 1), csv_format.encoding)
        if starts:
            return Guess("drop", f"Line {line_at(path, starts[0], csv_format.encoding):,} has no value.")
    return Guess("keep", "No line without a value was seen.")


def guess_ragged(sample: Sample, csv_format: CsvFormat) -> Guess:
    """Return that rows of another length are refused; unsure where some were seen, as only a person knows why."""
    end = len(sample.head) - (0 if sample.body else csv_format.skip_last)
    records = records_of(sample.head[:end], replace(csv_format, skip_last=0))
    widths = Counter(len(fields) for _, fields in records[1:])
    if not records or len(widths) < 2:
        return Guess("refuse", "All rows that were looked at have one length.")
    usual = max(len(records[0][1]), usual_width(records)) if is_wide_header([f for _, f in records]) else 0
    usual = usual or usual_width(records)
    odd = sum(count for width, count in widths.items() if width != usual)
    rows = "One of the rows" if odd == 1 else f"{odd:,} of the rows"
    return Guess("refuse", f"{rows} that were looked at has another length than {usual:,} cells.", sure=False)


def is_wide_header(rows: Sequence[Sequence[str]]) -> bool:
    """Return whether the first record names more columns than most rows have cells, and some have all of them."""
    if len(rows) < 2 or len(rows[0]) < FEWEST_NAMES:
        return False
    names, widths = rows[0], Counter(len(fields) for fields in rows[1:])
    are_names = all(not is_missing(name) and number(name) is None for name in names)
    others = [width for width in widths if width != len(names)]
    is_full = widths[len(names)] > 0 and all(1 < width < len(names) for width in others)
    return are_names and is_full and bool(others) and len(set(names)) == len(names)
