"""The delimiter and the quote character of a file, guessed from its lines."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from dashboard.data.cells import number
from dashboard.data.csv_format import ALIGNED, CTRL_A, DELIMITER_WORDS, FIXED, SPACES, CsvFormat
from dashboard.data.fixed_columns import column_starts
from dashboard.data.guesses import Guess
from dashboard.data.lines import numbered_records
from dashboard.data.sampling import Sample
from dashboard.data.whole_rows import has_no_value
from dashboard.errors import Invalid

DETECTED = "\t|;,"
RARE = (CTRL_A, "^", "~", ":")
"""Looked at where no other delimiter cuts lines at all."""
BLANK = (SPACES, ALIGNED)
MOST_RECORDS = 400
MOST_CELLS = 200_000
SEP_LINE = re.compile(r"\ufeff?\"?sep=(.)\"?\s*", re.IGNORECASE)
SURE_SHARE, SURE_MARGIN, COMMA_MARGIN = 0.95, 0.2, 0.3
GROUPED = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:,[0-9]{2,3})*,[0-9]{3}(?:\.[0-9]*)?")
LEAST_SHARE, FEWEST_NUMBERS = 0.9, 5
"""What spaces have to cut: nearly all lines, and one cell in five is a number; any text has spaces."""

Records = list[tuple[int, list[str]]]


@dataclass(frozen=True)
class Cut:
    """What a delimiter makes of a sample: `usual` fields in `share` of the records, and a score."""

    delimiter: str
    usual: int = 0
    share: float = 0.0
    records: int = 0
    score: float = 0.0


def records_of(lines: Iterable[str], csv_format: CsvFormat) -> Records:
    """Return (line number, fields) of the first records; what cannot be read as CSV ends the list."""
    records: Records = []
    cells = 0
    try:
        for line, fields in numbered_records((f"{line}\n" for line in lines), csv_format):
            records.append((line, fields))
            cells += len(fields)
            if len(records) >= MOST_RECORDS or cells >= MOST_CELLS:
                break
    except Invalid:
        return records
    return records


def guess_quote(sample: Sample) -> Guess:
    """Return the quote character: single quotes only where they enclose cells and double ones do not."""
    single = sum(bool(re.search(r"(?:^|[\t|;, ])'[^']*'(?:$|[\t|;, ])", line)) for line in sample.lines)
    if any('"' in line for line in sample.lines):
        return Guess('"', "Some cells stand in double quotes.")
    if single >= 2 and single * 2 > sum("'" in line for line in sample.lines):
        return Guess("'", f"Cells stand in single quotes in {single:,} of the lines that were looked at.")
    return Guess('"', "No quotes were seen.")


def guess_delimiter(sample: Sample, quote: str) -> Guess:
    """Return the delimiter that cuts the lines into the most regular table; comma, unsure, if none does."""
    first = next((line for line in sample.head if line.strip()), "")
    said = SEP_LINE.fullmatch(first)
    if said and said[1] in DELIMITER_WORDS:
        return Guess(said[1], "The first line says so (sep=).")
    cuts = [_cut(sample, delimiter, quote) for delimiter in DETECTED]
    best = max(cuts, key=lambda cut: cut.score)  # where two do equally well the first, rarer in texts, wins
    if best.share < LEAST_SHARE or best.delimiter == ",":  # a comma may be a decimal comma
        blank = max((_cut(sample, delimiter, quote) for delimiter in BLANK), key=lambda cut: cut.score)
        best = blank if blank.score > best.score + COMMA_MARGIN else best
    is_whole = best.share == 1 and (best.delimiter not in BLANK or best.records >= min(_lines(sample), MOST_RECORDS))
    if not is_whole and (best.delimiter in BLANK or best.share < LEAST_SHARE) and (starts := column_starts(sample)):
        reason = f"All lines have the same {len(starts) - 1} gaps, with a name above each column; some cells are empty."
        return Guess(FIXED, reason)
    if not best.score:
        rare = max((_cut(sample, delimiter, quote) for delimiter in RARE), key=lambda cut: cut.score)
        best = rare if rare.share >= SURE_SHARE else best
    if not best.score:
        return Guess(",", "No delimiter cuts the lines into two columns or more.", sure=False)
    others = [cut.score for cut in cuts if cut is not best]
    reason = f"It cuts {best.share:.0%} of {best.records:,} lines into {best.usual:,} cells."
    return Guess(best.delimiter, reason, best.share >= SURE_SHARE and best.score - max(others) > SURE_MARGIN)


def _is_grouped(text: str) -> bool:
    """Return whether a cell is a number with commas between thousands, or between lakhs: 1,23,456."""
    return "," in text and GROUPED.fullmatch(text.strip()) is not None


def _lines(sample: Sample) -> int:
    return sum(bool(line.strip()) for line in sample.lines)


def guess_starts(sample: Sample, delimiter: str) -> Guess:
    """Return where fixed columns begin, as a text of places; empty with a delimiter."""
    if delimiter != FIXED:
        return Guess("", "The cells are parted by a delimiter.")
    starts = column_starts(sample)
    if not starts:
        return Guess("", "No gaps were seen that all lines have.", sure=False)
    return Guess(", ".join(map(str, starts)), "Behind gaps that all lines have.")


def usual_width(records: Records) -> int:
    """Return how many fields most records have, of those that have two or more; 0 if none has."""
    counts = Counter(len(fields) for _, fields in records if len(fields) > 1)
    return counts.most_common(1)[0][0] if counts else 0


def _cut(sample: Sample, delimiter: str, quote: str) -> Cut:
    """Return how regular a table a delimiter makes.

    The score adds twice the share of records of the usual length, from the first of it on, to the share of cells
    that are numbers, less the share of those in which another delimiter is left over.
    """
    csv_format = CsvFormat(delimiter=delimiter, quote=quote, quotes_within="spaced")
    every = records_of(sample.head, csv_format) + records_of(sample.body, csv_format)
    records = [(line, fields) for line, fields in every if not has_no_value(fields)]
    usual = usual_width(records)
    if not usual:
        return Cut(delimiter)
    widths = [len(fields) for _, fields in records]
    table = [fields for _, fields in records[widths.index(usual) :]]
    share = sum(len(fields) == usual for fields in table) / len(table)
    cells = [text for fields in table for text in fields]
    others = set(DETECTED) - {delimiter}
    decimals = "." if delimiter == "," else ".,"
    are_numbers = [
        any(number(text, decimal) is not None for decimal in decimals) or (delimiter != "," and _is_grouped(text))
        for text in cells
    ]
    dirty = sum(
        not others.isdisjoint(text) for text, is_number in zip(cells, are_numbers, strict=True) if not is_number
    )
    if delimiter in BLANK and (share < LEAST_SHARE or sum(are_numbers) * FEWEST_NUMBERS < len(cells)):
        return Cut(delimiter)
    return Cut(delimiter, usual, share, len(table), max(2 * share + (sum(are_numbers) - dirty) / len(cells), 1e-6))
