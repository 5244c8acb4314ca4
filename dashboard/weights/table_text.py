"""A table as CSV text, exactly: cut into pieces of about a thousand cells and written in bulk.

A float is written as the shortest decimal that reads back as the same *double*: whoever parses it, through a double
or straight into a float32, gets the same bits. A piece is some whole rows of a narrow table or part of one row of a
wide one; where each piece begins in the file is what makes a window cost the same anywhere.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import orjson

from dashboard.weights.dtypes import Array

PIECE = 1024
HEADER_BATCH = 10_000


@dataclass(frozen=True)
class Cut:
    """How a table of `rows` × `columns` is cut into pieces of `height` × `width` cells, in the order of the text."""

    rows: int
    columns: int

    @property
    def height(self) -> int:
        """Rows of a piece; 1 where a row has several pieces."""
        return max(1, PIECE // max(1, self.columns))

    @property
    def width(self) -> int:
        """Columns of a piece: all of them, or an even share of about PIECE."""
        strips = max(1, -(-self.columns // PIECE))
        return max(1, -(-self.columns // strips))

    @property
    def strips(self) -> int:
        """How many pieces stand side by side."""
        return max(1, -(-self.columns // self.width))

    @property
    def cells(self) -> int:
        """How many cells end with a separator; a row without columns counts as one empty cell."""
        return self.rows * max(1, self.columns)

    @property
    def count(self) -> int:
        """How many pieces there are."""
        return -(-self.rows // self.height) * self.strips


def header(columns: int) -> Iterator[bytes]:
    """Yield the line c0,c1,... in parts of bounded size."""
    for start in range(0, columns, HEADER_BATCH):
        stop = min(start + HEADER_BATCH, columns)
        names = ",".join(f"c{number}" for number in range(start, stop))
        yield names.encode() + (b"," if stop < columns else b"")
    yield b"\n"


def piece_texts(table: Array) -> Iterator[bytes]:
    """Yield the text of each piece of a 2-d array, its last separator included."""
    cut = Cut(*table.shape)
    for top in range(0, cut.rows, cut.height):
        for left in range(0, max(1, cut.columns), cut.width):
            right = left + cut.width
            yield _text(table[top : top + cut.height, left:right]) + (b"\n" if right >= cut.columns else b",")


def _text(piece: Array) -> bytes:
    if piece.shape[1] == 0:
        return b"\n" * (len(piece) - 1)
    numbers = writable_numbers(piece)
    text = orjson.dumps(numbers, option=orjson.OPT_SERIALIZE_NUMPY)[2:-2]
    if len(piece) > 1:
        text = text.replace(b"],[", b"\n")
    return text if np.isfinite(numbers).all() else _fill_nulls(text, numbers)


def writable_numbers(piece: Array) -> Array:
    """Return the cells as a type whose text is exact: every float as a double, bool as 0 and 1."""
    if piece.dtype == np.bool_:
        return np.ascontiguousarray(piece).view(np.uint8)
    if piece.dtype.kind in "iu":
        return np.ascontiguousarray(piece)
    with np.errstate(invalid="ignore"):  # a signalling NaN becomes a quiet one; its bits are in the side table
        return np.ascontiguousarray(piece, dtype=np.float64)


def _fill_nulls(text: bytes, numbers: Array) -> bytes:
    """Replace the null that orjson writes for a value that JSON lacks with nan, inf or -inf."""
    odd = numbers[~np.isfinite(numbers)].tolist()
    parts = text.split(b"null")
    words = [str(value).encode() for value in odd]
    return b"".join(part + word for part, word in zip(parts, [*words, b""], strict=True))
