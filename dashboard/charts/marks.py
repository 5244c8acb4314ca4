"""The traces of a figure as SVG: lines, steps, areas, bars, fields and points at shares of the panel they are in.

Lines are in a drawing of 1000 × 1000 that is stretched over the panel, with strokes that are not; points and texts
are placed by per cent, so that they keep their shape. So a chart has any width without a script.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from markupsafe import Markup, escape

from dashboard.charts.axes import Axis
from dashboard.charts.figures import drawable
from dashboard.charts.palette import NEGATIVE, OKABE_ITO, POSITIVE, solid
from dashboard.charts.svg import element

SIZE = 1000
AREA = 0.2
"""How much of what is behind an area it covers."""
MOST_POINTS = 300
"""More points than that are one path, and have no words."""
DASHES = {"dash": "6 4", "dot": "2 3", "solid": None}
SYMBOLS = {"x": "M-4 -4L4 4M-4 4L4 -4", "diamond": "M0 -5L5 0L0 5L-5 0Z"}
NAMES = {colour: f"var(--series-{place})" for place, colour in enumerate(OKABE_ITO, 1)}
NAMES |= {NEGATIVE: "var(--negative)", POSITIVE: "var(--positive)"}
POINT = '<circle cx="%.2f%%" cy="%.2f%%" r="%g" fill="%s"%s><title>%s</title></circle>'

Trace = Mapping[str, Any]
Place = tuple[float, float]


class Scales(NamedTuple):
    """The axes of one trace, and the address that its points lead to, {} in place of their number, or ""."""

    x: Axis
    y: Axis
    leads: str = ""

    def place(self, x: Any, y: Any) -> Place | None:  # noqa: ANN401 - what a figure holds
        """Return the place of a point, from the top left corner in shares; None for what has none."""
        across, up = self.x.share(x), self.y.share(y)
        return None if across is None or up is None else (across, 1 - up)


def colour_words(colour: str) -> str:
    """Return a colour that a figure names, as the one of the page's theme."""
    return NAMES.get(colour, colour)


def colour_of(trace: Trace, place: int) -> str:
    """Return the colour of a trace, by its place in the figure where it names none."""
    for part in ("line", "marker"):
        colour = trace.get(part, {}).get("color")
        if isinstance(colour, str):
            return colour_words(colour)
    return colour_words(OKABE_ITO[place % len(OKABE_ITO)])


def stretched(trace: Trace, scales: Scales, colour: str, below: Sequence[Place | None]) -> list[Markup]:
    """Return the lines and areas of a trace; it may be filled to the trace `below`, the one before it."""
    places = [scales.place(x, y) for x, y in zip(trace["x"], trace["y"], strict=True)]
    is_step = trace.get("line", {}).get("shape") == "hv"
    parts = _area(trace, places, scales, colour, below, is_step)
    width = trace.get("line", {}).get("width", 2)
    if "lines" in trace.get("mode", "lines") and width:
        dash = DASHES[trace.get("line", {}).get("dash", "solid")]
        line = path(places, is_step)
        parts.append(element("path", class_="line", d=line, stroke=colour, stroke_width=width, stroke_dasharray=dash))
    if "markers" in trace.get("mode", "") and len(places) > MOST_POINTS:
        dots = "".join(f"M{x * SIZE:.1f} {y * SIZE:.1f}h0" for x, y in filter(None, places))
        parts.append(element("path", class_="dots", d=dots, stroke=colour))
    return parts


def _area(
    trace: Trace, places: Sequence[Place | None], scales: Scales, colour: str, below: Sequence[Place | None], step: bool
) -> list[Markup]:
    fill = trace.get("fill", "none")
    known = [place for place in places if place is not None]
    if fill == "none" or not known:
        return []
    back = [place for place in below if place is not None][::-1]
    if fill == "tozeroy":
        ground = 1 - min(max(scales.y.share(0) or 0.0, 0.0), 1.0)
        back = [(known[-1][0], ground), (known[0][0], ground)]
    outline = path(known, step) + path(back).replace("M", "L") + "Z"
    return [element("path", class_="area", d=outline, **area_look(trace, colour))]


