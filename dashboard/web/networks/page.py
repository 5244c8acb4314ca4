"""What the pages of networks show: the list, the versions and layers of one network, and a preview of a new one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from flask import url_for
from markupsafe import Markup

from dashboard.charts.svg import Link, network_drawing, sparkline
from dashboard.errors import Invalid
from dashboard.metrics import best_name, best_version, in_order, judging, metric_name, metric_words
from dashboard.records.network import FOREIGN, ListedVersion, Network, NetworkSpec
from dashboard.records.repeats import RepeatedScore
from dashboard.services.history.tensor_steps import TensorStep
from dashboard.services.networks import NetworkSummary
from dashboard.web.kit.formats import spread
from dashboard.web.kit.repeats import FEW, REPEATED, listed_records, listed_scores, records_words, times_words
from dashboard.web.kit.tables import Column, Table, exports
from dashboard.web.kit.urls import address, compared, numbered

MOST_METRICS = 4
MOST_NOTES = 3

History = Mapping[int, Mapping[str, Any]]
"""Version number -> metrics, the oldest version first."""


class Ranking(NamedTuple):
    """The best version of a network, the first of equals; None without a metric.

    `by` is the metric that decides, `metric` the one that says most of the task, and `value` what the best has of it.
    """

    best: int | None
    metric: str | None
    value: float | None
    by: str | None = None


def ranking(network: Network, history: History) -> Ranking:
    """Return which version is best."""
    task, best_by = network.task, network.spec.training.best_by
    best = best_version(task, best_by, history)
    metric = metric_name(task, history[best]) if best is not None else None
    if best is None or metric is None:
        return Ranking(best, None, None)
    return Ranking(best, metric, history[best][metric], best_name(task, best_by, history))


def _network_address(row: dict[str, Any]) -> str:
    return address("networks.show", name=row["name"])


def _dataset_address(row: dict[str, Any]) -> str:
    return url_for("datasets.show", name=row["dataset"]) if row["dataset"] else ""


def _latest_address(row: dict[str, Any]) -> str:
    return address("versions.show", name=row["name"], number=row["latest"]) if row["latest"] else ""


NETWORK_COLUMNS = (
    Column("name", "Name", sortable=True),
    Column("spark", "Progress", format="markup", exported=False),
    Column("task"),
    Column("dataset", "Dataset", link=_dataset_address, sortable=True),
    Column("versions", "Versions", format="count", sortable=True),
    Column("latest", "Latest", shown=lambda row: row["latest"] and f"v{row['latest']}", link=_latest_address),
    Column("best", "Best", format="best_version", shown=lambda row: (row["name"], row["best"])),
    Column("metric", "Metric", shown=lambda row: row["metric"] and metric_words(row["metric"]), css="muted"),
    Column("score", "Value", format="number", sortable=True),
    Column("records", "Measured on", shown=lambda row: records_words(row["records"]), css="right muted", help=FEW),
    Column("parameters", "Parameters", format="count", sortable=True),
    Column("saved", "Saved", format="when", sortable=True),
    Column("repeated", "Repeated", css="breaks", help=REPEATED),
    Column("repeated_mean"),
    Column("repeated_std"),
    Column("repeated_metric"),
    Column("kind", "Kind", css="muted"),
    Column("runs", "Run", format="chip_links", exported=False),
)


def networks_table(summaries: Iterable[NetworkSummary], sort: str, search: str, kind: str = "") -> Table:
    """Return networks as a table, in the order `sort`."""
    files = exports("networks.networks", search=search or None, sort=sort or None, kind=kind or None)
    known = list(summaries)
    scores = listed_scores([summary.network for summary in known])
    rows = [_network_row(summary) | _repeated(scores.get(summary.network.name), summary.network) for summary in known]
    few = listed_records([(row["dataset"] or "", row["metric"]) for row in rows])
    rows = [row | {"records": records} for row, records in zip(rows, few, strict=True)]
    unknown = {"repeated": not scores, "records": not any(few)}
    unknown |= {"kind": all(row["kind"] != FOREIGN for row in rows)}
    shown = [replace(one, heading="") if unknown.get(one.name) else one for one in NETWORK_COLUMNS]
    return Table("networks", shown, rows, "Networks", files, link=_network_address).in_order(sort)


def _network_row(summary: NetworkSummary) -> dict[str, Any]:
    history, network = dict(summary.metrics), summary.network
    best, metric, value = ranking(network, dict([summary.best] if summary.best else []))[:3]
    values = [metrics.get(metric) for metrics in history.values()] if metric else []
    return {
        "name": network.name,
        "kind": network.kind,
        "task": network.task or None,
        "dataset": network.dataset or None,
        "spark": sparkline(values, metric_words(metric or "")),
        "versions": summary.versions,
        "latest": summary.latest,
        "best": best,
        "metric": metric,
        "score": value,
        "parameters": network.parameters,
        "saved": summary.latest_created,
        "runs": run_chips(summary.active_runs),
    }


def _repeated(score: RepeatedScore | None, network: Network) -> dict[str, Any]:
    """Return what repeated trainings of a network have shown, by the first of the metrics that judge it."""
    metric = next((name for name in judging(network.task) if score and name in score.spreads), None)
    if score is None or metric is None:
        return dict.fromkeys(("repeated", "repeated_mean", "repeated_std", "repeated_metric"))
    one = score.spreads[metric]
    words = f"{spread(one.mean, one.std)} {times_words(score.kind, score.count)}"
    return {"repeated": words, "repeated_mean": one.mean, "repeated_std": one.std, "repeated_metric": metric}


def run_chips(runs: Iterable[int]) -> list[tuple[str, str, str]]:
    """Return a chip for each active run, which leads to it."""
    return [("running", f"run {run}", url_for("runs.show", run_id=run)) for run in runs]


@dataclass(frozen=True)
class VersionRow:
    """A version in the table of its network, whether it is the best, and where its run is.

    `since` is the comparison with the version that it came from, `to_best` that with the best one: (words, address).
    """

    version: ListedVersion
    is_best: bool = False
    run: str = ""
    since: tuple[str, str] = ("", "")
    to_best: tuple[str, str] = ("", "")


SINCE_BEFORE = "What changed since the version that this one came from: the one before in its run, or its parent."
TO_BEST = "What changes from this version to the best one, ★."
CHANGED = (
    "L2 of the change since the version before in the same run, or since the parent, as a share of its norm; "
    "unknown where that version is deleted"
)


def _changed_address(row: VersionRow) -> str:
    return row.since[1] if row.version.changed is not None else ""


VERSION_COLUMNS = (
    Column("changed", "Changed", "version.changed", "percent", link=_changed_address, sortable=True, help=CHANGED),
    Column("changed_since", value="version.changed_since"),
    Column("epoch", "Epoch", "version.epoch", "count", sortable=True),
    Column("run_id", "Run", "version.run_id", link=lambda row: row.run, sortable=True, largest_first=True),
    Column("parent", value="version.parent"),
    Column("created", "Saved", "version.created", "when", sortable=True),
    Column("bytes", value="version.bytes"),
    Column("sha256", value="version.sha256"),
    Column(
        "since",
        "Since before",
        lambda row: row.since[0],
        link=lambda row: row.since[1],
        exported=False,
        help=SINCE_BEFORE,
    ),
    Column(
        "to_best",
        "To the best",
        lambda row: row.to_best[0],
        link=lambda row: row.to_best[1],
        exported=False,
        help=TO_BEST,
    ),
)


def versions_table(network: Network, rows: Sequence[VersionRow], metrics: Iterable[Mapping[str, Any]]) -> Table:
    """Return versions as a table; the page shows the first ones of all `metrics` that the versions have."""
    names = in_order(name for one in metrics for name in one)
    columns = (
        Column("select", "Select", "version.reference", "tick", exported=False, css="tick", quiet=True),
        Column(
            "version", "Version", "version.number", "version_number", lambda row: row, sortable=True, largest_first=True
        ),
        *(_metric_column(name, is_shown=index < MOST_METRICS) for index, name in enumerate(names)),
        *VERSION_COLUMNS,
    )
    files = exports("networks.versions", name=network.name)

    page = numbered("versions.show", "number", name=network.name)

    def link(row: VersionRow) -> str:
        return page(row.version.number)

    return Table(f"{network.name}_versions", columns, rows, "Versions", files, link=link, header="version")


def _metric_column(name: str, is_shown: bool) -> Column:
    heading = metric_words(name).capitalize() if is_shown else ""
    return Column(name, heading, lambda row: row.version.metrics.get(name), "number", css="wraps", sortable=True)


def version_rows(
    network: str, versions: Iterable[ListedVersion], steps: Iterable[TensorStep], best: int | None
) -> list[VersionRow]:
    """Return versions as the page lists them."""
    before = {step.number: step.base for step in steps}
    run, at = numbered("runs.show", "run_id"), compared(network)

    def row(version: ListedVersion) -> VersionRow:
        number, base = version.number, before.get(version.number)
        return VersionRow(
            version,
            number == best,
            run(version.run_id) if version.run_id else "",
            (f"v{base} → v{number}", at(base, number)) if base else ("", ""),
            ("the best", "") if number == best else (f"v{number} → ★", at(number, best)) if best else ("", ""),
        )

    return [row(version) for version in versions]


def curve_points(history: History, runs: Mapping[int, int | None]) -> list[dict[str, Any]]:
    """Return the points of the curves over versions, with a point without numbers, a gap, where another run begins."""
    points: list[dict[str, Any]] = []
    before: int | None = None
    for number, metrics in history.items():
        if points and runs.get(number) != before:
            points.append({"epoch": number})
        points.append({"epoch": number, **metrics})
        before = runs.get(number)
    return points


def layer_links(network: Network, newest: int) -> list[Link]:
    """Return where the inputs and the layers of a network's drawing lead; nowhere without a version."""
    if not newest:
        return []
    dataset = url_for("datasets.show", name=network.dataset) if network.dataset else ""
    inputs = Link(dataset, f"Inputs: the columns of {network.dataset}") if dataset else None
    tables = [f"layer_{place:02d}.weight" for place in range(1, len(network.spec.layers) + 1)]
    weights = [Link(_tensor_address(network, newest, table), f"{table}: its table in v{newest}") for table in tables]
    return [inputs or Link(address("versions.show", name=network.name, number=newest), f"v{newest}"), *weights]


