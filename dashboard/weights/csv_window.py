"""Reading a part of a table from its file: only the pieces that the part touches."""

import os
from collections.abc import Iterator
from typing import NamedTuple

from dashboard.errors import TensorDamaged
from dashboard.records.tensor import TensorKey
from dashboard.weights.dtypes import Array
from dashboard.weights.special_cells import Run, put_back
from dashboard.weights.table_reading import check_cells, convert_cells
from dashboard.weights.table_text import Cut


class Lines(NamedTuple):
    """Neighbouring pieces' rows: lines of the text, the first of which is row `top`, from column `left` on."""

    lines: list[bytes]
    top: int
    left: int


def read_lines(descriptor: int, offsets: Array, cut: Cut, rows: range, columns: range) -> Iterator[Lines]:
    """Yield the lines of the pieces that hold `rows` × `columns`."""
    first, last = columns.start // cut.width, (columns.stop - 1) // cut.width
    for top in range(rows.start // cut.height * cut.height, rows.stop, cut.height):
        piece = top // cut.height * cut.strips
        begin, end = int(offsets[piece + first]), int(offsets[piece + last + 1])
        text = os.pread(descriptor, end - begin, begin)
        yield Lines(text[:-1].split(b"\n"), top, first * cut.width)


def read_window(
    descriptor: int, offsets: Array, key: TensorKey, rows: range, columns: range, name: str, runs: list[Run]
) -> Array:
    """Return the cells of `rows` × `columns`; raises TensorDamaged naming the row that is wrong."""
    cut = Cut(key.rows, key.columns)
    cells: list[bytes] = []
    for lines, top, left in read_lines(descriptor, offsets, cut, rows, columns):
        width = min((columns.stop - 1) // cut.width * cut.width + cut.width, cut.columns) - left
        for row in range(max(top, rows.start), min(top + cut.height, rows.stop)):
            row_cells = lines[row - top].split(b",") if row - top < len(lines) else []
            if len(row_cells) != width:
                raise TensorDamaged(f"{name}: row {row} does not have {cut.columns:,} cells.")
            cells += row_cells[columns.start - left : columns.stop - left]
    try:
        window = convert_cells(cells, key.dtype).reshape(len(rows), len(columns))
    except (ValueError, OverflowError):
        for row, start in zip(rows, range(0, len(cells), len(columns)), strict=True):
            check_cells(cells[start : start + len(columns)], row, columns.start, key.dtype, name)
        raise
    put_back(window, key.dtype, runs, rows, columns)
    return window
