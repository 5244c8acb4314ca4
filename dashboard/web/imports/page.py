"""The tables of an import: its checkpoints, its tensors, and what is left out."""

from collections.abc import Set
from operator import itemgetter

from flask import url_for

from dashboard.services.imports.preview import (
    CheckpointPreview,
    TensorPreview,
    changes_at,
    checkpoint_previews,
    tensor_previews,
)
from dashboard.services.imports.waiting import Checkpoint, Import
from dashboard.web.imports.look import Look
from dashboard.web.imports.words import change_of_tensor, changes_words, type_words
from dashboard.web.kit.tables import Column, Table, exports


def _shape(row: TensorPreview) -> str:
    return " × ".join(map(str, row.shape)) or "scalar"


def _changes(row: CheckpointPreview) -> str:
    return changes_words(row.changes) if row.changes else "none" if row.changes is not None else ""


CHECKPOINT_COLUMNS = (
    Column("checkpoint", "Checkpoint", "checkpoint.name"),
    Column("show", "Tensors of", lambda row: f"{row.place}:0", "turn", exported=False, quiet=True),
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


def tensors_table(look: Look, left_out: Set[str] = frozenset(), *, is_whole: bool = False) -> Table:
    """Return the tensors that are looked at, those to leave out ticked; all of the checkpoint's if it is `whole`.

    In a series each says how it differs from the one of its name in the checkpoint before.
    """
    changes = changes_at(look.waiting, look.place)
    columns = list(TENSOR_COLUMNS)
    if not is_whole:
        ticks = Column("leave_out", "Leave out", lambda row: (row.name, row.name in left_out), "leave", exported=False)
        columns.insert(0, ticks)
    if changes is not None:
        before = look.waiting.checkpoints[look.place - 1].name
        columns.insert(-1, Column("change", f"Since {before}", lambda row: change_of_tensor(changes, row.name)))
    files = exports("imports.numbers", token=look.waiting.token, what="tensors", checkpoint=look.place or None)
    rows: list[TensorPreview] = tensor_previews(look.checkpoint, None if is_whole else look.shown)
    css = lambda row: "changed" if changes is not None and change_of_tensor(changes, row.name) else ""  # noqa: E731
    return Table("tensors", tuple(columns), rows, "Tensors", files, css=css, header="name", empty="No tensor matches.")


def left_out_table(waiting: Import, checkpoint: Checkpoint) -> Table:
    """Return the files and the parts of a file that are not imported, each with the reason."""
    rows = [*waiting.left_out.items(), *((one.name, one.why) for one in checkpoint.contents.skipped)]
    files = exports("imports.numbers", token=waiting.token, what="left-out")
    return Table("left_out", LEFT_OUT_COLUMNS, rows, "Left out", files)


def import_address(token: str) -> str:
    """Return the page of an import."""
    return url_for("imports.choose", token=token)
