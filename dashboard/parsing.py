"""Reading an untrusted mapping into typed values, with one message for each wrong field.

A form and a JSON body arrive here as the same nested mappings; both get the same messages.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any

from dashboard.errors import Invalid

LONGEST_NAME = 64
LONGEST_TEXT = 2000
LONGEST_SEARCH = 200
MOST_FREE_FIELDS = 50
FORMULA_SIGNS = frozenset("=+-@\t\r")
"""What a cell begins with that a spreadsheet takes for a formula."""
TRUE_WORDS = frozenset({"true", "yes", "on", "1"})
FALSE_WORDS = frozenset({"false", "no", "off", "0", ""})


class Fields:
    """The fields of one mapping; wrong ones are collected in `errors` under their dotted paths."""

    def __init__(self, data: object, path: str = "", errors: dict[str, str] | None = None) -> None:
        self.errors = {} if errors is None else errors
        self.path = path
        if not isinstance(data, Mapping):
            self.errors[path or "body"] = f"{path or 'The body'} must be an object with named fields."
            data = {}
        self.data: Mapping[str, Any] = data

    def refuse(self, name: str, message: str) -> None:
        """Note that a field is wrong."""
        self.errors.setdefault(f"{self.path}.{name}" if self.path else name, message)

    def known(self, names: Collection[str]) -> None:
        """Refuse fields that nobody reads, so that a misspelt one is not silently ignored."""
        for name in self.data:
            if name not in names:
                self.refuse(str(name), f"Unknown field {name!r}; known: {', '.join(sorted(names))}.")

    def inner(self, name: str) -> "Fields":
        """Return the mapping in a field, sharing this one's errors."""
        return Fields(self.data.get(name) or {}, f"{self.path}.{name}" if self.path else name, self.errors)

    def items(self, name: str, low: int, high: int) -> list["Fields"]:
        """Return the mappings in a list field of `low` to `high` members."""
        value = self.data.get(name) or []
        path = f"{self.path}.{name}" if self.path else name
        if not isinstance(value, list | tuple) or not low <= len(value) <= high:
            self.refuse(name, f"{name} must be a list of {low} to {high} items.")
            return []
        return [Fields(item, f"{path}.{index}", self.errors) for index, item in enumerate(value)]

    def integer(self, name: str, default: int, low: int, high: int) -> int:
        """Return a whole number from `low` to `high`."""
        value = self.data.get(name)
        if value is None or value == "":
            return default
        if isinstance(value, str) and re.fullmatch(r"\s*[+-]?\d{1,18}\s*", value):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.refuse(name, f"Give a whole number from {low:,} to {high:,}.")
            return default
        return value

    def number(self, name: str, default: float, low: float, high: float, above: bool = False) -> float:
        """Return a finite number from `low` (excluded with `above`) to `high`."""
        value = self.data.get(name)
        if value is None or value == "":
            return default
        if isinstance(value, str):
            value = _float_or_none(value)
        if (
            not isinstance(value, int | float)
            or isinstance(value, bool)
            or not low <= value <= high  # nor does NaN pass here
            or (above and value == low)
        ):
            bound = f"above {low:g} and up" if above else f"from {low:g}"
            self.refuse(name, f"Give a number {bound} to {high:g}.")
            return default
        return float(value)

    def boolean(self, name: str, default: bool) -> bool:
        """Return true or false; a form's words for them are understood."""
        value = self.data.get(name)
        if value is None:
            return default
        if isinstance(value, bool):
            return value
        word = str(value).strip().lower()
        if word not in TRUE_WORDS | FALSE_WORDS:
            self.refuse(name, "Give true or false.")
        return word in TRUE_WORDS

    def choice(self, name: str, default: str, choices: Collection[str]) -> str:
        """Return one of the known words."""
        value = self.data.get(name)
        if value is None or value == "":
            return default
        if not isinstance(value, str) or value not in choices:
            self.refuse(name, f"Choose one of: {', '.join(choices)}.")
            return default
        return value

    def text(self, name: str, default: str = "", longest: int = LONGEST_TEXT) -> str:
        """Return a text of at most `longest` characters without control characters, trimmed."""
        value = self.data.get(name)
        if value is None:
            return default
        if not isinstance(value, str) or len(value) > longest:
            self.refuse(name, f"Give a text of at most {longest:,} characters.")
            return default
        if any(ord(c) < 32 and c not in "\r\n\t" for c in value):
            self.refuse(name, "Remove the control characters.")
            return default
        return value.strip()

    def name(self, field_name: str = "name") -> str:
        """Return a name that is safe in addresses and file lists; see NAME_RULE."""
        value = self.text(field_name, longest=10_000)
        if not re.fullmatch(NAME_PATTERN, value):
            self.refuse(field_name, "Give a name. " + NAME_RULE if not value else NAME_RULE)
        if value == "new":
            self.refuse(field_name, "The name new is taken by the dashboard's own pages. Choose another.")
        return value

    def pairs(self, name: str, most: int = MOST_FREE_FIELDS) -> dict[str, str]:
        """Return free fields: a mapping of short keys to texts."""
        inner = self.inner(name)
        if len(inner.data) > most:
            self.refuse(name, f"At most {most} free fields.")
            return {}
        for key in inner.data:
            if not isinstance(key, str) or not 1 <= len(key.strip()) <= LONGEST_NAME:
                self.refuse(name, f"The key of a free field has 1 to {LONGEST_NAME} characters.")
        return {str(key).strip(): inner.text(str(key)) for key in inner.data}

    def done(self) -> None:
        """Raise Invalid with all that was refused, if anything was."""
        if self.errors:
            raise Invalid(self.errors)


NAME_RULE = (
    f"A name has 1 to {LONGEST_NAME} letters, digits, spaces, points, hyphens and underscores, "
    "begins with a letter or digit and does not end with a point."
)
NAME_PATTERN = rf"[^\W_](?:[\w .\-]{{0,{LONGEST_NAME - 2}}}[\w\-])?"


def name_with_end(name: str, end: str) -> str:
    """Return a name with something appended, cut short before that if it would be too long."""
    return name[: LONGEST_NAME - len(end)].rstrip(" .") + end


def _float_or_none(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
