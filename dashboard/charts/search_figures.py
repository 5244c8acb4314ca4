"""Figures of a search: its history, learning curves and predictions; plain data, as in `figures`."""

import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from dashboard.charts.figures import MOST_TICKS, Figure, plain_layout, scatter, whole_axis, whole_figure, whole_ticks
from dashboard.charts.palette import NEITHER, OKABE_ITO

BEST, OTHER, STOPPED = OKABE_ITO[0], OKABE_ITO[4], NEITHER
MOST_LETTERS = 20
Bounds = tuple[float, float]
EVERYWHERE = (-math.inf, math.inf)


class Point(NamedTuple):
    """A trial as a point: its position, and its number."""

    x: float
    y: float
    trial: int


class Curve(NamedTuple):
    """The scores of one trial after each epoch from the first; `kind` is best, running or stopped."""

    trial: int
    values: Sequence[float]
    kind: str


def history_figure(
    points: Sequence[Point],
    stopped: Sequence[Point],
    best: Sequence[Point],
    score: str,
    random: Sequence[float] = (),
) -> Figure:
    """Return each candidate's score by its place, those that were stopped early apart, and the best so far as steps.

    `random` is what a random search may have found after 1, 2 ... candidates, as the proposer estimates.
    """
    data = [_points("trials", points, OTHER), _points("stopped early", stopped, STOPPED, "x")]
    line = {"shape": "hv", "width": 2, "color": BEST}
    steps = scatter("lines", "best so far", [point.x for point in best], [point.y for point in best], line=line)
    line = {"color": STOPPED, "width": 1.5, "dash": "dot"}
    data.append(steps | {"hovertemplate": "best so far %{y:.4~g}"})
    data.append(scatter("lines", "random search, expected", range(1, len(random) + 1), random, line=line))
    shown = [trace for trace in data if trace["x"]]
    layout = _layout("candidates, in order", score)
    layout["xaxis"] |= whole_axis(1, max((max(trace["x"]) for trace in shown), default=1))
    return whole_figure(shown, layout)


def learning_curves_figure(curves: Sequence[Curve], score: str) -> Figure:
    """Return the score after each epoch of the running trials, with those of the best and the stopped ones.

    The figure says so if none is running.
    """
    if not any(curve.kind == "running" for curve in curves):
        return whole_figure(
            [],
            plain_layout("epoch", score),
            "No trial is running. The curve of one that has ended is on the page of its run.",
        )
    looks = {
        "best": {"color": BEST, "width": 3},
        "running": {"width": 1.5},
        "stopped": {"color": STOPPED, "width": 1, "dash": "dot"},
    }
    data = [
        scatter(
            "lines+markers",
            f"trial {curve.trial}{', the best' if curve.kind == 'best' else ''}",
            range(1, len(curve.values) + 1),
            curve.values,
            marker={"size": 4},
            line=looks[curve.kind],
        )
        for curve in curves
        if curve.values
    ]
    layout = _layout("epoch", score) | {"showlegend": True}  # a line alone needs its name, too
    layout["xaxis"] |= whole_axis(1, max((len(curve.values) for curve in curves), default=1))
    return whole_figure(data, layout, "The running trials have no score yet.")


def front_figure(front: Sequence[Point], others: Sequence[Point], second: str, score: str) -> Figure:
    """Return all trials by both goals, those on the front joined by a line."""
    ordered = sorted(front)
    line = _points("the front", ordered, BEST) | {"mode": "lines+markers", "line": {"color": BEST, "width": 2}}
    data = [_points("dominated", others, OTHER), line]
    return whole_figure([trace for trace in data if trace["x"]], _layout(second, score))


