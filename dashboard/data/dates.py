"""Dates and times as people write them: which order their numbers have, and the numbers that they are made of."""

import re
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from dashboard.data.cells import BLANKS

ORDERS = {"year": "year first", "day": "day first", "month": "month first"}
"""The orders of a date's numbers. One with the name of its month, or with four digits first, has no other."""
WITHOUT_MARKS = (19_000_101, 20_991_231)
"""The lowest and highest whole number that may be a date without separators: 20241231."""
PARTS = ("year", "month", "day", "weekday", "hour", "days")
FIRST_YEAR, LAST_YEAR = 1500, 2500
"""Other years are codes rather than dates."""
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
LONG_MONTHS = "january|february|march|april|may|june|july|august|september|october|november|december|sept"
MONTH_NAME = rf"(?P<name>{LONG_MONTHS}|{'|'.join(MONTHS)})\.?"
WEEKDAY = r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\.?,?\s+)?"
TIME = (
    r"(?:[t\s,:]\s*(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}(?:[.,]\d+)?))?"
    r"(?:\s*(?P<half>[ap])\.?m\.?)?(?:\s*(?P<zone>z|utc|gmt|[+-]\d{2}(?::?\d{2})?))?)?"
)
MARK, SAME = r"(?P<mark>[-/.])", "(?P=mark)"
TWO, FOUR = r"\d{1,2}", r"\d{4}"
DAY_NAMED = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?\.?"
PLAIN = (
    rf"{DAY_NAMED}[\s/-]*(?:of\s+)?{MONTH_NAME}[\s,/-]*(?P<year>{FOUR}|(?<=[/-])\d{{2}})",
    rf"{MONTH_NAME}[\s-]*{DAY_NAMED},?[\s-]+(?P<year>{FOUR})",
    rf"{MONTH_NAME}[\s,/-]*(?P<year>{FOUR})",
    rf"(?P<year>{FOUR})[\s/-]*{MONTH_NAME}(?:[\s/-]*(?P<day>{TWO}))?",
    rf"(?P<month>{TWO}){MARK}(?P<year>{FOUR})",
)
"""Dates whose order is plain: with the name of the month, or of a month and a year alone."""
NUMBERED = {
    "year": (
        rf"(?P<year>{FOUR}){MARK}(?P<month>{TWO})(?:{SAME}(?P<day>{TWO}))?",
        rf"(?P<year>\d{{2}})(?P<mark>[-/])(?P<month>{TWO}){SAME}(?P<day>{TWO})",
        r"(?P<year>(?:19|20)\d{2})(?P<month>\d{2})(?P<day>\d{2})",
    ),
    "day": (rf"(?P<day>{TWO}){MARK}(?P<month>{TWO}){SAME}(?P<year>{FOUR}|\d{{2}})",),
    "month": (rf"(?P<month>{TWO}){MARK}(?P<day>{TWO}){SAME}(?P<year>{FOUR}|\d{{2}})",),
}
"""Order -> the dates that have it."""


class Moment(NamedTuple):
    """A date, with a time or without: its numbers as they are written, and the days since the year 1 in UTC.

    `weekday` counts from Monday, 0.
    """

    year: int
    month: int
    day: int
    weekday: int
    hour: int
    days: float


@lru_cache
def _patterns(order: str) -> tuple[re.Pattern[str], ...]:
    texts = NUMBERED.get(order, PLAIN)
    return tuple(re.compile(f"{WEEKDAY}(?:{text}){TIME}", re.IGNORECASE | re.ASCII) for text in texts)


def moment(text: str, order: str) -> Moment | None:
    """Return the date in a text whose numbers have an order (one of ORDERS); None if it is none.

    Years of two digits are those from 1970 to 2069. Without a day it is the first of the month.
    """
    word = text.strip(BLANKS)
    patterns = (*_patterns(order), *_patterns("plain"))
    matches = (pattern.fullmatch(word) for pattern in patterns)
    match = next((one for one in matches if one), None)
    return _moment(match.groupdict()) if match else None


def _moment(parts: dict[str, str | None]) -> Moment | None:
    year = int(parts["year"] or 0)
    if year < 100:
        year += 2000 if year < 70 else 1900
    name = (parts.get("name") or "").lower()
    month = MONTHS.index(name[:3]) + 1 if name else int(parts.get("month") or 0)
    day = int(parts.get("day") or 1)
    time = _time(parts)
    if time is None or not FIRST_YEAR <= year <= LAST_YEAR:
        return None
    try:
        own = date(year, month, day)
    except ValueError:
        return None
    hour, seconds = time
    return Moment(year, month, day, own.weekday(), hour, own.toordinal() + (seconds - _zone(parts)) / 86_400)


def _time(parts: dict[str, str | None]) -> tuple[int, float] | None:
    """Return the hour, and the seconds since the day began, 0 without a time; None for one that does not exist."""
    if not parts["hour"]:
        return 0, 0.0
    hour, minute = int(parts["hour"]), int(parts["minute"] or 0)
    second = float((parts["second"] or "0").replace(",", "."))
    if half := (parts["half"] or "").lower():
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "p" else 0)
    does_exist = hour < 24 and minute < 60 and second < 61
    return (hour, hour * 3600.0 + minute * 60.0 + second) if does_exist else None


def _zone(parts: dict[str, str | None]) -> float:
    """Return how many seconds the time is ahead of UTC; 0 where nothing is said."""
    zone = parts["zone"] or ""
    if not zone or zone[0] not in "+-":
        return 0.0
    digits = zone[1:].replace(":", "")
    size = int(digits[:2]) * 3600.0 + int(digits[2:] or 0) * 60.0
    return -size if zone[0] == "-" else size


def possible_orders(texts: Sequence[str]) -> tuple[str, ...]:
    """Return the orders in which all texts are dates: none for other texts, several where no text decides."""
    left = list(ORDERS) if texts else []
    for text in texts:
        left = [order for order in left if moment(text, order) is not None]
        if not left:
            return ()
    is_plain = all(any(one.fullmatch(text.strip(BLANKS)) for one in _patterns("plain")) for text in texts)
    return tuple(left[:1] if is_plain else left)


def reason_of_dates(texts: Sequence[str], orders: Sequence[str]) -> str:
    """Say that texts are dates in these orders, with a text that shows it; empty without an order."""
    if not orders:
        return ""
    if len(orders) > 1:
        names = " or ".join(ORDERS[order] for order in orders)
        return f"It holds dates such as {texts[0][:40]!r}, {names}: no cell says which."
    others = [order for order in ORDERS if order != orders[0]]
    deciding = (text for text in texts if all(moment(text, other) is None for other in others))
    shown = next(deciding, texts[0])
    first = f", {ORDERS[orders[0]]}" if any(moment(shown, other) is None for other in others) else ""
    return f"It holds dates such as {shown[:40]!r}{first}."
