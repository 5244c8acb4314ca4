"""A ridge plot as inline SVG: the distribution of each version above that of the version before, light is old.

It needs no script, and each ridge is a link. A ridge is as high as its fullest bin; where that would flatten all
others (of weights that never moved), it is cut, and the page says so.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from markupsafe import Markup

from dashboard.analysis.cells import Array
from dashboard.analysis.distributions import Distribution
from dashboard.charts.palette import version_colours
from dashboard.charts.svg import element

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


def ridge_plot(distributions: Distribution, ridges: Sequence[Ridge], label: str, selected: int | None = None) -> Markup:
    """Return the drawing; the newest version is at the bottom, in front. Empty without versions."""
    if not ridges:
        return Markup()
    step = max(LOWEST, min(HIGHEST, 360 // len(ridges)))
    height = TOP + step * (len(ridges) - 1) + BOTTOM
    colours = version_colours(len(ridges))
    parts = [
        _ridge(ridge, counts, (TOP + step * place, step), colours[place], ridge.version == selected)
        for place, (ridge, counts) in enumerate(zip(ridges, distributions.counts, strict=True))
    ]
    parts.append(_axis(distributions.edges, height))
    return element("svg", *parts, class_="ridges", viewBox=f"0 0 {WIDTH} {height}", role="group", aria_label=label)


def height_of(counts: Array) -> float:
    """Return the count that is drawn at full height: the largest, unless one bin is far above all others."""
    second, first = [0.0, *np.sort(counts)[-2:].tolist()][-2:]
    return float(first if first <= FLATTENED * second or not second else second * FLATTENED / 2)


def is_cut(counts: Sequence[Array]) -> bool:
    """Return whether a ridge is higher than what is drawn."""
    return any(one.max(initial=0) > height_of(one) for one in counts)


def _ridge(ridge: Ridge, counts: Array, place: tuple[int, int], colour: str, selected: bool) -> Markup:
    """Return one ridge on its base, which is `step` pixels below the one above; all of that strip is a link."""
    base, step = place
    xs = np.linspace(LEFT, WIDTH - RIGHT, counts.size + 1)
    ys = base - np.minimum(counts / (height_of(counts) or 1.0), 1.0) * (TOP - 10)
    line = "".join(
        f"L{left:.1f} {y:.1f}L{right:.1f} {y:.1f}" for left, right, y in zip(xs[:-1], xs[1:], ys, strict=True)
    )
    path = f"M{LEFT} {base:g}{line}L{WIDTH - RIGHT} {base:g}Z"
    name = f"v{ridge.version}"
    return element(
        "a",
        element("title", f"{name}: {ridge.words}"),
        element("rect", x=0, y=base - step + 1, width=WIDTH, height=step, fill="none", pointer_events="all"),
        element("path", d=path, fill=colour),
        element("text", name, x=LEFT - 6, y=f"{base:g}", text_anchor="end"),
        href=ridge.address,
        data_swap="",
        aria_current="true" if selected else None,
    )


def _axis(edges: Array, height: float) -> Markup:
    low, high = float(edges[0]), float(edges[-1])
    bottom = height - BOTTOM + 4
    places: list[tuple[float, float, str]] = [(LEFT, low, "start"), (WIDTH - RIGHT, high, "end")]
    if low < 0 < high and 0.1 < -low / (high - low) < 0.9:
        places.append((LEFT + (WIDTH - RIGHT - LEFT) * -low / (high - low), 0.0, "middle"))
    parts = [element("line", class_="tick", x1=LEFT, x2=WIDTH - RIGHT, y1=bottom, y2=bottom)]
    for place, value, anchor in places:
        x, top = f"{place:.1f}", bottom if value else 10
        parts.append(element("line", class_="tick", x1=x, x2=x, y1=top, y2=f"{bottom + 4:g}"))
        parts.append(element("text", f"{value:.3g}", x=x, y=f"{bottom + 17:g}", text_anchor=anchor))
    return element("g", *parts, class_="axis")
