"""Figures of why a loss changed: on the way between two versions, by units put back, by each layer at every step."""

from collections.abc import Iterable, Mapping, Sequence

from dashboard.charts.figures import Figure, drawable, plain_layout, scatter, whole_axis, whole_figure
from dashboard.charts.palette import NEITHER, OKABE_ITO

RIGHT = {"overlaying": "y", "side": "right", "showgrid": False}


def way_figure(
    places: Sequence[float], losses: Sequence[float | None], scores: Sequence[float | None], score: str
) -> Figure:
    """Return the loss (left axis) and a score (right axis) on the straight line from the base, 0, to the other, 1."""
    data = [_line("loss", places, losses, 0)] if places else []
    layout = plain_layout("share of the change", "loss") | {"hovermode": "x unified"}
    if any(drawable(value) is not None for value in scores):
        data.append(_line(score, places, scores, 1, "y2"))
        layout["yaxis2"] = {"title": {"text": score}} | RIGHT
    return whole_figure(data, layout)


def restored_figure(
    shares: Sequence[float], values: Sequence[float | None], ends: tuple[float | None, float | None], metric: str
) -> Figure:
    """Return a metric by the share of units put back, between those of the base and of the other (`ends`)."""
    data = [_line(metric, shares, values, 0)] if shares else []
    for name, value in zip(("base", "other"), ends, strict=True):
        if data and drawable(value) is not None:
            dashed = {"color": NEITHER, "dash": "dash" if name == "base" else "dot", "width": 1.5}
            data.append(scatter("lines", name, [0, 1], [value, value], line=dashed, hoverinfo="skip"))
    layout = plain_layout("share of the units put back", metric)
    layout["xaxis"] |= {"tickformat": ".0%"}
    return whole_figure(data, layout)


def steps_figure(versions: Sequence[int], shares: Mapping[str, Sequence[float | None]], total: str) -> Figure:
    """Return what each layer did to the loss at every step as bars on top of one another, and their sum as points."""
    data = [
        {"type": "bar", "name": name, "x": list(versions), "y": [drawable(value) for value in values]}
        | {"marker": {"color": OKABE_ITO[place % len(OKABE_ITO)]}}
        for place, (name, values) in enumerate(shares.items())
    ]
    sums = [_sum(values) for values in zip(*shares.values(), strict=True)]
    if data:
        mark = {"color": NEITHER, "size": 7, "symbol": "diamond"}
        data.append(scatter("markers", total, versions, sums, marker=mark))
    layout = plain_layout("version", "change of the loss") | {"hovermode": "x unified", "barmode": "relative"}
    layout["xaxis"] |= whole_axis(min(versions), max(versions)) if versions else {}
    return whole_figure(data, layout)


def _sum(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _line(name: str, x: Sequence[float], y: Sequence[float | None], place: int, axis: str = "y") -> Figure:
    look = {"line": {"color": OKABE_ITO[place], "width": 2}, "marker": {"size": 5}, "yaxis": axis}
    return scatter("lines+markers", name, x, y, **look)
