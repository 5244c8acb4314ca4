"""The column that orders or groups the rows of a split, collected while a file is read."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dashboard.data import lines
from dashboard.data.blocks import ColumnBlock
from dashboard.data.cells import number
from dashboard.data.dates import moment, possible_orders
from dashboard.data.specification import DatasetSpec
from dashboard.data.splitting import TEST, TRAINING, VALIDATION, Split, grouped_split, ordered_split, split
from dashboard.errors import Invalid


class SplitKeys:
    """Collects the column `split_by` of the rows that are used, and splits them as the spec says."""

    def __init__(self, path: Path, spec: DatasetSpec) -> None:
        self.path, self.spec = path, spec
        self.places: dict[str, int] = {}
        self.parts: list[NDArray[np.int64]] = []
        self.ends = np.cumsum([spec.given.get(part, 0) for part in (TRAINING, VALIDATION)])
        self.counts = np.zeros(3, np.int64)  # of the rows of each file, where there are several

    def add(self, block: dict[str, ColumnBlock], keep: NDArray[np.bool_], row: int) -> None:
        """Take in the kept rows of a block that begins at a row; raises Invalid where the column is missing."""
        if self.spec.given:
            files = np.searchsorted(self.ends, row + np.flatnonzero(keep), side="right")
            self.counts += np.bincount(files, minlength=3)
        if not self.spec.split_by:
            return
        column = block[self.spec.split_by]
        gaps = np.flatnonzero(column.missing & keep)
        if gaps.size:
            line = lines.line_of(self.path, self.spec.format, row + int(gaps[0]))
            message = f"'{self.spec.split_by}' is missing in line {line:,}, so that its part is unknown"
            raise Invalid({"split_by": f"{message}: fill it in, remove the row, or choose another column."})
        table = np.array([self.places.setdefault(name, len(self.places)) for name in column.names()], np.int64)
        self.parts.append(table[column.by_text.codes[keep]])

    def split(self, target: NDArray[np.generic]) -> Split:
        """Return the parts of all rows, whose targets are (rows,); raises Invalid for a column that cannot serve."""
        if not self.spec.given:
            return self._split(target)
        first, second, _ = self.counts
        for part, rows in zip((TRAINING, VALIDATION, TEST), self.counts, strict=True):
            if not rows and self.spec.given[part]:
                field = "missing" if part == TRAINING else f"{part}_file"
                raise Invalid({field: f"Of the {part} file no row is left: all have missing values or odd cells."})
        own = self._split(target[:first])
        further = np.split(np.arange(first, len(target)), [second])
        return Split(own.train, *(np.concatenate(rows) for rows in zip(own[1:], further, strict=True)))

    def given(self) -> dict[str, int]:
        """Return how many rows of the validation and of the test file are used; nothing without such files."""
        return {part: int(self.counts[place]) for place, part in ((1, VALIDATION), (2, TEST)) if self.spec.given}

    def _split(self, target: NDArray[np.generic]) -> Split:
        """Return the parts of the first rows, those of the training file."""
        spec = self.spec
        if spec.split == "random":
            return split(target, spec.validation, spec.test, spec.seed, spec.task)
        codes = np.concatenate(self.parts)[: len(target)] if self.parts else np.arange(len(target))
        if spec.split == "ordered":
            keys = self._order()[codes] if self.parts else codes
            return ordered_split(keys, spec.validation, spec.test)
        groups, fewest = len(np.unique(codes)), 1 + bool(spec.validation) + bool(spec.test)
        if groups < fewest:
            message = f"'{spec.split_by}' has {groups} groups, and the parts need {fewest}"
            raise Invalid({"split_by": f"{message}: choose another column, or no validation or test part."})
        return grouped_split(codes, spec.validation, spec.test, spec.seed)

    def keys(self) -> NDArray[np.int64] | None:
        """Return the group of each row, or its place in the order (equal where equal); None without a column."""
        if not self.parts:
            return None
        codes = np.concatenate(self.parts)
        if self.spec.split != "ordered":
            return codes
        places: NDArray[np.int64] = np.unique(self._order()[codes], return_inverse=True)[1].astype(np.int64)
        return places

    def _order(self) -> NDArray[np.generic]:
        """Return what each distinct text is ordered by: all numbers, or dates."""
        texts = list(self.places)
        numbers = [number(text, *self.spec.format.marks) for text in texts]
        if None not in numbers:
            return np.array(numbers, np.float64)
        orders = possible_orders(texts)
        order = self.spec.dates.get(self.spec.split_by) or (orders[0] if len(orders) == 1 else "")
        days = [moment(text, order) for text in texts] if order else [None]
        if None not in days:
            return np.array([one.days for one in days if one is not None])
        what = "dates of which no cell says the order" if orders else f"{texts[0][:40]!r}, which has no order"
        message = f"'{self.spec.split_by}' holds {what}"
        raise Invalid({"split_by": f"{message}: choose a column of numbers, or of dates such as 2026-01-31."})
