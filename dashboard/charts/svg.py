"""Small drawings as inline SVG: they need no script, take the page's colours by classes, and have words for readers."""

import itertools
import math
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from dashboard.records.network import LayerSpec

MOST_CIRCLES = 8
MOST_COLUMNS = 8
STEP, GAP, RADIUS, LINE = 130, 22, 8, 15
"""Columns stand `STEP` apart, circles `GAP`, a caption's lines `LINE`."""
MOST_LETTERS = 20


def sparkline(values: Sequence[float | None], label: str, width: int = 96, height: int = 20) -> str:
    """Return a line through the values with a dot at the last; empty for fewer than two; None and NaN are left out."""
    points = [(index, value) for index, value in enumerate(values) if value is not None and math.isfinite(value)]
    if len(points) < 2:
        return ""
    low, high = min(value for _, value in points), max(value for _, value in points)
    span = (high - low) or 1.0
    step = (width - 6) / (len(values) - 1)
    places = [(3 + index * step, height - 3 - (value - low) / span * (height - 6)) for index, value in points]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    return (
        f'<svg class="spark" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'aria-label="{escape(label)}"><polyline points="{line}" fill="none"/>'
        f'<circle cx="{places[-1][0]:.1f}" cy="{places[-1][1]:.1f}" r="2.5"/></svg>'
    )


def network_drawing(inputs: int, layers: Sequence[LayerSpec], outputs_label: str = "") -> str:
    """Return a network as columns of circles, one a layer, an ellipsis where there are more units than circles.

    Of a deep network the first and the last layers are drawn, and between them how many more there are. Its colours
    are those of the page, by the classes network, unit, link, more and caption.
    """
    columns = _columns(inputs, layers, outputs_label)
    middle = max(max(column.offsets) for column in columns) + RADIUS + 4
    captions = 2 * middle + LINE
    width, height = STEP * len(columns), captions + LINE * max(len(column.lines) for column in columns)
    margin = max(4 * STEP - width, 0) // 2  # so that a small network is not drawn with giant circles
    parts = [_links(left, right, middle) for left, right in itertools.pairwise(columns)]
    parts += [_drawn(column, middle) + _caption(column, captions) for column in columns]
    label = f"Network: {inputs:,} inputs, then " + ", ".join(f"{layer.units:,} {layer.activation}" for layer in layers)
    return (
        f'<svg class="network" viewBox="{-margin} 0 {width + 2 * margin} {height:g}" role="img" '
        f'aria-label="{escape(label)}">' + "".join(parts) + "</svg>"
    )


class _Column(NamedTuple):
    """A layer as it is drawn: its middle, how many units it has (0: it represents several layers), its caption."""

    x: int
    size: int
    lines: list[str]

    @property
    def offsets(self) -> list[float]:
        """Where its circles stand, from the middle: all of them, or the first and last ones with a gap between."""
        slots = self.size if self.size <= MOST_CIRCLES else MOST_CIRCLES + 1
        ys = [(slot - (slots - 1) / 2) * GAP for slot in range(slots or 1)]
        if self.size > MOST_CIRCLES:
            del ys[slots // 2]
        return ys


def _columns(inputs: int, layers: Sequence[LayerSpec], outputs_label: str) -> list[_Column]:
    last = len(layers) - 1
    all_of_them = [(inputs, [f"{inputs:,} input{'' if inputs == 1 else 's'}"])]
    all_of_them += [
        (layer.units, _lines(layer, place == last) + ([outputs_label] if outputs_label and place == last else []))
        for place, layer in enumerate(layers)
    ]
    left_out = len(all_of_them) - MOST_COLUMNS
    if left_out > 0:
        gap = (0, [f"{left_out + 1:,} more layers"])
        all_of_them = [*all_of_them[: MOST_COLUMNS // 2], gap, *all_of_them[left_out + 1 + MOST_COLUMNS // 2 :]]
    return [_Column(STEP // 2 + STEP * place, size, lines) for place, (size, lines) in enumerate(all_of_them)]


def _lines(layer: LayerSpec, is_output: bool) -> list[str]:
    """Return what is written below a layer, a fact a line."""
    return [
        f"{layer.units:,} {'output' if is_output else 'unit'}{'' if layer.units == 1 else 's'}",
        layer.activation,
        *(["no bias"] if not layer.bias else []),
        *([f"dropout {layer.dropout:g}"] if layer.dropout else []),
        *(["frozen"] if layer.frozen else []),
    ]


def _drawn(column: _Column, middle: float) -> str:
    """Return a layer's circles, and the sign that there are more of them, or more layers."""
    sign = "⋮" if column.size > MOST_CIRCLES else "⋯" if not column.size else ""
    more = f'<text class="more" x="{column.x}" y="{middle + 6:g}" text-anchor="middle">{sign}</text>' if sign else ""
    places = [middle + offset for offset in column.offsets] if column.size else []
    return "".join(f'<circle class="unit" cx="{column.x}" cy="{y:g}" r="{RADIUS}"/>' for y in places) + more


def _caption(column: _Column, top: float) -> str:
    return "".join(
        f'<text class="caption" x="{column.x}" y="{top + LINE * number:g}" text-anchor="middle">'
        f"{escape(line if len(line) <= MOST_LETTERS else line[: MOST_LETTERS - 1] + '…')}</text>"
        for number, line in enumerate(column.lines)
    )


def _links(left: _Column, right: _Column, middle: float) -> str:
    """Return the lines between two layers; none to where layers are left out."""
    ends = itertools.product(left.offsets, right.offsets) if left.size and right.size else ()
    lines = "".join(f"M{left.x + RADIUS} {middle + y:g}L{right.x - RADIUS} {middle + z:g}" for y, z in ends)
    return f'<path class="link" d="{lines}"/>' if lines else ""
