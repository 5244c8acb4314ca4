"""Figures over versions: percentile bands, and lines; as plain data, like those in `figures`."""

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from dashboard.charts.figures import Figure, drawable, line_of, plain_layout, whole_axis, whole_figure, whole_ticks
from dashboard.charts.palette import OKABE_ITO, see_through

BANDS = (("q05", "q95", "5 to 95 %", 0.18), ("q25", "q75", "25 to 75 %", 0.32))
ENDS = (("max", "largest"), ("min", "smallest"))
MARGIN = 1.15
"""How far the axis reaches beyond the 99.5th percentile of |value|."""
FAR = 3.0
"""A version that moved this many times as far as the others does not flatten them."""


class Line(NamedTuple):
    """One line over versions: its name, its values (None: a gap), and on which axis it is drawn (y, or y2)."""

    name: str
    values: Sequence[float | None]
    axis: str = "y"


def bands_figure(versions: Sequence[int], numbers: Sequence[Mapping[str, Any] | None], title: str) -> Figure:
    """Return min, 5, 25, 50, 75, 95 % and max over versions; the axis follows the bulk, not the farthest cell."""
    data = []
    for low, high, name, share in BANDS:
        for key, fill in ((low, None), (high, "tonexty")):
            data.append(
                line_of(name, versions, _values(numbers, key))
                | {"mode": "lines", "line": {"width": 0}, "showlegend": fill is not None, "hoverinfo": "skip"}
                | ({"fill": fill, "fillcolor": see_through(OKABE_ITO[0], share)} if fill else {})
            )
    for key, name in ENDS:
        line = {"color": OKABE_ITO[0], "width": 1, "dash": "dot"}
        data.append(line_of(name, versions, _values(numbers, key)) | {"line": line, "mode": "lines"})
    data.append(line_of("median", versions, _values(numbers, "median")) | {"line": {"color": OKABE_ITO[0], "width": 2}})
    shape = _over_versions(versions, title)
    known = _known(numbers)
    if known:
        shape["yaxis"]["range"] = _bulk(known)
    return whole_figure(data if known else [], shape)


def farthest(versions: Sequence[int], numbers: Sequence[Mapping[str, Any] | None]) -> list[tuple[int, float]]:
    """Return (version, value) of each version with a cell beyond the axis of `bands_figure`, the farthest first."""
    known = _known(numbers)
    low, high = _bulk(known) if known else (0.0, 0.0)
    ends = [
        (version, max((each["min"], each["max"]), key=abs))
        for version, each in zip(versions, numbers, strict=True)
        if each in known and each is not None
    ]
    return sorted((end for end in ends if not low <= end[1] <= high), key=lambda end: -abs(end[1]))


def _known(numbers: Sequence[Mapping[str, Any] | None]) -> list[Mapping[str, Any]]:
    return [each for each in numbers if each is not None and None not in map(each.get, ("min", "max", "limit"))]


def lines_figure(
    versions: Sequence[int], lines: Sequence[Line], title: str, right: str = "", signed: bool = False
) -> Figure:
    """Return lines over versions, some of them on an axis of their own on the right; an axis below 0 is `signed`."""
    data = [
        line_of(line.name, versions, line.values)
        | {"yaxis": line.axis, "line": {"color": OKABE_ITO[place % len(OKABE_ITO)], "width": 2}}
        for place, line in enumerate(lines)
        if any(drawable(value) is not None for value in line.values)
    ]
    shape = _over_versions(versions, title)
    mode = "normal" if signed else "nonnegative"
    shape["yaxis"] |= {"rangemode": mode} | _of_counts(line.values for line in lines)
    if any(trace["yaxis"] == "y2" for trace in data):
        own_axis = {"overlaying": "y", "side": "right", "showgrid": False, "rangemode": mode}
        shape["yaxis2"] = {"title": {"text": right}} | own_axis
    return whole_figure(data, shape)


def _of_counts(lines: Iterable[Sequence[float | None]]) -> dict[str, Any]:
    """Return the settings of an axis of small counts, which has ticks at whole numbers from 0; nothing for others."""
    known = [value for values in lines for value in values if value is not None]
    counts = [value for value in known if isinstance(value, int) and value >= 0]
    if not known or len(counts) < len(known):
        return {}
    return whole_ticks(0, max(1, *counts)) | {"rangemode": "tozero"}


