"""A ridge plot as inline SVG: the distribution of each version above that of the version before, light is old.

It needs no script, and each ridge is a link. A ridge is as high as its fullest bin; where that would flatten all
others (of weights that never moved), it is cut, and the page says so.
"""

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

import numpy as np

from dashboard.analysis.cells import Array
from dashboard.analysis.distributions import Distribution
from dashboard.charts.palette import version_colours

WIDTH, LEFT, RIGHT, TOP, BOTTOM = 620, 44, 8, 60, 30
LOWEST, HIGHEST = 10, 24
"""Pixels from one ridge to the next."""
FLATTENED = 3.0
"""A bin this many times as high as the others is cut."""


class Ridge(NamedTuple):
    """One version: its number, the target of a click, and the text on hover."""

    version: int
    address: str
    words: str


def ridge_plot(distributions: Distribution, ridges: Sequence[Ridge], label: str, selected: int | None = None) -> str:
    """Return the drawing; the newest version is at the bottom, in front. Empty without versions."""
    if not ridges:
        return ""
    step = max(LOWEST, min(HIGHEST, 360 // len(ridges)))
    height = TOP + step * (len(ridges) - 1) + BOTTOM
    colours = version_colours(len(ridges))
    parts = [
        _ridge(ridge, counts, (TOP + step * place, step), colours[place], ridge.version == selected)
        for place, (ridge, counts) in enumerate(zip(ridges, distributions.counts, strict=True))
    ]
    return (
        f'<svg class="ridges" viewBox="0 0 {WIDTH} {height}" role="group" aria-label="{escape(label)}">'
        + "".join(parts)
        + _axis(distributions.edges, height)
        + "</svg>"
    )


def height_of(counts: Array) -> float:
    """Return the count that is drawn at full height: the largest, unless one bin is far above all others."""
    second, first = [0.0, *np.sort(counts)[-2:].tolist()][-2:]
    return float(first if first <= FLATTENED * second or not second else second * FLATTENED / 2)


def is_cut(counts: Sequence[Array]) -> bool:
    """Return whether a ridge is higher than what is drawn."""
    return any(one.max(initial=0) > height_of(one) for one in counts)


def _ridge(ridge: Ridge, counts: Array, place: tuple[int, int], colour: str, selected: bool) -> str:
    """Return one ridge on its base, which is `step` pixels below the one above; all of that strip is a link."""
    base, step = place
    xs = np.linspace(LEFT, WIDTH - RIGHT, counts.size + 1)
    ys = base - np.minimum(counts / (height_of(counts) or 1.0), 1.0) * (TOP - 10)
    line = "".join(
        f"L{left:.1f} {y:.1f}L{right:.1f} {y:.1f}" for left, right, y in zip(xs[:-1], xs[1:], ys, strict=True)
    )
    path = f"M{LEFT} {base:g}{line}L{WIDTH - RIGHT} {base:g}Z"
    name, current = f"v{ridge.version}", ' aria-current="true"' if selected else ""
    return (
        f'<a href="{escape(ridge.address)}" data-swap=""{current}>'
        f"<title>{escape(f'{name}: {ridge.words}')}</title>"
        f'<rect x="0" y="{base - step + 1}" width="{WIDTH}" height="{step}" fill="none" pointer-events="all"/>'
        f'<path d="{path}" fill="{colour}"/>'
        f'<text x="{LEFT - 6}" y="{base:g}" text-anchor="end">{name}</text></a>'
    )


def _axis(edges: Array, height: float) -> str:
    low, high = float(edges[0]), float(edges[-1])
    bottom = height - BOTTOM + 4
    places: list[tuple[float, float, str]] = [(LEFT, low, "start"), (WIDTH - RIGHT, high, "end")]
    if low < 0 < high and 0.1 < -low / (high - low) < 0.9:
        places.append((LEFT + (WIDTH - RIGHT - LEFT) * -low / (high - low), 0.0, "middle"))
    marks = "".join(
        f'<line class="tick" x1="{x:.1f}" x2="{x:.1f}" y1="{10 if not value else bottom}" y2="{bottom + 4:g}"/>'
        f'<text x="{x:.1f}" y="{bottom + 17:g}" text-anchor="{anchor}">{value:.3g}</text>'
        for x, value, anchor in places
    )
    return (
        f'<g class="axis"><line class="tick" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{bottom}" y2="{bottom}"/>{marks}</g>'
    )
