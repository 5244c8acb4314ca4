"""What the page of a change shows: the scores before and after, and the scores between two versions."""

from typing import Any

from dashboard.charts.figures import interpolation_figure
from dashboard.metrics import METRICS, metric_words
from dashboard.records.network import Version
from dashboard.services.changes.children import Preview
from dashboard.services.changes.measured import Between
from dashboard.web.kit.tables import Column, Numbers, Table

SCORE_COLUMNS = (
    Column("part", "Part"),
    Column("metric", "Metric", shown=lambda row: metric_words(row.metric)),
    Column("before", "Before", format="number"),
    Column("after", "After", format="number"),
    Column("change", "Change", lambda row: row.after - row.before, "change"),
)
EDIT_COLUMNS = (
    Column("tensor", "Tensor"),
    Column("row", "Row", format="count"),
    Column("column", "Column", format="count"),
    Column("before", "Before", css="right mono"),
    Column("bits_before", "Bits", css="mono"),
    Column("after", "After", css="right mono"),
    Column("bits_after", "Bits", css="mono"),
)


def scores_table(preview: Preview) -> Table:
    """Return what a change does to the loss and the judging metrics; no rows where nothing could be measured."""
    rows = [row for row in preview.scores.rows if row.metric == "loss" or METRICS[row.metric].judges]
    return Table("scores", SCORE_COLUMNS, rows, "Scores before and after")


def edits_table(preview: Preview) -> Table:
    """Return the cells that a person edits, before and after, with their bits; no rows for other changes."""
    return Table("edits", EDIT_COLUMNS, preview.made.origin.get("cells", []), "Cells before and after")


def between_numbers(version: Version, between: Between | None) -> Numbers:
    """Return the score at each share of the other version."""
    rows = list(zip(between.t, between.values, strict=True)) if between else []
    return Numbers(["t", between.metric if between else "score"], rows, f"{version.network}_v{version.number}_between")


def between_figure(between: Between | None) -> dict[str, Any]:
    """Return the score at each share of the other version as a figure."""
    if between is None:
        return interpolation_figure([], [], "score")
    return interpolation_figure(between.t, between.values, metric_words(between.metric))
