"""Lines below a table: notes, a row of totals, the mark for the end of a file."""

from collections.abc import Sequence
from dataclasses import replace

from dashboard.data.csv_format import FIXED, NONE, CsvFormat
from dashboard.data.delimiters import Records, records_of
from dashboard.data.guesses import Guess

TOTALS = {"total", "totals", "grand total", "sum", "subtotal", "summe", "gesamt", "average", "mean", "mittelwert"}


def guess_skip_last(lines: Sequence[str], csv_format: CsvFormat) -> Guess:
    """Return how many of a file's last lines are no rows: those of one cell, and one of totals (unsure)."""
    nothing = Guess(0, "The last line is part of the table.")
    if csv_format.delimiter == FIXED:
        return nothing
    table = replace(csv_format, skip=0, skip_last=0, repeats="keep", comment=NONE, comment_names="keep")
    rows: list[Records] = [records_of([line], table) for line in lines]
    count = seen = 0
    for place, records in enumerate(reversed(rows), start=1):
        line = lines[-place]
        if csv_format.quote in line or (records and len(records[0][1]) > 1):
            break
        seen, count = place, place if line else count
    if seen == len(lines):
        return nothing  # a table of one column, or no table at all
    if count:
        shown = next(line for line in lines[-count:] if line)
        return Guess(count, f"The last lines, from '{shown.strip()[:40]}' on, have one cell.")
    firsts = [records[0][1][0].strip().lower().rstrip(":") for records in rows if records]
    if firsts[-1] in TOTALS and firsts.count(firsts[-1]) == 1:
        return Guess(seen + 1, f"The last row begins with '{firsts[-1]}': it sums up the others, it seems.", sure=False)
    return nothing