def predictions_figure(
    points: Sequence[Point], spreads: Sequence[float], score: str, bounds: Bounds = EVERYWHERE
) -> Figure:
    """Return the prediction for each trial (x, with its standard deviation) against its score (y)."""
    if not points:
        return whole_figure([], _layout(f"predicted {score}", score))
    low = min(min(point.x, point.y) for point in points)
    high = max(max(point.x, point.y) for point in points)
    bars = {"error_x": _reach([point.x for point in points], spreads, bounds) | {"thickness": 1, "width": 0}}
    right = scatter("lines", "as predicted", [low, high], [low, high])
    data = [right | {"line": {"color": STOPPED, "dash": "dot"}, "hoverinfo": "skip"}]
    return whole_figure([*data, _points("trials", points, BEST) | bars], _layout(f"predicted {score}", score))


ENOUGH_TRIALS = 40
"""With fewer, the importance of settings differs much from one search to the next."""


def importance_figure(shares: Mapping[str, float], trials: int) -> Figure:
    """Return how much of the scores' differences each setting accounts for, the most important on top.

    Of few trials it says that the order may be chance.
    """
    ordered = sorted(shares.items(), key=lambda item: item[1])
    bars = {
        "type": "bar",
        "orientation": "h",
        "x": [share for _, share in ordered],
        "y": [name for name, _ in ordered],
        "marker": {"color": BEST},
        "name": "importance",
        "hovertemplate": "%{y}: %{x:.1%}<extra></extra>",
    }
    caveat = f": of {trials} trials, so few that the order may be chance" if trials < ENOUGH_TRIALS else ""
    layout = plain_layout(f"share{caveat}", "")
    layout["xaxis"] |= {"tickformat": ".0%", "rangemode": "tozero"}
    layout["yaxis"] |= {"type": "category", "tickmode": "linear", "dtick": 1}  # every bar has its name
    return whole_figure([bars] if ordered else [], layout)


def belief_figure(
    values: Sequence[Any],
    means: Sequence[float],
    spreads: Sequence[float],
    name: str,
    score: str,
    log: bool,
    bounds: Bounds = EVERYWHERE,
) -> Figure:
    """Return the score that is expected on average at each value of one setting, and how sure that is."""
    is_word = any(isinstance(value, str | bool) for value in values)
    shown = [str(value) for value in values] if is_word else list(values)
    line = scatter("markers" if is_word else "lines+markers", "expected", shown, means)
    bars = _reach(means, spreads, bounds) | {"thickness": 1.5, "width": 4}
    look = {"marker": {"color": BEST, "size": 7}, "line": {"color": BEST, "width": 2}, "error_y": bars}
    layout = _layout(name, f"expected {score}")
    layout["xaxis"] |= {"type": "category" if is_word else "log" if log else "linear"}
    if values and all(type(value) is int for value in values):
        layout["xaxis"] |= (
            {"tickmode": "array", "tickvals": _some(values)} if log else whole_ticks(values[0], values[-1])
        )
    return whole_figure([line | look] if values else [], layout)


def _reach(means: Sequence[float], spreads: Sequence[float], bounds: Bounds) -> dict[str, Any]:
    """Return bars of one spread to either side, which end at the limits of the metric."""
    pairs = list(zip(means, spreads, strict=True))
    above = [max(min(spread, bounds[1] - mean), 0.0) for mean, spread in pairs]
    below = [max(min(spread, mean - bounds[0]), 0.0) for mean, spread in pairs]
    return {"type": "data", "symmetric": False, "array": above, "arrayminus": below, "color": STOPPED}


def _layout(x_title: str, y_title: str) -> dict[str, Any]:
    """Return a plain layout, a long name of its upright axis in two lines: these charts are low."""
    return plain_layout(x_title, "<br>".join(textwrap.wrap(y_title, MOST_LETTERS)))


def _some(values: Sequence[int]) -> list[int]:
    """Return the values, or every second, third ... of them, so that their ticks do not meet."""
    return list(values[:: 1 + (len(values) - 1) // MOST_TICKS])


def _points(name: str, points: Sequence[Point], colour: str, symbol: str = "circle") -> dict[str, Any]:
    return scatter("markers", name, [point.x for point in points], [point.y for point in points]) | {
        "customdata": [point.trial for point in points],
        "marker": {"color": colour, "size": 7, "symbol": symbol},
        "hovertemplate": "trial %{customdata}: %{y:.4~g}",
    }
