"""How numbers, sizes and times are written on the pages, in one way everywhere.

Four significant digits, thousands separators, `3.2e-5` below 1e-4, a sign for changes; full precision on hover.
A minus is the keyboard's hyphen, so that a number that is copied from a page can be read by any program.
"""

import math
from collections.abc import Callable
from datetime import UTC, datetime
from numbers import Integral
from typing import SupportsFloat

import numpy as np
from flask import Flask

from dashboard.records.tensor import cell_name

NOTHING = "–"
JOINED = "\N{NO-BREAK SPACE}"
"""The space within what must not break at the end of a line: a number and its unit, a step between two versions."""
SIZE_OF_CHANGE = "|\N{WORD JOINER}Δ|"
"""The size of a change, which a browser would break after the first bar."""
SHADE_LEVELS = 10
SIGNIFICANT_DIGITS = 4
SHORTER_THAN_DOUBLES = frozenset({"float16", "float32"})
"""Types whose numbers need fewer digits than the same numbers as doubles."""


def number(value: SupportsFloat | None) -> str:
    """Write a real number with four significant digits; whole numbers are written whole, None as a dash."""
    if value is None:
        return NOTHING
    if isinstance(value, Integral):
        return f"{int(value):,}"
    return _special(float(value)) or _rounded(float(value))


def change(value: SupportsFloat | None) -> str:
    """Write a number with its sign, as every change is written."""
    text = number(value)
    return f"+{text}" if value is not None and float(value) > 0 else text


def full(value: SupportsFloat | None) -> str:
    """Write a number with all its digits: the shortest text that reads back as the same double, as in the CSV."""
    if value is None:
        return NOTHING
    if isinstance(value, Integral):
        return str(int(value))
    return _special(float(value)) or repr(float(value))


def exact(value: SupportsFloat | None, dtype: str) -> str:
    """Write a cell with the digits that its type needs: the shortest text that reads back as the same number of it.

    0.1 for a float32, which as a double is 0.10000000149011612.
    """
    if value is None or dtype not in SHORTER_THAN_DOUBLES:
        return full(value)
    return full(float(str(np.dtype(dtype).type(value))))


def decimals_for(limit: float) -> int | None:
    """Return how many decimals give a number of this size four significant digits; None where it needs an exponent."""
    if not 1e-3 <= limit < 1e6:
        return None
    return max(SIGNIFICANT_DIGITS - 1 - math.floor(math.log10(limit)), 0)


def aligned(value: SupportsFloat, decimals: int | None) -> str:
    """Write a number with so many decimals, so that points of a column are below each other; None: as `number` does.

    Zero is written as such, and what would round to it with its exponent.
    """
    if decimals is None or isinstance(value, Integral) or _special(float(value)):
        return number(value)
    text = f"{float(value):.{decimals}f}"
    return f"{float(value):.0e}".replace("e-0", "e-") if not text.strip("-0.") else text


def step_words(base: object, other: object) -> str:
    """Write where a step leads from and to: `v3 → v17`."""
    return f"{base}{JOINED}→{JOINED}{other}"


def spread(mean: float, deviation: float) -> str:
    """Write a mean with its standard deviation, both to two digits of that: `0.953 ± 0.038`."""
    if not 1e-9 < abs(deviation) < 1e15:
        return f"{number(mean)}{JOINED}±{JOINED}{number(deviation)}"
    decimals = max(1 - math.floor(math.log10(deviation)), 0)
    return f"{mean:,.{decimals}f}{JOINED}±{JOINED}{deviation:,.{decimals}f}"


def setting(value: object) -> str:
    """Write a setting as a person would type it: `0.001`, `1e-5`, `yes`, `adam`."""
    if value is None or value == "":
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return _short_exponent(f"{value:.10g}")
    return f"{value:,}" if isinstance(value, int) else str(value)


def percent(share: float | None) -> str:
    """Write a share of 1 in percent; all and nothing are only said when they are exact."""
    if share is None or math.isnan(share):
        return NOTHING
    if share in {0, 1}:
        return f"{share * 100:.0f}{JOINED}%"
    if 0 < abs(share) < 0.001:
        return f"<{JOINED}0.1{JOINED}%" if share > 0 else f">{JOINED}-0.1{JOINED}%"
    if 0.999 < share < 1:
        return f">{JOINED}99.9{JOINED}%"
    return f"{share * 100:.1f}{JOINED}%"


