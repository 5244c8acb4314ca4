"""Small drawings as inline SVG: they need no script, take the page's colours by classes, and have words for readers."""

import itertools
from collections.abc import Sequence
from html import escape

from dashboard.records import LayerSpec

MOST_CIRCLES = 8


def sparkline(values: Sequence[float | None], label: str, width: int = 96, height: int = 20) -> str:
    """Return a line through the values (None is left out) with a dot at the last; empty for fewer than two."""
    points = [(index, value) for index, value in enumerate(values) if value is not None]
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
    """Return a network as columns of circles, one a layer, an ellipsis where there are more units than circles."""
    sizes = [inputs, *(layer.units for layer in layers)]
    width, height, middle = max(130 * len(sizes), 260), 250, 105
    xs = [65 + 130 * place for place in range(len(sizes))]
    columns = [_column(x, size, middle) for x, size in zip(xs, sizes, strict=True)]
    parts = [_links(left, right) for left, right in itertools.pairwise(columns)]
    for place, (x, size, places) in enumerate(zip(xs, sizes, columns, strict=True)):
        parts += [f'<circle class="unit" cx="{x}" cy="{y:.1f}" r="8"/>' for x, y in places]
        if size > MOST_CIRCLES:
            parts.append(f'<text class="more" x="{x}" y="{middle + 5}" text-anchor="middle">⋮</text>')
        parts.append(_caption(x, size, place, layers, outputs_label))
    label = f"Network: {inputs:,} inputs, then " + ", ".join(f"{layer.units:,} {layer.activation}" for layer in layers)
    return (
        f'<svg class="network" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label)}">'
        + "".join(parts)
        + "</svg>"
    )


def _column(x: int, size: int, middle: int) -> list[tuple[int, float]]:
    """Return where a layer's circles stand: all of them, or the first and last ones with a gap for the ellipsis."""
    shown = min(size, MOST_CIRCLES)
    gap = 22.0
    slots = shown if size <= MOST_CIRCLES else shown + 1
    ys = [middle + (slot - (slots - 1) / 2) * gap for slot in range(slots)]
    if size > MOST_CIRCLES:
        del ys[slots // 2]
    return [(x, y) for y in ys]


def _links(left: Sequence[tuple[int, float]], right: Sequence[tuple[int, float]]) -> str:
    lines = "".join(f"M{ax + 8} {ay:.1f}L{bx - 8} {by:.1f}" for ax, ay in left for bx, by in right)
    return f'<path class="link" d="{lines}"/>'


def _caption(x: int, size: int, place: int, layers: Sequence[LayerSpec], outputs_label: str) -> str:
    if place == 0:
        head, detail = f"{size:,} inputs", ""
    else:
        layer = layers[place - 1]
        head = f"{size:,} {'outputs' if place == len(layers) else 'units'}"
        detail = ", ".join(
            [layer.activation]
            + ([] if layer.bias else ["no bias"])
            + ([f"dropout {layer.dropout:g}"] if layer.dropout else [])
            + (["frozen"] if layer.frozen else [])
        )
    last = outputs_label if place == len(layers) else ""
    return "".join(
        f'<text class="caption" x="{x}" y="{215 + 15 * line}" text-anchor="middle">{escape(text)}</text>'
        for line, text in enumerate((head, detail, last))
        if text
    )
