"""One axis of a figure as it is drawn on the server: its range, the place of a value on it, and its ticks."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from dashboard.charts.figures import Figure, drawable

MARGIN = 0.06
"""How far an axis reaches beyond what is drawn, as a share of it."""
UPRIGHT_TICKS, LEVEL_TICKS = 4, 6
SMALL, LARGE = 1e-4, 1e6
MOST_TICKS = 40
NEAREST, FARTHEST = 1e-300, 5e307
"""What is further from 0 is drawn there, and what is nearer to one another as one: an axis must have a length."""
LEAST_POWER, MOST_POWER = -307, 308
"""The powers of ten that are normal float64 numbers."""
CLOSE = 1e-9
"""What is nearer to the end of an axis than this share of a step has a tick there."""


class Axis(NamedTuple):
    """An axis from `low` to `high`, powers of ten if it is logarithmic; its words, if it has words for numbers."""

    title: str
    low: float
    high: float
    is_log: bool = False
    words: tuple[str, ...] = ()
    ticks: tuple[tuple[float, str], ...] = ()

    def share(self, value: Any) -> float | None:  # noqa: ANN401 - what a figure holds
        """Return the place of a value from 0, the beginning, to 1; None for what has no place."""
        place = self._place(value)
        return None if place is None else (place - self.low) / (self.high - self.low)

    def _place(self, value: Any) -> float | None:  # noqa: ANN401 - as above
        if self.words:
            return float(self.words.index(str(value))) if str(value) in self.words else None
        number = drawable(value)
        if number is None or not self.is_log:
            return None if number is None else _near(number)
        return math.log10(_near(number)) if number > 0 else None


def _near(number: float) -> float:
    return max(-FARTHEST, min(float(number), FARTHEST))


def axis_of(figure: Figure, name: str, values: Iterable[Any], pads: bool) -> Axis:
    """Return the axis `name` (xaxis, yaxis2 …) of a figure in which these values are drawn."""
    layout = figure["layout"].get(name, {})
    known = [value for value in values if value is not None]
    title = " ".join(str(layout.get("title", {}).get("text", "")).split("<br>"))
    if layout.get("type") == "category" or any(isinstance(value, str) for value in known):
        words = tuple(dict.fromkeys(map(str, known)))
        return Axis(title, -0.5, len(words) - 0.5, words=words, ticks=_word_ticks(words))
    is_log = layout.get("type") == "log"
    low, high = _ends(layout, known, is_log, pads)
    return Axis(title, low, high, is_log, ticks=_ticks(layout, low, high, name.startswith("y")))


def _ends(layout: Mapping[str, Any], known: Sequence[float], is_log: bool, pads: bool) -> tuple[float, float]:
    low, high = layout.get("range", (None, None))
    if low is not None and high is not None and NEAREST < high - low < FARTHEST:  # what is not finite is null in JSON
        return float(low), float(high)
    places = [math.log10(_near(value)) for value in known if value > 0] if is_log else [_near(value) for value in known]
    low, high = min(places, default=0.0), max(places, default=1.0)
    if high - low < NEAREST:
        margin = abs(low) / 10 if abs(low) > NEAREST else 1.0
        low, high = low - margin, high + margin
    margin = MARGIN * (high - low) if pads else 0.0
    is_whole = layout.get("rangemode") in {"tozero", "nonnegative"} and min(places, default=0.0) >= 0 and not is_log
    if is_whole and (layout["rangemode"] == "tozero" or low - margin < 0):
        return 0.0, high + margin
    return low - margin, high + margin


def _word_ticks(words: Sequence[str]) -> tuple[tuple[float, str], ...]:
    step = 1 + (len(words) - 1) // 12
    return tuple(((place + 0.5) / len(words), word) for place, word in enumerate(words) if place % step == 0)


def _ticks(layout: Mapping[str, Any], low: float, high: float, is_upright: bool) -> tuple[tuple[float, str], ...]:
    if layout.get("type") == "log":
        marks = [(math.log10(value), value) for value in _log_values(layout, low, high)]
        return tuple(((place - low) / (high - low), number_words(value)) for place, value in marks)
    step = layout.get("dtick") or nice_step(low, high, UPRIGHT_TICKS if is_upright else LEVEL_TICKS)
    numbers = range(math.ceil(low / step - CLOSE), math.floor(high / step + CLOSE) + 1)
    values = [number * step for number in numbers[:MOST_TICKS]]
    words = percent_words if str(layout.get("tickformat", "")).endswith("%") else number_words
    return tuple(((value - low) / (high - low), words(value, step)) for value in values)


def _log_values(layout: Mapping[str, Any], low: float, high: float) -> list[float]:
    """Return the values with a tick of a logarithmic axis: powers of ten, where these are few their parts, too."""
    if "tickvals" in layout:
        return [value for value in layout["tickvals"] if low <= math.log10(value) <= high]
    powers = range(max(math.floor(low), LEAST_POWER), min(math.ceil(high), MOST_POWER) + 1)
    parts = (1,) if high - low > 1.5 else (1, 2, 5)
    values = [part * 10.0**power for power in powers for part in parts if low <= math.log10(part * 10.0**power) <= high]
    if not values and low > LEAST_POWER and high < MOST_POWER and 10.0**low < 10.0**high:  # a part of a decade
        step = nice_step(10.0**low, 10.0**high, LEVEL_TICKS)
        return [number * step for number in range(math.ceil(10.0**low / step), math.floor(10.0**high / step) + 1)]
    return values[:: 1 + max(len(values) - 1, 0) // LEVEL_TICKS]


def nice_step(low: float, high: float, most: int) -> float:
    """Return the step of 1, 2 or 5 times a power of ten that makes at most so many parts of a range."""
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    return next(part * power for part in (1, 2, 5, 10) if part * power >= rough * (1 - 1e-9))


def number_words(value: float, step: float = 0.0) -> str:
    """Return a number as it stands at a tick, with as many decimals as its step needs."""
    if not value or abs(value) < step / 1e6:
        return "0"
    if not SMALL <= abs(value) < LARGE:
        return f"{value:.3g}".replace("e-0", "e-").replace("e+0", "e")
    if not step:
        return f"{value:.4g}"
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    return f"{value:,.{decimals}f}"


def percent_words(value: float, step: float = 0.0) -> str:
    """Return a share as it stands at a tick."""
    return f"{number_words(100 * value, 100 * step)} %"