def file_size(size: int | None) -> str:
    """Write a number of bytes in units of 1,000: `632 kB`, `1.50 MB`."""
    if size is None:
        return NOTHING
    if size < 1000:
        return f"{size}{JOINED}B"
    scaled = float(size)
    for unit in ("kB", "MB", "GB", "TB"):
        scaled /= 1000
        digits = 2 if scaled < 9.995 else 1 if scaled < 99.95 else 0
        if round(scaled, digits) < 1000 or unit == "TB":
            break
    return f"{scaled:,.{digits}f}{JOINED}{unit}"


def duration(seconds: float | None) -> str:
    """Write a length of time in its two largest units: `2.1 ms`, `0.25 s`, `3 min 20 s`, `2 h 5 min`."""
    if seconds is None:
        return NOTHING
    if 0 < seconds < 0.00995:  # an epoch of a small network: 0.00 s would say that it took no time
        return f"{seconds * 1000:.2g}{JOINED}ms"
    if seconds < 59.95:
        return f"{seconds:.{2 if seconds < 9.995 else 1}f}{JOINED}s"
    whole = round(seconds)
    days, hours, minutes = whole // 86400, whole // 3600 % 24, whole // 60 % 60
    parts = ((days, "d"), (hours, "h"), (minutes, "min"), (whole % 60, "s"))
    first = 0 if days else 1 if hours else 2
    return " ".join(f"{count}{JOINED}{unit}" for count, unit in parts[first : first + 2])


def age(moment: datetime | None, now: datetime | None = None) -> str:
    """Say how long ago a moment was; beyond a month its date. A moment without a zone is taken as UTC."""
    if moment is None:
        return NOTHING
    seconds = ((now or datetime.now(UTC)) - _aware(moment)).total_seconds()
    for limit, size, unit in ((3600, 60, "min"), (86400, 3600, "h"), (2 * 86400, 86400, "day")):
        if seconds < limit:
            return f"{int(seconds // size)} {unit} ago" if seconds >= size else "just now"
    if seconds < 30 * 86400:
        return f"{int(seconds // 86400)} days ago"
    return f"{_aware(moment):%-d %b %Y}"


def moment(value: datetime | None) -> str:
    """Write a moment in UTC to the second."""
    return NOTHING if value is None else f"{_aware(value):%Y-%m-%d %H:%M:%S} UTC"


def iso(value: datetime) -> str:
    """Write a moment for machines (the `datetime` attribute)."""
    return _aware(value).isoformat(timespec="seconds")


def text(value: object) -> object:
    """Return what a cell says: the value, a dash for None and for an empty text."""
    return NOTHING if value is None or value == "" else value


def plural(count: int, one: str, many: str = "") -> str:
    """Write a count with its noun: `1 version`, `20 versions`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def shade(value: SupportsFloat | None, limit: float) -> str:
    """Return the class that shades a cell: `w-10` (at or below -limit) over `w0` to `w10`; `wn` if not a number."""
    if value is None or math.isnan(value):
        return "wn"
    if not limit > 0:
        return "w0"
    share = max(-1.0, min(1.0, float(value) / limit))
    return f"w{round(share * SHADE_LEVELS)}"


FILTERS: dict[str, Callable[..., object]] = {
    function.__name__: function
    for function in (number, change, full, setting, percent, file_size, duration, age, moment, iso, plural, shade, text)
}
CELL_FORMATS: dict[str, Callable[..., object]] = {
    "text": text, "markup": text, "count": number, "duration": duration, "setting": setting,
}  # fmt: skip
"""Formats of cells without markup of their own; calling a macro for each of them would take most of a page's time."""


def install(app: Flask) -> None:
    """Make the filters known to the templates under their own names."""
    app.jinja_env.filters.update(FILTERS, cell_name=cell_name)


def _special(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Inf" if value > 0 else "-Inf"
    if value == 0:
        return "-0" if math.copysign(1, value) < 0 else "0"
    return ""


def _rounded(value: float) -> str:
    scientific = f"{value:.{SIGNIFICANT_DIGITS - 1}e}"
    if not 1e-4 <= abs(value) < 1e15:
        mantissa, exponent = scientific.split("e")
        return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
    decimals = SIGNIFICANT_DIGITS - 1 - int(scientific.split("e")[1])
    return f"{value:,.{max(decimals, 0)}f}"


def _short_exponent(text: str) -> str:
    mantissa, _, exponent = text.partition("e")
    return f"{mantissa}e{int(exponent)}" if exponent else mantissa


def _aware(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
