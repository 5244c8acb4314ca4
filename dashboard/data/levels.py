"""The categories of a column, or the classes of a target, as they are met row by row."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dashboard.data.blocks import MISSING, ColumnBlock
from dashboard.data.cells import MOST_CATEGORIES, number, shown_number
from dashboard.data.growing import GrowingColumn
from dashboard.data.releases import differ_by_zeros
from dashboard.data.spellings import NEWEST_RULES, SPELLINGS

Codes = NDArray[np.int32]


class TooManyLevels(Exception):
    """Raised beyond 1,000 different values."""


class Levels:
    """Numbers the values of a column in the order in which they appear; `pieces` gives them in their final order.

    The numbers wait in a file of `folder`, for a file may have more rows than fit into memory.
    """

    def __init__(self, folder: Path, decimal: str, thousands: str = "none", rules: int = NEWEST_RULES) -> None:
        self.decimal, self.thousands = decimal, thousands
        self.rules = rules
        self.places: dict[str, int] = {}
        self.codes = GrowingColumn(folder, np.dtype(np.int32))
        self.gaps = 0
        self.has_codes = False

    def add(self, column: ColumnBlock, keep: NDArray[np.bool_]) -> None:
        """Take in the kept rows of a block; raises TooManyLevels."""
        by_text, names = column.by_text, column.names()
        codes = by_text.codes[keep]
        table = np.full(len(names), -1, np.int32)
        for code in np.flatnonzero(np.bincount(codes, minlength=len(names))).tolist():
            if by_text.kinds[code] != MISSING:
                table[code] = self.places.setdefault(names[code], len(self.places))
                self.has_codes |= bool(by_text.coded[code])
        if len(self.places) > MOST_CATEGORIES:
            raise TooManyLevels
        own = table[codes]
        self.gaps += int(np.count_nonzero(own < 0))
        self.codes.append(own)

    def names(self) -> list[str]:
        """Return the names of the levels in their final order.

        Numbers are ordered, and are the same, by value (``1`` and ``1.0``); words by their letters. A column that has
        codes (``007``, 19 digits, ``1.10`` next to ``1.1``) keeps every spelling.
        """
        return ordered(self._own_names())

    def pieces(self) -> Iterator[Codes]:
        """Yield the place of each row's level in `names`, −1 where missing, piece by piece."""
        places = {name: place for place, name in enumerate(self.names())}
        final = np.array([*(places[name] for name in self._own_names()), -1], np.int32)
        for codes in self.codes.pieces():
            yield final[codes]  # the code −1 takes the last entry, −1

    def _own_names(self) -> list[str]:
        """Return the names in the order in which they appeared; some may be the same."""
        texts = list(self.places)
        has_codes = self.has_codes or (self.rules >= SPELLINGS and differ_by_zeros(texts))
        return texts if has_codes else level_names(texts, self.decimal, self.thousands)


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
