"""Plotly figures as plain data: binned numbers in, {"data", "layout"} out; the page's script adds the theme.

Plotly is not imported to make them (it would cost every web process 25 MB); a test builds each with
plotly.graph_objects, which refuses an invalid figure. Colours are those of the light theme by name; layouts hold
no colours of background, text and grid. An empty input gives an empty valid figure of the same height.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dashboard.analysis.distributions import Distribution
from dashboard.charts.palette import NEGATIVE, NEITHER, OKABE_ITO, POSITIVE
from dashboard.metrics import METRICS, curve_names, curve_words, find_metric, is_higher_better, split_part

Figure = dict[str, Any]
HEIGHT = 300
MOST_MARKERS = 60
HALF_A_CELL = 0.5


def training_curves(epochs: Sequence[Mapping[str, Any]]) -> Figure:
    """Return loss (left axis) and accuracy (right axis) over epochs, of training and validation, where measured."""
    numbers = [epoch["epoch"] for epoch in epochs]
    names = [name for name in (*curve_names(), *_others(epochs)) if _is_drawn(name, epochs)]
    data = [line_of(curve_words(name), numbers, [epoch.get(name) for epoch in epochs]) | _look(name) for name in names]
    for place, name in enumerate(name for name in names if find_metric(name) is None):
        data[names.index(name)]["line"] = {"color": OKABE_ITO[(place + 2) % len(OKABE_ITO)], "dash": "dash", "width": 2}
    layout = plain_layout("epoch", "loss") | {"hovermode": "x unified"}
    layout["xaxis"]["zeroline"] = False  # the first epoch is 1: a line at 0 would mean nothing
    if scores := dict.fromkeys(METRICS[split_part(name)[1]].words for name in names if is_higher_better(name)):
        title = {"text": ", ".join(scores)}
        layout["yaxis2"] = {"title": title, "overlaying": "y", "side": "right", "showgrid": False}
    return whole_figure(data, layout)


def _others(epochs: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the metrics of a training elsewhere that are drawn besides those that are always drawn."""
    left_out = {"epoch", "metrics", "seconds", "learning_rate", *curve_names()}
    return list(dict.fromkeys(name for epoch in epochs for name in epoch if name not in left_out))


def _is_drawn(name: str, epochs: Sequence[Mapping[str, Any]]) -> bool:
    return any(drawable(epoch.get(name)) is not None for epoch in epochs)


def _look(metric: str) -> dict[str, Any]:
    """Return a curve's axis and line: losses solid on the left, scores dotted on the right, a colour for each part."""
    axis, dash = ("y2", "dot") if is_higher_better(metric) else ("y", "solid")
    colour = OKABE_ITO[0 if split_part(metric)[0] == "" else 1]
    return {"yaxis": axis, "line": {"color": colour, "dash": dash, "width": 2}}


def distribution_figure(distribution: Distribution, labels: Sequence[str], log: bool = False) -> Figure:
    """Return the distributions of one or more tensors as steps over shared bins; `log` makes the counts' axis so."""
    data = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": label,
            "x": distribution.edges.tolist(),
            "line": {"shape": "hv", "width": 1.5, "color": OKABE_ITO[index % len(OKABE_ITO)]},
            "fill": "tozeroy" if len(distribution.counts) == 1 and not log else "none",
            "hovertemplate": "from %{x:.4~g}: %{customdata:,} cells",
        }
        | _counts([*counts.tolist(), int(counts[-1])], log)
        for index, (label, counts) in enumerate(zip(labels, distribution.counts, strict=True))
    ]
    return whole_figure(data, _counted("weight", log))


def change_figure(distribution: Distribution, log: bool = False) -> Figure:
    """Return the distribution of a change as bars: decreases in one colour, increases in another, none in grey.

    Of the bar around zero, which is often far above the others, a part is cut off; its hover text has the count.
    """
    if not distribution.counts:
        return whole_figure([], _counted("change", log))
    edges, counts = distribution.edges, distribution.counts[0].tolist()
    middles = ((edges[:-1] + edges[1:]) / 2).tolist()
    bars = {
        "type": "bar",
        "name": "change",
        "x": middles,
        "width": (edges[1:] - edges[:-1]).tolist(),
        "marker": {
            "color": [
                NEGATIVE if high <= 0 else POSITIVE if low >= 0 else NEITHER
                for low, high in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)
            ]
        },
        "hovertemplate": "about %{x:.4~g}: %{customdata:,} cells<extra></extra>",
    }
    layout = _counted("change", log) | {"bargap": 0}
    if not log:
        layout["yaxis"]["range"] = [0, _cut(counts)]
    return whole_figure([bars | _counts(counts, log)], layout)


def scatter(
    mode: str,
    name: str,
    x: Sequence[float | str],
    y: Iterable[float | None],
    **look: Any,  # noqa: ANN401 - Plotly's
) -> dict[str, Any]:
    """Return points, lines or both; what has no place on an axis is a gap."""
    return {"type": "scatter", "mode": mode, "name": name, "x": list(x), "y": [drawable(one) for one in y], **look}


def interpolation_figure(shares: Sequence[float], values: Sequence[float | None], words: str) -> Figure:
    """Return the score of the mixes of two versions over the share of the second."""
    data = [scatter("lines+markers", words, shares, values)] if shares else []
    return whole_figure(data, plain_layout("t", words), "cannot be measured here")


def line_of(name: str, x: Sequence[int], y: Iterable[float | None]) -> dict[str, Any]:
    """Return a line, with a marker at each of its points unless they are very many."""
    mode = "lines+markers" if len(x) <= MOST_MARKERS else "lines"
    return scatter(mode, name, x, y, marker={"size": 5})


def drawable(value: float | None) -> float | None:
    """Return the value, None (a gap) for what has no place on an axis and none in JSON: NaN and ±Inf."""
    return value if value is not None and math.isfinite(value) else None


def whole_figure(data: list[dict[str, Any]], layout: dict[str, Any], empty: str = "nothing to draw yet") -> Figure:
    """Return the figure; one without data says `empty` in place of empty axes."""
    if not data:
        layout["annotations"] = [
            {"text": empty, "showarrow": False, "x": 0.5, "y": 0.5, "xref": "paper", "yref": "paper"}
        ]
        layout["xaxis"] |= {"visible": False}
        layout["yaxis"] |= {"visible": False}
    return {"data": data, "layout": layout}


def _counts(counts: list[int], log: bool) -> dict[str, Any]:
    """Return counts as heights; where the axis is logarithmic, an empty bin is drawn below 1 and shows 0 on hover."""
    return {"y": [max(count, HALF_A_CELL) for count in counts] if log else counts, "customdata": counts}


def _cut(counts: list[int]) -> float:
    """Return the height of the axis: the highest bar, or twice the second if the highest is far above it."""
    first, second = [*sorted(counts, reverse=True), 0, 0][:2]
    return 1.05 * (first if first <= 3 * second or not second else 2 * second) or 1.0


def _counted(x_title: str, log: bool) -> dict[str, Any]:
    layout = plain_layout(x_title, "cells")
    layout["yaxis"] |= {"type": "log", "dtick": 1} if log else {"type": "linear", "rangemode": "tozero"}
    return layout


def plain_layout(x_title: str, y_title: str) -> dict[str, Any]:
    """Return a layout without colours: the page's script sets those of its theme."""
    return {
        "height": HEIGHT,
        "margin": {"l": 60, "r": 60, "t": 30, "b": 45},
        "xaxis": {"title": {"text": x_title}},
        "yaxis": {"title": {"text": y_title}},
        "legend": {"orientation": "h", "y": 1.15},
    }
