"""The kinds of fields that a person fills in: each reads its values from untrusted input and has a JSON Schema."""

import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from dashboard.parsing import Fields

Schema = dict[str, Any]
OFF_WORDS = frozenset({"off", "none", "0"})


class Whole:
    """A whole number from `low` to `high`."""

    def __init__(self, low: int, high: int) -> None:
        self.low, self.high = low, high
        self.schema: Schema = {"type": "integer", "minimum": low, "maximum": high}

    def read(self, fields: Fields, name: str, default: int) -> int:
        """Return the number in a field."""
        return fields.integer(name, default, self.low, self.high)


class Switch(Whole):
    """1 or 0, which an environment may also name by a word."""

    words = dict.fromkeys(("1", "yes", "true", "on"), 1) | dict.fromkeys(("0", "no", "false", "off"), 0)

    def __init__(self) -> None:
        super().__init__(0, 1)


class Number:
    """A number from `low` (excluded with `above`) to `high`."""

    def __init__(self, low: float, high: float, above: bool = False) -> None:
        self.low, self.high, self.above = low, high, above
        self.schema: Schema = {"type": "number", "exclusiveMinimum" if above else "minimum": low, "maximum": high}

    def read(self, fields: Fields, name: str, default: float) -> float:
        """Return the number in a field."""
        return fields.number(name, default, self.low, self.high, self.above)


class Flag:
    """Yes or no."""

    schema: Schema = {"type": "boolean"}  # noqa: RUF012 - never changed

    def read(self, fields: Fields, name: str, default: bool) -> bool:
        """Return the boolean in a field."""
        return fields.boolean(name, default)


class Text:
    """A text, of at most `longest` characters if that is given; `note` says how a program writes it."""

    def __init__(self, longest: int = sys.maxsize, note: str = "") -> None:
        self.longest = longest
        self.schema: Schema = {"type": "string"} | ({"maxLength": longest} if longest < sys.maxsize else {})
        self.schema |= {"description": note} if note else {}

    def read(self, fields: Fields, name: str, default: str) -> str:
        """Return the text in a field, trimmed."""
        return fields.text(name, default, self.longest)


class Secret(Text):
    """A text that is never shown."""


class Choice:
    """One of the names in `words`, each with what a person reads; `empty` is what an empty answer stands for."""

    def __init__(self, words: Mapping[str, str], empty: str = "") -> None:
        self.words, self.empty = words, empty
        self.schema: Schema = {"type": "string", "enum": [*([""] if empty else []), *words]}

    def read(self, fields: Fields, name: str, default: str) -> str:
        """Return the name in a field."""
        return fields.choice(name, default, self.words)


class Several:
    """One or more of the names in `words`, each once, in the order of `words`."""

    def __init__(self, words: Mapping[str, str]) -> None:
        self.words = words
        self.schema: Schema = {"type": "array", "items": {"type": "string", "enum": list(words)}, "minItems": 1}

    def read(self, fields: Fields, name: str, default: tuple[str, ...]) -> tuple[str, ...]:
        """Return the names in a list; a text separates them by commas."""
        given = _parts(fields.data.get(name))
        if given is None:
            return default
        wrong = [word for word in given if word not in self.words]
        if wrong or not given:
            unknown = f"{wrong[0]!r} is not known here. " if wrong else ""
            fields.refuse(name, f"{unknown}Choose one or more of: {', '.join(self.words)}.")
            return default
        return tuple(word for word in self.words if word in given)


class WholeNumbers:
    """One to `most` different whole numbers from `low` to `high`, the smallest first."""

    def __init__(self, low: int, high: int, most: int = 20) -> None:
        self.low, self.high, self.most = low, high, most
        self.schema: Schema = {"type": "array", "items": Whole(low, high).schema, "minItems": 1, "maxItems": most}

    def read(self, fields: Fields, name: str, default: tuple[int, ...]) -> tuple[int, ...]:
        """Return the numbers in a list; a text separates them by commas."""
        given = _parts(fields.data.get(name))
        if given is None:
            return default
        numbers = sorted({int(word) for word in given if word.isascii() and word.isdigit() and len(word) < 10})
        is_clean = 1 <= len(numbers) == len(set(given)) <= self.most
        if not is_clean or not self.low <= numbers[0] <= numbers[-1] <= self.high:
            limits = f"1 to {self.most} different whole numbers from {self.low:,} to {self.high:,}"
            fields.refuse(name, f"Give {limits}, such as 16, 32, 64.")
            return default
        return tuple(numbers)


class RangeOf:
    """A range {"low": …, "high": …} of numbers of one kind; a single number is a range of one.

    The default is a record with `low` and `high`, of which another is made; with `can_be_off`, off and 0 mean None.
    """

    def __init__(self, numbers: Whole | Number, can_be_off: bool = False) -> None:
        self.numbers, self.can_be_off = numbers, can_be_off
        ends = {"low": numbers.schema, "high": numbers.schema, "log": {"type": "boolean"}}
        either = [{"type": "object", "properties": ends, "additionalProperties": False}, numbers.schema]
        self.schema: Schema = {"anyOf": either + ([{"type": "string", "enum": ["off"]}] if can_be_off else [])}

    def read(self, fields: Fields, name: str, default: Any) -> Any:  # noqa: ANN401 - the default's type
        """Return the range in a field; an end that is not given keeps the default's."""
        value = fields.data.get(name)
        if self.can_be_off and _is_off(value):
            return None
        if value is not None and not isinstance(value, Mapping):
            number = self.numbers.read(fields, name, 0)
            return default if value == "" else replace(default, low=number, high=number)
        inner = fields.inner(name)
        inner.known({"low", "high"} | ({"log"} if "log" in inner.data else set()))
        low = self.numbers.read(inner, "low", default.low)
        high = self.numbers.read(inner, "high", max(default.high, low))
        if low > high:
            inner.refuse("low", f"The range begins above its end: {low:g} is more than {high:g}.")
            return default
        return replace(default, low=low, high=high)


def _is_off(value: object) -> bool:
    return value in (0, 0.0, False) or (isinstance(value, str) and value.strip().lower() in OFF_WORDS)


def _parts(value: object) -> list[str] | None:
    """Return what a list, a text with commas or a single number holds, as texts; None if nothing was given."""
    if value is None:
        return None
    parts = value if isinstance(value, list | tuple) else str(value).split(",")
    words = [str(part).strip() for part in parts]
    return [word for word in words if word]
