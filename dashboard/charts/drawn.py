"""A figure drawn on the server: the same data and layout that Plotly is given once a person touches the chart.

A panel for each pair of axes, of any width. What a figure has that is not drawn here (hover texts, zoom) comes with
Plotly; what is drawn here has the same points, ranges, colours and ticks.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from markupsafe import Markup

from dashboard.charts.axes import Axis, axis_of
from dashboard.charts.figures import Figure
from dashboard.charts.marks import (
    DASHES,
    SIZE,
    Scales,
    area_look,
    bars,
    colour_of,
    colour_words,
    fields,
    line_between,
    points,
    stretched,
)
from dashboard.charts.spoken import spoken
from dashboard.charts.svg import element, shortened

SPACE, LETTER = 12.0, 6.4
"""Pixels next to the labels of an upright axis, and about those of a letter."""
STEP_OF_SPACE, MOST_SPACE = 10, 160
MOST_LETTERS = 22


class Drawing(NamedTuple):
    """A chart as markup, how many panels it has, and what it shows as a sentence; without data it is only that."""

    markup: Markup
    panels: int
    sentence: str


def draw(figure: Figure) -> Drawing:
    """Return a figure as it stands on a page; an empty one without panels, its sentence says why."""
    if not figure["data"]:
        notes = figure["layout"].get("annotations", ())
        return Drawing(Markup(), 0, notes[0]["text"] if notes else "Nothing to draw yet.")
    names = list(dict.fromkeys(trace.get("xaxis", "x") for trace in figure["data"]))
    panels = [_panel(figure, name) for name in names]
    sentence = spoken(figure)
    has_links = bool(_leads(figure))
    drawn = [_drawn(panel, "" if place else sentence, has_links) for place, panel in enumerate(panels)]
    parts = [_legend(figure), element("div", *drawn, class_="panels")]
    return Drawing(element("div", *filter(None, parts), class_="drawing"), len(panels), sentence)


class _Panel(NamedTuple):
    """One pair of axes, or two with a second upright axis, and the traces with their places in the figure."""

    figure: Figure
    x: Axis
    ys: dict[str, Axis]
    traces: Sequence[tuple[int, dict[str, Any]]]
    is_first: bool

    def scales(self, trace: dict[str, Any]) -> Scales:
        return Scales(self.x, self.ys[trace.get("yaxis", "y")], _leads(self.figure))


def _leads(figure: Figure) -> str:
    return str(figure["layout"].get("meta", {}).get("leads", ""))


def _panel(figure: Figure, name: str) -> _Panel:
    traces = [(place, trace) for place, trace in enumerate(figure["data"]) if trace.get("xaxis", "x") == name]
    ys = list(dict.fromkeys(trace.get("yaxis", "y") for _, trace in traces))
    own = [trace for _, trace in traces]
    x = axis_of(figure, f"xaxis{name[1:]}", *_extent(own, "x"))
    axes = {
        y: axis_of(figure, f"yaxis{y[1:]}", *_extent([one for one in own if one.get("yaxis", "y") == y], "y"))
        for y in ys
    }
    return _Panel(figure, x, axes, traces, name == "x")


def _extent(traces: Sequence[dict[str, Any]], letter: str) -> tuple[list[Any], bool]:
    """Return the values that an axis must hold, and whether it has to reach beyond them."""
    values: list[Any] = []
    is_padded = letter == "y"
    for trace in traces:
        own = list(trace[letter])
        is_along = letter == ("y" if trace.get("orientation") == "h" else "x")
        if trace["type"] == "bar" and is_along and not any(isinstance(value, str) for value in own):
            widths = trace.get("width", [0.8] * len(own))
            known = [pair for pair in zip(own, widths, strict=True) if None not in pair]  # beyond float64 it is null
            own = [at + sign * width / 2 for at, width in known for sign in (-1, 1)]
        elif trace["type"] == "bar" and not is_along:
            own.append(0.0)
        is_padded |= "markers" in trace.get("mode", "")
        if trace["type"] == "heatmap":
            is_padded = False
        values += [*own, *_far(trace, letter)]
    if letter == "y":
        values += _stacked(traces)
    return values, is_padded


def _far(trace: dict[str, Any], letter: str) -> list[float]:
    """Return the ends of a trace's bars of errors."""
    error = trace.get(f"error_{letter}", {})
    reach = zip(trace[letter], error.get("arrayminus", ()), error.get("array", ()), strict=False)
    return [end for at, less, more in reach for end in (at - less, at + more)]


def _stacked(traces: Sequence[dict[str, Any]]) -> list[float]:
    """Return how high bars reach that stand on top of one another."""
    sums: dict[tuple[Any, bool], float] = {}
    for trace in traces:
        if trace["type"] == "bar" and trace.get("orientation") != "h":
            for at, size in zip(trace["x"], trace["y"], strict=True):
                if size is not None:
                    sums[at, size < 0] = sums.get((at, size < 0), 0.0) + size
    return list(sums.values())


def _drawn(panel: _Panel, label: str, has_links: bool) -> Markup:
    """Return a panel: its grid and labels, its lines stretched over it, its points on top."""
    left, *right = panel.ys.values()
    lines, dots = _marks(panel)
    stretch = {"width": "100%", "height": "100%", "viewBox": f"0 0 {SIZE} {SIZE}", "preserveAspectRatio": "none"}
    parts = [
        *_levels(left, False),
        *(part for axis in right for part in _levels(axis, True)),
        *_uprights(panel.x),
        element("svg", *lines, class_="stretched", **stretch),
        element("svg", *_shapes(panel), width="100%", height="100%"),
        *dots,
    ]
    space = f"l{_space(left)}" + (f" r{_space(right[0])}" if right else "")
    return element(
        "svg",
        *parts,
        class_=f"panel {space}",
        role=("group" if has_links else "img") if label else None,
        aria_label=label or None,
        aria_hidden=None if label else "true",
    )