def area_look(trace: Trace, colour: str) -> dict[str, object]:
    """Return the colour of an area, that of its line unless it has its own, and how much it covers."""
    own, share = solid(trace["fillcolor"]) if "fillcolor" in trace else (colour, AREA)
    return {"fill": colour_words(own), "fill_opacity": share}


def path(places: Sequence[Place | None], is_step: bool = False) -> str:
    """Return a line through the points, broken where one is missing."""
    parts, before = [], False
    for place in places:
        if place is not None:
            x, y = f"{place[0] * SIZE:.1f}", f"{place[1] * SIZE:.1f}"
            parts.append(f"M{x} {y}" if not before else f"H{x}V{y}" if is_step else f"L{x} {y}")
        before = place is not None
    return "".join(parts)


def bars(trace: Trace, scales: Scales, colour: str, bases: dict[tuple[Any, bool], float]) -> list[Markup]:
    """Return the bars of a trace; `bases` is where those stand that are on top of others."""
    level, upright = ("y", "x") if trace.get("orientation") == "h" else ("x", "y")
    colours, widths = trace.get("marker", {}).get("color", colour), trace.get("width", 0.8)
    parts = []
    for place, (at, size) in enumerate(zip(trace[level], trace[upright], strict=True)):
        width = widths[place] if isinstance(widths, list) else widths
        if drawable(size) is None or at is None or width is None:
            continue
        base = bases.get((at, size < 0), 0.0)
        bases[at, size < 0] = base + size
        own = colours[place] if isinstance(colours, list) else colours
        half = width / 2
        middle = at if not isinstance(at, str) else (scales.y if level == "y" else scales.x).words.index(at)
        ends = _span(scales.y if level == "y" else scales.x, middle - half, middle + half)
        reach = _span(scales.y if upright == "y" else scales.x, base, base + size)
        words = _words(trace, scales, place)
        parts.append(_bar((ends, reach) if level == "x" else (reach, ends), colour_words(own), words))
    return parts


def _span(axis: Axis, low: float, high: float) -> tuple[float, float]:
    """Return the places of both ends of a bar, within the axis; a logarithmic one begins where it begins."""
    numbers = axis._replace(words=())
    ends = [numbers.share(low), numbers.share(high)]
    first, last = sorted(0.0 if end is None else min(max(end, 0.0), 1.0) for end in ends)
    return first, last


def _bar(spans: tuple[tuple[float, float], tuple[float, float]], colour: str, words: str) -> Markup:
    (left, right), (bottom, top) = spans
    size = {"width": f"{(right - left) * SIZE:.1f}", "height": f"{(top - bottom) * SIZE:.1f}"}
    place = {"x": f"{left * SIZE:.1f}", "y": f"{(1 - top) * SIZE:.1f}"}
    return element("rect", element("title", words), class_="pillar", fill=colour, **place, **size)


def fields(trace: Trace, scales: Scales) -> list[Markup]:
    """Return the fields of a density, all of one shade as one path."""
    shades: dict[int, list[str]] = {}
    most = max((value for line in trace["z"] for value in line if value is not None), default=1.0)
    xs = [(scales.x.share(x) or 0.0) * SIZE for x in trace["x"]]
    ys = [(1 - (scales.y.share(y) or 0.0)) * SIZE for y in trace["y"]]
    for (bottom, top), line in zip(pairwise(ys), trace["z"], strict=True):
        for (left, right), value in zip(pairwise(xs), line, strict=True):
            if value is not None:
                field = f"M{left:.1f} {bottom:.1f}H{right:.1f}V{top:.1f}H{left:.1f}Z"
                shades.setdefault(max(1, round(10 * value / most)), []).append(field)
    colour = colour_words(OKABE_ITO[0])
    return [
        element("path", d="".join(parts), fill=colour, fill_opacity=shade / 10)
        for shade, parts in sorted(shades.items())
    ]


