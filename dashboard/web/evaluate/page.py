"""What the page of an evaluation shows: the metrics, those of each class, the confusion matrix, the worst records."""

from collections.abc import Callable, Sequence
from typing import Any

from dashboard.metrics import judging, metric_words
from dashboard.services.versions.baselines import Baseline
from dashboard.services.versions.evaluation import Evaluation
from dashboard.services.versions.measured import RecordAnswer
from dashboard.web.kit.baselines import nothing_learnt
from dashboard.web.kit.formats import number, plural
from dashboard.web.kit.tables import Column, Numbers, Table, exports
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
    return confusions_of(evaluation.version, evaluation.dataset.name, evaluation.metrics)


def confusion_numbers(evaluation: Evaluation) -> Numbers:
    """Return the confusion matrix as the files have it."""
    return confusion_table(confusions(evaluation), f"{_file(evaluation)}_confusion")


def records_table(evaluation: Evaluation) -> Table:
    """Return the records, those with the worst answers first, with what was predicted; the page has a few inputs."""
    is_number = evaluation.task == "regression"
    form = "number" if is_number else "text"
    names = list(evaluation.worst[0].inputs) if evaluation.worst else []
    several = [one["target"] for one in evaluation.metrics.get("per_target", [])]
    columns = (
        Column("record", "Record", format="count", help="Counted from 0, in the order of the file"),
        *(
            column
            for place, name in enumerate(several)
            for column in _answer_columns(name, place < TARGETS_SHOWN, form)
        ),
        *(() if several else (Column("target", "True", format=form), Column("predicted", "Predicted", format=form))),
        Column("right", "" if is_number else "Right", "is_right", "setting"),
        Column("error", "Error" if is_number else "Gap", format="number", help=_error_help(is_number, bool(several))),
        *(_input_column(name, place) for place, name in enumerate(names)),
    )
    return _table(evaluation, "records", columns, evaluation.worst, "Worst records")


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


def _input_column(name: str, place: int) -> Column:
    def value(row: RecordAnswer) -> object:
        return row.inputs[name]

    return Column(f"input.{name}", name if place < INPUTS_SHOWN else "", value, css="right")


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
