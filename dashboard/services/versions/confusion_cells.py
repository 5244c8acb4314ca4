"""The records behind a cell of a confusion matrix: those of one class that a version takes for another."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from dashboard.data.dataset import open_arrays, split_of
from dashboard.errors import Conflict, Invalid
from dashboard.services.versions.evaluation import Evaluation
from dashboard.services.versions.measured import WorstRecords
from dashboard.services.workspace import Workspace

PARTS = {"training": "train", "validation": "validation", "test": "test"}


class Cell(NamedTuple):
    """A cell: names of the true and of the predicted class, of one of several targets, of all records or of a part."""

    true: str
    predicted: str
    target: str = ""
    part: str = ""


def records_of_cell(workspace: Workspace, evaluation: Evaluation, cell: Cell) -> WorstRecords:
    """Return the records of a cell, the worst answers first.

    Raises Invalid for a class or target that there is none of, and Conflict for a version that answers with numbers.
    """
    measured = evaluation.worst.measured
    targets, predicted = measured.targets, measured.predicted
    names = evaluation.classes
    if evaluation.worst.groups:
        place = _place(evaluation.worst.targets, cell.target, "target")
        names, targets, predicted = tuple(evaluation.worst.groups[place]), targets[:, place], predicted[:, place]
    if not names:
        raise Conflict(f"{evaluation.version.reference} answers with numbers: it takes no class for another.", "true")
    chosen = targets == _place(names, cell.true, "true")
    chosen &= predicted == _place(names, cell.predicted, "predicted")
    if cell.part:
        arrays = open_arrays(workspace.datasets_folder / evaluation.dataset.folder)
        rows = getattr(split_of(arrays, evaluation.dataset.spec), PARTS[cell.part])
        chosen &= np.isin(measured.rows, rows)
    return evaluation.worst.where(chosen)


def _place(names: Sequence[str], name: str, field: str) -> int:
    known = [str(one) for one in names]
    if name not in known:
        raise Invalid({field: f"There is no {name!r}; choose one of {', '.join(known[:20])}."})
    return known.index(name)
