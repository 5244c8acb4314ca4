"""What a verb prints: one JSON object, the API's, or lines that people read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple


class Printed(NamedTuple):
    """What a verb has found: `body` for --json, `lines` for people, and the exit code (0 good, 1 differs)."""

    body: Any
    lines: Sequence[str]
    code: int = 0


def text_of(printed: Printed, as_json: bool) -> str:
    """Return what is to be printed."""
    if as_json:
        return json.dumps(printed.body, ensure_ascii=False)
    return "\n".join(printed.lines)


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """Return the lines of a table: numbers to the right, texts to the left, no line for an empty one."""
    shown = [[cell(value) for value in row] for row in rows]
    if not shown:
        return []
    widths = [max(len(line[at]) for line in [list(heads), *shown]) for at in range(len(heads))]
    numeric = [all(_is_number(line[at]) for line in shown) for at in range(len(heads))]
    return [
        "  ".join(
            text.rjust(width) if right else text.ljust(width) for text, width, right in zip(line, widths, numeric)
        ).rstrip()
        for line in [list(heads), *shown]
    ]


def cell(value: object) -> str:
    """Return a value as a table shows it: four significant digits, times to the second, nothing for what is unknown."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, (list, tuple)):
        return " x ".join(map(str, value))
    text = " ".join(str(value).split())
    return text[:19].replace("T", " ") if text[4:5] == text[7:8] == "-" and text.endswith("Z") else text


def _is_number(text: str) -> bool:
    return re.fullmatch(r"|-?[0-9.]+(e[+-]?[0-9]+)?|-?inf|nan", text) is not None


def metrics_text(metrics: dict[str, Any] | None, most: int = 4) -> str:
    """Return the first metrics of a version in a line."""
    return ", ".join(f"{name} {cell(value)}" for name, value in list((metrics or {}).items())[:most])
