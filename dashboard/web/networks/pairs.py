"""Any two versions of a network one click apart: a triangle of links to their diffs, shaded by what the score did.

"The accuracy fell between version 3 and version 17" is a blue field in it, and the field leads to what changed.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from flask import url_for
from markupsafe import Markup

from dashboard.metrics import metric_name, metric_words
from dashboard.web.kit.formats import change, shade

MOST = 24
"""So many of the newest versions are in the triangle; others are compared through their boxes."""


class Pair(NamedTuple):
    """Two versions, the older as base, and how much the score of the other is above that of the base."""

    base: int
    other: int
    change: float | None


def version_pairs(task: str, history: Mapping[int, Mapping[str, Any]], most: int | None = None) -> list[Pair]:
    """Return all pairs of versions (of the `most` newest ones), row by row; None where one has no score."""
    numbers = sorted(history)[-most:] if most else sorted(history)
    scores = {number: _score(task, history[number]) for number in numbers}
    return [
        Pair(base, other, _difference(scores[base], scores[other]))
        for place, base in enumerate(numbers)
        for other in numbers[place + 1 :]
    ]


def pair_grid(network: str, task: str, history: Mapping[int, Mapping[str, Any]]) -> dict[str, Any] | None:
    """Return the triangle: `others` (heads of its columns) and `lines` of (base, Markup of the cells); None for one.

    The cells are made here, since hundreds of them take a template too long.
    """
    pairs = version_pairs(task, history, MOST)
    if not pairs:
        return None
    metric = next((found for metrics in history.values() if (found := metric_name(task, metrics))), None)
    limit = max((abs(pair.change) for pair in pairs if pair.change is not None), default=0.0)
    bases = sorted({pair.base for pair in pairs})
    return {
        "others": sorted({pair.other for pair in pairs}),
        "lines": [
            (base, Markup("").join(_cells(network, pairs, base, limit, place))) for place, base in enumerate(bases)
        ],
        "metric": metric_words(metric) if metric else "",
    }


def _cells(network: str, pairs: list[Pair], base: int, limit: float, place: int) -> Iterator[Markup]:
    """Yield the cells of a base: those of versions that are not newer are empty."""
    address = url_for("compare.show", base=f"{network}:{base}", other=f"{network}:")
    if place:
        yield Markup(f'<td colspan="{place}"></td>')  # noqa: S704 - a number
    for pair in pairs:
        if pair.base == base:
            words = f"v{base} to v{pair.other}" + (f": {change(pair.change)}" if pair.change is not None else "")
            css = shade(pair.change, limit) if pair.change is not None else "w0"
            cell = Markup('<td class="{}"><a href="{}{}" title="{}" aria-label="{}"></a></td>')
            yield cell.format(css, address, pair.other, words, words)


def _score(task: str, metrics: Mapping[str, Any]) -> float | None:
    metric = metric_name(task, metrics)
    return metrics[metric] if metric is not None else None


def _difference(base: float | None, other: float | None) -> float | None:
    return other - base if base is not None and other is not None else None
