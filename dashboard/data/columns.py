"""The columns of a CSV file, with suggestions for each."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dashboard.data import lines, suggestions
from dashboard.data.blocks import MISSING, NUMBER, WORD, ColumnBlock, Meaning, meanings, read_blocks
from dashboard.data.cells import MOST_CATEGORIES
from dashboard.data.csv_format import CsvFormat
from dashboard.data.moments import Moments

KINDS = {"numeric": "number", "categorical": "category", "ignore": "ignore"}
EXAMPLES = 5


@dataclass(frozen=True)
class Column:
    """One column of a file: `kind` (numeric, categorical or ignore) is a suggestion, the rest are facts.

    `distinct` counts to 1,000; 1,001 means more. `low`, `high`, `mean` and `std` (of the population) are None, and
    `whole` (only whole numbers) is false, unless all cells that are not missing are numbers.
    """

    name: str
    kind: str
    missing: int
    distinct: int
    low: float | None
    high: float | None
    mean: float | None
    std: float | None
    examples: tuple[str, ...]
    whole: bool = False

    @property
    def is_numeric(self) -> bool:
        """Whether the column has numbers and nothing else but missing cells."""
        return self.low is not None


@dataclass(frozen=True)
class Preview:
    """What a person sees of a file before deciding: its format, columns, number of rows and first rows as text."""

    format: CsvFormat
    columns: tuple[Column, ...]
    rows: int
    first_rows: list[list[str]]
    suggested_target: str

    @property
    def names(self) -> list[str]:
        """The columns' names, in the file's order."""
        return [column.name for column in self.columns]

    def column(self, name: str) -> Column:
        """Return the column of a name; raises KeyError if there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    def suggested_task(self, target: str) -> str:
        """Return classification or regression for a target."""
        return suggestions.task(self.column(target), self.rows)

    def suggested_image_shape(self, target: str) -> tuple[int, int] | None:
        """Return (rows, columns) of the pixels if the inputs, all but the target, look like a square picture."""
        return suggestions.image_shape([c for c in self.columns if c.name != target and c.kind != "ignore"])


def preview(path: Path, csv_format: CsvFormat) -> Preview:
    """Read a whole file in blocks and describe it.

    Raises Invalid, under the field ``file``, naming the line of a ragged row, for a header without rows, for
    columns of the same name and for more than 20,000 columns.
    """
    names, first_rows = lines.head(path, csv_format)
    profile = _Profile(len(names))
    for block in read_blocks(path, csv_format, len(names)):
        profile.add(block)
    columns = profile.columns(names, csv_format)
    return Preview(csv_format, columns, profile.rows, first_rows, suggestions.target(columns))


class _Profile:
    """The running description of all columns of a file."""

    def __init__(self, width: int) -> None:
        self.rows = 0
        self.missing = np.zeros(width, np.int64)
        self.has_words = np.zeros(width, bool)
        self.is_whole = np.ones(width, bool)
        self.moments = Moments(width)
        self.seen: list[Any] = [None] * width

    def add(self, block: list[ColumnBlock]) -> None:
        rows = len(block[0].codes)
        numbers = np.full((len(block), rows), np.nan)
        for place, column in enumerate(block):
            self._see(place, column)
            if not self.has_words[place]:
                numbers[place] = column.values
        self.moments.add(numbers)
        self.rows += rows

    def _see(self, place: int, column: ColumnBlock) -> None:
        if (column.kinds == MISSING).any():
            self.missing[place] += np.count_nonzero(column.missing)
        self.has_words[place] |= bool((column.kinds == WORD).any())
        known = column.numbers[column.kinds == NUMBER]
        self.is_whole[place] &= bool((known == np.floor(known)).all())
        before = self.seen[place]
        # One more than is counted, for the words that mean missing, and for numbers written in two ways.
        if before is None or len(before) <= 2 * MOST_CATEGORIES:
            self.seen[place] = _joined(before, column.texts)[: 2 * MOST_CATEGORIES + 1]

    def columns(self, names: list[str], csv_format: CsvFormat) -> tuple[Column, ...]:
        """Return what is known of every column."""
        moments = self.moments
        facts = np.stack([moments.low, moments.high, moments.mean, moments.std], axis=1).tolist()
        known = meanings(self.seen, csv_format.marks)
        parts = zip(names, facts, known, strict=True)
        return tuple(self._column(place, name, own, part) for place, (name, own, part) in enumerate(parts))

    def _column(self, place: int, name: str, facts: list[float], part: Meaning) -> Column:
        kinds, numbers, texts, coded = part
        known = np.flatnonzero(kinds != MISSING)
        is_numeric = known.size > 0 and not self.has_words[place]
        distinct = len(np.unique(numbers[known])) if is_numeric and not coded.any() else known.size
        missing = int(self.missing[place])
        low, high, mean, std = facts if is_numeric else (None, None, None, None)
        return Column(
            name=name,
            kind=suggestions.kind(is_numeric, distinct, self.rows - missing),
            missing=missing,
            distinct=min(distinct, MOST_CATEGORIES + 1),
            low=low,
            high=high,
            mean=mean,
            std=std,
            examples=tuple(texts.take(known[:EXAMPLES]).to_pylist()),
            whole=is_numeric and bool(self.is_whole[place]),
        )


def _joined(before: Any, texts: Any) -> Any:  # noqa: ANN401 - untyped pyarrow
    from dashboard.arrow import pa, pc  # noqa: PLC0415 - as in blocks

    return pc.unique(texts if before is None else pa.concat_arrays([before, texts]))
