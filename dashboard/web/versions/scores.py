"""How good a version is, as its page shows it: metrics, numbers by class, and which class is taken for which."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from dashboard.metrics import metric_words
from dashboard.services.versions.reading import VersionDetail
from dashboard.web.kit.formats import shade

MOST_CLASSES = 30
CLASS_NUMBERS = ("precision", "recall", "f1", "auc", "support")
LISTS = {"per_class", "confusion"}
PARTS = ("test", "validation")


class Confusion(NamedTuple):
    """A confusion matrix: rows are the true classes, columns what was predicted, measured on `part` of the data."""

    part: str
    classes: list[str]
    matrix: list[list[int]]

    @property
    def rows(self) -> list[tuple[str, list[tuple[int, str]]]]:
        """Each class with its cells, (count, shade): what was right is shaded one way, what was wrong the other."""
        return [
            (name, _shaded(place, counts))
            for place, (name, counts) in enumerate(zip(self.classes, self.matrix, strict=True))
        ]

    @property
    def is_shown(self) -> bool:
        """Whether it is small enough for a page."""
        return 2 <= len(self.classes) <= MOST_CLASSES


def metric_rows(detail: VersionDetail) -> list[tuple[str, Any, Any, Any]]:
    """Return (metric, training, validation, test) for all metrics that are single numbers."""
    metrics, evaluation = detail.version.metrics, detail.evaluation
    parts = [evaluation.get("validation", {}), evaluation.get("test", {})]
    own = [name.removeprefix("val_").removeprefix("test_") for name in metrics]
    names = dict.fromkeys([*own, *(name for part in parts for name in part if name not in LISTS)])
    rows = []
    for name in names:
        validation, test = (part.get(name) for part in parts)
        if validation is None:
            validation = metrics.get(f"val_{name}")
        rows.append((name, metrics.get(name), validation, metrics.get(f"test_{name}") if test is None else test))
    return rows


def metric_lines(detail: VersionDetail) -> list[tuple[str, Any, Any, Any]]:
    """Return the same in words, without the metrics that nowhere have a number."""
    return [(metric_words(name), *numbers) for name, *numbers in metric_rows(detail) if set(numbers) != {None}]


def class_rows(detail: VersionDetail) -> list[list[Any]]:
    """Return each class with its CLASS_NUMBERS."""
    part = _part(detail, "per_class")
    rows = detail.evaluation[part]["per_class"] if part else []
    names = _class_names(detail, len(rows))
    return [[name, *(row.get(key) for key in CLASS_NUMBERS)] for name, row in zip(names, rows, strict=True)]


def class_lines(detail: VersionDetail) -> dict[str, Any] | None:
    """Return the part of the data and each class's numbers, the hardest class named; None if there are none."""
    rows = class_rows(detail)
    if not rows:
        return None
    hardest = min(rows, key=lambda row: row[1 + CLASS_NUMBERS.index("f1")])
    return {"part": _part(detail, "per_class"), "rows": rows[:MOST_CLASSES], "hardest": hardest[0], "count": len(rows)}


def confusion(detail: VersionDetail) -> Confusion | None:
    """Return the confusion matrix of the test part, else of the validation part, if there is one."""
    part = _part(detail, "confusion")
    if part is None:
        return None
    matrix = detail.evaluation[part]["confusion"]
    return Confusion(part, _class_names(detail, len(matrix)), matrix)


def _part(detail: VersionDetail, name: str) -> str | None:
    return next((part for part in PARTS if detail.evaluation.get(part, {}).get(name)), None)


def _class_names(detail: VersionDetail, count: int) -> list[str]:
    known = detail.version.preprocessing.get("classes") or []
    return [str(name) for name in known] if len(known) == count else [str(number) for number in range(count)]


def _shaded(place: int, counts: Sequence[int]) -> list[tuple[int, str]]:
    total = sum(counts) or 1
    return [(count, shade(-count if other == place else count, total)) for other, count in enumerate(counts)]
