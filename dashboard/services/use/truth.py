"""How good the answers to a file of records are, where it has the target, too."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dashboard.data.blocks import NUMBER, ColumnBlock
from dashboard.data.csv_format import Marks
from dashboard.data.dataset import Array
from dashboard.data.preprocessing import CategoricalInput, Preprocessing
from dashboard.data.record_inputs import LevelTexts
from dashboard.engine.measuring import Errors
from dashboard.services.use.answers import class_codes


class Truth:
    """Counts right and wrong answers over blocks; of numbers their errors, in the unit of the target."""

    def __init__(self, preprocessing: Preprocessing, targets: Sequence[str], marks: Marks) -> None:
        self.preprocessing, self.targets, self.marks = preprocessing, targets, marks
        classes = preprocessing.classes
        self.levels = LevelTexts(CategoricalInput("", classes, classes[0] if classes else ""))
        self.confusion = np.zeros((len(classes), len(classes)), np.int64)
        self.errors = Errors((max(len(targets), 1),))
        self.unknown = 0

    def add(self, outputs: Array, columns: Mapping[str, ColumnBlock], rows: Array) -> None:
        """Count the answers to the `rows` of a block, outputs (rows, outputs), and targets that are unknown."""
        if not len(rows):
            return
        if self.preprocessing.task == "classification":
            self._add_classes(outputs, columns[self.targets[0]], rows)
        else:
            self._add_numbers(outputs, columns, rows)

    def _add_classes(self, outputs: Array, column: ColumnBlock, rows: Array) -> None:
        places = np.array([self.levels.place(text, self.marks) for text in column.names()], np.intp)
        true = places[column.by_text.codes[rows]]
        known = true >= 0
        self.unknown += int(np.count_nonzero(~known))
        np.add.at(self.confusion, (true[known], class_codes(outputs, self.preprocessing)[known]), 1)

    def _add_numbers(self, outputs: Array, columns: Mapping[str, ColumnBlock], rows: Array) -> None:
        blocks = [columns[name].by_text for name in self.targets]
        numbers = [np.where(one.kinds == NUMBER, one.numbers, np.nan)[one.codes][rows] for one in blocks]
        true = np.stack(numbers, axis=1)
        known = ~np.isnan(true).any(axis=1)
        self.unknown += int(np.count_nonzero(~known))
        if known.any():
            own = self.preprocessing.in_own_unit(outputs[known].astype(np.float64))
            self.errors.add(own, true[known])

    def metrics(self) -> dict[str, Any]:
        """Return the accuracy and the confusion matrix, or errors; empty where no target was known."""
        if self.preprocessing.task == "classification":
            total = int(self.confusion.sum())
            matrix = self.confusion.tolist()
            return {"accuracy": int(self.confusion.trace()) / total, "confusion": matrix} if total else {}
        if not self.errors.rows:
            return {}
        return {name: float(value) for name, value in self.errors.metrics().items()}
