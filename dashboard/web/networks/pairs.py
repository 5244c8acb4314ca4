"""Any two versions of a network one click apart: a triangle of links to their diffs, shaded by what the metric did.

"The accuracy fell between version 3 and version 17" is a blue cell in it, and the cell leads to what changed.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from flask import url_for

from dashboard.metrics import metric_name, metric_words
from dashboard.web.kit.formats import change, shade

MOST = 24
"""This many of the newest versions are in the triangle; others are compared through their boxes."""

History = Mapping[int, Mapping[str, Any]]


class Pair(NamedTuple):
    """Two versions, the older as base, and how much the metric of the other is above that of the base."""

    base: int
    other: int
    change: float | None


class PairCell(NamedTuple):
    """A cell of the triangle: its shade, the address of the diff, and what is said of it on hover."""

    css: str
    address: str
    words: str


class PairGrid(NamedTuple):
    """The triangle: the heads of its columns, (base, empty cells before, cells) of each row, the metric in words."""

    others: Sequence[int]
    rows: Sequence[tuple[int, int, list[PairCell]]]
    metric: str


def version_pairs(task: str, history: History, most: int | None = None) -> list[Pair]:
    """Return all pairs of versions (of the `most` newest ones), row by row; None where one has no metric."""
    numbers = sorted(history)[-most:] if most else sorted(history)
    values = {number: _value(task, history[number]) for number in numbers}
    return [
        Pair(base, other, _difference(values[base], values[other]))
        for index, base in enumerate(numbers)
        for other in numbers[index + 1 :]
    ]


def pair_grid(network: str, task: str, history: History) -> PairGrid | None:
    """Return the triangle; None for fewer than two versions."""
    pairs = version_pairs(task, history, MOST)
    if not pairs:
        return None
    metric = next((name for metrics in history.values() if (name := metric_name(task, metrics))), None)
    limit = max((abs(pair.change) for pair in pairs if pair.change is not None), default=0.0)
    cells: dict[int, list[PairCell]] = {}
    for pair in pairs:
        cells.setdefault(pair.base, []).append(_cell(network, pair, limit))
    rows = [(base, index, row) for index, (base, row) in enumerate(cells.items())]
    return PairGrid(sorted({pair.other for pair in pairs}), rows, metric_words(metric) if metric else "")


def _cell(network: str, pair: Pair, limit: float) -> PairCell:
    address = url_for("compare.show", base=f"{network}:{pair.base}", other=f"{network}:{pair.other}")
    words = f"v{pair.base} to v{pair.other}" + (f": {change(pair.change)}" if pair.change is not None else "")
    return PairCell(shade(pair.change, limit) if pair.change is not None else "w0", address, words)


def _value(task: str, metrics: Mapping[str, Any]) -> float | None:
    metric = metric_name(task, metrics)
    return metrics[metric] if metric is not None else None


def _difference(base: float | None, other: float | None) -> float | None:
    return other - base if base is not None and other is not None else None
