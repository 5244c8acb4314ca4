"""The cells whose bits no number in text can carry: NaNs with a sign or a payload.

The table's own cell says ``nan``; a side table holds runs of equal bits: row, first column, last column, bits.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from dashboard.errors import TensorDamaged
from dashboard.weights.dtypes import FLOATS, Array, bits_dtype, bits_of, is_nan_bits, plain_nan_bits

HEADER = b"row,first_column,last_column,bits\n"


class Run(NamedTuple):
    """Neighbouring cells of one row that hold the same bits; `last` is included."""

    row: int
    first: int
    last: int
    bits: int


def special_runs(array: Array, dtype: str, columns: int) -> list[Run]:
    """Return the runs of NaN cells that are not the plain NaN, in order; `array` has any shape."""
    if dtype not in FLOATS:
        return []
    bits = bits_of(array)
    cells = np.flatnonzero(is_nan_bits(bits, dtype))
    cells = cells[bits[cells] != plain_nan_bits(dtype)]
    return list(runs_of(cells, bits[cells], columns))


def runs_of(cells: Array, bits: Array, columns: int) -> Iterator[Run]:
    """Yield runs over flat positions `cells` (rising) of a table of that many columns, with their `bits`."""
    if len(cells) == 0:
        return
    rows = cells // columns
    breaks = (np.diff(cells) != 1) | (np.diff(rows) != 0) | (bits[1:] != bits[:-1])
    starts = np.concatenate(([0], np.flatnonzero(breaks) + 1))
    ends = np.concatenate((starts[1:] - 1, [len(cells) - 1]))
    firsts, lasts = cells[starts] % columns, cells[ends] % columns
    yield from map(
        Run._make, zip(rows[starts].tolist(), firsts.tolist(), lasts.tolist(), bits[starts].tolist(), strict=True)
    )


def put_back(window: Array, dtype: str, runs: Iterable[Run], rows: range, columns: range) -> None:
    """Write the runs' bits into `window`, the 2-d part `rows` × `columns` of a table, where it holds a NaN.

    A cell that someone has overwritten with a number keeps the number: the table is the truth. Raises TensorDamaged for
    bits that the type has not.
    """
    bits = window.view(bits_dtype(dtype))
    for run in runs:
        if not 0 <= run.bits <= np.iinfo(bits.dtype).max:
            raise TensorDamaged(f"A special cell in row {run.row} has more bits than a {dtype}.")
        left, right = max(run.first, columns.start), min(run.last + 1, columns.stop)
        if run.row in rows and left < right:
            part = bits[run.row - rows.start, left - columns.start : right - columns.start]
            part[is_nan_bits(part, dtype)] = run.bits


def to_csv(runs: Iterable[Run]) -> bytes:
    """Return the side table as CSV, the bits in hexadecimal."""
    lines = (f"{run.row},{run.first},{run.last},{run.bits:x}\n".encode() for run in runs)
    return HEADER + b"".join(lines)


def from_csv(text: bytes, name: str) -> list[Run]:
    """Return the runs that `to_csv` wrote; raises TensorDamaged naming the table and the line."""
    lines = text.splitlines()
    if not lines or lines[0] + b"\n" != HEADER:
        raise TensorDamaged(f"{name}: the first line of its table of special cells is not {HEADER.decode().strip()}.")
    return [_run(line, number, name) for number, line in enumerate(lines[1:], start=2)]


def _run(line: bytes, number: int, name: str) -> Run:
    try:
        row, first, last, bits = line.split(b",")
        return Run(int(row), int(first), int(last), int(bits, 16))
    except ValueError as error:
        raise TensorDamaged(f"{name}: line {number} of its table of special cells cannot be read: {line!r}.") from error
