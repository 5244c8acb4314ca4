"""What a figure shows, as a sentence: what a person hears who does not see the chart."""

from collections.abc import Sequence
from typing import Any

from dashboard.charts.figures import Figure, drawable

MOST_NAMED = 7


def spoken(figure: Figure) -> str:
    """Return where each line begins and ends, or how many points and bars there are, with the names of the axes."""
    traces = [trace for trace in figure["data"] if trace.get("hoverinfo") != "skip"]
    said = [_said(figure, trace) for trace in traces[:MOST_NAMED]]
    left_out = len(traces) - len(said)
    return "; ".join([*filter(None, said), *([f"and {left_out} more"] if left_out > 0 else [])]) + "."


def _said(figure: Figure, trace: dict[str, Any]) -> str:
    axis = f"xaxis{trace.get('xaxis', 'x')[1:]}"
    along = str(figure["layout"].get(axis, {}).get("title", {}).get("text", ""))
    name = trace.get("meta") or trace.get("name") or "values"
    if trace["type"] == "heatmap":
        return f"density over {along}"
    pairs = [
        (x, y)
        for x, y in zip(trace["x"], trace["y"], strict=True)
        if x is not None and (isinstance(y, str) or drawable(y) is not None)
    ]
    if not pairs:
        return f"{name}: nothing"
    if trace["type"] == "bar" or "lines" not in trace.get("mode", "lines"):
        return f"{name}: {len(pairs)} {'bars' if trace['type'] == 'bar' else 'points'} by {along}"
    (first, start), *_, (last, end) = [pairs[0], *pairs]
    return (
        f"{name} from {_number(start)} at {along} {_number(first)} to {_number(end)} at {_number(last)}{_range(pairs)}"
    )


def _range(pairs: Sequence[tuple[Any, Any]]) -> str:
    """Return the highest value where it is neither the first nor the last one."""
    values = [y for _, y in pairs]
    highest = max(values)
    return f", at most {_number(highest)}" if highest not in {values[0], values[-1]} else ""


def _number(value: Any) -> str:  # noqa: ANN401 - what a figure holds
    return f"{value:.4g}" if isinstance(value, float) else str(value)
