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
from dashboard.metrics import METRICS, PARTS, curve_names, curve_words, find_metric, split_part

Figure = dict[str, Any]
HEIGHT = 300
MOST_MARKERS = 60
HALF_A_CELL = 0.5
MOST_TICKS = 10


def training_curves(
    epochs: Sequence[Mapping[str, Any]], others: bool = True, along: str = "epoch", most: int | None = None
) -> Figure:
    """Return what was measured over epochs: a panel for each metric, in it a line for each part of the dataset.

    Without `others` only what is drawn of every training, if there is any of it; with `most` only so many metrics, the
    first ones. The panels share their level axis.
    """
    numbers = [epoch["epoch"] for epoch in epochs]
    names = drawn_names(epochs, others)
    panels = _metrics_of(names)[:most]
    names = [name for name in names if split_part(name)[1] in panels]
    layout = plain_layout(along, "") | {"hovermode": "x unified"}
    data: list[dict[str, Any]] = []
    seen: set[str] = set()
    for name in names:
        place = panels.index(split_part(name)[1])
        trace = _curve(name, numbers, [epoch.get(name) for epoch in epochs], place)
        data.append(trace | {"showlegend": trace["legendgroup"] not in {"", *seen}})
        seen.add(trace["legendgroup"])
    for place, metric in enumerate(panels):
        layout |= _panel_axes(place, along, metric, numbers)
    if len(panels) > 1:
        layout["grid"] = {"rows": 1, "columns": len(panels), "pattern": "independent"}
    return whole_figure(data, layout | {"showlegend": len(seen - {""}) > 1})


def drawn_names(epochs: Sequence[Mapping[str, Any]], others: bool = True) -> list[str]:
    """Return what `training_curves` has a line for."""
    names = [name for name in curve_names() if _is_drawn(name, epochs)]
    if others or not names:
        names += [name for name in _others(epochs) if _is_drawn(name, epochs)]
    return names


def count_panels(epochs: Sequence[Mapping[str, Any]]) -> int:
    """Return how many metrics there are to draw over epochs, a panel for each."""
    return len(_metrics_of(drawn_names(epochs)))


def _metrics_of(names: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(split_part(name)[1] for name in names))


PART_COLOURS = {"training": OKABE_ITO[0], "validation": OKABE_ITO[1], "test": OKABE_ITO[2], "": OKABE_ITO[3]}
"""A part of a dataset has its colour in every chart; so has what a training elsewhere names without one."""


def _curve(name: str, numbers: Sequence[int], values: Sequence[float | None], place: int) -> dict[str, Any]:
    """Return the line of one metric on one part, in the panel at this place; its full words are those on hover."""
    prefix = split_part(name)[0]
    part = "" if find_metric(name) is None and not prefix else PARTS[prefix]
    number = str(place + 1) if place else ""
    words = {"hovertemplate": f"{curve_words(name)}: %{{y:.4~g}}<extra></extra>", "legendgroup": part}
    axes = {"xaxis": f"x{number}", "yaxis": f"y{number}"}
    line = line_of(part or curve_words(name), numbers, values)
    return line | {"line": {"color": PART_COLOURS[part], "width": 2}, "meta": curve_words(name)} | words | axes


def _panel_axes(place: int, along: str, metric: str, numbers: Sequence[int]) -> dict[str, Any]:
    number = str(place + 1) if place else ""
    known = METRICS.get(metric)
    words = (known.short_words or known.words) if known else metric.replace("_", " ")
    level = {"title": {"text": along}} | (whole_axis(min(numbers), max(numbers)) if numbers else {})
    shared = {"matches": "x"} if place else {}
    return {f"xaxis{number}": level | shared, f"yaxis{number}": {"title": {"text": words}}}


def _others(epochs: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the metrics that are drawn besides those that always are, those of one name next to each other."""
    left_out = {"epoch", "metrics", "seconds", "learning_rate", *curve_names()}
    names = dict.fromkeys(name for epoch in epochs for name in epoch if name not in left_out)
    return sorted(names, key=lambda name: name.startswith("test_"))


def _is_drawn(name: str, epochs: Sequence[Mapping[str, Any]]) -> bool:
    return any(drawable(epoch.get(name)) is not None for epoch in epochs)


def leading(figure: Figure, address: str) -> Figure:
    """Return the figure, each point with a whole number on the level axis leading to `address`, {} for that number."""
    for trace in figure["data"]:
        if trace["type"] == "scatter":
            trace["customdata"] = trace["x"]
    figure["layout"]["meta"] = {"leads": address}
    return figure


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
    middles = (edges[:-1] / 2 + edges[1:] / 2).tolist()  # their sum may be beyond float64
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


def whole_figure(data: list[dict[str, Any]], layout: dict[str, Any], empty: str = "Nothing to draw yet.") -> Figure:
    """Return the figure; one without data says `empty` in place of empty axes."""
    if not data:
        layout["annotations"] = [
            {"text": empty, "showarrow": False, "x": 0.5, "y": 0.5, "xref": "paper", "yref": "paper"}
        ]
        layout["xaxis"] |= {"visible": False}
        layout["yaxis"] |= {"visible": False}
    return {"data": data, "layout": layout}


def saying(figure: Figure, empty: str) -> Figure:
    """Return the figure; one without data says `empty`: what will be drawn in its place, and when."""
    if not figure["data"]:
        figure["layout"]["annotations"][0]["text"] = empty
    return figure


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


def whole_ticks(low: int, high: int) -> dict[str, Any]:
    """Return the settings of an axis from `low` to `high` with at most ten ticks, all at whole numbers."""
    steps = (step * 10**power for power in range(9) for step in (1, 2, 5))
    return {
        "tickmode": "linear",
        "tick0": 0,
        "dtick": next(step for step in steps if (high - low) // step < MOST_TICKS),
    }


def whole_axis(low: int, high: int) -> dict[str, Any]:
    """Return the settings of an axis of versions or epochs: ticks at whole numbers, none before the first one."""
    return whole_ticks(low, high) | {"zeroline": False, "range": [low - 0.5, high + 0.5]}
