"""What the page of an evaluation shows: the metrics, those of each class, the confusion matrix, the worst records."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from dashboard.charts.palette import THEMES
from dashboard.charts.records import records_size
from dashboard.http import workspace
from dashboard.metrics import judging, metric_words
from dashboard.services.versions.baselines import Baseline
from dashboard.services.versions.confusion_cells import PARTS, Cell, records_of_cell
from dashboard.services.versions.evaluation import Evaluation
from dashboard.services.versions.measured import RecordAnswer
from dashboard.web.datasets.pictures import PICTURE_PIXELS
from dashboard.web.kit.baselines import nothing_learnt
from dashboard.web.kit.formats import number, plural
from dashboard.web.kit.query import query
from dashboard.web.kit.tables import Column, Numbers, Table, exports, query_exports
from dashboard.web.kit.urls import address
from dashboard.web.versions.scores import (
    CLASS_COLUMNS,
    LISTS,
    Confusion,
    class_rows,
    confusion_table,
    confusions_of,
    target_columns,
)

RECORDS_SHOWN, INPUTS_SHOWN, TARGETS_SHOWN = 20, 8, 4
MOST_INPUTS = INPUTS_SHOWN  # from here on only the files have them
METRIC_COLUMNS = (
    Column("metric", "Metric", shown=lambda row: metric_words(row[0]), value=lambda row: row[0]),
    Column("value", "Value", lambda row: row[1], "number"),
    Column("baseline", "Baseline", lambda row: row[2], "number"),
)
BY_PLACE = "The columns were matched by their places: one of the two files has no names."
GAP = "The score of the best other class, less that of the true one: above 0 the answer is wrong"


def metrics_table(evaluation: Evaluation) -> Table:
    """Return all metrics that are single numbers, each with its baseline."""
    baseline = evaluation.baseline
    rows = [(name, value, baseline.get(name)) for name, value in evaluation.metrics.items() if name not in LISTS]
    return _table(evaluation, "metrics", METRIC_COLUMNS, rows, "Metrics")


def classes_table(evaluation: Evaluation) -> Table:
    """Return the metrics of each class; the lowest F1 is marked."""
    measured = evaluation.metrics.get("per_class", [])
    rows = class_rows(_classes(evaluation), measured)
    return _table(evaluation, "classes", CLASS_COLUMNS, rows, "Metrics by class")


def targets_table(evaluation: Evaluation) -> Table:
    """Return the metrics of each of several targets, errors in its own unit; no rows for a single one."""
    rows = evaluation.metrics.get("per_target", [])
    return _table(evaluation, "targets", target_columns(rows), rows, "Metrics by target")


def confusions(evaluation: Evaluation) -> list[Confusion]:
    """Return the confusion matrix, or that of each of several targets; none for a regression."""
    version = evaluation.version
    place = {"name": version.network, "number": version.number, "dataset": evaluation.dataset.name}
    return confusions_of(version, evaluation.dataset.name, evaluation.metrics, address("evaluate.show", **place))


def confusion_numbers(evaluation: Evaluation) -> Numbers:
    """Return the confusion matrix as the files have it."""
    return confusion_table(confusions(evaluation), f"{_file(evaluation)}_confusion")


class RecordsPage(NamedTuple):
    """The list of records: all, or those of a cell of the confusion matrix; `all_address` is that of all."""

    table: Table
    heading: str
    all_address: str


def records_page(evaluation: Evaluation) -> RecordsPage:
    """Return the worst records, or those of the cell that the address names."""
    cell, table = chosen_cell(), records_table(evaluation)
    if cell is None:
        return RecordsPage(table, "Worst records", "")
    count = len(list(table.rows))
    of = f" ({cell.part} rows)" if cell.part else ""
    target = f"{cell.target} " if cell.target else ""
    heading = f"{target}{cell.true} answered as {cell.predicted}: {plural(count, 'record')}{of}"
    return RecordsPage(table, heading, query().address(true=None, predicted=None, target=None, part=None))


def chosen_cell() -> Cell | None:
    """Return the cell of the confusion matrix that the address names; None for all records."""
    source = query()
    part = source.word("part", tuple(PARTS))
    if not source.text("true") and not source.text("predicted"):
        return None
    return Cell(source.text("true"), source.text("predicted"), source.text("target"), part)


def records_table(evaluation: Evaluation) -> Table:
    """Return the records, those with the worst answers first, with what was predicted; the page has a few inputs."""
    cell = chosen_cell()
    records = records_of_cell(workspace(), evaluation, cell) if cell else evaluation.worst
    is_number = evaluation.task == "regression"
    form = "number" if is_number else "text"
    names = list(evaluation.worst[0].inputs) if evaluation.worst else []
    has_pictures = bool(evaluation.dataset.description["image_shape"])
    several = [one["target"] for one in evaluation.metrics.get("per_target", [])]
    columns = (
        Column(
            "record", "Record", format="count", help="Counted from 0, in the order of the file", link=_used(evaluation)
        ),
        *((_picture_column(evaluation),) if has_pictures else ()),
        *(
            column
            for place, name in enumerate(several)
            for column in _answer_columns(name, place < TARGETS_SHOWN, form)
        ),
        *(() if several else (Column("target", "True", format=form), Column("predicted", "Predicted", format=form))),
        Column("right", "" if is_number else "Right", "is_right", "setting"),
        Column("error", "Error" if is_number else "Gap", format="number", help=_error_help(is_number, bool(several))),
        *(_input_column(name, MOST_INPUTS if has_pictures else place) for place, name in enumerate(names)),
    )
    files = query_exports("evaluate.numbers", what="records", name=evaluation.version.network)
    return Table(f"{_file(evaluation)}_records", columns, records, "Records", files)


def sentence(evaluation: Evaluation) -> str:
    """Say how good the version is on these records, next to the baseline."""
    metric = judging(evaluation.task)[0]
    value = evaluation.metrics.get(metric)
    score = f"{metric_words(metric)} {number(value)}"
    base = evaluation.baseline.get(metric)
    known = "" if base is None else f" (baseline {number(base)})"
    place = f" {BY_PLACE}" if evaluation.by_place else ""
    return f"{plural(evaluation.dataset.rows, 'record')} of {evaluation.dataset.name}: {score}{known}.{place}"


def nothing_learnt_on(evaluation: Evaluation) -> str:
    """Say that the version is not better on these records than always giving one answer; empty if it is."""
    if evaluation.constant is None:
        return ""
    several = len(evaluation.metrics.get("per_target", [])) or 1
    known = Baseline(evaluation.task, evaluation.constant, evaluation.baseline, {}, several)
    return nothing_learnt(known, evaluation.metrics, ("",), "No better than the baseline")


TABLES: dict[str, Callable[[Evaluation], Table | Numbers]] = {
    "metrics": metrics_table,
    "classes": classes_table,
    "targets": targets_table,
    "confusion": confusion_numbers,
    "records": records_table,
}


def _answer_columns(name: str, is_shown: bool, form: str) -> tuple[Column, Column]:
    """Return the columns of what is true and what is predicted of one of several targets."""
    return (
        Column(f"target.{name}", f"True {name}" if is_shown else "", lambda row: row.target[name], form),
        Column(f"predicted.{name}", f"Predicted {name}" if is_shown else "", lambda row: row.predicted[name], form),
    )


def _error_help(is_number: bool, is_several: bool) -> str:
    if not is_number:
        return f"{GAP}; of the targets the largest one" if is_several else GAP
    return "The mean over the targets, each scaled as in training" if is_several else ""


def _used(evaluation: Evaluation) -> Callable[[RecordAnswer], str] | None:
    """Return what gives the page on which the version answers a record, if it was trained on these."""
    if evaluation.version.dataset != evaluation.dataset.name:
        return None
    return lambda row: address("use.show", reference=evaluation.version.reference, record=row.record)


def _picture_column(evaluation: Evaluation) -> Column:
    place = {"name": evaluation.dataset.name, "v": evaluation.dataset.sha256[:12]}
    _, width, height = records_size(evaluation.dataset.description["image_shape"], 1, PICTURE_PIXELS)

    def picture(row: RecordAnswer) -> tuple[str, str, str, int, int]:
        light, dark = (address("datasets.records", theme=theme, record=row.record, **place) for theme in THEMES)
        return light, dark, f"Record {row.record}", width, height

    return Column("picture", "Picture", picture, "record_picture", exported=False)


def _input_column(name: str, place: int) -> Column:
    def value(row: RecordAnswer) -> object:
        return row.inputs[name]

    return Column(f"input.{name}", name if place < INPUTS_SHOWN else "", value, css="right", is_name=True)


def _table(evaluation: Evaluation, what: str, columns: Sequence[Column], rows: Sequence[Any], label: str) -> Table:
    version = evaluation.version
    place = {"name": version.network, "number": version.number, "dataset": evaluation.dataset.name}
    files = exports("evaluate.numbers", what=what, **place)
    return Table(f"{_file(evaluation)}_{what}", columns, rows, label, files)


def _classes(evaluation: Evaluation) -> list[str]:
    return [str(name) for name in evaluation.classes]


def _file(evaluation: Evaluation) -> str:
    version = evaluation.version
    return f"{version.network}_v{version.number}_on_{evaluation.dataset.name}"
