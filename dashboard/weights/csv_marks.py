"""Where each piece of a table begins in its file, so that a window costs the same at the first row and at the last.

The marks are stored with the table in the pool and can be lost at any time: they hold the sizes and the times of change
of the files they belong to. While these agree, the files are what was proven when the marks were made; where they do
not (a person has edited a file, or has copied the folder), the table is proven by its SHA-256 before it is shown.
"""

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from dashboard.files import ONE_HEADER, open_regular
from dashboard.weights.dtypes import Array
from dashboard.weights.table_reading import Misshapen, check_skeleton, separated_blocks
from dashboard.weights.table_text import Cut

HEAD = 4
"""How many numbers precede the offsets: those of a Stamp."""


class Stamp(NamedTuple):
    """The sizes and times of change (ns) of a table's file, and of its file of special cells (-1: there is none)."""

    size: int
    changed: int
    special_size: int
    special_changed: int


@dataclass(frozen=True)
class Marks:
    """`offsets`, int64 (pieces + 1,): the byte at which each piece begins, then the end of the last one."""

    offsets: Array

    def save(self, file: BinaryIO, stamp: Stamp) -> None:
        """Write the marks of the table that has this stamp, with a checksum of themselves."""
        numbers = np.concatenate((np.array(stamp, np.int64), self.offsets))
        np.save(file, np.append(numbers, _checksum(numbers)))


def load_marks(path: Path, cut: Cut, stamp: Stamp) -> Marks | None:
    """Return the marks at `path` if they are whole and belong to the files that have this stamp, else None."""
    try:
        with open_regular(path) as file:
            numbers = _numbers_in(file.read(), HEAD + cut.count + 2)
    except (OSError, EOFError, ValueError):
        return None  # not there, or torn by a crash: the caller reads the table itself instead
    if numbers is None:
        return None
    if tuple(numbers[:HEAD].tolist()) != stamp or numbers[-1] != _checksum(numbers[:-1]):
        return None
    return Marks(numbers[HEAD:-1])


def _numbers_in(content: bytes, count: int) -> Array | None:
    """Return the int64 numbers of a .npy file, None unless there are so many; raises ValueError for another file."""
    head = _header(count)
    if content.startswith(head):  # as we write it: to read NumPy's header takes longer than all the rest
        numbers: Array = np.frombuffer(content, np.int64, offset=len(head))
    else:
        with ONE_HEADER:
            numbers = np.load(io.BytesIO(content))
    return numbers if numbers.dtype == np.int64 and numbers.shape == (count,) else None


@lru_cache(64)
def _header(count: int) -> bytes:
    """Return what NumPy writes in front of so many int64 numbers."""
    file = io.BytesIO()
    np.save(file, np.zeros(count, np.int64))
    return file.getvalue()[: -8 * count]


def _checksum(numbers: Array) -> int:
    """Return 63 bits of the SHA-256 of int64 numbers."""
    return int.from_bytes(hashlib.sha256(numbers.tobytes()).digest()[:8], "little") >> 1


def build_offsets(chunks: Iterator[bytes], cut: Cut) -> Array:
    """Return the offsets of a table's pieces by reading its text; raises Misshapen if it is not of this shape."""
    starts = piece_starts(cut)
    offsets = np.zeros(cut.count + 1, np.int64)
    first = 0
    for block in separated_blocks(chunks):
        check_skeleton(block, first, cut)
        offsets[0] = offsets[0] if first else block.offset
        ends = block.offset + block.places + 1
        chosen = slice(*np.searchsorted(starts, [first + 1, first + len(ends) + 1]).tolist())
        offsets[chosen] = ends[starts[chosen] - first - 1]
        first += len(ends)
    if first != cut.cells:
        raise Misshapen("There are fewer cells than belong to the table.")
    return offsets


def piece_starts(cut: Cut) -> Array:
    """Return the flat cell at which each piece begins, and the number of cells as the last, int64 (pieces + 1,)."""
    columns = max(1, cut.columns)
    rows = np.arange(0, cut.rows, cut.height, dtype=np.int64) * columns
    starts = rows[:, None] + np.arange(0, columns, cut.width, dtype=np.int64)
    return np.append(starts.reshape(-1), cut.cells)
