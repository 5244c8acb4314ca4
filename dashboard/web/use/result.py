"""What the page of an answered file shows: the confusion matrix, and records that cannot be read."""

from dashboard.errors import NotFound
from dashboard.records.network import Version
from dashboard.services.use.results import BatchResult
from dashboard.web.kit.tables import Column, Numbers, Table
from dashboard.web.versions.scores import Confusion, confusion_table, confusions_of

EXAMPLE_COLUMNS = (
    Column("record", "Record", lambda row: row[0], "count", help="Counted from 1, in the order of the file"),
    Column("problem", "Problem", lambda row: row[1]),
)


def confusions_of_file(result: BatchResult, version: Version) -> list[Confusion]:
    """Return the confusion matrix, or that of each of several targets; none without the target, or of a regression."""
    return confusions_of(version, "file", result.summary.metrics)


def confusion_numbers(matrices: list[Confusion]) -> Numbers:
    """Return the confusion matrix as the files have it; raises NotFound where there is none."""
    if not matrices:
        raise NotFound("There is no confusion matrix: the file had no target, or it is a number.", "token")
    return confusion_table(matrices, "confusion")


def examples_table(result: BatchResult) -> Table:
    """Return the first records that cannot be read, with the reason."""
    return Table("problems", EXAMPLE_COLUMNS, result.summary.examples, "Records that cannot be read")
