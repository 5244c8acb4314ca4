"""The categories of a column, or the classes of a target, as they are met row by row."""

import numpy as np
from numpy.typing import NDArray

from dashboard.data.blocks import MISSING, ColumnBlock
from dashboard.data.cells import MOST_CATEGORIES, number, shown_number

Codes = NDArray[np.int32]


class TooManyLevels(Exception):
    """Raised beyond 1,000 different values."""


class Levels:
    """Numbers the values of a column in the order in which they appear; `finish` puts them into their final order."""

    def __init__(self, decimal: str, thousands: str = "none") -> None:
        self.decimal, self.thousands = decimal, thousands
        self.places: dict[str, int] = {}
        self.parts: list[Codes] = []
        self.has_codes = False

    def add(self, column: ColumnBlock, keep: NDArray[np.bool_]) -> None:
        """Take in the kept rows of a block; raises TooManyLevels."""
        codes = column.codes[keep]
        table = np.full(len(column.kinds), -1, np.int32)
        names = column.names()
        for code in np.unique(codes).tolist():
            if column.kinds[code] != MISSING:
                table[code] = self.places.setdefault(names[code], len(self.places))
                self.has_codes |= bool(column.coded[code])
        if len(self.places) > MOST_CATEGORIES:
            raise TooManyLevels
        self.parts.append(table[codes])

    def finish(self) -> tuple[list[str], Codes]:
        """Return (names in order, each row's code, −1 where missing).

        Numbers are ordered, and are the same, by value (``1`` and ``1.0``); words by their letters. A column that has
        codes (``007``, 19 digits) keeps every spelling.
        """
        texts = list(self.places)
        names = texts if self.has_codes else level_names(texts, self.decimal, self.thousands)
        levels = ordered(names)
        final = np.array([*(levels.index(name) for name in names), -1], np.int32)
        codes = np.concatenate(self.parts) if self.parts else np.empty(0, np.int32)
        return levels, final[codes]  # the code −1 takes the last entry, −1


def level_names(texts: list[str], decimal: str = ".", thousands: str = "none") -> list[str]:
    """Return the name of each text's level: the shortest decimal where all are numbers, else the text itself."""
    numbers = [number(text, decimal, thousands) for text in texts]
    if any(value is None for value in numbers):
        return texts
    return [shown_number(value) for value in numbers if value is not None]


def ordered(names: list[str]) -> list[str]:
    """Return the different names, by value where all are numbers, else by their letters."""
    different = sorted(set(names))
    if any(number(name) is None for name in different):
        return different
    return sorted(different, key=float)
