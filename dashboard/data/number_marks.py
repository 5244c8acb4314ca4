"""The decimal mark and the thousands separator of a file, guessed from its columns of numbers.

``1,082`` may be a thousand or a little more than one. It is a decimal if the column has groups of another length
than three digits (``0,5``), a thousand if whole numbers below 1,000 stand in its column or a number has two separators.
In a file of commas ``12.345`` next to ``7`` stays open: points part thousands where semicolons part cells, and programs
that write commas write 7 for 7.000, too.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from dashboard.data.cells import BLANKS, is_missing
from dashboard.data.csv_format import LAKH, NONE, SPACES
from dashboard.data.guesses import Guess

FEWEST = 0.8
AROUND = "$€£¥%+-\u2212()" + BLANKS
GAP = "[ \xa0\u2009\u202f'\u2019]"
NUMBER_LIKE = re.compile(rf"[0-9](?:[0-9.,]|{GAP})*(?:[eE][+-]?[0-9]{{1,4}})?|[.,][0-9]+")
SPACED = re.compile(r"[1-9][0-9]{0,2}(?:[ \xa0\u2009\u202f][0-9]{3})+(?:[.,][0-9]*)?")
QUOTED = re.compile(r"[1-9][0-9]{0,2}(?:['\u2019][0-9]{3})+(?:[.,][0-9]*)?")
WITH_MARKS = re.compile(r"[0-9]{1,3}(?:[.,][0-9]{3})*[.,][0-9]+")
LAKHS = re.compile(r"[1-9][0-9]?(?:,[0-9]{2})+,[0-9]{3}(?:\.[0-9]*)?")
NAMES = {".": "point", ",": "comma"}

Columns = Sequence[Sequence[str]]


class Evidence(NamedTuple):
    """What columns say of a mark: cells that make it a decimal mark, a thousands separator, or leave it open.

    `next_to` are cells that make it a thousands separator because of a whole number next to them.
    """

    decimal: str = ""
    thousands: str = ""
    open: str = ""
    next_to: str = ""


def guess_marks(columns: Columns, delimiter: str, decimal_mark: str = "") -> tuple[Guess, Guess]:
    """Return the decimal mark and the thousands separator; `decimal_mark` is the former, if a person has settled it.

    Where both readings are as likely neither is sure. `columns` are the cells of some rows, column by column.
    """
    numeric = [words for column in columns if (words := _number_words(column))]
    if decimal_mark != "," and (lakhs := _lakhs(numeric)) is not None:
        return Guess(".", lakhs.reason), lakhs
    spaced = _separated(numeric, delimiter)
    if spaced is not None:
        numeric = [[re.sub(GAP, "", word) for word in words] for words in numeric]
    comma, point = _evidence(numeric, ",", "."), _evidence(numeric, ".", ",")
    comma = comma._replace(thousands=comma.thousands or comma.next_to)
    if delimiter != ",":
        point = point._replace(thousands=point.thousands or point.next_to)
    decimal, thousands = _decided(comma, point, delimiter)
    if decimal_mark and spaced is None:
        thousands = _other(".", point) if decimal_mark == "," else _other(",", comma)
    return (decimal, thousands) if spaced is None else (replace(decimal, sure=True), spaced)


def _number_words(column: Sequence[str]) -> list[str]:
    """Return the cells of a column without signs and currencies if nearly all look like numbers, else nothing."""
    known = [text for text in column if not is_missing(text)]
    words = [word for text in known if NUMBER_LIKE.fullmatch(word := text.strip(AROUND))]
    return words if len(words) >= FEWEST * len(known) else []


def _lakhs(numeric: Columns) -> Guess | None:
    """Return lakh as thousands separator if a column is written so: 1,23,456."""
    for words in numeric:
        parted = [word for word in words if LAKHS.fullmatch(word)]
        others = [word for word in words if re.fullmatch(r"(?:[1-9][0-9]?,)?[0-9]+(?:\.[0-9]*)?", word)]
        if parted and len(parted) + len(others) == len(words):
            return Guess(LAKH, f"'{parted[0]}' has groups of two digits before the last three.")
    return None


def with_other_marks(texts: Sequence[str]) -> str:
    """Return the first of some words if nearly all look like numbers with points or commas; empty for other words."""
    like = [text for text in texts if WITH_MARKS.fullmatch(text.strip(AROUND))]
    return like[0] if like and len(like) >= FEWEST * len(texts) else ""


def _separated(numeric: Columns, delimiter: str) -> Guess | None:
    """Return a space or an apostrophe as thousands separator if a column is written with it."""
    for sign, pattern in ((" ", SPACED), ("'", QUOTED)):
        if sign == " " and delimiter in {" ", SPACES}:
            continue
        for words in numeric:
            parted = [word for word in words if pattern.fullmatch(word)]
            others = [word for word in words if not re.search(GAP, word)]
            if parted and len(parted) + len(others) == len(words):
                return Guess(sign, f"'{parted[0]}' is written in groups of three digits.")
    return None


def _evidence(numeric: Columns, mark: str, other: str) -> Evidence:
    """Return what all columns say of a mark; one cell of each kind."""
    columns = [_column_evidence(words, mark, other) for words in numeric]
    return Evidence(*(next(filter(None, cells), "") for cells in zip(*columns, strict=True)))


def _column_evidence(words: Sequence[str], mark: str, other: str) -> Evidence:
    m, o = re.escape(mark), re.escape(other)
    grouped = re.compile(rf"[1-9][0-9]{{0,2}}(?:{m}[0-9]{{3}})+(?:{o}[0-9]*)?")
    fraction = re.compile(rf"[0-9]*(?:{o}[0-9]{{3}})*{m}[0-9]*(?:[eE].*)?")
    marked = [word for word in words if mark in word]
    if not all(grouped.fullmatch(word) or fraction.fullmatch(word) for word in marked):
        return Evidence()
    for word in marked:
        if not grouped.fullmatch(word):
            return Evidence(decimal=word)
    for word in marked:
        if word.count(mark) > 1 or other in word:
            return Evidence(thousands=word)
    small = next((word for word in words if word.isdecimal() and len(word) < 4 and word != "0"), "")
    if marked and small:
        return Evidence(next_to=f"{marked[0]}' next to '{small}")
    return Evidence(open=marked[0] if marked else "")


def _decided(comma: Evidence, point: Evidence, delimiter: str) -> tuple[Guess, Guess]:
    """Return the decimal mark and the thousands separator that the evidence leaves."""
    if comma.decimal and point.decimal:
        reason = f"'{point.decimal}' needs a decimal point, but '{comma.decimal}' a comma."
        return Guess(".", reason, sure=False), Guess(NONE, "The marks contradict each other.")
    for mark, own, other_mark, other in ((".", point, ",", comma), (",", comma, ".", point)):
        if own.decimal:
            return Guess(mark, f"'{own.decimal}' has a decimal {NAMES[mark]}."), _other(other_mark, other)
    for mark, own, other_mark, other in ((".", point, ",", comma), (",", comma, ".", point)):
        if other.thousands and not own.thousands:
            reason = f"The {NAMES[other_mark]} parts thousands: '{other.thousands}'."
            return Guess(mark, reason), Guess(other_mark, reason)
    return _open(comma, point, delimiter)


def _other(mark: str, evidence: Evidence) -> Guess:
    """Return the mark as thousands separator, once the other one is known to be the decimal mark."""
    if shown := evidence.thousands or evidence.next_to or evidence.open:
        return Guess(mark, f"'{shown}' is written in groups of three digits.")
    return Guess(NONE, "No number has a thousands separator.")


def _open(comma: Evidence, point: Evidence, delimiter: str) -> tuple[Guess, Guess]:
    """Return what usage suggests where no number decides."""
    if point.next_to and not point.thousands:
        reason = f"'{point.next_to}' may be a fraction or thousands: every number has three digits behind its point."
        return Guess(".", reason, sure=False), Guess(NONE, reason, sure=False)
    shown = comma.open or comma.thousands or point.open or point.thousands
    if not shown:
        return Guess(".", "No number has a decimal mark."), Guess(NONE, "No number has a thousands separator.")
    if delimiter == "," and not (comma.open or comma.thousands):
        return Guess(".", f"'{shown}' stands in a file with commas."), Guess(NONE, "Commas part the cells.")
    if delimiter == "," and not (point.open or point.thousands):
        reason = f"'{shown}' stands in a file whose cells are parted by commas."
        return Guess(".", reason), Guess(",", reason)
    mark = "," if comma.open and not point.open else "."
    reason = f"'{shown}' may be thousands or a fraction: every number has exactly three digits behind its mark."
    return Guess(mark, reason, sure=False), Guess(NONE, reason, sure=False)
