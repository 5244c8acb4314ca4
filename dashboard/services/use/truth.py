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
from dashboard.services.use.answers import class_parts


class Truth:
    """Counts right and wrong answers over blocks; of numbers their errors, in the unit of the target."""

    def __init__(self, preprocessing: Preprocessing, targets: Sequence[str], marks: Marks) -> None:
        self.preprocessing, self.targets, self.marks = preprocessing, targets, marks
        own = [one.classes for one in preprocessing.groups] or [preprocessing.classes]
        self.levels = [LevelTexts(CategoricalInput("", one, one[0] if one else "")) for one in own]
        self.confusions = [np.zeros((len(one), len(one)), np.int64) for one in own]
        self.all_right = 0
        self.errors = Errors((max(len(targets), 1),))
        self.unknown = 0

    def add(self, outputs: Array, columns: Mapping[str, ColumnBlock], rows: Array) -> None:
        """Count the answers to the `rows` of a block, outputs (rows, outputs), and targets that are unknown."""
        if not len(rows):
            return
        if self.preprocessing.task == "classification":
            self._add_classes(outputs, columns, rows)
        else:
            self._add_numbers(outputs, columns, rows)

    def _add_classes(self, outputs: Array, columns: Mapping[str, ColumnBlock], rows: Array) -> None:
        names = self.preprocessing.several or self.targets
        own = zip(names, self.levels, strict=True)
        true = np.stack([self._codes(columns[name], levels)[rows] for name, levels in own], axis=1)
        known = (true >= 0).all(axis=1)
        self.unknown += int(np.count_nonzero(~known))
        answers = np.stack([one.codes for one in class_parts(outputs, self.preprocessing)], axis=1)
        self.all_right += int(np.count_nonzero((answers == true)[known].all(axis=1)))
        for confusion, wanted, said in zip(self.confusions, true[known].T, answers[known].T, strict=True):
            np.add.at(confusion, (wanted, said), 1)

    def _codes(self, column: ColumnBlock, levels: LevelTexts) -> Array:
        """Return the place of each cell of a column among the classes of a target, -1 where it is none."""
        places = np.array([levels.place(text, self.marks) for text in column.names()], np.intp)
        return places[column.by_text.codes]

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
            return self._class_metrics()
        if not self.errors.rows:
            return {}
        return {name: float(value) for name, value in self.errors.metrics().items()}

    def _class_metrics(self) -> dict[str, Any]:
        """Return the accuracy and the confusion matrix; of several targets the mean, and both of each."""
        total = int(self.confusions[0].sum())
        if not total:
            return {}
        each = [{"accuracy": int(one.trace()) / total, "confusion": one.tolist()} for one in self.confusions]
        if not self.preprocessing.groups:
            return each[0]
        hits = sum(int(one.trace()) for one in self.confusions)
        own = [{"target": name} | one for name, one in zip(self.preprocessing.several, each, strict=True)]
        return {"accuracy": hits / (total * len(each)), "all_right": self.all_right / total, "per_target": own}
