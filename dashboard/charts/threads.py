"""Parallel coordinates as inline SVG: an upright axis for each setting and metric, a line for each version.

Plotly's small bundle has no such chart, and its full one costs a second; this needs no script, and each line is a link.
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from markupsafe import Markup

from dashboard.charts.palette import version_colours
from dashboard.charts.svg import element, shortened

WIDTH, HEIGHT, TOP, BOTTOM, SIDE = 1120, 330, 34, 30, 70
MOST_WORDS = 14
LOG_FROM = 30.0
"""Positive numbers that differ by more than this factor stand on a logarithmic axis."""
MOST_LETTERS = 16
LETTER_WIDTH = 9.0
"""The most space that a letter of a title takes."""
SHADES = 64


class Axis(NamedTuple):
    """One axis: its title, and each line's value there (a number, a text, or None for neither)."""

    name: str
    values: Sequence[Any]


class Thread(NamedTuple):
    """One line: the target of its link, and its text on hover."""

    address: str
    words: str


def threads_plot(
    axes: Sequence[Axis], threads: Sequence[Thread], shade_by: Sequence[float | None], label: str
) -> Markup:
    """Return the drawing, dark where `shade_by` is high; empty for fewer than two axes or without a line."""
    if len(axes) < 2 or not threads:
        return Markup()
    scales = [_scale(axis.values) for axis in axes]
    step = (WIDTH - 2 * SIDE) / (len(axes) - 1)
    xs = [SIDE + step * place for place in range(len(axes))]
    colours, shades = version_colours(SHADES), _shares(shade_by)
    order = sorted(range(len(threads)), key=lambda place: shades[place])
    lines = [
        _line(threads[place], _points(xs, axes, scales, place), colours[round(shades[place] * (SHADES - 1))])
        for place in order
    ]
    inside = max(MOST_LETTERS, int(step / LETTER_WIDTH))  # the drawing ends next to those at its ends
    most = [MOST_LETTERS, *[inside] * (len(axes) - 2), MOST_LETTERS]
    names = [shortened(axis.name, letters) for axis, letters in zip(axes, most, strict=True)]
    drawn = [_axis(x, name, scale) for x, name, scale in zip(xs, names, scales, strict=True)]
    view = f"0 0 {WIDTH} {HEIGHT}"
    return element("svg", *lines, *drawn, class_="threads", viewBox=view, role="group", aria_label=label)


class _Scale(NamedTuple):
    """The positions of values (0 at the bottom to 1), and the labels of the axis with their heights."""

    places: dict[Any, float]
    ticks: list[tuple[float, str]]


def _scale(values: Sequence[Any]) -> _Scale:
    known = {value for value in values if _is_known(value)}
    if known and all(isinstance(value, int | float) and not isinstance(value, bool) for value in known):
        return _number_scale(known)
    words = sorted({str(value) for value in known})
    heights = {word: place / (len(words) - 1) if len(words) > 1 else 0.5 for place, word in enumerate(words)}
    shown = words if len(words) <= MOST_WORDS else [words[0], words[-1]]
    return _Scale({value: heights[str(value)] for value in known}, [(heights[word], word) for word in shown])


def _number_scale(known: set[Any]) -> _Scale:
    low, high = min(known), max(known)
    is_log = low > 0 and high / low > LOG_FROM

    def height(value: float) -> float:
        if low == high:
            return 0.5
        share = math.log(value / low) / math.log(high / low) if is_log else (value - low) / (high - low)
        return float(share)

    marks = known if len(known) <= 6 else {low, high}
    return _Scale(
        {value: height(value) for value in known}, [(height(value), f"{value:.4g}") for value in sorted(marks)]
    )


def _is_known(value: Any) -> bool:  # noqa: ANN401 - a setting or a metric
    return value is not None and not (isinstance(value, float) and not math.isfinite(value))


def _points(xs: Sequence[float], axes: Sequence[Axis], scales: Sequence[_Scale], place: int) -> list[str]:
    """Return the parts of one line; it is broken where a version has no value."""
    parts, begun = [], False
    for x, axis, scale in zip(xs, axes, scales, strict=True):
        height = scale.places.get(axis.values[place]) if _is_known(axis.values[place]) else None
        if height is None:
            begun = False
            continue
        parts.append(f"{'L' if begun else 'M'}{x:.1f} {_y(height):.1f}")
        begun = True
    return parts


def _line(thread: Thread, points: list[str], colour: str) -> Markup:
    path = element("path", d="".join(points), stroke=colour)
    return element("a", element("title", thread.words), path, href=thread.address)


def _axis(x: float, name: str, scale: _Scale) -> Markup:
    place = f"{x:.1f}"
    texts = [
        element("text", shortened(words, MOST_LETTERS), x=f"{x + 5:.1f}", y=f"{_y(height) + 3:.1f}")
        for height, words in scale.ticks
    ]
    line = element("line", x1=place, x2=place, y1=TOP, y2=HEIGHT - BOTTOM)
    title = element("text", name, class_="name", x=place, y=TOP - 14, text_anchor="middle")
    return element("g", line, title, *texts, class_="axis")


def _y(height: float) -> float:
    return HEIGHT - BOTTOM - height * (HEIGHT - TOP - BOTTOM)


def _shares(values: Sequence[float | None]) -> list[float]:
    """Return each value's rank as a share of 1; those that are not known stand lowest."""
    known = sorted({value for value in values if value is not None and math.isfinite(value)})
    ranks = {value: place / (len(known) - 1) if len(known) > 1 else 1.0 for place, value in enumerate(known)}
    return [ranks.get(value, 0.0) if value is not None else 0.0 for value in values]
