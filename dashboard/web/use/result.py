"""What the page of an answered file shows: the confusion matrix, and records that cannot be read."""

from dashboard.errors import NotFound
from dashboard.records.network import Version
from dashboard.services.use.results import BatchResult
from dashboard.web.kit.tables import Column, Numbers, Table
from dashboard.web.versions.scores import Confusion

EXAMPLE_COLUMNS = (
    Column("record", "Record", lambda row: row[0], "count", help="Counted from 1, in the order of the file"),
    Column("problem", "Problem", lambda row: row[1]),
)


def confusion_of(result: BatchResult, version: Version) -> Confusion | None:
    """Return the confusion matrix; None without the target, or of a regression."""
    matrix = result.summary.metrics.get("confusion")
    return Confusion("file", list(version.preprocessing["classes"]), matrix) if matrix else None


def confusion_numbers(confusion: Confusion | None) -> Numbers:
    """Return the confusion matrix as the files have it; raises NotFound where there is none."""
    if confusion is None:
        raise NotFound("There is no confusion matrix: the file had no target, or it is a number.", "token")
    rows = [[true, *counts] for true, counts in zip(confusion.classes, confusion.matrix, strict=True)]
    return Numbers(["true", *(f"predicted {name}" for name in confusion.classes)], rows, "confusion")


def examples_table(result: BatchResult) -> Table:
    """Return the first records that cannot be read, with the reason."""
    return Table("problems", EXAMPLE_COLUMNS, result.summary.examples, "Records that cannot be read")
