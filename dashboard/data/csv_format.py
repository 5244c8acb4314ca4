"""How a CSV file is written, as it is stored with a dataset, and the corrections that a person makes.

Each field has as its default what files of older datasets were read with, so that their stored formats keep their
meaning.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from dashboard.data.text_encodings import EncodingChoice
from dashboard.declarations import declared, read, setting
from dashboard.kinds import Choice, Text, Whole
from dashboard.parsing import Fields

NONE = "none"
LAKH = "lakh"
"""Thousands, then groups of two digits: 1,23,45,678."""
SPACES, ALIGNED, FIXED, CTRL_A = "spaces", "aligned", "fixed", "ctrl-a"
DELIMITERS = {
    "comma": ",",
    "semicolon": ";",
    "tab": "\t",
    "bar": "|",
    "colon": ":",
    "space": SPACES,
    "aligned": ALIGNED,
    "single-space": " ",
    "fixed": FIXED,
    "caret": "^",
    "tilde": "~",
    "ctrl-a": CTRL_A,
}
DELIMITER_WORDS = {
    ",": "comma ,",
    ";": "semicolon ;",
    "\t": "tab",
    "|": "bar |",
    ":": "colon :",
    SPACES: "spaces, one or more",
    ALIGNED: "two spaces or more",
    " ": "exactly one space",
    FIXED: "none: fixed columns",
    "^": "caret ^",
    "~": "tilde ~",
    CTRL_A: "the control character 1, as Hive writes it",
}
HEADERS = {"auto": "detect", "yes": "holds the names", "no": "is data already"}
DECIMALS = {".": "point .", ",": "comma ,"}
THOUSANDS = {
    NONE: "none",
    ",": "comma ,",
    ".": "point .",
    " ": "space",
    "'": "apostrophe '",
    LAKH: "lakhs: 1,23,45,678",
}
QUOTES = {'"': 'double "', "'": "single '", NONE: "none"}
COMMENTS = {NONE: "none", "#": "#", "%": "%", "//": "//", "!": "!", "*": "*", ";": ";"}
COMMENT_NAMES = {"keep": "are left out", "header": "the last one before the data names the columns"}
REPEATS = {"keep": "are data", "drop": "leave out", "unquoted": "leave out, also with other quotes"}
EMPTY = {"keep": "are rows", "drop": "leave out"}
RAGGED = {"refuse": "refuse the file", "fill": "fill in empty cells", "drop": "leave these rows out"}
QUOTES_WITHIN = {
    "usual": 'are doubled: ""',
    "spaced": "are doubled, and blanks may stand before a quoted cell",
    "escaped": 'have a backslash before them: \\"',
}
TRAILING = {"keep": "ends a further column", "drop": "leave out"}
MOST_SKIPPED = 1_000
LONGEST_STARTS = 10_000
BOTH_COMMAS = "The decimal mark and the delimiter cannot both be a comma."

Marks = tuple[str, str]
"""The decimal mark and the thousands separator."""


class DelimiterChoice(Choice):
    """One of the delimiters in DELIMITERS, or its name."""

    def __init__(self) -> None:
        super().__init__(DELIMITER_WORDS)
        self.schema = {"type": "string", "enum": list(dict.fromkeys([*DELIMITERS, *DELIMITERS.values()]))}

    def read(self, fields: Fields, name: str, default: str) -> str:
        """Return the character, or the word for spaces, in a field."""
        given = str(fields.data.get(name) or default)
        delimiter = DELIMITERS.get(given, given)
        if delimiter not in self.words:
            fields.refuse(name, f"Choose one of: {', '.join(DELIMITERS)}.")
        return delimiter


def _check_starts(fields: Fields, chosen: "CsvFormat") -> None:
    try:
        places = places_of(chosen.starts)
    except ValueError:
        fields.refuse("starts", "Give whole numbers that rise, with commas between them, such as 0, 12, 20.")
        return
    if chosen.delimiter == FIXED and len(places) < 2:
        fields.refuse("starts", "Say where the columns begin, such as 0, 12, 20, or choose a delimiter.")


@dataclass(frozen=True)
class CsvFormat:
    """How a CSV file is written; `encoding` is a Python codec's name.

    Of the header a person says auto, yes or no, of the others what was detected is the default. `skip` counts lines
    of the file before the header, `skip_after` records below it, `skip_last` lines at the end of the file.
    """

    delimiter: str = setting(DelimiterChoice(), ",", "Delimiter")
    header: bool = setting(Choice(HEADERS), True, "First line")
    encoding: str = setting(EncodingChoice(), "utf-8", "Encoding")
    decimal: str = setting(Choice(DECIMALS), ".", "Decimal mark")
    thousands: str = setting(Choice(THOUSANDS), NONE, "Thousands separator")
    quote: str = setting(Choice(QUOTES), '"', "Quote character")
    skip: int = setting(Whole(0, MOST_SKIPPED), 0, "Skip first lines", help="Lines before the header, such as a title.")
    comment: str = setting(Choice(COMMENTS), NONE, "Comment mark", help="Lines that begin with it are left out.")
    skip_after: int = setting(
        Whole(0, MOST_SKIPPED), 0, "Skip lines below the header", help="Lines such as one that holds units."
    )
    repeats: str = setting(Choice(REPEATS), "keep", "Lines that repeat the header")
    trailing: str = setting(Choice(TRAILING), "keep", "Delimiter at the end of lines")
    starts: str = setting(
        Text(LONGEST_STARTS, "Whole numbers with commas."),
        "",
        "Where fixed columns begin",
        "The place of each column's first character, from 0: 0, 12, 20. Only for fixed columns.",
    )
    comment_names: str = setting(Choice(COMMENT_NAMES), "keep", "Comments before the data")
    quotes_within: str = setting(Choice(QUOTES_WITHIN), "usual", "Quotes within quoted cells")
    empty: str = setting(
        Choice(EMPTY), "keep", "Lines without a value", help="Of blanks, delimiters or dashes alone: a line drawn."
    )
    ragged: str = setting(
        Choice(RAGGED), "refuse", "Rows of another length", help="With fewer or more cells than the first line."
    )
    skip_last: int = setting(Whole(0, MOST_SKIPPED), 0, "Skip last lines", help="Lines below the data, such as totals.")

    def to_json(self) -> dict[str, Any]:
        """Return plain values; `from_json` reads them back."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "CsvFormat":
        """Return the format that `to_json` wrote; what older ones do not name was read as by default."""
        return cls(**data)

    @property
    def marks(self) -> Marks:
        """The decimal mark and the thousands separator."""
        return self.decimal, self.thousands

    @property
    def is_plain(self) -> bool:
        """Whether every line from the first record on is a line of the table, cut by one character."""
        return (
            self.comment == NONE
            and self.repeats == self.trailing == "keep"
            and self.quotes_within == "usual"
            and not self.skip_last
            and self.empty == "keep"
            and self.ragged == "refuse"
            and self.delimiter not in {SPACES, ALIGNED, FIXED}
        )


