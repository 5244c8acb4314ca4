"""A network as one line of the list: its versions, how its score came about, and its best version."""

from collections.abc import Callable
from typing import Any

from markupsafe import Markup

from dashboard.charts.svg import sparkline
from dashboard.metrics import best_version, metric_name
from dashboard.services.networks import NetworkSummary
from dashboard.web.kit.words import metric_words

SORTS: dict[str, tuple[Callable[[dict[str, Any]], Any], bool]] = {
    "name": (lambda row: row["network"].name.casefold(), False),
    "versions": (lambda row: row["versions"], True),
    "score": (lambda row: row["best"]["value"] if row["best"] else None, True),
    "parameters": (lambda row: row["parameters"], True),
    "dataset": (lambda row: row["network"].dataset.casefold(), False),
    "saved": (lambda row: row["latest_created"], True),
}
"""What the list can be sorted by: how a row's value is found, and whether the largest comes first."""


def network_row(summary: NetworkSummary) -> dict[str, Any]:
    """Return a network's line, and the same as plain numbers."""
    history, network = dict(summary.metrics), summary.network
    best = best_version(network.task, history)
    metric = metric_name(network.task, history[best]) if best is not None else None
    spark = sparkline([metrics.get(metric) for metrics in history.values()], metric_words(metric)) if metric else ""
    found = None
    if best is not None and metric is not None:
        found = {"number": best, "name": metric_words(metric), "value": history[best][metric]}
    names = ("network", "versions", "latest", "latest_created", "active_runs")
    about = [network.name, network.task, network.dataset, summary.versions, summary.latest]
    score = [best, metric, found["value"] if found else None, network.spec.parameters, summary.latest_created]
    return {name: getattr(summary, name) for name in names} | {
        "best": found,
        "spark": Markup(spark),  # noqa: S704 - our own drawing; its label is escaped there
        "parameters": network.spec.parameters,
        "numbers": about + score,
    }


def sort_rows(rows: list[dict[str, Any]], sort: str) -> list[dict[str, Any]]:
    """Return the rows in the order `sort` (one of SORTS, reversed with a minus); rows without a value come last."""
    value, is_descending = SORTS[sort.removeprefix("-")]
    known = [row for row in rows if value(row) is not None]
    known.sort(key=value, reverse=is_descending != sort.startswith("-"))
    return known + [row for row in rows if value(row) is None]
