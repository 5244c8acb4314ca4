"""How a CSV file is written: each part of its format guessed from the whole file, with a reason and how sure it is.

The result is shown to the person, who may correct it (`csv_format.parse_format`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dashboard.data.cells import number
from dashboard.data.csv_format import BOTH_COMMAS, HEADERS, CsvFormat
from dashboard.data.delimiters import guess_delimiter, guess_quote, guess_starts, records_of, usual_width
from dashboard.data.encoding_guess import check_encoding, guess_encoding
from dashboard.data.footers import guess_skip_last
from dashboard.data.guesses import Guess
from dashboard.data.headers import Rows, guess_header, guess_units
from dashboard.data.number_marks import guess_marks
from dashboard.data.preamble import guess_comment, guess_comment_names, guess_repeats, guess_skip, guess_trailing
from dashboard.data.quotes_within import guess_quotes_within
from dashboard.data.row_lengths import guess_empty, guess_ragged, is_wide_header
from dashboard.data.sampling import Sample, last_lines, sample
from dashboard.data.whole_rows import filled
from dashboard.errors import Invalid

FORCED = Guess(None, "As you said.")


@dataclass(frozen=True)
class Detected:
    """The format that was guessed, and the guess of each of its fields."""

    format: CsvFormat
    guesses: dict[str, Guess]


def detect(path: Path, given: dict[str, Any] | None = None) -> Detected:
    """Return how a file is written, with a reason for each guess.

    `given` are fields that a person has settled, `header` among them as auto, yes or no: the rest is guessed with
    them. The whole file is looked at for its encoding, lines from all of it for the rest. Raises Invalid, under the
    field ``file`` (or ``header``), for what is empty or no text.
    """
    settled = dict(given or {})
    header = settled.pop("header", "auto")
    if header not in HEADERS:
        raise Invalid({"header": f"Choose one of: {', '.join(HEADERS)}."})
    said = settled.get("encoding")
    encoding = replace(FORCED, value=check_encoding(path, said)) if said else guess_encoding(path)
    detection = _Detection(path, sample(path, encoding.value), settled, {"encoding": encoding})
    detection.find_table()
    detection.find_header(header)
    return Detected(detection.format, detection.guesses)


def _has_comma(row: Sequence[str]) -> bool:
    """Return whether a number of a row has a decimal comma: in a file of commas it stands in quotes."""
    return any("," in text and number(text, ",", ".") is not None for text in row)


class _Detection:
    """The guesses so far: each is made with those before it."""

    def __init__(self, path: Path, lines: Sample, settled: dict[str, Any], guesses: dict[str, Guess]) -> None:
        self.path, self.lines, self.settled, self.guesses = path, lines, settled, guesses
        self.format = CsvFormat(**{name: guess.value for name, guess in guesses.items()})

    def take(self, name: str, guess: Guess) -> None:
        """Note a guess, unless the person has settled the field."""
        if name in self.settled:
            guess = replace(FORCED, value=self.settled[name])
        self.guesses[name] = guess
        self.format = replace(self.format, **{name: guess.value})

    def find_table(self) -> None:
        """Guess what cuts lines into cells, and which lines are part of the table."""
        self.take("quote", guess_quote(self.lines))
        self.take("delimiter", guess_delimiter(self.lines, self.format.quote))
        self.take("starts", guess_starts(self.lines, self.format.delimiter))
        self.take("quotes_within", guess_quotes_within(self.lines, self.format))
        last = last_lines(self.path, self.format.encoding)
        self.take("empty", guess_empty(self.path, self.lines, last, self.format))
        self.take("comment", guess_comment(self.lines, self.format))
        mark, names = guess_comment_names(self.lines, self.format)
        if names.value == "header" and self.settled.get("comment", mark.value) == mark.value:
            self.take("comment", mark)
        self.take("comment_names", names if self.format.comment == mark.value else replace(names, value="keep"))
        self.take("trailing", guess_trailing(self.lines, self.format))
        self.take("skip", guess_skip(self.lines, self.format))
        self.take("skip_last", guess_skip_last(last, self.format))
        self.take("ragged", guess_ragged(self.lines, self.format))

    def find_header(self, header: str) -> None:
        """Guess what the first records are, and how numbers are written below them."""
        rows = self._rows()
        settled = self.settled.get("decimal", "")
        decimal, thousands = guess_marks(list(zip(*rows[1:], strict=True)), self.format.delimiter, settled)
        if decimal.value == self.settled.get("thousands"):
            decimal = replace(FORCED, value="," if decimal.value == "." else ".")
        self.take("decimal", decimal)
        is_both = "decimal" in self.settled and self.format.decimal == self.format.delimiter
        if is_both and not any(map(_has_comma, rows)):
            raise Invalid({"decimal": BOTH_COMMAS})
        self.take("thousands", thousands)
        marks = self.format.marks
        guess = guess_header(rows, marks) if rows else Guess(True, "No table was seen.", sure=False)
        self.take("header", replace(FORCED, value=header == "yes") if header != "auto" else guess)
        units = guess_units(rows, marks) if self.format.header else Guess(0, "There is no header.")
        self.take("skip_after", units)
        self.take("repeats", guess_repeats(self.path, self.lines, self.format))

    def _rows(self) -> Rows:
        """Return the rows of the usual width, the header first, as far as it has a name for each column."""
        table = replace(self.format, skip_last=0, ragged="refuse")  # the sample need not have the end of the file
        records = records_of(self.lines.head, table)
        body = records_of(self.lines.body, replace(table, skip=0))
        every = [fields for _, fields in records + body]
        usual = usual_width(records + body)
        if is_wide_header(every):
            usual, every = len(every[0]), [filled(fields, len(every[0])) for fields in every]
        rows = [fields for fields in every if len(fields) == usual]
        if records and len(records[0][1]) == usual - 1:  # the column of row names has no name
            rows.insert(0, ["", *records[0][1]])
        return rows
