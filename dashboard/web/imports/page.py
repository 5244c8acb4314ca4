"""The tables of an import: its checkpoints, its tensors, and what is left out."""

from operator import itemgetter

from flask import url_for

from dashboard.services.imports.preview import CheckpointPreview, TensorPreview, checkpoint_previews, tensor_previews
from dashboard.services.imports.waiting import Checkpoint, Import
from dashboard.web.imports.words import changes_words, type_words
from dashboard.web.kit.tables import Column, Table, exports


def _shape(row: TensorPreview) -> str:
    return " × ".join(map(str, row.shape)) or "scalar"


def _changes(row: CheckpointPreview) -> str:
    return changes_words(row.changes) if row.changes else "none" if row.changes is not None else ""


CHECKPOINT_COLUMNS = (
    Column("checkpoint", "Checkpoint", "checkpoint.name"),
    Column(
        "epoch",
        "Number",
        "checkpoint.number",
        "count",
        help="Found in the name or within the file; saved as the epoch.",
    ),
    Column("tensors", "Tensors", lambda row: len(row.checkpoint.tensors), "count"),
    Column("metrics", "Metrics", lambda row: ", ".join(f"{name} {value:g}" for name, value in row.metrics.items())),
    Column("changes", "Tensors that are different from the one before", _changes),
    Column("sha256", value=lambda row: row.checkpoint.files[0].sha256),
)
TENSOR_COLUMNS = (
    Column("name", "Tensor", css="wide"),
    Column("shape", "Shape", lambda row: " x ".join(map(str, row.shape)), shown=_shape, css="right"),
    Column("type", "Type", type_words),
    Column("mean", "Mean", format="number"),
    Column("std", "Standard deviation", format="number"),
    Column("first", "First numbers", lambda row: " ".join(f"{number:.4g}" for number in row.first), css="mono small"),
)
LEFT_OUT_COLUMNS = (Column("name", "Name", itemgetter(0), css="wide"), Column("reason", "Why", itemgetter(1)))


def checkpoints_table(waiting: Import) -> Table:
    """Return the checkpoints of an import."""
    files = exports("imports.numbers", token=waiting.token, what="checkpoints")
    return Table("checkpoints", CHECKPOINT_COLUMNS, checkpoint_previews(waiting), "Checkpoints", files)


def tensors_table(waiting: Import, checkpoint: Checkpoint, offset: int = 0, limit: int | None = None) -> Table:
    """Return the tensors of a checkpoint, from `offset` on."""
    files = exports("imports.numbers", token=waiting.token, what="tensors")
    rows: list[TensorPreview] = tensor_previews(checkpoint, offset, limit)
    return Table("tensors", TENSOR_COLUMNS, rows, "Tensors", files)


def left_out_table(waiting: Import, checkpoint: Checkpoint) -> Table:
    """Return the files and the parts of a file that are not imported, each with the reason."""
    rows = [*waiting.left_out.items(), *((one.name, one.why) for one in checkpoint.contents.skipped)]
    files = exports("imports.numbers", token=waiting.token, what="left-out")
    return Table("left_out", LEFT_OUT_COLUMNS, rows, "Left out", files)


def import_address(token: str) -> str:
    """Return the page of an import."""
    return url_for("imports.choose", token=token)
