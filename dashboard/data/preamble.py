"""What stands in a file besides its table: lines before the header, comments, and delimiters at the ends of lines."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from dashboard.data.cells import is_missing, number
from dashboard.data.csv_format import ALIGNED, COMMENTS, FIXED, MOST_SKIPPED, NONE, SPACES, CsvFormat
from dashboard.data.delimiters import SEP_LINE, Records, records_of, usual_width
from dashboard.data.guesses import Guess
from dashboard.data.headers import are_numbers, guess_header
from dashboard.data.row_lengths import is_wide_header
from dashboard.data.sampling import Sample, line_at, places_of_line
from dashboard.data.table_lines import BYTE_ORDER_MARK

MARKS = [mark for mark in COMMENTS if mark != NONE]
ANY_MARKS = (".", NONE)
EITHER_MARK = (ANY_MARKS, (",", NONE))
FEWEST_MERGED, FEWEST_GAPS = 4, 2
FEWEST_PADDED = 3
"""With fewer columns a header may have one name only."""


def guess_comment(sample: Sample, csv_format: CsvFormat) -> Guess:
    """Return the mark of comment lines: one that begins the first line, or lines between, which fit no table."""
    records = records_of(sample.head, csv_format)
    usual = usual_width(records)
    for mark in MARKS:
        marked = [(line, fields) for line, fields in records if fields[0].lstrip().startswith(mark)]
        others = [fields for _, fields in records if not fields[0].lstrip().startswith(mark)]
        if not marked or not others or len(others) < len(marked):
            continue
        odd = sum(len(fields) != usual for _, fields in marked)
        starts = marked == records[: len(marked)]
        is_first = starts and _has_own_header(others, usual)
        if odd == len(marked) or (starts and odd and (is_first or len(marked) > 1)):
            count = "One line begins" if len(marked) == 1 else f"{len(marked)} lines begin"
            return Guess(mark, f"{count} with {mark}, the first is line {marked[0][0]:,}.")
        if is_first and len(marked) == 1 and mark in {"#", "%", "//"}:
            return Guess(mark, f"Line {marked[0][0]:,} begins with {mark}, and a header follows it.", sure=False)
    return Guess(NONE, "No line begins with a comment mark.")


def _has_own_header(rows: Sequence[Sequence[str]], usual: int) -> bool:
    table = [fields for fields in rows if len(fields) == usual]
    return len(table) > 1 and bool(guess_header(table, ANY_MARKS).value)


def guess_comment_names(sample: Sample, csv_format: CsvFormat) -> tuple[Guess, Guess]:
    """Return the mark of comments, and whether the last one directly before the data names the columns (numpy's form).

    It does where it has a name for each column, no number among them, and the lines below it have no header.
    """
    keep = Guess("keep", "No comment before the data names its columns.")
    own = Guess(csv_format.comment, "")
    lines = sample.head
    first = next((place for place, line in enumerate(lines) if not line.lstrip().startswith(("#", "%"))), 0)
    if not first or csv_format.delimiter == FIXED:
        return own, keep
    mark = lines[first - 1].lstrip()[0]
    names = [fields for _, fields in records_of([lines[first - 1].lstrip().lstrip(mark).lstrip()], csv_format)]
    table = [fields for _, fields in records_of(lines[first:], replace(csv_format, comment=mark, skip=0))]
    usual = usual_width(list(enumerate(table)))
    rows = [fields for fields in table if len(fields) == usual]
    if not names or len(names[0]) != usual or usual < 2 or len(rows) < 2 or guess_header(rows, ANY_MARKS).value:
        return own, keep
    if any(is_missing(text) or number(text) is not None for text in names[0]):
        return own, keep
    reason = f"Line {first:,} begins with {mark} and has a name for each of the {usual:,} columns."
    is_sure = csv_format.delimiter not in {SPACES, ALIGNED}
    return Guess(mark, f"Line {first:,} begins with {mark}.", is_sure), Guess("header", reason, is_sure)


def guess_trailing(sample: Sample, csv_format: CsvFormat) -> Guess:
    """Return whether lines end with a delimiter that ends no further column: drop or keep."""
    records = records_of(sample.head, csv_format) + records_of(sample.body, csv_format)
    usual = usual_width(records)
    if usual < 3 and not any(len(fields) == usual - 1 for _, fields in records):
        return Guess("keep", "Lines do not end with a delimiter.")
    widths = [len(fields) for _, fields in records]
    start = next((place for place, width in enumerate(widths) if usual and width >= usual - 1 > 0), None)
    if start is None:
        return Guess("keep", "Lines do not end with a delimiter.")
    first, rest = records[start][1], [fields for _, fields in records[start + 1 :] if len(fields) == usual]
    ended = sum(not fields[-1].strip() for fields in rest)
    is_unnamed = len(first) == usual - 1 or not first[-1].strip()
    if rest and ended == len(rest) and is_unnamed:
        return Guess("drop", f"All {ended:,} lines end with a delimiter, and the header names no column behind it.")
    return Guess("keep", "Lines do not all end with a delimiter, or the header names the column behind it.")


def guess_skip(sample: Sample, csv_format: CsvFormat) -> Guess:
    """Return how many lines stand before the header: those that have other numbers of cells than the table."""
    records = records_of(sample.head, csv_format)
    if is_wide_header([fields for _, fields in records]):
        return Guess(records[0][0] - 1, "The first line has names for more cells than most lines below it have.")
    usual = usual_width(records + records_of(sample.body, csv_format))
    widths = [len(fields) for _, fields in records]
    if not usual or usual not in widths:
        return Guess(0, "No table was seen.", sure=False)
    said = 1 if SEP_LINE.fullmatch(sample.head[records[0][0] - 1]) else 0
    start = widths.index(usual, said) if usual in widths[said:] else 0
    if padded := _padded(records[start:], usual):
        start, widths = start + padded, [1] * (start + padded)
    if start > said and _is_odd_header(records, start):
        start -= 1
    if _is_merged(records[start:]):
        reason = f"Line {records[start][0]:,} has empty cells between names, the line below it a name in each cell."
        return Guess(records[start + 1][0] - 1, reason, sure=False)
    if not start or records[start][0] > MOST_SKIPPED:
        return Guess(0, "The first line is part of the table.")
    line = records[start][0] - 1
    if said:
        return Guess(line, "The first line says sep=.")
    what = "Line 1 has" if line == 1 else f"The first {line:,} lines have"
    cells = ", ".join(str(width) for width in sorted(set(widths[:start])))
    count = f"{cells} {'cell' if cells == '1' else 'cells'}"
    return Guess(line, f"{what} {count}, the lines below {usual:,}.", sure=set(widths[:start]) == {1})


def _is_merged(records: Records) -> bool:
    """Return whether the first record has names over several columns each, as merged cells are, above their own."""
    above, names, *rows = [fields for _, fields in records] if len(records) >= FEWEST_MERGED else [[], []]
    words = [text for text in above if text.strip()]
    gaps = sum(not text.strip() for text in above[1:])
    if len(above) != len(names) or gaps < FEWEST_GAPS or not words:
        return False
    table = [fields for fields in rows if len(fields) == len(names)]
    has_numbers = any(are_numbers(column, marks) for column in zip(*table, strict=True) for marks in EITHER_MARK)
    return has_numbers and all(text.strip() and number(text) is None for text in (*words, *names))


def _padded(records: Records, usual: int) -> int:
    """Return how many records have one cell at most that is not empty, with a header below: titles of spreadsheets."""
    own = [fields for _, fields in records if len(fields) == usual]
    filled = [sum(bool(text.strip()) for text in fields) for fields in own]
    first = next((place for place, count in enumerate(filled) if count > 1), 0)
    is_table = usual >= FEWEST_PADDED and len(own) > first + 1 and bool(guess_header(own[first:], ANY_MARKS).value)
    return first if is_table and [fields for _, fields in records[:first]] == own[:first] else 0


def _is_odd_header(records: Records, start: int) -> bool:
    """Return whether the line above a table that has no header names its columns, though not each of them."""
    names = records[start - 1][1]
    table = [fields for _, fields in records[start:] if len(fields) == len(records[start][1])]
    words = [text for text in names if not is_missing(text) and number(text) is None]
    return len(words) == len(names) > 1 and len(table) > 1 and not guess_header(table, ANY_MARKS).value


def guess_repeats(path: Path, sample: Sample, csv_format: CsvFormat) -> Guess:
    """Return whether lines that repeat the header are left out: drop or keep. The whole file is searched."""
    records = records_of(sample.head, csv_format) if csv_format.header else []
    if not records:
        return Guess("keep", "There is no header.")
    header = sample.head[records[0][0] - 1]
    starts = places_of_line(path, header, csv_format.encoding)[1:]
    others = _with_other_quotes(header, records[0][1], csv_format)
    otherwise = [place for line in others for place in places_of_line(path, line, csv_format.encoding)]
    if not starts and not otherwise:
        return Guess("keep", "No line repeats the header.")
    count, first = len(starts) + len(otherwise), line_at(path, min([*starts, *otherwise]), csv_format.encoding)
    how = ", written otherwise" if otherwise else ""
    more = f", {count - 1:,} more do" if count > 1 else ""
    return Guess("unquoted" if otherwise else "drop", f"Line {first:,} repeats the header{how}{more}.")


def _with_other_quotes(header: str, names: Sequence[str], csv_format: CsvFormat) -> set[str]:
    """Return how else a header may be written: without or with quotes around each name, behind a byte-order mark."""
    quote, delimiter = csv_format.quote, csv_format.delimiter
    marked = {f"{BYTE_ORDER_MARK}{header}"}  # a second file was appended as it is
    if quote == NONE or len(delimiter) > 1 or any(quote in name or delimiter in name for name in names):
        return marked
    ways = (delimiter.join(names), delimiter.join(f"{quote}{name}{quote}" for name in names))
    return marked | {way for way in ways if way != header}
