"""Small drawings as inline SVG: they need no script, take the page's colours by classes, and have words for readers."""

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import Markup, escape

from dashboard.records.network import LayerSpec

MOST_CIRCLES = 8
MOST_COLUMNS = 8
STEP, GAP, RADIUS, LINE = 130, 22, 8, 15
"""Columns stand `STEP` apart, circles `GAP`, a caption's lines `LINE`."""
MOST_LETTERS = 20
SPARKLINE = (
    '<svg class="spark" viewBox="0 0 %s %s" width="%s" height="%s" role="img" aria-label="%s">'
    '<polyline points="%s" fill="none"/><circle cx="%s" cy="%s" r="2.5"/></svg>'
)
"""In one piece, and a plain text: lists draw one a row, and escaping every number takes three times as long."""


def element(tag: str, *children: str, **attributes: object) -> Markup:
    """Return an SVG element; texts and values are escaped, children that are elements are not.

    An attribute of two words is written with an underscore, `class_` with one at its end; None leaves it out.
    """
    values = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items() if value is not None}
    start = tag + "".join(f' {name}="{escape(value)}"' for name, value in values.items())
    inner = "".join(escape(child) for child in children)
    return Markup(f"<{start}>{inner}</{tag}>" if inner else f"<{start}/>")  # noqa: S704 - escaped above


def sparkline(values: Sequence[float | None], label: str, width: int = 96, height: int = 20) -> Markup:
    """Return a line through the values with a dot at the last; empty for fewer than two; None and NaN are left out."""
    points = [(index, value) for index, value in enumerate(values) if value is not None and math.isfinite(value)]
    if len(points) < 2:
        return Markup()
    low, high = min(value for _, value in points), max(value for _, value in points)
    span = (high - low) or 1.0
    step = (width - 6) / (len(values) - 1)
    places = [(3 + index * step, height - 3 - (value - low) / span * (height - 6)) for index, value in points]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    size, last = (width, height, width, height), (f"{places[-1][0]:.1f}", f"{places[-1][1]:.1f}")
    return Markup(SPARKLINE % (*size, escape(label), line, *last))  # noqa: S704 - all else are numbers


class Link(NamedTuple):
    """Where a part of a drawing leads, and what that shows."""

    address: str
    words: str


def network_drawing(inputs: int, layers: Sequence[LayerSpec], links: Sequence[Link] = ()) -> Markup:
    """Return a network as columns of circles, one a layer, an ellipsis where there are more units than circles.

    Of a deep network the first and the last layers are drawn, and between them how many more there are. Its colours
    are those of the page, by the classes network, unit, link, more and caption. `links` are where the inputs and each
    layer, with the weights that lead to it, lead.
    """
    columns = _columns(inputs, layers, links)
    middle = max(max(column.offsets) for column in columns) + RADIUS + 4
    captions = 2 * middle + LINE
    width, height = STEP * len(columns), captions + LINE * max(len(column.lines) for column in columns)
    margin = max(4 * STEP - width, 0) // 2  # so that a small network is not drawn with giant circles
    parts = [
        _linked(column, height, _links(left, column, middle), *_drawn(column, middle), *_caption(column, captions))
        for left, column in zip([None, *columns], columns, strict=False)
    ]
    label = f"Network: {inputs:,} inputs, then " + ", ".join(f"{layer.units:,} {layer.activation}" for layer in layers)
    view, role = f"{-margin} 0 {width + 2 * margin} {height:g}", "group" if links else "img"
    return element("svg", *parts, class_="network", viewBox=view, role=role, aria_label=label)


def _linked(column: "_Column", height: float, *parts: Markup) -> Markup:
    """Return a layer with the lines that lead to it, as a link if it has one: clicked anywhere, as lines are thin."""
    if column.link is None:
        return Markup("").join(parts)
    title = element("title", column.link.words)
    area = element("rect", class_="hit", x=column.x - STEP + RADIUS, y=0, width=STEP, height=f"{height:g}")
    return element("a", title, area, *parts, href=column.link.address)


class _Column(NamedTuple):
    """A layer as it is drawn: its middle, how many units it has (0: it represents several layers), its caption."""

    x: int
    size: int
    lines: list[str]
    link: Link | None = None

    @property
    def offsets(self) -> list[float]:
        """Where its circles stand, from the middle: all of them, or the first and last ones with a gap between."""
        slots = self.size if self.size <= MOST_CIRCLES else MOST_CIRCLES + 1
        ys = [(slot - (slots - 1) / 2) * GAP for slot in range(slots or 1)]
        if self.size > MOST_CIRCLES:
            del ys[slots // 2]
        return ys


def _columns(inputs: int, layers: Sequence[LayerSpec], links: Sequence[Link] = ()) -> list[_Column]:
    last = len(layers) - 1
    sizes = [(inputs, [f"{inputs:,} input{'' if inputs == 1 else 's'}"])]
    sizes += [(layer.units, _lines(layer, place == last)) for place, layer in enumerate(layers)]
    all_of_them = [(*size, link) for size, link in itertools.zip_longest(sizes, links)]
    left_out = len(all_of_them) - MOST_COLUMNS
    if left_out > 0:
        gap = (0, [f"{left_out + 1:,} more layers"], None)
        all_of_them = [*all_of_them[: MOST_COLUMNS // 2], gap, *all_of_them[left_out + 1 + MOST_COLUMNS // 2 :]]
    return [_Column(STEP // 2 + STEP * place, *column) for place, column in enumerate(all_of_them)]


def _lines(layer: LayerSpec, is_output: bool) -> list[str]:
    """Return what is written below a layer, a fact a line."""
    return [
        f"{layer.units:,} {'output' if is_output else 'unit'}{'' if layer.units == 1 else 's'}",
        layer.activation,
        *(["no bias"] if not layer.bias else []),
        *([f"dropout {layer.dropout:g}"] if layer.dropout else []),
        *(["frozen"] if layer.frozen else []),
    ]


def _drawn(column: _Column, middle: float) -> list[Markup]:
    """Return a layer's circles, and the sign that there are more of them, or more layers."""
    sign = "⋮" if column.size > MOST_CIRCLES else "⋯" if not column.size else ""
    ys = [middle + offset for offset in column.offsets] if column.size else []
    circles = [element("circle", class_="unit", cx=column.x, cy=f"{y:g}", r=RADIUS) for y in ys]
    return [*circles, _text(sign, "more", column.x, middle + 6)] if sign else circles


def _caption(column: _Column, top: float) -> list[Markup]:
    return [
        _text(shortened(line, MOST_LETTERS), "caption", column.x, top + LINE * number)
        for number, line in enumerate(column.lines)
    ]


def shortened(text: str, most: int) -> str:
    """Return at most so many letters of a text, the last an ellipsis where it is cut."""
    return text if len(text) <= most else text[: most - 1] + "…"


def _text(words: str, css: str, x: float, y: float) -> Markup:
    return element("text", words, class_=css, x=x, y=f"{y:g}", text_anchor="middle")


def _links(left: _Column | None, right: _Column, middle: float) -> Markup:
    """Return the lines between two layers; none to where layers are left out."""
    if left is None:
        return Markup()
    ends = itertools.product(left.offsets, right.offsets) if left.size and right.size else ()
    lines = "".join(f"M{left.x + RADIUS} {middle + y:g}L{right.x - RADIUS} {middle + z:g}" for y, z in ends)
    return element("path", class_="link", d=lines) if lines else Markup()