def _tensor_address(network: Network, number: int, tensor: str) -> str:
    return address("tensors.show", name=network.name, number=number, tensor=tensor)


def layers_table(network: Network, newest: int = 0) -> Table:
    """Return the layers of a network; columns of settings that no layer has are in the files only.

    Each leads to its table in the newest version, if there is one.
    """
    layers = network.spec.layers
    names = [*map(str, range(1, len(layers))), "Output"][: len(layers)]
    columns = (
        Column("layer", "Layer", exported=False),
        Column("units", "Units", format="count"),
        Column("activation", "Activation"),
        Column("bias", "Bias", format="setting"),
        Column("dropout", "Dropout" if any(layer.dropout for layer in layers) else "", format="setting"),
        Column("frozen", "Frozen" if any(layer.frozen for layer in layers) else "", format="setting"),
    )
    tables = [f"layer_{place:02d}.weight" for place in range(1, len(layers) + 1)]
    rows = [vars(one) | {"layer": name, "table": table} for name, one, table in zip(names, layers, tables, strict=True)]
    link = (lambda row: _tensor_address(network, newest, row["table"])) if newest else None
    files = exports("networks.layers", name=network.name)
    return Table(f"{network.name}_layers", columns, rows, "Layers", files, link=link)


class Preview(NamedTuple):
    """What a definition amounts to; without `spec` something is wrong with it, which the `notes` say."""

    spec: NetworkSpec | None
    notes: Sequence[str] = ()

    @property
    def bytes(self) -> int:
        """How large a version is."""
        assert self.spec is not None
        return self.spec.parameters * (8 if self.spec.training.dtype == "float64" else 4)

    @property
    def drawing(self) -> Markup:
        """The network as a picture."""
        return network_drawing(self.spec.inputs, self.spec.layers) if self.spec else Markup()


def preview_without_spec(error: Invalid) -> Preview:
    """Return what is wrong with a definition, without what a person has simply not typed yet."""
    notes = [message for path, message in error.errors.items() if path not in {"name", "dataset"}]
    return Preview(None, list(dict.fromkeys(notes))[:MOST_NOTES])
