"""The target column while a file is read: classes or numbers, and the refusal of those that cannot be learnt."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dashboard.data import lines
from dashboard.data.blocks import MISSING, WORD, ColumnBlock
from dashboard.data.cells import MOST_CATEGORIES
from dashboard.data.growing import GrowingColumn
from dashboard.data.levels import Levels, TooManyLevels
from dashboard.data.moments import Moments, described
from dashboard.data.specification import ONE_CLASS_REMEDY, DatasetSpec
from dashboard.errors import Invalid

NO_ROWS = np.empty(0, np.intp)


class _Target:
    """What both kinds of target share: counting the rows in which it is missing."""

    def __init__(self, spec: DatasetSpec, name: str) -> None:
        self.spec, self.name, self.gaps, self.first_gap = spec, name, 0, 0

    def look(self, column: ColumnBlock, row: int) -> None:
        """Count the gaps of a block that begins at a row, unless their rows are dropped."""
        counts = column.has(MISSING) and self.spec.odd.get(self.name) != "drop"
        gaps = np.flatnonzero(column.missing) if counts else NO_ROWS
        if gaps.size and not self.gaps:
            self.first_gap = row + int(gaps[0])
        self.gaps += gaps.size

    def refuse_missing(self, path: Path) -> None:
        """Raise Invalid, naming the first line, if a value was missing."""
        if self.gaps:
            line = lines.line_of(path, self.spec.format, self.first_gap)
            rows = f"{self.gaps:,} rows, first" if self.gaps > 1 else "one row,"
            message = f"The target '{self.name}' is missing in {rows} in line {line:,}"
            raise Invalid({"target": f"{message}: fill in the gaps, remove the rows, or choose another target."})


class ClassTarget(_Target):
    """Classes, met in any order; `counts` are their records once `finish` was called."""

    dtype = np.dtype(np.int32)

    def __init__(self, spec: DatasetSpec, name: str, folder: Path) -> None:
        super().__init__(spec, name)
        self.levels = Levels(folder, *spec.format.marks, spec.rules)
        self.classes: list[str] = []
        self.counts: list[int] = []
        self.statistics: dict[str, Any] | None = None

    def add(self, column: ColumnBlock, keep: NDArray[np.bool_]) -> None:
        """Take in the kept rows of a block; raises Invalid for what cannot be a target of this kind."""
        try:
            self.levels.add(column, keep)
        except TooManyLevels as error:
            message = f"The target '{self.name}' has more than {MOST_CATEGORIES:,} classes, the most possible"
            raise Invalid({"target": f"{message}: choose regression, or another target."}) from error

    def finish(self) -> None:
        """Name and count the classes; raises Invalid if all rows are alike."""
        self.classes = self.levels.names()
        if len(self.classes) < 2 and self.spec.purpose == "training":
            only = self.classes[0]
            message = f"The target '{self.name}' has one class only ({only}) in the rows that are kept"
            raise Invalid({"target": f"{message}: a network needs two or more to learn. {ONE_CLASS_REMEDY}"})
        counts = np.zeros(len(self.classes), np.int64)
        for piece in self.pieces():
            counts += np.bincount(piece, minlength=len(counts))
        self.counts = counts.tolist()

    def pieces(self) -> Iterator[NDArray[Any]]:
        """Yield the class of each row, a place in `classes`, piece by piece."""
        return self.levels.pieces()

    def close(self) -> None:
        """Give up what is on disk for the time of reading."""
        self.levels.codes.close()


class RegressionTarget(_Target):
    """Numbers; `statistics` describes them once `finish` was called."""

    dtype = np.dtype(np.float64)
    classes: tuple[()] = ()

    def __init__(self, spec: DatasetSpec, name: str, folder: Path) -> None:
        super().__init__(spec, name)
        self.numbers = GrowingColumn(folder, self.dtype)
        self.counts = [0]
        self.statistics: dict[str, Any] = {}

    def add(self, column: ColumnBlock, keep: NDArray[np.bool_]) -> None:
        """Take in the kept rows of a block; raises Invalid for what cannot be a target of this kind."""
        words = np.flatnonzero(column.words & keep) if column.has(WORD) else NO_ROWS
        if words.size:
            message = f"The target '{self.name}' holds {column.text(int(words[0]))[:40]!r}, not a number"
            raise Invalid({"task": f"{message}: choose classification."})
        values = column.values[keep]
        self.counts[0] += len(values)
        self.numbers.append(values)

    def finish(self) -> None:
        """Describe the numbers; raises Invalid if all rows are alike."""
        moments, distinct = Moments(1), np.empty(0)
        for piece in self.numbers.pieces():
            moments.add(piece[np.newaxis])
            if len(distinct) <= MOST_CATEGORIES:
                distinct = np.union1d(distinct, piece)[: MOST_CATEGORIES + 1]
        if len(distinct) < 2 and self.spec.purpose == "training":
            message = f"The target '{self.name}' is {distinct[0]:g} in every row: there is nothing to learn."
            raise Invalid({"target": f"{message} Choose another column."})
        self.statistics = described(self.name, "numeric", 0, len(distinct), moments.facts()[0])

    def pieces(self) -> Iterator[NDArray[Any]]:
        """Yield the number of each row, piece by piece."""
        return self.numbers.pieces()

    def close(self) -> None:
        """Give up what is on disk for the time of reading."""
        self.numbers.close()
