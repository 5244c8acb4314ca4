"""Where each piece of a table begins in its file, so that a window costs the same at the first row and at the last.

The marks are stored with the table in the pool and can be lost at any time: they hold the size and the time of change
of the file they belong to, and are made again when these do not agree (a person has edited the file).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from os import stat_result
from pathlib import Path
from typing import BinaryIO

import numpy as np

from dashboard.weights.dtypes import Array
from dashboard.weights.table_reading import Misshapen, check_skeleton, separated_blocks
from dashboard.weights.table_text import Cut


@dataclass(frozen=True)
class Marks:
    """`offsets`, int64 (pieces + 1,): the byte at which each piece begins, then the end of the last one.

    `special` says that the table has a side table of special cells.
    """

    offsets: Array
    special: bool

    def save(self, file: BinaryIO, status: stat_result) -> None:
        """Write the marks of the table that has this status."""
        head = np.array([status.st_size, status.st_mtime_ns, self.special], np.int64)
        np.save(file, np.concatenate((head, self.offsets)))


def load_marks(path: Path, cut: Cut, status: stat_result) -> Marks | None:
    """Return the marks at `path` if they are whole and belong to the file that has this status, else None."""
    try:
        numbers = np.load(path)
    except (FileNotFoundError, EOFError, ValueError):
        return None  # not there, or torn by a crash: the caller reads the table itself instead
    if numbers.shape != (cut.count + 4,) or numbers[0] != status.st_size or numbers[1] != status.st_mtime_ns:
        return None
    offsets = numbers[3:]
    whole = offsets[-1] == status.st_size and bool((np.diff(offsets) > 0).all())
    return Marks(offsets, bool(numbers[2])) if whole else None


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
