"""The list of networks as a table: versions, how the score came about, the best version."""

from collections.abc import Iterable
from typing import Any

from flask import url_for

from dashboard.charts.svg import sparkline
from dashboard.metrics import best_version, metric_name, metric_words
from dashboard.services.networks import NetworkSummary
from dashboard.web.kit.tables import Column, Table, exports
from dashboard.web.kit.urls import address


def network_address(row: dict[str, Any]) -> str:
    """Return the address of a row's network."""
    return address("networks.show", name=row["name"])


COLUMNS = (
    Column("name", "Name", link=network_address, sortable=True),
    Column("progress", "Progress", lambda row: row["spark"], "markup", exported=False),
    Column("task"),
    Column("dataset", "Dataset", link=lambda row: url_for("datasets.show", name=row["dataset"]), sortable=True),
    Column("versions", "Versions", format="count", sortable=True),
    Column("latest", "Latest", format="version", shown=lambda row: (row["name"], row["latest"])),
    Column("best", "Best", format="best_version", shown=lambda row: (row["name"], row["best"])),
    Column("metric", "Metric", shown=lambda row: row["metric"] and metric_words(row["metric"]), css="muted"),
    Column("score", "Score", format="number", sortable=True),
    Column("parameters", "Parameters", format="count", sortable=True),
    Column("saved", "Saved", format="when", sortable=True),
    Column("runs", "Run", lambda row: row["runs"], "chip_links", exported=False),
)


def networks_table(summaries: Iterable[NetworkSummary], sort: str, search: str) -> Table:
    """Return networks as a table, in the order `sort`."""
    files = exports("networks.networks", search=search or None, sort=sort or None)
    rows = [_row(summary) for summary in summaries]
    return Table("networks", COLUMNS, rows, "Networks", files, link=network_address).in_order(sort)


def _row(summary: NetworkSummary) -> dict[str, Any]:
    history, network = dict(summary.metrics), summary.network
    best = best_version(network.task, history)
    metric = metric_name(network.task, history[best]) if best is not None else None
    spark = sparkline([metrics.get(metric) for metrics in history.values()], metric_words(metric)) if metric else ""
    return {
        "name": network.name,
        "task": network.task,
        "dataset": network.dataset,
        "spark": spark,
        "versions": summary.versions,
        "latest": summary.latest,
        "best": best,
        "metric": metric,
        "score": history[best][metric] if best is not None and metric is not None else None,
        "parameters": network.spec.parameters,
        "saved": summary.latest_created,
        "runs": [("running", f"run {run}", url_for("runs.show", run_id=run)) for run in summary.active_runs],
    }