def _marks(panel: _Panel) -> tuple[list[Markup], list[Markup]]:
    """Return what is stretched, and what is not."""
    lines: list[Markup] = []
    dots: list[Markup] = []
    bases: dict[tuple[Any, bool], float] = {}
    below: list[Any] = []
    for place, trace in panel.traces:
        scales, colour = panel.scales(trace), colour_of(trace, place)
        if trace["type"] == "heatmap":
            lines += fields(trace, scales)
        elif trace["type"] == "bar":
            lines += bars(trace, scales, colour, bases)
        else:
            lines += stretched(trace, scales, colour, below)
            dots += points(trace, scales, colour)
            below = [scales.place(x, y) for x, y in zip(trace["x"], trace["y"], strict=True)]
    return lines, dots


def _levels(axis: Axis, is_right: bool) -> list[Markup]:
    """Return the lines and labels of an upright axis, its title above it; a second axis has no lines."""
    x, dx, anchor = ("100%", 6, "start") if is_right else (0, -6, "end")
    parts = []
    for share, words in axis.ticks:
        if not is_right:
            parts.append(line_between((0, 1 - share), (1, 1 - share), class_="grid"))
        y = f"{100 * (1 - share):.2f}%"
        label = shortened(words, MOST_LETTERS)
        parts.append(element("text", label, class_="tick", x=x, y=y, dx=dx, dy=3.5, text_anchor=anchor))
    if axis.title:
        place = {"x": "100%", "text_anchor": "end", "dx": 6} if is_right else {"x": 0, "dx": -6}
        parts.append(element("text", axis.title, class_="title", y=0, dy=-8, **place))
    return parts


def _uprights(axis: Axis) -> list[Markup]:
    parts = [line_between((0, 1), (1, 1), class_="base")]
    for share, words in axis.ticks:
        x = f"{100 * share:.2f}%"
        anchor = "end" if share > 0.97 and len(words) > 3 else "middle"
        label = shortened(words, MOST_LETTERS)
        parts.append(element("text", label, class_="tick", x=x, y="100%", dy=14, text_anchor=anchor))
    if axis.title:
        parts.append(element("text", axis.title, class_="title", x="50%", y="100%", dy=28, text_anchor="middle"))
    return parts


def _shapes(panel: _Panel) -> list[Markup]:
    """Return the lines and notes that the layout adds to the first panel."""
    if not panel.is_first:
        return []
    y = next(iter(panel.ys.values()))
    parts = [_shape(shape, panel.x, y) for shape in panel.figure["layout"].get("shapes", ())]
    for note in panel.figure["layout"].get("annotations", ()):
        share = panel.x.share(note["x"]) or 0.0
        anchor, dx = ("end", -4) if share > 0.75 else ("start", 4)
        place = {"x": f"{100 * share:.2f}%", "y": 0, "dx": dx, "dy": 11, "text_anchor": anchor}
        parts.append(element("text", note["text"], class_="note", **place))
    return parts


def _shape(shape: dict[str, Any], x: Axis, y: Axis) -> Markup:
    """Return a line between two points, or over the whole height of the panel."""
    heights = [shape[f"y{end}"] if shape.get("yref") == "paper" else y.share(shape[f"y{end}"]) for end in "01"]
    ends = [(x.share(shape[f"x{end}"]) or 0.0, 1 - (height or 0.0)) for end, height in zip("01", heights, strict=True)]
    look = shape["line"]
    line = {"stroke": colour_words(look["color"]), "stroke_dasharray": DASHES[look.get("dash", "solid")]}
    return line_between(ends[0], ends[1], class_="shape", **line)


def _space(axis: Axis) -> int:
    """Return the pixels that the labels of an upright axis need, in steps for which the stylesheet has a class."""
    letters = max((min(len(words), MOST_LETTERS) for _, words in axis.ticks), default=0)
    needed = SPACE + LETTER * letters
    return min(MOST_SPACE, STEP_OF_SPACE * -int(-needed // STEP_OF_SPACE))


def _legend(figure: Figure) -> Markup:
    """Return the names of the traces with their looks; nothing where there is one name."""
    named = [
        (place, trace)
        for place, trace in enumerate(figure["data"])
        if trace.get("showlegend", True) and trace.get("name")
    ]
    if not figure["layout"].get("showlegend", len(named) > 1):
        return Markup()
    entries = [element("li", _key(trace, place), str(trace["name"])) for place, trace in named]
    return element("ul", *entries, class_="legend")


def _key(trace: dict[str, Any], place: int) -> Markup:
    """Return what stands for a trace in the legend: a piece of its line, its point, or its colour."""
    colour, look = colour_of(trace, place), trace.get("line", {})
    if trace["type"] == "bar" or trace.get("fill") == "tonexty":
        look = area_look(trace, colour) if "fill" in trace else {"fill": colour}
        part = element("rect", x=3, y=1, width=12, height=8, **look)
    elif "lines" in trace.get("mode", "lines"):
        dash = DASHES[look.get("dash", "solid")]
        part = element("line", x1=0, x2=18, y1=5, y2=5, stroke=colour, stroke_width=2, stroke_dasharray=dash)
    else:
        part = element("circle", cx=9, cy=5, r=3.5, fill=colour)
    return element("svg", part, class_="key", width=18, height=10, aria_hidden="true")