def mark_version(drawn: Figure, version: int, words: str) -> Figure:
    """Return a figure over versions with an upright line at one of them."""
    line = {"color": OKABE_ITO[5], "width": 1.5, "dash": "dash"}
    shape = {"type": "line", "xref": "x", "yref": "paper", "x0": version, "x1": version, "y0": 0, "y1": 1, "line": line}
    anchors = {"xanchor": "left", "yanchor": "top"}
    note = {"x": version, "y": 1, "yref": "paper", "text": words, "showarrow": False} | anchors
    own = drawn["layout"]
    own["shapes"], own["annotations"] = [*own.get("shapes", ()), shape], [*own.get("annotations", ()), note]
    return drawn


def apart(drawn: Figure, runs: Mapping[int, int | None]) -> Figure:
    """Return a figure over versions whose lines have a gap where another run begins."""
    for trace in drawn["data"]:
        if "lines" not in trace["mode"] or not trace.get("line", {}).get("width", 2):
            continue
        places = [place for place in range(1, len(trace["x"])) if _is_other_run(trace["x"], place, runs)]
        for place in reversed(places):
            trace["x"].insert(place, trace["x"][place])
            trace["y"].insert(place, None)
    return drawn


def _is_other_run(versions: Sequence[int], place: int, runs: Mapping[int, int | None]) -> bool:
    return runs.get(versions[place]) != runs.get(versions[place - 1])


def _values(numbers: Sequence[Mapping[str, Any] | None], key: str) -> list[float | None]:
    return [None if each is None else each[key] for each in numbers]


def _bulk(numbers: Sequence[Mapping[str, Any]]) -> list[float]:
    """Return an axis that shows all if nothing is far out, else about the 99.5th percentile of |value|."""
    low, high = min(each["min"] for each in numbers), max(each["max"] for each in numbers)
    limits = [each["limit"] for each in numbers]
    limit = MARGIN * min(max(limits), FAR * statistics.median(limits))
    ends = max(low * MARGIN if low < 0 else low, -limit), min(high * MARGIN if high > 0 else high, limit)
    if not ends[1] > ends[0] or not all(map(math.isfinite, ends)):
        return [low - abs(low) - 1e-6, high + abs(high) + 1e-6]
    margin = 0.04 * (ends[1] - ends[0])
    return [ends[0] - margin, ends[1] + margin]


def _over_versions(versions: Sequence[int], title: str) -> dict[str, Any]:
    """Return a layout over versions, with ticks at whole numbers, since there is nothing between two."""
    shape = plain_layout("version", title) | {"hovermode": "x unified"}
    shape["xaxis"] |= whole_axis(min(versions), max(versions)) if versions else {}
    return shape


def overlay_figure(drawn: Figure, colours: Sequence[str]) -> Figure:
    """Return a figure of several distributions with a colour for each."""
    for trace, colour in zip(drawn["data"], colours, strict=False):
        trace["line"] = trace["line"] | {"color": colour}
        trace["fill"] = "none"
    return drawn


def curves_figure(
    curves: Sequence[tuple[str, str, Sequence[int], Sequence[float | None]]],
    marks: Sequence[tuple[str, str, int, float | None]],
    title: str,
) -> Figure:
    """Return curves over epochs, (name, colour, epochs, values), and versions on them, (name, colour, epoch, value)."""
    data = [
        line_of(name, epochs, values) | {"mode": "lines", "line": {"color": colour, "width": 1.5}}
        for name, colour, epochs, values in curves
        if any(drawable(value) is not None for value in values)
    ]
    data += [
        line_of(name, [epoch], [value]) | {"mode": "markers", "marker": {"color": colour, "size": 9}}
        for name, colour, epoch, value in marks
        if drawable(value) is not None
    ]
    shape = plain_layout("epoch", title)
    known = [epoch for _, _, epochs, _ in curves for epoch in epochs] + [epoch for _, _, epoch, _ in marks]
    shape["xaxis"] |= whole_axis(min(known), max(known)) if known else {}
    return whole_figure(data, shape)
