"""What the text of one cell means: missing, a number, or a word.

The same rules are applied to whole columns in `blocks`; a test holds the two together.
"""

import re
from collections.abc import Collection
from functools import lru_cache

BLANKS = " \t\r\n\f\v\xa0"
MISSING_WORDS = (
    *("", "#n/a", "#n/a n/a", "#na", "-", "-1.#ind", "-1.#qnan", "-nan", "1.#ind", "1.#qnan", "<na>", "?", "n/a", "na"),
    *("nan", "none", "null"),
)
"""The words of pandas, with ? and -; in small letters, as case does not count."""
NUMBER_PATTERN = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?"
SIGN_PATTERN = "[ \u00a0]*(?:[$€£¥₹₽₩%]|USD|EUR|GBP|CHF|JPY)[ \u00a0]*"
SIGN = re.compile(SIGN_PATTERN)
NEGATIVE = re.compile(r"\([^()]*[0-9][^()]*\)|[0-9][^-]*[0-9] *-|[\u2212\u2013].*[0-9].*")
"""How accounts write a negative number: (5.00), 5.00- or with a minus sign or dash of print; 2- may be a mark."""
LARGEST = 1e38
"""Beyond it a number is taken as a word: the float32 of a network could not hold it."""
OLD_MISSING_WORDS = ("", "na", "n/a", "nan", "null", "none", "?", "-")
"""The words of datasets that were made before they were stored with them."""
MOST_EXACT = 2.0**53
"""From here on different whole numbers may be the same float64."""
CODE_PATTERN = r"[+-]?0[0-9]+|[0-9]+[eE][0-9]+"
"""What looks like a number but is spelled as only a code is: 007, 001E01."""
MOST_CATEGORIES = 1_000
MOST_COLUMNS = 20_000


_SEPARATORS = {",": ",", ".": r"\.", "'": "['\u2019]", " ": "[ \xa0\u2009\u202f]", "lakh": ","}
"""Thousands separator -> the regular expression of all ways in which it is written."""


def number_pattern(decimal: str, thousands: str = "none") -> str:
    """Return the regular expression of a number with a decimal mark (``.`` or ``,``) and a thousands separator.

    Separated groups have exactly three digits, the first one to three and no leading zero; with lakh the last has
    three and those before it two.
    """
    pattern = NUMBER_PATTERN if decimal == "." else NUMBER_PATTERN.replace(r"\.", ",")
    if thousands not in _SEPARATORS:
        return pattern
    groups = rf"[0-9]{{0,2}}(?:{_SEPARATORS[thousands]}[0-9]{{3}})+"
    if thousands == "lakh":
        groups = "[0-9]?(?:,[0-9]{2})*,[0-9]{3}"
    grouped = rf"[+-]?[1-9]{groups}(?:{re.escape(decimal)}[0-9]*)?"
    return f"{grouped}|{pattern}"


def separator_pattern(thousands: str) -> str:
    """Return the regular expression of a thousands separator; it matches nothing for none."""
    return _SEPARATORS.get(thousands, r"[^\s\S]")


@lru_cache
def _number(decimal: str, thousands: str) -> re.Pattern[str]:
    return re.compile(number_pattern(decimal, thousands))


def is_missing(text: str, words: Collection[str] = MISSING_WORDS) -> bool:
    """Return whether a cell is one of the words (given in small letters) for "not known"."""
    return text.strip(BLANKS).lower() in words


def number(text: str, decimal: str = ".", thousands: str = "none") -> float | None:
    """Return the cell as the nearest float64, or None if it is not a number from -1e38 to 1e38."""
    word = text.strip(BLANKS)
    if not _number(decimal, thousands).fullmatch(word):
        return None
    if thousands in _SEPARATORS:
        word = re.sub(_SEPARATORS[thousands], "", word)
    value = float(word.replace(",", "."))
    return value if abs(value) <= LARGEST else None


def is_code(text: str) -> bool:
    """Return whether a cell would lose its identity as a number: leading zeros, an E without sign, beyond 2^53."""
    word = text.strip(BLANKS)
    is_beyond = re.fullmatch(r"[+-]?[0-9]+", word) is not None and abs(float(word)) >= MOST_EXACT
    return is_beyond or re.fullmatch(CODE_PATTERN, word) is not None


def shown_number(value: float) -> str:
    """Return the name of a class or category that is a number: ``7`` for 7.0, else the shortest exact decimal."""
    return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(float(value))
