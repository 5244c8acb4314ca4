"""The cells of a MySQL table: native numbers; and which cells need the side table.

A FLOAT or DOUBLE cell holds every finite number but −0.0 (MariaDB drops its sign). NaN, ±Inf and −0.0 are *special*:
the cell holds 0 and the side table the bits. An overwritten cell, no longer 0, counts as it is.
"""

from collections.abc import Iterable

import numpy as np

from dashboard.weights.dtypes import FLOATS, Array, bits_dtype, bits_of, numpy_dtype
from dashboard.weights.special_cells import Run, runs_of

SQL_TYPES = {
    "float16": ("FLOAT", "<f4"),
    "bfloat16": ("FLOAT", "<f4"),
    "float32": ("FLOAT", "<f4"),
    "float64": ("DOUBLE", "<f8"),
    "bool": ("TINYINT UNSIGNED", "<u1"),
    "int8": ("TINYINT", "<i1"),
    "int16": ("SMALLINT", "<i2"),
    "int32": ("INT", "<i4"),
    "int64": ("BIGINT", "<i8"),
    "uint8": ("TINYINT UNSIGNED", "<u1"),
    "uint16": ("SMALLINT UNSIGNED", "<u2"),
    "uint32": ("INT UNSIGNED", "<u4"),
    "uint64": ("BIGINT UNSIGNED", "<u8"),
}
"""The column type of each number type, and the numpy type of its cells on the wire."""


def cell_dtype(dtype: str) -> np.dtype[np.generic]:
    """Return the numpy type in which cells travel."""
    return np.dtype(SQL_TYPES[dtype][1])


def to_cells(table: Array, dtype: str) -> tuple[Array, list[Run]]:
    """Return (cells as MySQL stores them, runs of special cells) of a 2-d table."""
    if dtype not in FLOATS:
        return table.view(cell_dtype(dtype)), []
    bits = bits_of(table)
    special = np.flatnonzero(_is_special(bits, dtype))
    runs = list(runs_of(special, bits[special], table.shape[1]))
    if len(special):
        bits = bits.copy()
        bits[special] = 0
    return bits.view(numpy_dtype(dtype)).reshape(table.shape).astype(cell_dtype(dtype), copy=False), runs


def _is_special(bits: Array, dtype: str) -> Array:
    """Return which bits are NaN, an infinity or −0.0."""
    width = 8 * bits.dtype.itemsize
    sign = bits.dtype.type(1 << (width - 1))
    infinity = bits.dtype.type((1 << (width - 1)) - (1 << FLOATS[dtype]))
    return np.asarray(((bits & ~sign) >= infinity) | (bits == sign))


def from_cells(cells: Array, dtype: str, runs: Iterable[Run], rows: range, columns: range) -> Array:
    """Return the part `rows` × `columns` of a table from its cells (2-d) and the runs of special cells in it."""
    target = numpy_dtype(dtype)
    if dtype not in FLOATS:
        return cells.view(target)
    with np.errstate(over="ignore", under="ignore"):  # a cell that someone overwrote is rounded
        numbers = cells.astype(target)
    bits = numbers.view(bits_dtype(dtype))
    for run in runs:
        left, right = max(run.first, columns.start), min(run.last + 1, columns.stop)
        if run.row in rows and left < right:
            part = bits[run.row - rows.start, left - columns.start : right - columns.start]
            part[part == 0] = run.bits
    return numbers
