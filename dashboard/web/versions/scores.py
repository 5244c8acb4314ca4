"""The metrics of a version as its page shows them: of each part of the dataset, of each class, the confusion matrix."""

from collections.abc import Mapping, Sequence
from operator import itemgetter, methodcaller
from typing import Any, NamedTuple
from urllib.parse import urlencode

from dashboard.errors import NotFound
from dashboard.http import workspace
from dashboard.metrics import METRICS, metric_words, split_part
from dashboard.records.network import Version
from dashboard.services.datasets import are_records_here, get_dataset
from dashboard.services.versions.baselines import baseline_of
from dashboard.services.versions.reading import VersionDetail
from dashboard.web.kit.formats import plural, shade
from dashboard.web.kit.tables import Column, Numbers, Table, exports
from dashboard.web.kit.urls import address

MOST_CLASSES = 30
LISTS = {"per_class", "per_target", "confusion"}
PARTS = ("test", "validation")


class MetricRow(NamedTuple):
    """A metric that is a single number, on each part of the dataset, and what the baseline has of it."""

    metric: str
    training: float | None
    validation: float | None
    test: float | None
    baseline_validation: float | None = None
    baseline_test: float | None = None


class ClassRow(NamedTuple):
    """The metrics of one class, None where it has no records, and whether it has the lowest F1 of all."""

    name: str
    metrics: dict[str, Any]
    is_hardest: bool


METRIC_COLUMNS = (
    Column("metric", "Metric", shown=lambda row: metric_words(row.metric)),
    Column("training", "Training", format="number"),
    Column("validation", "Validation", format="number"),
    Column("test", "Test", format="number"),
    Column("baseline_validation", "Baseline, validation", format="number", css="wraps muted"),
    Column("baseline_test", "Baseline, test", format="number", css="wraps muted"),
)


CLASS_COLUMNS = (
    Column("class", "Class", "name", "class_name", shown=lambda row: row),
    Column("precision", "Precision", "metrics.precision", "number"),
    Column("recall", "Recall", "metrics.recall", "number"),
    Column("f1", "F1", "metrics.f1", "number"),
    Column("auc", "ROC AUC", "metrics.auc", "number"),
    Column("support", "Records", "metrics.support", "count"),
)


def target_columns(rows: Sequence[Mapping[str, Any]]) -> list[Column]:
    """Return the columns of a table with the metrics of each of several targets: those that any of them has.

    The page shows those that are measured after each epoch, too.
    """
    known = [one for one in METRICS.values() if any(one.name in row for row in rows)]
    heads = {one.name: (one.short_words or one.words.capitalize()) if one.parts else "" for one in known}
    return [
        Column("target", "Target", itemgetter("target")),
        *(Column(name, head, methodcaller("get", name), "number") for name, head in heads.items()),
    ]


class ConfusionCell(NamedTuple):
    """How many records, their shade, what they are in words, and where they are listed (empty: nowhere)."""

    number: int
    shade: str
    words: str
    address: str = ""


class Confusion(NamedTuple):
    """A confusion matrix: rows are the true classes, columns the predicted ones, on `part` of the dataset.

    `target` is the one of several that it is of, at a `place` from 1; empty where there is one. At `address` the
    records of each cell are listed; empty where they are not here.
    """

    part: str
    classes: list[str]
    matrix: list[list[int]]
    target: str = ""
    place: int = 0
    address: str = ""

    @property
    def id(self) -> str:
        """What its heading is called within a page."""
        return f"confusion-{self.place}" if self.target else "confusion"

    @property
    def rows(self) -> list[tuple[str, list[ConfusionCell]]]:
        """Each class with its cells: what was right is shaded one way, what was wrong the other."""
        return [
            (
                name,
                list(map(self._cell, [name] * len(counts), self.classes, *zip(*_shaded(index, counts), strict=True))),
            )
            for index, (name, counts) in enumerate(zip(self.classes, self.matrix, strict=True))
        ]

    def _cell(self, true: str, predicted: str, count: int, shade: str) -> ConfusionCell:
        records = f"{true} answered as {predicted}: {plural(count, 'record')}"
        if not self.address or not count:
            return ConfusionCell(count, shade, records)
        own = {"true": true, "predicted": predicted} | ({"target": self.target} if self.target else {})
        return ConfusionCell(count, shade, records, f"{self.address}&{urlencode(own)}#records")

    @property
    def is_shown(self) -> bool:
        """Whether it is small enough for a page."""
        return 2 <= len(self.classes) <= MOST_CLASSES


def metrics_table(detail: VersionDetail) -> Table:
    """Return all metrics that are single numbers."""
    metrics, evaluation = detail.version.metrics, detail.evaluation
    parts = [evaluation.get("validation", {}), evaluation.get("test", {})]
    measured = [split_part(name)[1] for name in metrics]
    names = dict.fromkeys([*measured, *(name for part in parts for name in part if name not in LISTS)])
    known = baseline_of(workspace(), detail.version.dataset)
    baseline, rows = known.metrics if known else {}, []
    for name in names:
        validation, test = (part.get(name) for part in parts)
        if validation is None:
            validation = metrics.get(f"val_{name}")
        test = metrics.get(f"test_{name}") if test is None else test
        own = (baseline.get(f"{prefix}{name}") for prefix in ("val_", "test_"))
        rows.append(MetricRow(name, metrics.get(name), validation, test, *own))
    shown = [row for row in rows if set(row[1:4]) != {None}]
    return _table("metrics", METRIC_COLUMNS, shown, "Metrics", detail.version)


