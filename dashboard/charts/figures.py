"""Plotly figures as plain data: binned numbers in, {"data", "layout"} out; the page's script adds the theme.

Nothing of Plotly is imported to make them (it would cost every web process 60 MB); a test builds each with
plotly.graph_objects, which refuses what is no valid figure.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from dashboard.analysis.distributions import Distribution
from dashboard.charts.palette import OKABE_ITO

Figure = dict[str, Any]
HEIGHT = 300


def training_curves(epochs: Sequence[Mapping[str, Any]]) -> Figure:
    """Return loss (left axis) and accuracy (right axis) over epochs, of training and validation."""
    lines = [
        ("loss", "training loss", "y", OKABE_ITO[0], "solid"),
        ("val_loss", "validation loss", "y", OKABE_ITO[1], "solid"),
        ("accuracy", "training accuracy", "y2", OKABE_ITO[0], "dot"),
        ("val_accuracy", "validation accuracy", "y2", OKABE_ITO[1], "dot"),
    ]
    numbers = [epoch["epoch"] for epoch in epochs]
    data = [
        {
            "type": "scatter",
            "mode": "lines+markers" if len(epochs) <= 60 else "lines",
            "name": label,
            "x": numbers,
            "y": [epoch.get(name) for epoch in epochs],
            "yaxis": axis,
            "line": {"color": colour, "dash": dash, "width": 2},
            "marker": {"size": 5},
        }
        for name, label, axis, colour, dash in lines
        if any(epoch.get(name) is not None for epoch in epochs)
    ]
    layout = _layout("epoch", "loss") | {"hovermode": "x unified"}
    if any(trace["yaxis"] == "y2" for trace in data):
        layout["yaxis2"] = {"title": {"text": "accuracy"}, "overlaying": "y", "side": "right", "showgrid": False}
    return {"data": data, "layout": layout}


def distribution_figure(found: Distribution, labels: Sequence[str], log: bool = False) -> Figure:
    """Return the distributions of one or more tensors as steps over shared bins; `log` makes the counts' axis so."""
    data = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": label,
            "x": found.edges.tolist(),
            "y": [*counts.tolist(), int(counts[-1])],
            "line": {"shape": "hv", "width": 1.5, "color": OKABE_ITO[index % len(OKABE_ITO)]},
            "fill": "tozeroy" if len(found.counts) == 1 else "none",
        }
        for index, (label, counts) in enumerate(zip(labels, found.counts, strict=True))
    ]
    layout = _layout("weight", "cells")
    layout["yaxis"]["type"] = "log" if log else "linear"
    return {"data": data, "layout": layout}


def change_figure(found: Distribution, log: bool = False) -> Figure:
    """Return the distribution of a change as bars: negative in one colour, positive in the other."""
    edges = found.edges
    middles = (edges[:-1] + edges[1:]) / 2
    bars = {
        "type": "bar",
        "name": "change",
        "x": middles.tolist(),
        "y": found.counts[0].tolist(),
        "width": (edges[1:] - edges[:-1]).tolist(),
        "marker": {"color": ["#2166ac" if middle < 0 else "#b2182b" for middle in middles.tolist()]},
    }
    layout = _layout("change", "cells") | {"bargap": 0}
    layout["yaxis"]["type"] = "log" if log else "linear"
    return {"data": [bars], "layout": layout}


def confusion_figure(matrix: Sequence[Sequence[int]], classes: Sequence[str]) -> Figure:
    """Return a confusion matrix: rows are the true classes, columns the predicted ones, counts in the cells."""
    labels = [str(name) for name in classes]
    heat = {
        "type": "heatmap",
        "x": labels,
        "y": labels,
        "z": [list(row) for row in matrix],
        "texttemplate": "%{z}" if len(labels) <= 20 else "",
        "colorscale": [[0, "rgba(0,114,178,0)"], [1, "rgba(0,114,178,1)"]],
        "showscale": False,
        "hovertemplate": "true %{y}, predicted %{x}: %{z}<extra></extra>",
    }
    layout = _layout("predicted", "true") | {"height": 380}
    layout["xaxis"] |= {"type": "category", "side": "top"}
    layout["yaxis"] |= {"type": "category", "autorange": "reversed"}
    return {"data": [heat], "layout": layout}


def class_balance_figure(balance: Mapping[str, int]) -> Figure:
    """Return how many records each class has, as bars."""
    bars = {
        "type": "bar",
        "x": list(balance),
        "y": list(balance.values()),
        "marker": {"color": OKABE_ITO[0]},
        "name": "records",
    }
    layout = _layout("class", "records")
    layout["xaxis"]["type"] = "category"
    return {"data": [bars], "layout": layout}


def _layout(x_title: str, y_title: str) -> dict[str, Any]:
    """Return a layout without colours: the page's script sets those of its theme."""
    return {
        "height": HEIGHT,
        "margin": {"l": 60, "r": 60, "t": 30, "b": 45},
        "xaxis": {"title": {"text": x_title}},
        "yaxis": {"title": {"text": y_title}},
        "legend": {"orientation": "h", "y": 1.15},
    }