def points(trace: Trace, scales: Scales, colour: str) -> list[Markup]:
    """Return the points of a trace, each with its words and, if it stands for something, a link to that."""
    if "markers" not in trace.get("mode", "") or len(trace["x"]) > MOST_POINTS:
        return []
    return [*_reaches(trace, scales), *_points(trace, scales, colour)]


def _points(trace: Trace, scales: Scales, colour: str) -> Iterator[Markup]:
    marker = trace.get("marker", {})
    size, numbers = marker.get("size", 6), trace.get("customdata", ())
    for place, (x, y) in enumerate(zip(trace["x"], trace["y"], strict=True)):
        where = scales.place(x, y)
        if where is None:
            continue
        words = _words(trace, scales, place)
        number = numbers[place] if place < len(numbers) else None
        point = _point(where, size / 2, colour, marker, words)
        is_link = scales.leads and isinstance(number, int)
        yield element("a", point, href=scales.leads.replace("{}", str(number)), tabindex=-1) if is_link else point


def _point(where: Place, radius: float, colour: str, marker: Trace, words: str) -> Markup:
    across, down = 100 * where[0], 100 * where[1]
    sign = SYMBOLS.get(marker.get("symbol", "circle"))
    if sign is None:
        opacity = f' fill-opacity="{marker["opacity"]}"' if "opacity" in marker else ""
        return Markup(POINT % (across, down, radius, escape(colour), opacity, escape(words)))  # noqa: S704 - escaped
    drawn = element("path", element("title", words), d=sign, stroke=colour, fill=colour)
    return element("svg", drawn, class_="symbol", x=f"{across:.2f}%", y=f"{down:.2f}%")


def _reaches(trace: Trace, scales: Scales) -> Iterator[Markup]:
    """Return the bars of errors of the points, level or upright."""
    for name, is_level in (("error_x", True), ("error_y", False)):
        error = trace.get(name, {})
        reach = zip(trace["x"], trace["y"], error.get("arrayminus", ()), error.get("array", ()), strict=False)
        for x, y, less, more in reach:
            low, high = ((x - less, y), (x + more, y)) if is_level else ((x, y - less), (x, y + more))
            ends = [scales.place(*low), scales.place(*high)]
            if ends[0] is not None and ends[1] is not None:
                yield line_between(ends[0], ends[1], class_="reach")


def line_between(first: Place, second: Place, **look: object) -> Markup:
    """Return a straight line between two places."""
    (x1, y1), (x2, y2) = first, second
    ends = {name: f"{100 * value:.2f}%" for name, value in zip(("x1", "y1", "x2", "y2"), (x1, y1, x2, y2), strict=True)}
    return element("line", **ends, **look)


def _words(trace: Trace, scales: Scales, place: int) -> str:
    """Return what a point or bar says: its name, and its values with the names of their axes."""
    x, y = (_value(trace[axis][place]) for axis in ("x", "y"))
    if "text" in trace:  # each point has a name of its own
        return f"{trace['text'][place]}: {scales.x.title} {x}, {scales.y.title} {y}"
    numbers = trace.get("customdata", ())
    number = numbers[place] if place < len(numbers) else None
    name = str(trace.get("meta") or trace.get("name", ""))
    if isinstance(number, int) and "trial" in str(trace.get("hovertemplate", "")):
        name = f"trial {number}"
    if trace.get("type") == "bar" and isinstance(number, int):
        y = f"{number:,} cells"
    return f"{name}: {y} at {scales.x.title} {x}"


def _value(value: Any) -> str:  # noqa: ANN401 - what a figure holds
    return f"{value:.4g}" if isinstance(value, float) and math.isfinite(value) else str(value)
