"""The target column while a file is read: classes or numbers, and the refusal of those that cannot be learnt."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dashboard.data import lines
from dashboard.data.blocks import ColumnBlock
from dashboard.data.cells import MOST_CATEGORIES
from dashboard.data.levels import Levels, TooManyLevels
from dashboard.data.specification import ONE_CLASS_REMEDY, DatasetSpec
from dashboard.errors import Invalid


class _Target:
    """What both kinds of target share: counting the rows in which it is missing."""

    def __init__(self, spec: DatasetSpec) -> None:
        self.spec, self.gaps, self.first_gap = spec, 0, 0

    def look(self, column: ColumnBlock, row: int) -> None:
        """Count the gaps of a block that begins at a row."""
        gaps = np.flatnonzero(column.missing)
        if gaps.size and not self.gaps:
            self.first_gap = row + int(gaps[0])
        self.gaps += gaps.size

    def refuse_missing(self, path: Path) -> None:
        """Raise Invalid, naming the first line, if a value was missing."""
        if self.gaps:
            line = lines.line_of(path, self.spec.format, self.first_gap)
            rows = f"{self.gaps:,} rows, first" if self.gaps > 1 else "one row,"
            message = f"The target '{self.spec.target}' is missing in {rows} in line {line:,}"
            raise Invalid({"target": f"{message}: fill in the gaps, remove the rows, or choose another target."})


class ClassTarget(_Target):
    """Classes, met in any order."""

    def __init__(self, spec: DatasetSpec) -> None:
        super().__init__(spec)
        self.levels = Levels(spec.format.decimal, spec.format.thousands)

    def add(self, column: ColumnBlock, keep: NDArray[np.bool_]) -> None:
        """Take in the kept rows of a block; raises Invalid for what cannot be a target of this kind."""
        try:
            self.levels.add(column, keep)
        except TooManyLevels as error:
            message = f"The target '{self.spec.target}' has more than {MOST_CATEGORIES:,} classes, the most possible"
            raise Invalid({"target": f"{message}: choose regression, or another target."}) from error

    def finish(self) -> tuple[NDArray[Any], list[str]]:
        """Return (targets of all rows, names of the classes); raises Invalid if all rows are alike."""
        classes, codes = self.levels.finish()
        if len(classes) < 2 and self.spec.purpose == "training":
            message = f"The target '{self.spec.target}' has one class only ({classes[0]}) in the rows that are kept"
            raise Invalid({"target": f"{message}: a network needs two or more to learn. {ONE_CLASS_REMEDY}"})
        return codes, classes


class RegressionTarget(_Target):
    """Numbers."""

    def __init__(self, spec: DatasetSpec) -> None:
        super().__init__(spec)
        self.parts: list[NDArray[np.float64]] = []

    def add(self, column: ColumnBlock, keep: NDArray[np.bool_]) -> None:
        """Take in the kept rows of a block; raises Invalid for what cannot be a target of this kind."""
        words = column.words & keep
        if words.any():
            word = column.names()[column.codes[np.flatnonzero(words)[0]]]
            message = f"The target '{self.spec.target}' holds {word[:40]!r}, not a number: choose classification."
            raise Invalid({"task": message})
        self.parts.append(column.values[keep])

    def finish(self) -> tuple[NDArray[Any], list[str]]:
        """Return (targets of all rows, names of the classes); raises Invalid if all rows are alike."""
        values = np.concatenate(self.parts)
        if (values == values[0]).all() and self.spec.purpose == "training":
            message = f"The target '{self.spec.target}' is {values[0]:g} in every row: there is nothing to learn."
            raise Invalid({"target": f"{message} Choose another column."})
        return values, []
