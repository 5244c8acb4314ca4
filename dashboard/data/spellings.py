"""Numbers that are written in other ways than plain ones: with signs, with units, as accounts and Fortran do, as times.

Which of them are read is a set of rules with a number, stored with a dataset: a file is read again as it was first.
"""

import re
import unicodedata
from collections.abc import Collection, Sequence
from typing import Any

from dashboard.data.cells import BLANKS, NEGATIVE, SIGN_PATTERN

SIGNS, ACCOUNTS, SPELLINGS, DASHES = 1, 2, 3, 4
NEWEST_RULES = DASHES
"""Rules: signs are taken off; negative numbers of accounts are read, too; D exponents, 1_000 and all digits; and a dash
for a minus sign, and the apostrophe that spreadsheets put before a number that is text."""
AS_TEXT = re.compile("'[+-]?[0-9]*[.,]?[0-9][0-9.,]*(?:[eE][+-]?[0-9]{1,4})?")
TIME = "time"
"""The unit of a column of times: 10:30 is 10.5 hours."""
TIME_PATTERN = re.compile(r"([0-9]{1,3}):([0-5][0-9])(?::([0-5][0-9](?:[.,][0-9]+)?))?")
FORTRAN = re.compile(r"[+-]?(?:[0-9]+[.,][0-9]*|[.,][0-9]+)[dD][+-]?[0-9]{1,3}|[+-]?[0-9]+[dD][+-][0-9]{1,3}")
UNDERSCORED = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:_[0-9]{3})+(?:[.,][0-9]*)?")
OTHER_MARKS = {"\u066b": ".", "\u066c": ""}
"""The decimal mark and the thousands separator that go with Arabic digits."""
LONGEST_UNIT = 12
WITH_UNIT = re.compile(r"([+-]?[0-9][0-9.,]*(?:[eE][+-]?[0-9]{1,4})?)[ \xa0]*([^\W\d_][^\s\d]*)")
FEWEST_DIFFERENT = 3
UNIT_SHARE = 0.95


def is_spelled(text: str) -> bool:
    """Return whether a text is a number with a D exponent, with underscores, in other digits, or behind '."""
    return any(pattern.fullmatch(text) for pattern in (FORTRAN, UNDERSCORED, AS_TEXT)) or _has_other_digits(text)


def may_be_negative(text: str) -> bool:
    """Return whether a text looks like a negative number of accounts."""
    return NEGATIVE.fullmatch(text) is not None


def _has_other_digits(text: str) -> bool:
    return not text.isascii() and any(character.isdecimal() and not character.isascii() for character in text)


def hours(text: str) -> float | None:
    """Return the hours of a time such as 10:30 or 1:02:03.5; None for another text."""
    match = TIME_PATTERN.fullmatch(text.strip(BLANKS))
    if match is None:
        return None
    return int(match[1]) + int(match[2]) / 60 + float((match[3] or "0").replace(",", ".")) / 3600


def unit_of(texts: Sequence[str]) -> str:
    """Return the unit behind (nearly) all numbers of some texts, TIME for times; empty if there is none, or several."""
    if len(texts) < FEWEST_DIFFERENT:
        return ""
    if all(hours(text) is not None for text in texts):
        return TIME
    matches = [match for text in texts if (match := WITH_UNIT.fullmatch(text))]
    units = {match[2].lower() for match in matches}
    is_unit = len(units) == 1 and len(matches) >= UNIT_SHARE * len(texts) and len(matches[0][2]) <= LONGEST_UNIT
    has_codes = any(re.fullmatch("0[0-9]+", match[1]) for match in matches)
    return matches[0][2] if is_unit and not has_codes else ""


def without_unit(texts: Any, unit: str) -> Any:  # noqa: ANN401 - untyped pyarrow
    """Return a pyarrow array of texts without a unit, in any case, behind their numbers."""
    from dashboard.arrow import pc  # noqa: PLC0415 - as in blocks

    return pc.replace_substring_regex(texts, rf"(?i)^(.*[0-9.,])[ \x{{a0}}]*{re.escape(unit)}$", r"\1")


def without_signs(texts: Any, decimal: str, rules: int) -> Any:  # noqa: ANN401 - untyped pyarrow
    """Return texts without a sign of currency or per cent and separators of thousands; negative ones with - first.

    `rules` say what else is read as a number.
    """
    from dashboard.arrow import pc  # noqa: PLC0415 - as in blocks

    separator = "," if decimal == "." else "."
    bare = pc.replace_substring_regex(texts, SIGN_PATTERN, "", max_replacements=1)
    if rules >= ACCOUNTS:
        bare = pc.replace_substring(bare, "\u2212", "-")
        bare = pc.replace_substring_regex(bare, r"^\((.*)\)$|^([0-9].*[0-9]) *-$", r"-\1\2")
    if rules >= DASHES:
        bare = pc.replace_substring_regex(bare, "^\u2013 ?", "-")
        bare = pc.replace_substring_regex(bare, f"^{AS_TEXT.pattern[0]}({AS_TEXT.pattern[1:]})$", r"\1")
    if rules >= SPELLINGS:
        bare = _plain_spelling(bare, decimal)
    grouped = rf"^[+-]?[0-9]{{1,3}}(?:[{separator}][0-9]{{3}})+(?:[{decimal}][0-9]*)?$"
    is_grouped = pc.match_substring_regex(bare, grouped)
    return pc.if_else(is_grouped, pc.replace_substring(bare, separator, ""), bare)


def _plain_spelling(texts: Any, decimal: str) -> Any:  # noqa: ANN401 - untyped pyarrow
    """Return texts with the digits 0 to 9, E for D in exponents, and without underscores between thousands."""
    from dashboard.arrow import pa, pc  # noqa: PLC0415 - as in blocks

    if pc.any(pc.invert(pc.string_is_ascii(texts))).as_py():
        texts = pa.array([_plain_digits(text, decimal) for text in texts.to_pylist()], pa.string())
    is_fortran = pc.match_substring_regex(texts, f"^(?:{FORTRAN.pattern})$")
    texts = pc.if_else(is_fortran, pc.replace_substring_regex(texts, "[dD]", "E"), texts)
    is_underscored = pc.match_substring_regex(texts, f"^(?:{UNDERSCORED.pattern})$")
    return pc.if_else(is_underscored, pc.replace_substring(texts, "_", ""), texts)


def _plain_digits(text: str, decimal: str) -> str:
    if not _has_other_digits(text):
        return text
    marks = OTHER_MARKS | {"\u066b": decimal}
    return "".join(marks.get(character, str(unicodedata.decimal(character, character))) for character in text)


def reason_of_spelling(unit: str, sign: str, examples: Collection[str]) -> str:
    """Say how the cells of a column are read as numbers."""
    shown = next(iter(examples), "")[:40]
    if unit == TIME:
        return f"Its cells are times such as {shown!r}, read as hours: {hours(shown) or 0:g}."
    if unit:
        return f"Its cells are numbers with the unit {unit}, which is taken off."
    if sign:
        return f"Its cells are numbers without their sign {sign}."
    if any(map(is_spelled, examples)):
        return f"Its cells are numbers that are written otherwise, such as {shown!r}."
    return "Its cells are numbers once (5.00), 5.00- and \u22125.00 are read as negative."
