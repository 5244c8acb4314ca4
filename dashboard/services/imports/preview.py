"""What is seen of an import before it is saved: its tensors with their first numbers, and how checkpoints differ."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from dashboard.analysis.statistics import tensor_statistics
from dashboard.formats.contents import SourceTensor
from dashboard.formats.registry import READERS
from dashboard.services.imports.changes import Changes, changes_between
from dashboard.services.imports.plan import stated_metrics
from dashboard.services.imports.waiting import Checkpoint, Import

__all__ = ["SourceTensor"]  # for those who may not enter the formats

FORMAT_WORDS = {reader.name: reader.words for reader in READERS}
"""What the formats are called."""
FIRST_NUMBERS = 12
MOST_COUNTED, MOST_OF_ONE = 5_000_000, 1_000_000
"""While a page waits, the mean and the deviation are computed of so many cells in all, and of smaller tensors only."""


class TensorPreview(NamedTuple):
    """A tensor as it was read. Mean and deviation are of its finite cells, None where none was computed."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    source_dtype: str
    mean: float | None
    std: float | None
    first: tuple[float, ...]
    is_optimizer: bool


class CheckpointPreview(NamedTuple):
    """A checkpoint of an import, and what is different from the one before; None of the first."""

    place: int
    checkpoint: Checkpoint
    metrics: dict[str, float]
    changes: Changes | None


def matching(checkpoint: Checkpoint, text: str) -> Sequence[SourceTensor]:
    """Return the tensors of a checkpoint that have a text in their names, in any case; all of them without one."""
    wanted = text.lower()
    return [one for one in checkpoint.tensors if wanted in one.name.lower()] if wanted else checkpoint.tensors


def tensor_previews(checkpoint: Checkpoint, tensors: Sequence[SourceTensor] | None = None) -> list[TensorPreview]:
    """Return tensors of a checkpoint, all of them if none are named, in the order of the file."""
    left, previews = MOST_COUNTED, []
    for tensor in checkpoint.tensors if tensors is None else tensors:
        cells = math.prod(tensor.shape)
        is_counted = 0 < cells <= min(left, MOST_OF_ONE)
        left -= cells if is_counted else 0
        previews.append(_preview(checkpoint, tensor, is_counted))
    return previews


def _preview(checkpoint: Checkpoint, tensor: SourceTensor, is_counted: bool) -> TensorPreview:
    cells = checkpoint.array(tensor)
    counted = tensor_statistics(cells) if is_counted else None
    with np.errstate(invalid="ignore"):  # some processors signal a NaN that is widened
        first = tuple(cells.reshape(-1)[:FIRST_NUMBERS].astype(np.float64).tolist())
    mean, std = (counted.mean, counted.std) if counted else (None, None)
    return TensorPreview(
        tensor.name, tensor.shape, tensor.dtype, tensor.source_dtype, mean, std, first, tensor.is_optimizer
    )


def checkpoint_previews(waiting: Import) -> list[CheckpointPreview]:
    """Return the checkpoints of an import in their order, each with what is different from the one before."""
    return [
        CheckpointPreview(place, checkpoint, stated_metrics(checkpoint), changes_at(waiting, place))
        for place, checkpoint in enumerate(waiting.checkpoints)
    ]


def changes_at(waiting: Import, place: int) -> Changes | None:
    """Return what is different in a checkpoint from the one before it; None of the first."""
    before, checkpoint = waiting.checkpoints[place - 1], waiting.checkpoints[place]
    return changes_between(_forms(before), _forms(checkpoint)) if place else None


def metric_names(waiting: Import) -> list[str]:
    """Return the names of all metrics that checkpoints state, in the order in which they come."""
    return list(dict.fromkeys(name for one in waiting.checkpoints for name in stated_metrics(one)))


def _forms(checkpoint: Checkpoint) -> dict[str, tuple[tuple[int, ...], str]]:
    return {one.name: (one.shape, one.dtype) for one in checkpoint.tensors if not one.is_optimizer}
