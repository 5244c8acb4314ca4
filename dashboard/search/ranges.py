"""A setting's range, and the reading of ranges and choices from untrusted input."""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from optuna.distributions import FloatDistribution, IntDistribution

from dashboard.parsing import Fields


@dataclass(frozen=True)
class Range:
    """All numbers from `low` to `high`, both included; with `log` each factor counts alike, not each step."""

    low: float
    high: float
    log: bool = False

    @property
    def is_fixed(self) -> bool:
        """Whether there is one value only."""
        return self.low == self.high

    def holds(self, value: object) -> bool:
        """Return whether a value is a number of this range."""
        return isinstance(value, int | float) and not isinstance(value, bool) and self.low <= value <= self.high

    def floats(self) -> FloatDistribution:
        """Return the range as Optuna's distribution of floats."""
        return FloatDistribution(float(self.low), float(self.high), log=self.log)

    def integers(self) -> IntDistribution:
        """Return the range as Optuna's distribution of whole numbers."""
        return IntDistribution(int(self.low), int(self.high), log=self.log)

    def levels(self, most: int, whole: bool) -> list[float]:
        """Return at most `most` numbers spread evenly over the range (over its logarithm with `log`), ends included."""
        count = 1 if self.is_fixed else max(2, most)
        steps = [step / max(1, count - 1) for step in range(count)]
        if self.log:
            low, high = math.log(self.low), math.log(self.high)
            values = [math.exp(low + step * (high - low)) for step in steps]
        else:
            values = [self.low + step * (self.high - self.low) for step in steps]
        inner = [min(max(value, self.low), self.high) for value in values]  # exp(log(x)) is not always x
        return list(dict.fromkeys(round(value) if whole else value for value in inner))

    def to_json(self) -> dict[str, Any]:
        """Return plain values; `Range(**data)` reads them back."""
        return dataclasses.asdict(self)


def parse_range(fields: Fields, name: str, default: Range, low: float, high: float, whole: bool = False) -> Range:
    """Read {"low": …, "high": …} of a field within bounds; what is not given keeps the default's value.

    A single number fixes the setting. The parameter decides whether its range is logarithmic, not the person.
    """
    value = fields.data.get(name)
    if value is not None and not isinstance(value, dict):
        number = fields.integer(name, 0, int(low), int(high)) if whole else fields.number(name, 0.0, low, high)
        return Range(number, number, default.log) if value != "" else default
    inner = fields.inner(name)
    inner.known({"low", "high"} | ({"log"} if "log" in inner.data else set()))
    if whole:
        bottom: float = inner.integer("low", int(default.low), int(low), int(high))
        top: float = inner.integer("high", max(int(default.high), int(bottom)), int(low), int(high))
    else:
        bottom = inner.number("low", default.low, low, high)
        top = inner.number("high", max(default.high, bottom), low, high)
    if bottom > top:
        inner.refuse("low", f"The range begins above its end: {bottom:g} is more than {top:g}.")
        return default
    return Range(bottom, top, default.log)


def parse_choices(fields: Fields, name: str, default: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    """Read a list of known words (a text separates them by commas), each once, in the order that we list them."""
    words = _words(fields.data.get(name))
    if words is None:
        return tuple(default)
    wrong = [word for word in words if word not in known]
    if wrong or not words:
        said = f"{wrong[0]!r} is not known here. " if wrong else ""
        fields.refuse(name, f"{said}Choose one or more of: {', '.join(known)}.")
        return tuple(default)
    return tuple(word for word in known if word in words)


def parse_whole_numbers(fields: Fields, name: str, default: Sequence[int], low: int, high: int) -> tuple[int, ...]:
    """Read a list of whole numbers (a text separates them by commas), each once, the smallest first; 20 at most."""
    words = _words(fields.data.get(name))
    if words is None:
        return tuple(default)
    numbers = sorted({int(word) for word in words if word.isascii() and word.isdigit() and len(word) < 10})
    is_clean = 1 <= len(numbers) == len(set(words)) <= 20
    if not is_clean or not low <= numbers[0] <= numbers[-1] <= high:
        fields.refuse(name, f"Give 1 to 20 different whole numbers from {low:,} to {high:,}, such as 16, 32, 64.")
        return tuple(default)
    return tuple(numbers)


def _words(value: object) -> list[str] | None:
    """Return what a list, a text with commas or a single number holds, as texts; None if nothing was given."""
    if value is None:
        return None
    parts = value if isinstance(value, list | tuple) else str(value).split(",")
    words = [str(part).strip() for part in parts]
    return [word for word in words if word]
