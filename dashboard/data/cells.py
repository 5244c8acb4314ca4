"""What the text of one cell means: missing, a number, or a word.

The same rules are applied to whole columns in `blocks`; a test holds the two together.
"""

import re

BLANKS = " \t\r\n\f\v\xa0"
MISSING_WORDS = ("", "na", "n/a", "nan", "null", "none", "?", "-")
NUMBER_PATTERN = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?"
LARGEST = 1e38
"""Beyond it a number is taken as a word: the float32 of a network could not hold it."""
MOST_CATEGORIES = 1_000
MOST_COLUMNS = 20_000


def number_pattern(decimal: str) -> str:
    """Return the regular expression of a number whose decimal sign is ``.`` or ``,``."""
    return NUMBER_PATTERN if decimal == "." else NUMBER_PATTERN.replace(r"\.", ",")


_NUMBERS = {decimal: re.compile(number_pattern(decimal)) for decimal in ".,"}


def is_missing(text: str) -> bool:
    """Return whether a cell is one of the words for "not known" (empty, NA, nan, null, none, ?, -)."""
    return text.strip(BLANKS).lower() in MISSING_WORDS


def number(text: str, decimal: str = ".") -> float | None:
    """Return the cell as the nearest float64, or None if it is not a number from -1e38 to 1e38."""
    word = text.strip(BLANKS)
    if not _NUMBERS[decimal].fullmatch(word):
        return None
    value = float(word.replace(",", "."))
    return value if abs(value) <= LARGEST else None


def shown_number(value: float) -> str:
    """Return the name of a class or category that is a number: ``7`` for 7.0, else the shortest exact decimal."""
    return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(float(value))
