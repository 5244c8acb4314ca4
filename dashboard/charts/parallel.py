"""Parallel coordinates as an inline SVG: one upright axis for each setting, one line for each thing that has them.

The page's colours come by the classes axis, tick, line and best; the first line is the best. A line passes by an axis
on which its thing has no value. It needs no script; each line names its thing on hover.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from markupsafe import Markup

from dashboard.charts.svg import element, shortened

WIDTH, LEAST_STEP, MOST_STEP, HEIGHT, TOP, BOTTOM = 860, 64, 130, 190, 48, 12
LEFT, RIGHT = 52, 80
MOST_CATEGORIES = 12
MOST_WHOLE = 1e6
MOST_LETTERS, MOST_LETTERS_AT_THE_END = 15, 19
GAP, LETTER = 4, 6.2
"""Pixels between an axis and its labels, and about those of a letter: a label ends before the next axis."""

Value = float | str | bool | None


class Axis(NamedTuple):
    """One axis: its label, and its `categories` from the bottom to the top, or the numbers `low` to `high`."""

    name: str
    label: str
    low: float = 0.0
    high: float = 1.0
    log: bool = False
    categories: tuple[str, ...] = ()

    def place(self, value: Value) -> float | None:
        """Return the place of a value, from 0 (bottom) to 1; None for no value, or for one outside the axis."""
        if value is None:
            return None
        if self.categories:
            words = _words(value)
            if words not in self.categories:
                return None
            return (self.categories.index(words) + 0.5) / len(self.categories)
        number = float(value)
        if not math.isfinite(number) or (self.log and number <= 0):
            return None
        low, high, at = (math.log(one) if self.log else one for one in (self.low, self.high, number))
        return 0.5 if high == low else (at - low) / (high - low)

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """The heights of the labels of the axis, and their texts."""
        if self.categories:
            return [((place + 0.5) / len(self.categories), words) for place, words in enumerate(self.categories)]
        if self.low == self.high:
            return [(0.5, _short(self.low))]
        return [(0.0, _short(self.low)), (1.0, _short(self.high))]


class Line(NamedTuple):
    """One thing: what is said of it on hover, its value on each axis by the axis's name, and where a click leads."""

    title: str
    values: Mapping[str, Value]
    address: str = ""


def axis_of(name: str, label: str, values: Sequence[Value], log: bool = False) -> Axis:
    """Return the axis that holds these values: numbers from the smallest to the largest, words as categories."""
    known = [value for value in values if value is not None]
    if any(isinstance(value, str | bool) for value in known):
        words = list(dict.fromkeys(sorted(_words(value) for value in known)))
        return Axis(name, label, categories=tuple(words[:MOST_CATEGORIES]))
    numbers = [float(value) for value in known if math.isfinite(float(value))]
    low, high = min(numbers, default=0.0), max(numbers, default=1.0)
    return Axis(name, label, low, high, log and low > 0)


def parallel_coordinates(axes: Sequence[Axis], lines: Sequence[Line], label: str) -> Markup:
    """Return the drawing; empty without axes or lines. The first of `lines` is drawn on top of the others."""
    if not axes or not lines:
        return Markup()
    step = min(max((WIDTH - LEFT - RIGHT) / max(len(axes) - 1, 1), LEAST_STEP), MOST_STEP)
    places = [LEFT + step * place for place in range(len(axes))]
    width = round(places[-1] + RIGHT)
    kinds = ["line best", *["line"] * (len(lines) - 1)]
    drawn = [_drawn(axes, places, *one) for one in reversed(list(zip(lines, kinds, strict=True)))]
    # Labels alternate between two levels, so that long ones of neighbours do not run into each other.
    uprights = [element("path", class_="axis", d=f"M{x:.1f} {TOP}V{TOP + HEIGHT}") for x in places]
    most = int((step - GAP) / LETTER)
    ticks = [_tick(*tick, x + GAP, most) for axis, x in zip(axes, places, strict=True) for tick in axis.ticks]
    names = [_name(axis, x, place % 2) for place, (axis, x) in enumerate(zip(axes[:-1], places, strict=False))]
    names.append(_last_name(axes[-1], width, (len(axes) - 1) % 2))
    height = TOP + HEIGHT + BOTTOM
    size = {"viewBox": f"0 0 {width} {height}", "width": width, "height": height}
    return element("svg", *uprights, *drawn, *ticks, *names, class_="parallel", **size, role="group", aria_label=label)


def _drawn(axes: Sequence[Axis], places: Sequence[float], line: Line, kind: str) -> Markup:
    shares = [axis.place(line.values.get(axis.name)) for axis in axes]
    points = " ".join(f"{x:.1f},{_y(share):.1f}" for x, share in zip(places, shares, strict=True) if share is not None)
    drawn = element("polyline", element("title", line.title), class_=kind, points=points, fill="none")
    if not line.address:
        return drawn
    near = element("polyline", element("title", line.title), class_="near", points=points, fill="none")
    return element("a", near, drawn, href=line.address, aria_label=line.title)


def _tick(share: float, words: str, x: float, most: int) -> Markup:
    y = _y(share) + (-3 if share < 0.5 else 9 if share == 1.0 else 3)
    whole = element("title", words) if len(words) > most else Markup()
    return element("text", shortened(words, most), whole, class_="tick", x=f"{x:.1f}", y=f"{y:.1f}")


def _name(axis: Axis, x: float, level: int) -> Markup:
    return _label(axis.label, MOST_LETTERS, f"{x:.1f}", level, "middle")


def _last_name(axis: Axis, width: int, level: int) -> Markup:
    """Return the name of the last axis; it ends with the drawing, and has more space, for it may be a goal's."""
    return _label(axis.label, MOST_LETTERS_AT_THE_END, f"{width - 2}", level, "end")


def _label(words: str, most: int, x: str, level: int, anchor: str) -> Markup:
    whole = element("title", words) if len(words) > most else Markup()
    return element("text", shortened(words, most), whole, class_="name", x=x, y=_label_y(level), text_anchor=anchor)


def _label_y(level: int) -> int:
    return TOP - 12 - 16 * level


def _y(share: float) -> float:
    return TOP + HEIGHT * (1 - share)


def _words(value: Value) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _short(number: float) -> str:
    return f"{number:.0f}" if number.is_integer() and abs(number) < MOST_WHOLE else f"{number:.3g}"
