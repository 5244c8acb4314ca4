"""How quotes within quoted cells are written, guessed from what makes the table more regular."""

import re
from dataclasses import replace

from dashboard.data.csv_format import ALIGNED, FIXED, NONE, SPACES, CsvFormat
from dashboard.data.delimiters import records_of, usual_width
from dashboard.data.guesses import Guess
from dashboard.data.sampling import Sample


def guess_quotes_within(sample: Sample, csv_format: CsvFormat) -> Guess:
    """Return usual, spaced (blanks before quoted cells) or escaped (a backslash before quotes within them)."""
    quote, delimiter = csv_format.quote, csv_format.delimiter
    usual = Guess("usual", "No cell needs another way.")
    if quote == NONE or delimiter in {SPACES, ALIGNED, FIXED, " "}:
        return usual
    parts = re.escape(delimiter)
    seen = {
        "spaced": rf"{parts} +{quote}[^{quote}]",
        "escaped": rf"(?:^|{parts}){quote}[^{quote}]*\\{quote}(?!{parts}|$)",
    }
    for way, pattern in seen.items():
        line = next((line for line in sample.lines if re.search(pattern, line)), None)
        if line is not None and _share(sample, replace(csv_format, quotes_within=way)) >= _share(sample, csv_format):
            what = "blanks before a quoted cell" if way == "spaced" else "a backslash before a quote"
            return Guess(way, f"Lines such as '{line[:60]}' have {what}.")
    return usual


def _share(sample: Sample, csv_format: CsvFormat) -> float:
    """Return in which share of the records there are as many cells as in most."""
    records = records_of(sample.head, csv_format) + records_of(sample.body, csv_format)
    usual = usual_width(records)
    return sum(len(fields) == usual for _, fields in records) / max(len(records), 1)