def classes_table(detail: VersionDetail) -> Table:
    """Return the metrics of each class."""
    part = part_of(detail, "per_class")
    measured = detail.evaluation[part]["per_class"] if part else []
    rows = class_rows(_class_names(detail, len(measured)), measured)
    return _table("classes", CLASS_COLUMNS, rows, "Metrics by class", detail.version)


def class_rows(names: Sequence[str], measured: Sequence[dict[str, Any]]) -> list[ClassRow]:
    """Return the classes with their metrics, the lowest F1 marked; none is where all are equal."""
    scores = [one["f1"] for one in measured if one["f1"] is not None]
    hardest = None
    if len(set(scores)) > 1:
        hardest = next(one for one in measured if one["f1"] == min(scores))
    return [ClassRow(name, one, one is hardest) for name, one in zip(names, measured, strict=True)]


def targets_table(detail: VersionDetail) -> Table:
    """Return the metrics of each of several targets, errors in its own unit; no rows for a single one."""
    part = part_of(detail, "per_target")
    rows = detail.evaluation[part]["per_target"] if part else []
    return _table("targets", target_columns(rows), rows, "Metrics by target", detail.version)


def confusions(detail: VersionDetail) -> list[Confusion]:
    """Return the confusion matrix of the test part, else of the validation part, or that of each of several targets."""
    part = part_of(detail, "confusion") or part_of(detail, "per_target")
    if not part:
        return []
    return confusions_of(detail.version, part, detail.evaluation[part], _records_address(detail.version, part))


def _records_address(version: Version, part: str) -> str:
    """Return where the records of a part of a version's dataset are listed; empty where they are not here."""
    try:
        dataset = get_dataset(workspace(), version.dataset)
    except NotFound:
        return ""
    place = {"name": version.network, "number": version.number, "dataset": dataset.name, "part": part}
    return address("evaluate.show", **place) if are_records_here(workspace(), dataset) else ""


def confusions_of(version: Version, part: str, measured: Mapping[str, Any], address: str = "") -> list[Confusion]:
    """Return the confusion matrix among what was measured on `part`, or that of each of several targets.

    The records of its cells are listed at `address`; empty if they are nowhere.
    """
    known = version.preprocessing
    if matrix := measured.get("confusion"):
        return [Confusion(part, _names(known.get("classes"), len(matrix)), matrix, address=address)]
    own = {one["name"]: one["classes"] for one in known.get("groups", ())}
    several = [one for one in measured.get("per_target", ()) if one.get("confusion")]
    names = [_names(own.get(one["target"]), len(one["confusion"])) for one in several]
    return [
        Confusion(part, own, one["confusion"], one["target"], place, address)
        for place, (own, one) in enumerate(zip(names, several, strict=True), start=1)
    ]


def confusion_table(matrices: Sequence[Confusion], name: str) -> Numbers:
    """Return confusion matrices as the files have them: of several targets one below and right of the other."""
    labels = [[f"{one.target}={own}" if one.target else own for own in one.classes] for one in matrices]
    width, rows, start = sum(map(len, labels)), [], 0
    for names, one in zip(labels, matrices, strict=True):
        after = width - start - len(names)
        cells = [[None] * start + list(counts) + [None] * after for counts in one.matrix]
        rows += [[true, *own] for true, own in zip(names, cells, strict=True)]
        start += len(names)
    return Numbers(["true", *(f"predicted {own}" for names in labels for own in names)], rows, name)


def confusion_numbers(detail: VersionDetail) -> Numbers:
    """Return the confusion matrix as the files have it."""
    return confusion_table(confusions(detail), f"{detail.version.network}_v{detail.version.number}_confusion")


def part_of(detail: VersionDetail, name: str) -> str | None:
    """Return the part of the dataset on which something was measured: test, else validation."""
    return next((part for part in PARTS if detail.evaluation.get(part, {}).get(name)), None)


def _table(name: str, columns: Sequence[Column], rows: Sequence[Any], label: str, version: Version) -> Table:
    files = exports("versions.numbers", name=version.network, number=version.number, what=name)
    return Table(f"{version.network}_v{version.number}_{name}", columns, rows, label, files)


def _class_names(detail: VersionDetail, count: int) -> list[str]:
    return _names(detail.version.preprocessing.get("classes"), count)


def _names(given: Sequence[str] | None, count: int) -> list[str]:
    known = given or []
    return [str(name) for name in known] if len(known) == count else [str(number) for number in range(count)]


def _shaded(index: int, counts: Sequence[int]) -> list[tuple[int, str]]:
    total = sum(counts) or 1
    return [(count, shade(-count if other == index else count, total)) for other, count in enumerate(counts)]
