"""Suggested choices: the task and the shape of pictures. Kinds are in `column_kinds`, targets in `target_guess`."""

import math
import re
from collections.abc import Sequence
from typing import Protocol

FEWEST_PIXELS = 64
MOST_PIXEL_VALUE = 65_535
MOST_CLASSES_GUESSED = 20
COLOURS = ("red", "green", "blue")
"""The three numbers of a pixel, in this order."""


class Described(Protocol):
    """The attributes of a column that the guesses need; `columns.Column` has them."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def kind(self) -> str: ...  # noqa: D102
    @property
    def distinct(self) -> int: ...  # noqa: D102
    @property
    def low(self) -> float | None: ...  # noqa: D102
    @property
    def high(self) -> float | None: ...  # noqa: D102
    @property
    def whole(self) -> bool: ...  # noqa: D102
    @property
    def code(self) -> str: ...  # noqa: D102
    @property
    def pattern(self) -> str: ...  # noqa: D102


def task(column: Described, rows: int) -> str:
    """Return classification for words, for codes and for few whole numbers (at most 20), else regression.

    Few means a tenth of the rows, or numbers within 20 of each other: the labels of a very small file.
    """
    if column.low is None or column.high is None or column.code:
        return "classification"
    few = column.distinct * 10 <= rows or column.high - column.low < MOST_CLASSES_GUESSED
    is_label = column.whole and column.distinct <= MOST_CLASSES_GUESSED and few
    return "classification" if is_label else "regression"


def image_shape(inputs: Sequence[Described]) -> tuple[int, ...] | None:
    """Return (rows, columns) if the inputs look like the pixels of a picture, else None.

    They do if their names are places, 1x1, 1x2 and so on (with 1x1.red, 1x1.green, 1x1.blue, 1x2.red and so on it is
    (rows, columns, 3)); or else, as a square, if there are 64 or more, a square
    number, all whole numbers of one range that begins at 0.
    """
    if (named := _named_shape([column.name for column in inputs])) is not None:
        return named
    side = math.isqrt(len(inputs))
    if len(inputs) < FEWEST_PIXELS or side * side != len(inputs):
        return None
    lows = [column.low for column in inputs if column.whole and column.low is not None]
    highs = [column.high for column in inputs if column.whole and column.high is not None]
    if len(lows) < len(inputs) or min(lows) < 0 or max(highs) > MOST_PIXEL_VALUE:
        return None
    reach = max(highs) / 2  # most pixels of a picture are white in some row, black in another
    is_one_range = sum(low == 0 for low in lows) > len(lows) / 2 and sum(high >= reach for high in highs) > side
    return (side, side) if is_one_range else None


def _named_shape(names: Sequence[str]) -> tuple[int, ...] | None:
    """Return (rows, columns) of pixels that are named after their places, row by row: 1x1 to rows x columns.

    With three colours of each pixel it is (rows, columns, 3).
    """
    last = re.fullmatch(rf"([0-9]{{1,4}})x([0-9]{{1,4}})(\.{COLOURS[-1]})?", names[-1]) if names else None
    if last is None:
        return None
    shape = (int(last[1]), int(last[2]), *([len(COLOURS)] if last[3] else []))
    return shape if math.prod(shape) == len(names) > 1 and pixel_names(shape) == list(names) else None


def pixel_names(shape: Sequence[int]) -> list[str]:
    """Return the names of the pixels of pictures of (rows, columns), or of their colours with (rows, columns, 3)."""
    ends = [f".{colour}" for colour in COLOURS] if len(shape) == 3 else [""]
    rows, columns = range(1, shape[0] + 1), range(1, shape[1] + 1)
    return [f"{row}x{column}{end}" for row in rows for column in columns for end in ends]
