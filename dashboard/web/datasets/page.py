"""The tables of datasets: all of them, one's columns, classes and first rows, and the bundled sets."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from operator import itemgetter
from typing import Any, NamedTuple

from flask import url_for

from dashboard.http import workspace
from dashboard.records.dataset import Dataset
from dashboard.services.datasets import Preview, bundled_samples, first_days, list_datasets, networks_by_dataset
from dashboard.web.datasets.forms import MOST_KINDS, DatasetForm
from dashboard.web.kit.formats import plural
from dashboard.web.kit.tables import Column, Table, exports

VALUES_SHOWN = 14
CLASSES_SHOWN = 20


class DatasetRow(NamedTuple):
    """A dataset in the list, and how many networks train on it."""

    dataset: Dataset
    networks: int


DATASET_COLUMNS = (
    Column("name", "Name", "dataset.name", sortable=True),
    Column("task", "Task", "dataset.task", sortable=True),
    Column("rows", "Rows", "dataset.rows", "count", sortable=True),
    Column("bytes", "Size", "dataset.bytes", "size", sortable=True),
    Column("inputs", "Inputs", lambda row: len(row.dataset.description["inputs"]), "count", sortable=True),
    Column("target", "Target", lambda row: ", ".join(row.dataset.targets)),
    Column("classes", "Classes", lambda row: len(row.dataset.description["classes"]) or None, "count", sortable=True),
    Column("networks", "Networks", format="count", sortable=True),
    Column("created", "Added", "dataset.created", "when", sortable=True),
    Column("sha256", value="dataset.sha256"),
)
STATISTICS = (
    Column("missing", "Missing", format="missing", css="right"),
    Column("distinct", "Distinct", format="count"),
    Column("low", "Lowest", format="number"),
    Column("high", "Highest", format="number"),
    Column("mean", "Mean", format="number"),
    Column("std", "Standard deviation", format="number"),
)
COLUMN_COLUMNS = (Column("name", "Column"), Column("kind", "Type"), *STATISTICS)
CHOICE_COLUMNS = (
    Column("name", "Column"),
    Column("kind", "Type", format="field"),
    Column("why", "Why", format="why", css="small wide"),
    *STATISTICS[:-1],
    Column("examples", "Examples", lambda column: ", ".join(column.examples[:4]), css="muted"),
)
IGNORED_COLUMNS = (Column("name", "Column", itemgetter("name")), Column("reason", "Why", itemgetter("reason")))
CLASS_COLUMNS = (
    Column("class", "Class", itemgetter(0)),
    Column("rows", "Rows", itemgetter(1), "count"),
    Column("share", "Share", itemgetter(2), "percent", exported=False),
    Column("bar", "Bar", itemgetter(3), "bar", exported=False, quiet=True),
)
SAMPLE_COLUMNS = (
    Column("title", "Set", itemgetter(0), "sample", css="wide"),
    Column("rows", "Rows", lambda row: row[0].rows, "count"),
    Column("add", "Add", lambda row: (row[0].name, row[1]), "add", quiet=True),
)


def datasets_table(sort: str) -> Table:
    """Return all datasets, in the order `sort`."""
    networks = networks_by_dataset(workspace())
    rows = [DatasetRow(dataset, networks.get(dataset.id, 0)) for dataset in list_datasets(workspace())]
    files = exports("datasets.datasets", sort=sort or None)
    return Table("datasets", DATASET_COLUMNS, rows, "Datasets", files, link=_address).in_order(sort)


def _address(row: DatasetRow) -> str:
    return url_for("datasets.show", name=row.dataset.name)


def columns_table(dataset: Dataset) -> Table:
    """Return what each column of a dataset is like."""
    files = exports("datasets.numbers", name=dataset.name, what="columns")
    truths = dataset.description.get("booleans", {})
    days = first_days(dataset)
    columns = [
        replace(column, shown=lambda row: _type(row, truths, days)) if column.name == "kind" else column
        for column in COLUMN_COLUMNS
    ]
    return Table(f"{dataset.name}_columns", columns, dataset.description["columns"], "Columns", files)


def targets_table(dataset: Dataset) -> Table:
    """Return what each of several targets is like; no rows for a single one."""
    files = exports("datasets.numbers", name=dataset.name, what="targets")
    rows = dataset.description.get("target_columns", [])
    return Table(f"{dataset.name}_targets", COLUMN_COLUMNS, rows, "Targets", files)


def _type(column: Mapping[str, Any], truths: Mapping[str, Sequence[str]], days: Mapping[str, str]) -> str:
    """Return the kind of a column; of yes and no with the words for 0 and 1, of days with the one they count from."""
    words = [f"{word}: {value}" for value, word in enumerate(truths.get(column["name"], ())) if word]
    words += [f"days since {first}"] if (first := days.get(column["name"])) else []
    return f"{column['kind']} ({', '.join(words)})" if words else str(column["kind"])


def ignored_table(dataset: Dataset) -> Table:
    """Return the columns of the file that are no inputs, each with the reason; none for datasets of before."""
    files = exports("datasets.numbers", name=dataset.name, what="ignored")
    rows = dataset.description.get("ignored", [])
    return Table(f"{dataset.name}_ignored", IGNORED_COLUMNS, rows, "Ignored columns", files)


def classes_table(dataset: Dataset) -> Table:
    """Return how many rows each class has."""
    balance = dataset.description["balance"]
    targets = len(dataset.targets) if dataset.has_groups else 1
    total, most = sum(balance.values()) / targets or 1, max(balance.values(), default=0) or 1
    rows = [(name, count, count / total, count / most) for name, count in balance.items()]
    files = exports("datasets.numbers", name=dataset.name, what="classes")
    return Table(f"{dataset.name}_classes", CLASS_COLUMNS, rows, "Rows of each class", files)


def main_classes(table: Table) -> Table:
    """Return the classes that the page shows: of very many the largest ones."""
    rows = list(table.rows)
    if len(rows) <= CLASSES_SHOWN:
        return table
    return replace(table, rows=sorted(rows, key=lambda row: -row[1])[:CLASSES_SHOWN])


def first_rows_table(dataset: Dataset) -> Table:
    """Return the first rows of a dataset, as they were in the file."""
    about = dataset.description
    table = raw_rows_table(about["first_columns"], about["first_rows"])
    files = exports("datasets.numbers", name=dataset.name, what="first-rows")
    return replace(table, name=f"{dataset.name}_first_rows", exports=files)


def raw_rows_table(names: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """Return rows of a file; the page shows the first of its columns and says how many more there are."""
    columns = [
        Column(name, name if place < VALUES_SHOWN else "", itemgetter(place), css="right", is_name=True)
        for place, name in enumerate(names)
    ]
    if len(names) > VALUES_SHOWN:
        more = f"and {len(names) - VALUES_SHOWN:,} more"
        columns.append(Column("more", more, lambda row: "", "markup", exported=False))
    return Table("first_rows", columns, rows, "First rows")


def choice_table(
    preview: Preview, form: DatasetForm, only: frozenset[int] | None = None, without: frozenset[int] = frozenset()
) -> Table:
    """Return the columns of an uploaded file, each with the field in which its type is chosen.

    `only` and `without` are places of columns.
    """
    fields = {column.name: (field, column.name) for column, field in zip(preview.columns, form.kinds, strict=False)}
    odd, dates = form.question_fields("odd"), form.question_fields("dates")
    kinds = preview.suggested_kinds(preview.suggested_target)
    target = form.target.data or preview.suggested_target
    shown = {
        "field": lambda row: fields.get(row.name),
        "why": lambda row: (
            kinds.get(row.name, ("", "" if row.truths else row.reason))[1],
            row.odd or _gaps_of_target(preview, row.name, target),
            odd.get(row.name),
            row.name,
            dates.get(row.name),
            len(row.dates) > 1,
            row.marker[:1],
        ),
    }
    columns = [
        replace(column, shown=shown[column.format]) if column.format in shown else column for column in CHOICE_COLUMNS
    ]
    rows = [
        column
        for place, column in enumerate(preview.columns[:MOST_KINDS])
        if (only is None or place in only) and place not in without
    ]
    return Table("columns", columns, rows, "Columns" if only is None else "Pixel columns")


def _gaps_of_target(preview: Preview, name: str, target: str) -> str:
    """Say that a target is missing in some rows, of which is asked what is done with them; empty for other columns."""
    column = preview.column(name)
    has_gaps = name == target and column.missing and column.distinct
    return f"It is the target, and missing in {plural(column.missing, 'row')}" if has_gaps else ""


def samples_table() -> Table:
    """Return the bundled sets, each with whether it has been added."""
    added = {dataset.name for dataset in list_datasets(workspace())}
    rows = [(sample, sample.name in added) for sample in bundled_samples()]
    return Table("samples", SAMPLE_COLUMNS, rows, "Bundled datasets")
