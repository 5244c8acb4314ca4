"""Lines below a table: notes, a row of totals, the mark for the end of a file."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import dropwhile

from dashboard.data.csv_format import FIXED, NONE, CsvFormat
from dashboard.data.delimiters import Records, records_of
from dashboard.data.guesses import Guess

ROW, NOTE, PADDED, GAP = "row", "note", "padded", "gap"
"""Kinds of lines; a padded one is a note with empty cells behind it, as spreadsheets write it."""
TOTALS = {"total", "totals", "grand total", "sum", "subtotal", "summe", "gesamt", "average", "mean", "mittelwert"}


def guess_skip_last(lines: Sequence[str], csv_format: CsvFormat) -> Guess:
    """Return how many of a file's last lines are no rows: those of one cell, and one of totals (unsure)."""
    nothing = Guess(0, "The last line is part of the table.")
    if csv_format.delimiter == FIXED:
        return nothing
    table = replace(csv_format, skip=0, skip_last=0, repeats="keep", comment=NONE, comment_names="keep")
    rows: list[Records] = [records_of([line], table) for line in lines]
    kinds = [_kind(line, records, csv_format.quote) for line, records in zip(lines, rows, strict=True)]
    last_row = max((place for place, kind in enumerate(kinds) if kind == ROW), default=-1)
    end = list(dropwhile(lambda kind: kind == PADDED, kinds[last_row + 1 :]))  # what has no gap above it may be a row
    notes = list(dropwhile(lambda kind: kind == GAP, end))
    count, seen = len(notes), len(end)
    if seen == len(lines):
        return nothing  # a table of one column, or no table at all
    if count:
        return Guess(count, f"The last lines, from '{lines[-count].strip()[:40]}' on, have one cell.")
    firsts = [records[0][1][0].strip().lower().rstrip(":") for records in rows if records]
    if firsts and firsts[-1] in TOTALS and firsts.count(firsts[-1]) == 1:
        return Guess(seen + 1, f"The last row begins with '{firsts[-1]}': it sums up the others, it seems.", sure=False)
    return nothing


def _kind(line: str, records: Records, quote: str) -> str:
    fields = [text.strip() for text in records[0][1]] if records else []
    if quote in line or any(fields[1:]):
        return ROW
    if not any(fields):
        return GAP
    return NOTE if len(fields) == 1 else PADDED