FORMAT_SETTINGS = declared(CsvFormat)


def settled(fields: Fields) -> dict[str, Any]:
    """Return the values of those fields of the format that a person has filled in; `header` as auto, yes or no.

    What is wrong is noted in `fields`.
    """
    given = {name: own for name, own in FORMAT_SETTINGS.items() if fields.data.get(name) not in (None, "")}
    return read(fields, given, {"header": "auto"})


def parse_format(fields: Fields, detected: CsvFormat) -> CsvFormat:
    """Read a person's corrections; what is not given stays as detected.

    `delimiter` is a character of DELIMITERS or its name; `header` is auto, yes or no. Raises Invalid with a message
    for each wrong field.
    """
    given = settled(fields)
    header = given.pop("header", "auto")
    chosen = replace(detected, **given)
    if chosen.delimiter == "," != detected.delimiter and "decimal" not in given:
        chosen = replace(chosen, decimal=".")
    if chosen.thousands == chosen.decimal and "thousands" not in given:
        chosen = replace(chosen, thousands=NONE)
    if header != "auto":
        chosen = replace(chosen, header=header == "yes")
    _check_together(fields, chosen, detected)
    fields.done()
    return chosen


def places_of(starts: str) -> list[int]:
    """Return the places in a text of whole numbers with commas, such as "0, 12, 20"; raises ValueError for others."""
    places = [int(word) for word in starts.replace(",", " ").split()]
    if places != sorted(set(places)) or any(place < 0 for place in places):
        raise ValueError(starts)
    return places


def _check_together(fields: Fields, chosen: CsvFormat, detected: CsvFormat) -> None:
    """Refuse fields that contradict each other."""
    is_quoted = detected.delimiter == chosen.delimiter and "," in detected.marks  # "1,5","2,25"
    if chosen.decimal == chosen.delimiter and not is_quoted and chosen.thousands != ".":
        fields.refuse("decimal", BOTH_COMMAS)
    _check_starts(fields, chosen)
    if chosen.thousands == chosen.decimal or (chosen.thousands == LAKH and chosen.decimal == ","):
        fields.refuse("thousands", "The thousands separator and the decimal mark cannot be the same.")
    if chosen.thousands == " " and chosen.delimiter in {" ", SPACES}:
        fields.refuse("thousands", "The thousands separator and the delimiter cannot both be a space.")
    if chosen.comment == chosen.delimiter:
        fields.refuse("comment", "The comment mark and the delimiter cannot be the same.")
